"""The snapshots that are kept for the control plane, by id."""

from __future__ import annotations

import itertools
import threading

import attrs

from kit_mock.control.steerable import Steerable

MOST = 10
"""How many are kept at most."""


@attrs.frozen
class Kept:
    """A snapshot. `taken_at` is by the mock's clock, in ISO 8601."""

    id: int
    taken_at: str
    content: bytes = attrs.field(repr=False)


class Snapshots:
    """Takes snapshots of a mock, and restores them. Safe to use from several threads.

    Its methods raise LookupError for an unknown id.
    """

    def __init__(self, mock: Steerable) -> None:
        self._mock = mock
        self._kept: dict[int, Kept] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def all(self) -> tuple[Kept, ...]:
        """Return the snapshots that are kept, the oldest first."""
        with self._lock:
            return tuple(self._kept.values())

    def take(self) -> Kept:
        """Take a snapshot and keep it. Raises ValueError if `MOST` are kept already."""
        with self._lock:
            if len(self._kept) >= MOST:
                raise ValueError(f"{MOST} are kept at most, and one must be deleted first")
            taken_at, content = self._mock.clock.now().isoformat(), self._mock.snapshot()
            kept = Kept(next(self._numbers), taken_at, content)
            self._kept[kept.id] = kept
            return kept

    def restore(self, id_: int) -> Kept:
        """Restore the state of a snapshot, and return that."""
        with self._lock:
            kept = self._kept[id_]
        self._mock.restore(kept.content)
        return kept

    def delete(self, id_: int) -> None:
        """Delete a snapshot."""
        with self._lock:
            del self._kept[id_]
