"""The one clock that every timestamp, and everything that waits, goes by."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from functools import lru_cache


class Clock:
    """Real time, or a time of your own that moves only when told to.

    `Clock()` follows the system's clock. `Clock(start)` stands still at `start`, which makes timestamps the same in
    every run. Both can be moved on with `advance()`. Safe to use from several threads.

    Raises ValueError for a `start` without a time zone.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("start must have a time zone")
        self._start = start
        self._moved = timedelta()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The current moment, in UTC."""
        with self._lock:
            return (self._start or datetime.now(UTC)).astimezone(UTC) + self._moved

    def epoch(self) -> int:
        """The current moment in whole seconds since 1970, the precision that Kit's timestamps have."""
        return int(self.now().timestamp())

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move on by that much and return the new time. Raises ValueError for a step back."""
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if step < timedelta():
            raise ValueError("the clock can't go back")
        with self._lock:
            self._moved += step
        return self.now()


@lru_cache(maxsize=4096)
def timestamp(epoch: int) -> str:
    """Seconds since 1970 in Kit's format, such as `2023-02-17T11:43:55Z`. Cached: rows often share a second."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
