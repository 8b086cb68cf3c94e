"""The rate limit as slots. No I/O and no clock: each moment is passed in, in seconds.

The service counts a request at some moment between its sending and its answer. So a slot cools for a whole window from
the answer: whatever the moment was, the slot's next request is counted when this one has left the window. To count from
the sending, or from the call, would let two requests of one slot into one window, and earn a 429.
"""

from __future__ import annotations

import math
from heapq import heapify, heappop, heappush, heapreplace

from msgspec import Struct, field

WINDOW = 60.0
"""The window of Kit, in seconds."""
MARGIN = 5.0
"""How much longer a slot cools whose answer was lost: the service may count such a request after the client gave it up."""


class LimiterState(Struct, frozen=True, kw_only=True):
    """How many requests of one credential are free, under way and counted at one moment. A slot is one allowed request."""

    limit: int
    """How many requests the service allows in a window."""
    window: float
    """The length of the window in seconds."""
    free: int
    """Slots for requests that can be sent now."""
    lent: int
    """Slots of requests that are under way."""
    cooling: int
    """Slots that become free later: the service may still count their requests, or has answered one with 429."""
    waiting: int
    """Requests of this process that wait for a slot."""
    ready_in: float
    """Seconds until the next slot is free; 0 if one is free now. If all requests are under way, the least time possible."""


class Slots(Struct):
    """Slots of one credential. A slot is free, lent, or cooling."""

    limit: int
    window: float
    lease: float = math.inf
    """How long a slot may be lent. After that, its holder is taken to be dead, and its answer to be lost."""
    lent: dict[str, float] = field(default_factory=dict[str, float])
    """Each ticket, with the end of its lease."""
    cooling: list[float] = field(default_factory=list[float])
    """When each cooling slot becomes free, as a heap."""
    closed_until: float = -math.inf
    """No slot is free before this moment, as the service refused a request."""

    def ready(self, now: float, ahead: int = 0) -> float:
        """Return the earliest moment at which a slot can be free for one who has so many others ahead.

        A moment up to `now` means that one is free. A lent slot is counted as if it were answered now, as no answer comes
        earlier.
        """
        self._settle(now)
        used = len(self.lent) + len(self.cooling)
        if used + ahead < self.limit:
            return max(now, self.closed_until)
        ends = [now] * (self.limit - used) + self.cooling + [now + self.window] * len(self.lent)
        heapify(ends)
        for _ in range(used - self.limit):
            heappop(ends)
        # Each slot is used again and again by those ahead; after the first rounds they take turns.
        rounds = max(ahead // self.limit - int((max(ends) - now) / self.window) - 2, 0)
        for _ in range(ahead - rounds * self.limit):
            heapreplace(ends, ends[0] + self.window)
        return max(ends[0] + rounds * self.window, self.closed_until)

    def take(self, ticket: str, now: float) -> None:
        """Lend a slot. It is for the caller to see that one is `ready`."""
        self.lent[ticket] = now + self.lease

    def end(self, ticket: str, now: float, cools: float | None, closed: float = 0.0) -> None:
        """Take a slot back, also one whose lease has run out.

        Args:
            cools: For how long it cools, or None if its request was never sent.
            closed: For how long no slot is to be free.
        """
        self.lent.pop(ticket, None)
        if cools is not None:
            heappush(self.cooling, now + cools)
        if closed:
            self.closed_until = max(self.closed_until, now + closed)

    def state(self, now: float, waiting: int = 0) -> LimiterState:
        self._settle(now, thoroughly=True)
        ready = self.ready(now)
        lent = len(self.lent)
        free = max(self.limit - lent - len(self.cooling), 0) if ready <= now else 0
        return LimiterState(
            limit=self.limit,
            window=self.window,
            free=free,
            lent=lent,
            cooling=max(self.limit - free - lent, 0),
            waiting=waiting,
            ready_in=ready - now,
        )

    def _settle(self, now: float, *, thoroughly: bool = False) -> None:
        self._free_cooled(now)
        if len(self.lent) + len(self.cooling) < self.limit and self.closed_until <= now and not thoroughly:
            return
        # What lies further ahead than can be was written before the clock was set back, such as by a restart.
        self.closed_until = min(self.closed_until, now + self.window)
        self.cooling = [min(end, now + self.window + MARGIN) for end in self.cooling]
        for ticket, end in list(self.lent.items()):
            if end <= now:
                del self.lent[ticket]
                heappush(self.cooling, end + self.window + MARGIN)
            else:
                self.lent[ticket] = min(end, now + self.lease)
        self._free_cooled(now)

    def _free_cooled(self, now: float) -> None:
        while self.cooling and self.cooling[0] <= now:
            heappop(self.cooling)
