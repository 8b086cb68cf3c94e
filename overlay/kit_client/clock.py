"""Time, in one place, so that a test can pass its own."""

from __future__ import annotations

import time


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
