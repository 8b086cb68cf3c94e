"""Time of which a program waits a part only."""

from __future__ import annotations

from kit_client import Clock


class Hurried(Clock):
    """Waits a hundredth. `waits` has what it was to wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        super().sleep(seconds / 100)

    async def asleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await super().asleep(seconds / 100)
