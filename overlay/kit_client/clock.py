"""Time, in one place, so that a test can pass its own."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import anyio


class Clock:
    """The real clock; a subclass may be another. All values are seconds."""

    def monotonic(self) -> float:
        """Time that never runs backwards, from any start."""
        return time.monotonic()

    def time(self) -> float:
        """Time since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        import anyio  # late, as synchronous programs never need it

        await anyio.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Sleep until an event is set, at most so long. A clock whose `sleep` is another one sleeps the whole time."""
        if type(self).sleep is Clock.sleep:
            event.wait(min(seconds, threading.TIMEOUT_MAX))
        else:
            self.sleep(seconds)

    async def await_event(self, event: anyio.Event, seconds: float) -> None:
        """Do the same in a task."""
        import anyio

        if type(self).asleep is Clock.asleep:
            with anyio.move_on_after(seconds):
                await event.wait()
        else:
            await self.asleep(seconds)
