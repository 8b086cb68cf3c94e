"""Dates in requests. Bodies may write a timestamp in many forms, the filters of a list only in one."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any

from kit_mock.protocol.errors import unprocessable
from kit_mock.protocol.validation_messages import human

# The years that `clock.timestamp` writes with four digits.
_FIRST, _LAST = datetime(1000, 1, 1, tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_FILTER = re.compile(rf"{_DAY.pattern}(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?", re.ASCII)
_TIMESTAMP = re.compile(
    rf"{_DAY.pattern}([T ]\d\d:\d\d(:\d\d([.,]\d{{1,9}})?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII | re.IGNORECASE
)


def day(text: str) -> date | None:
    """Return a date that is written as `YYYY-MM-DD`, or None."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def of_filter(text: str, name: str, *, up: bool = False) -> int:
    """Return a date filter in whole seconds since 1970, rounded down or up.

    A day stands for its midnight in UTC, a time needs a zone. Raises Refusal 422, which names the parameter.
    """
    found = _parse(text) if _FILTER.fullmatch(text) else None
    if found is None:
        raise unprocessable(f"{human(name)} is incorrectly formatted. Use YYYY-MM-DD.")
    return math.ceil(found.timestamp()) if up else math.floor(found.timestamp())


def of_timestamp(value: Any) -> int | None:
    """Return an ISO 8601 timestamp in whole seconds since 1970, or None if the value isn't one.

    Without a zone it is in UTC; a day stands for its midnight.
    """
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return None
    found = _parse(value.upper())
    return math.floor(found.timestamp()) if found is not None and _FIRST <= found <= _LAST else None


def _parse(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:  # Such as a thirteenth month.
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
