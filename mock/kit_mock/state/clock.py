"""The clock for every timestamp and everything that waits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from kit_mock.protocol.arguments import checked

FIRST_MOMENT, LAST_MOMENT = -62_135_596_800, 253_402_300_799
"""In seconds since 1970: the first of the year 1 and the last of 9999, between which `timestamp` can write moments."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


class Clock:
    """The mock's clock: the system's time, or a time that stands still.

    `Clock()` follows the system's clock. `Clock(start)` stands still at `start`, so that timestamps are the same in
    every run. `advance()` and `set()` move both kinds. Threads can share a clock.

    Raises ValueError for a `start` without a time zone, OverflowError for one before 1970 or after 9000.
    """

    @checked
    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("start must have a time zone")
        self._start = start
        self._moved = timedelta()
        self._lock = threading.Lock()
        with _range():
            self._move(self._moved)

    def __repr__(self) -> str:
        return "Clock()" if self._start is None else f"Clock({self._start.isoformat()})"

    def now(self) -> datetime:
        """Return the current time of this clock, in UTC."""
        return (datetime.now(UTC) if self._start is None else self._start.astimezone(UTC)) + self._moved

    def epoch(self) -> int:
        """Return the current time in whole seconds since 1970-01-01 UTC. Kit's timestamps are whole seconds."""
        return int(self.now().timestamp())

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move the clock forward by the sum of the arguments, and return its new time in UTC.

        Raises ValueError for a negative sum, OverflowError for a time after the year 9000.
        """
        with self._lock, _range():
            step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            if step < timedelta():
                raise ValueError("the clock can't go back")
            self._move(self._moved + step)
        return self.now()

    @checked
    def set(self, moment: datetime) -> datetime:
        """Set the clock to a moment, in the past or the future, and return it in UTC. A real clock runs on from there.

        The mock's data stays as it is, also where its timestamps are later than the moment. Raises ValueError for a
        moment without a time zone, OverflowError for one before 1970 or after 9000.
        """
        if moment.tzinfo is None:
            raise ValueError("the moment must have a time zone")
        with self._lock, _range():
            self._move(moment - (self._start or datetime.now(UTC)))
        return self.now()

    def _move(self, by: timedelta) -> None:
        if not _FIRST <= (self._start or datetime.now(UTC)) + by <= _LAST:
            raise OverflowError
        self._moved = by

    @property
    def stands_still(self) -> bool:
        """Whether the clock stands still until `advance` or `set` moves it."""
        return self._start is not None

    @property
    def moved(self) -> timedelta:
        """How far the clock is ahead of its start or, without one, of real time. It can be set, within the range of `set`."""
        with self._lock:
            return self._moved

    @moved.setter
    @checked
    def moved(self, moved: timedelta) -> None:
        with self._lock, _range():
            self._move(moved)


@lru_cache(maxsize=16_384)  # Rows share seconds, and pages are read again.
def timestamp(epoch: int) -> str:
    """Format seconds since 1970 like Kit: `2023-02-17T11:43:55Z`."""
    # A page of a large account is mostly this. `strftime` takes ten times as long.
    day, second = divmod(epoch, 86_400)
    minute, second = divmod(second, 60)
    return f"{_day(day)}{_MINUTES[minute]}{_SECONDS[second]}"


_MINUTES = [f"T{minute // 60:02}:{minute % 60:02}:" for minute in range(24 * 60)]
_SECONDS = [f"{second:02}Z" for second in range(60)]


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    return date.fromordinal(_FIRST.toordinal() + number).isoformat()


@contextmanager
def _range() -> Iterator[None]:
    """Replace the message of an OverflowError, of this clock or of Python's dates, by one that names the range."""
    try:
        yield
    except OverflowError:
        raise OverflowError(f"the clock can only be between {_FIRST.year} and {_LAST.year}") from None
