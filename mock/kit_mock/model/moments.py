"""Points in time as request bodies give them: ISO 8601, in UTC unless it says otherwise."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

# What `clock.timestamp` writes with four digits for the year; earlier times are no times of emails or purchases.
_FIRST_YEAR = 1000
_ISO_8601 = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII | re.IGNORECASE
)


def seconds(value: Any) -> int | None:
    """The moment in whole seconds since 1970, or None if the value isn't one.

    A day stands for its midnight. Chosen where the API says nothing: times before the year 1000 are none, and so
    are those in the basic format, without hyphens and colons.
    """
    if not isinstance(value, str) or not _ISO_8601.fullmatch(value):
        return None
    try:
        found = datetime.fromisoformat(value.upper())
        found = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return int(found.timestamp() // 1) if found.year >= _FIRST_YEAR else None
