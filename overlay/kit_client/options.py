"""The options of calls, checked."""

from __future__ import annotations

import threading
from typing import Any

import httpx

from kit_api.types import Unset


def call_options(
    timeout: float | httpx.Timeout | None | Unset,
    max_retries: int | Unset,
    deadline: float | None | Unset,
    max_response_bytes: int | None | Unset,
) -> dict[str, Any]:
    """Options of calls, as transports find them in `request.extensions`."""
    options: dict[str, Any] = {}
    if not isinstance(timeout, Unset):
        options["timeout"] = httpx.Timeout(checked_timeout(timeout)).as_dict()
    if not isinstance(max_retries, Unset):
        if not isinstance(max_retries, int) or isinstance(max_retries, bool):
            raise TypeError(f"max_retries: expected a whole number, got {max_retries!r}")
        if max_retries < 0:
            raise ValueError(f"max_retries: expected 0 or more, got {max_retries}")
        options["max_retries"] = max_retries
    if not isinstance(deadline, Unset):
        options["deadline"] = _checked_deadline(deadline)
    if not isinstance(max_response_bytes, Unset):
        options["max_response_bytes"] = _checked_size(max_response_bytes)
    return options


def checked_timeout(timeout: float | httpx.Timeout | None) -> float | httpx.Timeout | None:
    if timeout is None or isinstance(timeout, httpx.Timeout):
        return timeout
    if not isinstance(timeout, int | float) or isinstance(timeout, bool):
        raise TypeError(f"timeout: expected seconds, an httpx.Timeout or None, got {timeout!r}")
    if not 0 <= timeout <= threading.TIMEOUT_MAX:
        raise ValueError(f"timeout: expected seconds, 0 or more, got {timeout}")
    return timeout


def _checked_deadline(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    if not isinstance(deadline, int | float) or isinstance(deadline, bool):
        raise TypeError(f"deadline: expected seconds or None, got {deadline!r}")
    if not 0 < deadline <= threading.TIMEOUT_MAX:
        raise ValueError(f"deadline: expected seconds, more than 0, got {deadline}")
    return deadline


def _checked_size(size: int | None) -> int | None:
    if size is None:
        return None
    if not isinstance(size, int) or isinstance(size, bool):
        raise TypeError(f"max_response_bytes: expected a whole number or None, got {size!r}")
    if size < 1:
        raise ValueError(f"max_response_bytes: expected 1 or more, got {size}")
    return size
