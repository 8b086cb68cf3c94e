"""Work that falls due by the mock's clock, such as a scheduled broadcast.

It is done when the mock is next used: nothing can be seen of it before, so that no thread has to wait for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from kit_mock.storage import Store

Task = Callable[[Store, int], None]

_tasks: list[Task] = []


def task(run: Task) -> Task:
    """Registers a function that does what is due at a moment, in seconds since 1970, inside a transaction."""
    _tasks.append(run)
    return run


class Schedule:
    """Does what is due, at most once in each second of the clock."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done_until = -1
        self._lock = threading.Lock()

    def run(self, now: int) -> None:
        """Carry out all tasks, unless that was done at this moment already."""
        with self._lock:
            if now <= self._done_until:
                return
            with self._store.transaction():
                for each in _tasks:
                    each(self._store, now)
            self._done_until = now
