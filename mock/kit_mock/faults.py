"""Another name for `kit_mock.Fault`, for programs that import it from here."""

from __future__ import annotations

from kit_mock.service.faults.fault import Fault

__all__ = ["Fault"]
