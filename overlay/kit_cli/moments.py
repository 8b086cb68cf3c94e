"""Moments as people type them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

from kit_api.errors import printable

from .status import CommandError, MisuseError

NOW = "now"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?\s*(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)


def moment(name: str, text: str, timezone: Callable[[], str]) -> datetime.datetime:
    """Return the moment that a text names.

    Args:
        name: What it is, for errors.
        text: Such as `2026-12-01 09:00`, with or without `Z` or an offset; or `now`.
        timezone: Returns the name of the time zone for what has no offset; called only then.

    Raises:
        MisuseError: It names no moment, or the zone's clocks show it never or twice.
        CommandError: This machine doesn't know the zone.
    """
    if text.strip().lower() == NOW:
        return datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    try:
        if not _MOMENT.fullmatch(text.strip()):
            raise ValueError
        found = datetime.datetime.fromisoformat(text.strip().replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        raise MisuseError(
            f"{name}: expected a day and a time, such as 2026-12-01 09:00 or 2026-12-01T09:00:00Z, or now;"
            f" got {printable(repr(text), 80)}"
        ) from None
    return found if found.tzinfo is not None else _local(name, found, timezone())


def _local(name: str, naive: datetime.datetime, zone_name: str) -> datetime.datetime:
    from zoneinfo import ZoneInfo

    try:
        zone = ZoneInfo(zone_name)
    except (KeyError, ValueError, OSError):
        raise CommandError(
            f"{name}: this machine doesn't know the account's time zone, {printable(repr(zone_name), 80)}:"
            " give the offset, such as 2026-12-01T09:00+01:00, or pip install tzdata"
        ) from None
    both = [naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    if both[0].utcoffset() != both[1].utcoffset():
        # An hour that clocks skip comes back as another one.
        is_skipped = both[0].astimezone(datetime.UTC).astimezone(zone).replace(tzinfo=None) != naive
        raise MisuseError(
            f"{name}: in {zone_name} the clocks show {naive:%Y-%m-%d %H:%M} {'never' if is_skipped else 'twice'};"
            " give the offset, such as 2026-12-01T09:00+01:00"
        )
    return both[0]
