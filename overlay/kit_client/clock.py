"""Time, in one place, so that a test can pass its own."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import anyio


class Clock:
    """The system's clock, in seconds.

    For tests, pass an instance of a subclass that overrides `monotonic`, `time`, `sleep` and `asleep` as `clock`.
    """

    def monotonic(self) -> float:
        """Return the seconds since an arbitrary moment. The number never gets smaller."""
        return time.monotonic()

    def time(self) -> float:
        """Return the seconds since 1970-01-01, in UTC."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Block the thread for a number of seconds."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Pause the task for a number of seconds."""
        import anyio  # late, as synchronous programs never need it

        await anyio.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Block the thread until the event is set, or for `seconds` at most.

        If a subclass overrides `sleep`, this calls it with all of the seconds instead.
        """
        if type(self).sleep is Clock.sleep:
            event.wait(min(seconds, threading.TIMEOUT_MAX))
        else:
            self.sleep(seconds)

    async def await_event(self, event: anyio.Event, seconds: float) -> None:
        """Pause the task until the event is set, as `wait` does for a thread."""
        import anyio

        if type(self).asleep is Clock.asleep:
            with anyio.move_on_after(seconds):
                await event.wait()
        else:
            await self.asleep(seconds)
