"""Work that falls due by the mock's clock, such as a scheduled broadcast.

It is done when the mock is next used: nothing can be seen of it before, so that no thread has to wait for it. When the
clock has been moved past several moments, what was due first is done first.
"""

from __future__ import annotations

from collections.abc import Callable

from kit_mock.storage import Store

Task = Callable[[Store, int], None]
NextAt = Callable[[Store], int | None]

_tasks: list[tuple[NextAt, Task]] = []


def task(next_at: NextAt) -> Callable[[Task], Task]:
    """Registers a function that does all that is due at a moment, in seconds since 1970, inside a transaction.

    `next_at` says when there will be something to do next, or None; that has to be over once it was done.
    """

    def register(run: Task) -> Task:
        _tasks.append((next_at, run))
        return run

    return register


def _next_at(store: Store) -> int | None:
    moments = (next_at(store) for next_at, _ in _tasks)
    return min((moment for moment in moments if moment is not None), default=None)


class Schedule:
    """Does what is due, at most once in each second of the clock."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done_at = -1

    def run(self, now: int, *, again: bool = False) -> bool:
        """Carry out all tasks, unless that was done at this moment already, or `again`; whether they were."""
        with self._store.reading():
            if now == self._done_at and not again:  # An earlier moment is one that the clock was set back to.
                return False
            with self._store.transaction():
                while (moment := _next_at(self._store)) is not None and moment <= now:
                    for _, run in _tasks:
                        run(self._store, moment)
            self._done_at = now
            return True

    def forget(self) -> None:
        """Begin anew: the state has become another one."""
        self._done_at = -1
