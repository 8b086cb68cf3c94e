"""The order in which asks for slots of the rate limit are served."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from typing import TYPE_CHECKING
from weakref import ref

from .slots import Slots

if TYPE_CHECKING:
    from .asks import Ask

PATIENCE = 1.0
"""An ask that doesn't act for so many seconds after its time, such as one of an event loop that stands still, is overtaken."""

_numbers = itertools.count()


class Line:
    """The asks of one client for slots of one credential.

    Args:
        most: How many connections the client has.
        generation: Of the limiter.
    """

    def __init__(self, most: float, generation: int) -> None:
        self.most, self.generation = most, generation
        self.asks: OrderedDict[Ask, None] = OrderedDict()
        self.lent = 0
        self.changed = 0.0
        """When a slot was last lent or given back."""


class Account:
    """A credential: its slots, and who waits for them."""

    def __init__(self, name: str, slots: Slots) -> None:
        self.name, self.slots = name, slots
        self.lines: set[Line] = set()
        """Those with asks."""
        self.waiting = 0
        self.holders: dict[str, tuple[ref[Ask], Line]] = {}
        """Who has the slots that this process was lent, by ticket, and in whose line they are counted."""

    def join(self, ask: Ask) -> None:
        ask.number = next(_numbers)
        ask.line.asks[ask] = None
        self.lines.add(ask.line)
        self.waiting += 1

    def leave(self, ask: Ask) -> None:
        if ask in ask.line.asks:
            del ask.line.asks[ask]
            self.waiting -= 1
            if not ask.line.asks:
                self.lines.discard(ask.line)

    def first(self) -> Ask | None:
        """Return the ask that came first, of those whose client has a connection free."""
        heads = [next(iter(line.asks)) for line in self.lines if line.lent < line.most]
        return min(heads, key=lambda ask: ask.number) if heads else None

    def wake_first(self, now: float) -> None:
        while self.waiting and (first := self.first()) is not None:
            first.until = min(first.until, now)
            try:
                first.wake()
            except RuntimeError:
                # Its event loop was closed.
                self.leave(first)
            else:
                return

    def overtake(self, ask: Ask, now: float) -> None:
        """Put those before an ask that should have acted long ago behind it."""
        while (first := self.first()) is not None and first is not ask and first.until + PATIENCE <= now:
            first.number = next(_numbers)
            first.line.asks.move_to_end(first)
