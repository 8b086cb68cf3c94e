"""Work that falls due by the mock's clock, such as a scheduled broadcast.

It is done when the mock is next used: nobody can see a difference before that, so no thread waits for it. If the clock was
moved past several moments, what was due first is done first. Long work is done in steps, and other threads get in between
two of them: they can see a part of it done.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from kit_mock.state.store import Store

Task = Callable[[Store, int], None]
NextAt = Callable[[Store], int | None]

_tasks: list[tuple[NextAt, Task]] = []
_BREAK = 0.001
"""Seconds between two steps. Whoever waits for the lock gets it only while nobody else asks for it."""


def task(next_at: NextAt) -> Callable[[Task], Task]:
    """Register a function that does what is due at a moment, in seconds since 1970, inside a transaction.

    It may do a part that doesn't take long, and is then called again. `next_at` returns when work is next due, or None.
    After all was done it must return something later, or the calls never end.
    """

    def register(run: Task) -> Task:
        _tasks.append((next_at, run))
        return run

    return register


def _next_at(store: Store) -> int | None:
    moments = (next_at(store) for next_at, _ in _tasks)
    return min((moment for moment in moments if moment is not None), default=None)


class Schedule:
    """Runs what is due, at most once in each second of the clock. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done_at = -1
        self._at_work = 0  # Threads that run steps.

    def run(self, now: int, *, again: bool = False, patience: float = math.inf, in_order: bool = True) -> bool:
        """Do all that is due, and return whether tasks were looked at. A moment that was done is skipped unless `again`.

        After `patience`, in seconds, the rest is left to the next call. A call with limited patience leaves all to a thread
        that is at work already. If not `in_order`, long work doesn't hold back what fell due after it began.
        """
        if now == self._done_at and not again:  # An earlier moment is one that the clock was set back to.
            return False
        if self._at_work and patience < math.inf:
            return False
        until = time.monotonic() + patience
        moment: int | None = None
        with self._store.reading():
            self._at_work += 1
        try:
            while self._step(now, None if in_order else moment):
                moment = now
                if time.monotonic() >= until:
                    break
                time.sleep(_BREAK)
        finally:
            with self._store.reading():
                self._at_work -= 1
        return True

    def put_off(self, now: int) -> None:
        """Skip what is due at this moment: it is done at a later one."""
        self._done_at = now

    def is_done(self, now: int) -> bool:
        """Tell whether nothing is left that is due by this moment."""
        return self._done_at == now

    def _step(self, now: int, moment: int | None) -> bool:
        """Do what is due at a moment, or at the first one that has something; return whether anything is left."""
        with self._store.reading():
            first = _next_at(self._store)
            if first is not None and first <= now:
                with self._store.transaction():
                    for _, run in _tasks:
                        run(self._store, first if moment is None else moment)
                first = _next_at(self._store)
                if first is not None and first <= now:
                    return True
            self._done_at = now
            return False

    def forget(self) -> None:
        """Look at all tasks again, since the state was reset or restored."""
        self._done_at = -1
