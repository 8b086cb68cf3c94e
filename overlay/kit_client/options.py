"""The options of calls, checked."""

from __future__ import annotations

import contextlib
import inspect
import os
import threading
from pathlib import Path
from typing import Any

import httpx

from kit_api.types import Unset


def call_options(
    timeout: float | httpx.Timeout | None | Unset,
    max_retries: int | Unset,
    deadline: float | None | Unset,
    max_response_bytes: int | None | Unset,
) -> dict[str, Any]:
    """Check options of calls, and return them as transports find them in `request.extensions`."""
    given = {
        "timeout": timeout,
        "max_retries": max_retries,
        "deadline": deadline,
        "max_response_bytes": max_response_bytes,
    }
    options: dict[str, Any] = {name: value for name, value in given.items() if not isinstance(value, Unset)}
    if not isinstance(timeout, Unset):
        options["timeout"] = httpx.Timeout(checked_timeout(timeout)).as_dict()
    if "max_retries" in options:
        check_whole("max_retries", max_retries, 0)
    if options.get("deadline") is not None:
        check_seconds("deadline", deadline, or_else=" or None")
        if not deadline:
            raise ValueError("deadline: expected more than 0 seconds, got 0")
    if options.get("max_response_bytes") is not None:
        check_whole("max_response_bytes", max_response_bytes, 1, or_else=" or None")
    return options


def checked_timeout(timeout: float | httpx.Timeout | None) -> float | httpx.Timeout | None:
    """Return a timeout. Raise TypeError or ValueError if it can't be one."""
    if timeout is not None and not isinstance(timeout, httpx.Timeout):
        check_seconds("timeout", timeout, or_else=", an httpx.Timeout or None")
    return timeout


def check_type(name: str, value: object, kinds: Any, expected: str, refusal: type[Exception] = TypeError) -> None:
    """Raise `refusal` unless a value is of one of the kinds. The value isn't shown: it may be secret."""
    if not isinstance(value, kinds):
        raise refusal(f"{name}: expected {expected}, got {kind_of(value)}")


def check_function(name: str, value: object, refusal: type[Exception] = TypeError) -> None:
    """Raise `refusal` unless a value can be called, and gives no awaitable that nobody would await."""
    if not callable(value) or inspect.iscoroutinefunction(value):
        raise refusal(f"{name}: expected a function that isn't async, got {value!r}")


def checked_path(name: str, path: str | os.PathLike[str], refusal: type[Exception]) -> Path:
    """Return the path of a file, in which `~` is a user's home folder. Raise `refusal` if it can't be one."""
    with contextlib.suppress(RuntimeError, TypeError):  # There is no such user, or it is one of bytes.
        if isinstance(path, str | os.PathLike) and str(path) and "\0" not in str(path):
            return Path(path).expanduser()
    raise refusal(f"{name}: expected that of a file, in which ~ is the home folder of a user, got {path!r}")


def kind_of(value: object) -> str:
    """Tell a value by its type."""
    kind = value if isinstance(value, type) else type(value)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return f"the class {name}" if isinstance(value, type) else name


def check_seconds(name: str, value: object, *, most: float = threading.TIMEOUT_MAX, or_else: str = "") -> None:
    """Raise TypeError unless a value is a number, and ValueError unless it is from 0 to `most`."""
    check_number(name, value, most, unit="seconds", or_else=or_else)


def check_number(name: str, value: object, most: float, *, unit: str = "", or_else: str = "") -> None:
    """Raise TypeError unless a value is a number, and ValueError unless it is from 0 to `most`, in any unit."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError(f"{name}: expected {unit or 'a number'}{or_else}, got {value!r}")
    if not 0 <= value <= most:
        raise ValueError(f"{name}: expected from 0 to {most:g}{unit and ' '}{unit}, got {value}")


def check_whole(name: str, value: object, least: int, *, or_else: str = "") -> None:
    """Raise TypeError unless a value is an int, and ValueError unless it is `least` or more."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name}: expected a whole number{or_else}, got {value!r}")
    if value < least:
        raise ValueError(f"{name}: expected {least} or more, got {value}")
