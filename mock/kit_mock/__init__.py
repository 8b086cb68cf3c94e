"""A stateful mock of Kit's API v4: from the command line (`kit-mock serve`) or in Python (`KitMock`)."""

from __future__ import annotations

from kit_mock.clock import Clock
from kit_mock.mock import KitMock
from kit_mock.problems import KitMockError
from kit_mock.recorder import RecordedRequest
from kit_mock.version import __version__

__all__ = ["Clock", "KitMock", "KitMockError", "RecordedRequest", "__version__"]
