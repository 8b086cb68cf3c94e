"""Work that falls due by the mock's clock, such as a scheduled broadcast.

It is done when the mock is next used: nothing can be seen of it before, so that no thread has to wait for it. When the
clock has been moved past several moments, what was due first is done first. Work that takes long is done in steps, and
between them others are let in: then a part of it can be seen.
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
    """Registers a function that does what is due at a moment, in seconds since 1970, inside a transaction.

    It may do a part of it, which must not take long, and is then called again. `next_at` returns when there will be
    something to do next, or None; once all was done that has to be later, or the calls never end.
    """

    def register(run: Task) -> Task:
        _tasks.append((next_at, run))
        return run

    return register


def _next_at(store: Store) -> int | None:
    moments = (next_at(store) for next_at, _ in _tasks)
    return min((moment for moment in moments if moment is not None), default=None)


class Schedule:
    """Does what is due, at most once in each second of the clock. Safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done_at = -1
        self._at_work = 0  # Threads that are in between two steps, or in one.

    def run(self, now: int, *, again: bool = False, patience: float = math.inf, in_order: bool = True) -> bool:
        """Carry out all tasks, unless that was done at this moment already, or `again`; return whether any was looked at.

        After `patience`, in seconds, the rest is left to the next call; so it is if another thread is at it and there is
        no end to patience. Not `in_order`, work that takes long doesn't keep back what fell due after it began.
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
        """Leave what is due by that moment for a later one."""
        self._done_at = now

    def is_done(self, now: int) -> bool:
        """Whether nothing is left of what is due by that moment."""
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
        """Begin anew: the state has become another one."""
        self._done_at = -1
