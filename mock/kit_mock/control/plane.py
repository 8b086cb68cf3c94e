"""The control plane: the routes under `/_mock/`, which show the mock's state and steer it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import kit_mock.control.api
import kit_mock.control.assets
import kit_mock.control.docs
import kit_mock.control.health
import kit_mock.control.pages
import kit_mock.control.records  # noqa: F401  (each registers its routes)
from kit_mock.control.routes import Control, answer
from kit_mock.protocol.messages import Request, Response

__all__ = ["Control", "plane"]


def plane(control: Control) -> Callable[[Request], Response]:
    """Return the function that answers requests to the control plane."""
    return partial(answer, control)
