"""The deadline of a call: how long it may take in all, retries and waits included."""

from __future__ import annotations

import math
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpx

from .clock import Clock

if TYPE_CHECKING:
    import anyio
    import httpcore

# A read that starts this close to the deadline counts as late: timers of the system are no finer.
GRAIN = 0.01


class DeadlinePassed(httpx.TimeoutException):
    """The deadline passed while a request was under way."""


class Deadline:
    """The moment at which a call has to be over.

    Args:
        seconds: How long the call may take, or None for as long as it likes.
        start: When it began, by the same clock.
    """

    def __init__(self, seconds: float | None, start: float, clock: Clock) -> None:
        self._seconds = seconds
        self._end = math.inf if seconds is None else start + seconds
        self._clock = clock

    @classmethod
    def of(cls, request: httpx.Request, retry_budget: float, clock: Clock) -> Deadline:
        """Set the deadline of a request, which its timeouts then heed: its extension, else the retry budget and a timeout."""
        extensions = request.extensions
        start = extensions.get("started")
        if "deadline" in extensions:
            seconds = extensions["deadline"]
        else:
            # With a timeout of None the caller is ready to wait for ever.
            timeouts = list(extensions.get("timeout", {}).values())
            seconds = retry_budget + max(timeouts) if timeouts and None not in timeouts else None
        deadline = cls(seconds, clock.monotonic() if start is None else start, clock)
        if "timeout" in extensions:
            extensions["timeout"] = Timeouts(extensions["timeout"], deadline)
        return deadline

    def left(self) -> float:
        """Return the seconds that are left, below 0 when it has passed, infinity when there is no deadline."""
        return self._end if self._seconds is None else self._end - self._clock.monotonic()

    def passed(self) -> DeadlinePassed:
        """Return the error that says that it has passed."""
        return DeadlinePassed(f"the deadline of {self._seconds:g} s for the whole call passed")

    def check(self) -> None:
        """Raise DeadlinePassed if it has passed."""
        if self.left() < GRAIN:
            raise self.passed()

    def scope(self) -> anyio.CancelScope:
        """Return a scope of a task that is cancelled when it passes."""
        import anyio

        left = self.left()
        return anyio.move_on_after(None if left == math.inf else max(left, 0))

    def shorten(self, timeout: float | None) -> float | None:
        """Return the timeout, or the time that is left if that is shorter."""
        left = max(self.left(), GRAIN)
        return timeout if left == math.inf else left if timeout is None else min(timeout, left)


class Timeouts(dict[str, Any]):
    """The extension `timeout` of a request: each value is shortened to what is left when it is looked up."""

    def __init__(self, timeouts: dict[str, float | None], deadline: Deadline) -> None:
        super().__init__(timeouts)
        self._deadline = deadline

    def get(self, phase: str, default: float | None = None) -> float | None:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._deadline.shorten(super().get(phase, default))


current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)
"""The deadline of the call that this thread makes, for the connections that it reads from."""


def heed(stream: httpcore.NetworkStream) -> None:
    """Let a connection check the deadline before each read and write, and wait no longer than that.

    The timeouts of httpx bound one read. A response head that arrives byte by byte takes any number of reads, which
    no transport sees.
    """
    import httpcore

    read, write = stream.read, stream.write

    def bounded_read(max_bytes: int, timeout: float | None = None) -> bytes:
        return read(max_bytes, timeout=remaining(timeout, httpcore.ReadTimeout))

    def bounded_write(buffer: bytes, timeout: float | None = None) -> None:
        # In pieces, as a peer that takes in little at a time would otherwise get the whole timeout for each piece.
        for start in range(0, len(buffer), 65536):
            write(buffer[start : start + 65536], timeout=remaining(timeout, httpcore.WriteTimeout))

    def remaining(timeout: float | None, late: type[Exception]) -> float | None:
        deadline = current.get()
        if deadline is None:
            return timeout
        if deadline.left() <= 0:
            raise late("the deadline passed")
        return deadline.shorten(timeout)

    stream.read, stream.write = bounded_read, bounded_write  # type: ignore[method-assign]
