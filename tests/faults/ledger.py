"""What a program was told of what it did, to be held against what the service then has."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

from kit_client import AuthenticationError, KitError, RateLimitError
from kit_mock import KitMock

LINE = {"name": "Book", "pid": "book", "lid": "a", "quantity": 1, "unit_price": 5.0}

ACTS: dict[str, Callable[[Any, str], Any]] = {
    "purchase": lambda kit, name: kit.purchases.create(
        transaction_id=name, email_address=f"{name}@example.com", currency="USD", products=[LINE]
    ),
    "broadcast": lambda kit, name: kit.broadcasts.create(subject=name),
    "tag": lambda kit, name: kit.tags.create(name=name),
    "subscriber": lambda kit, name: kit.subscribers.create(email_address=f"{name}@example.com"),
}


class Ledger:
    """What was done under a name of its own, what was not, and what nobody knows.

    Args:
        seed: Of the choice of what is done.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.done: set[str] = set()
        self.unsure: set[str] = set()
        self.refused: set[str] = set()

    def plan(self, count: int) -> list[str]:
        """Return names of things to do."""
        return [f"{self._chance.choice(list(ACTS))}-{self._chance.getrandbits(48):012x}" for _ in range(count)]

    @staticmethod
    def act(name: str) -> Callable[[Any], Any]:
        """Return what is to be called for a name."""
        return lambda kit: ACTS[name.partition("-")[0]](kit, name)

    def note(self, name: str, error: KitError | None) -> None:
        """Keep what came of it."""
        if error is None:
            self.done.add(name)
        elif isinstance(error, RateLimitError | AuthenticationError) and not name.startswith("subscriber-"):
            self.refused.add(name)
        else:
            # What is safe to repeat may have been done by an attempt before the one that was refused.
            self.unsure.add(name)

    def __len__(self) -> int:
        return len(self.done) + len(self.unsure) + len(self.refused)

    def check(self, mock: KitMock) -> None:
        """All that was done is there, once; what is there besides is what nobody knew."""
        purchases = mock.purchases.all()
        there = Counter(each["transaction_id"] for each in purchases)
        there.update(each["subject"] for each in mock.broadcasts.all())
        there.update(each["name"] for each in mock.tags.all() if each["name"].startswith("tag-"))
        people = Counter(each["email_address"].partition("@")[0] for each in mock.subscribers.all())
        assert set(people.values()) <= {1}
        there.update(name for name in people if name.startswith("subscriber-"))
        assert all(len(each["products"]) == 1 for each in purchases)
        assert set(there.values()) <= {1}
        assert self.done <= there.keys() <= self.done | self.unsure
