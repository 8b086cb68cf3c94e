"""The time zones of accounts: an IANA name such as `America/New_York`, or a fixed offset such as `-05:00`."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEFAULT = "America/New_York"

_OFFSET = re.compile(r"([+-])(\d\d):([0-5]\d)", re.ASCII)
_MINUTES_OF_A_DAY = 24 * 60


@lru_cache(maxsize=256)
def find(name: str) -> tzinfo | None:
    """Return the time zone of that name or offset, or None if there is none."""
    if match := _OFFSET.fullmatch(name):
        minutes = int(match[2]) * 60 + int(match[3])
        if minutes >= _MINUTES_OF_A_DAY:
            return None
        return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # ZoneInfo refuses paths with ValueError; the name of a folder of zones is an OSError.
        return None


def zone(name: str) -> tzinfo:
    """Return the time zone of a stored name. Raises LookupError if this machine no longer knows it."""
    found = find(name)
    if found is None:
        raise LookupError(f"no time zone {name!r}")
    return found


def local(name: str, day: date, at: time) -> datetime:
    """Return a time of day in a zone as a datetime with the UTC offset of that moment."""
    return _in_minutes(datetime.combine(day, at, zone(name)))


def utc_offset(name: str, moment: datetime) -> str:
    """Return the UTC offset of a zone at a moment, such as `-05:00`, daylight saving time included."""
    return _in_minutes(moment.astimezone(zone(name))).isoformat()[-6:]


def _in_minutes(moment: datetime) -> datetime:
    # Offsets of the 19th century have seconds, which RFC 3339 cannot express.
    offset = moment.utcoffset() or timedelta()
    return moment.replace(tzinfo=timezone(timedelta(minutes=offset // timedelta(minutes=1))))


def friendly_name(name: str) -> str:
    """Return the place in the name of a zone, such as `New York`."""
    return f"UTC{name}" if _OFFSET.fullmatch(name) else name.rpartition("/")[2].replace("_", " ")
