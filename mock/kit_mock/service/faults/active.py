"""The faults that are active, and the choice of those that happen to a request."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable, Collection, Iterator
from typing import Unpack

import attrs

from kit_mock.protocol.suggestions import did_you_mean
from kit_mock.service.faults.fault import Fault, FaultOptions


@attrs.define(eq=False)
class ActiveFault:
    """A fault that is set, with its id and the number of requests that met it."""

    id: int
    fault: Fault
    hits: int = 0
    """The number of requests that met it."""
    _fits: Callable[[str, str, str | None], bool] = attrs.field(init=False, repr=False)
    _dice: random.Random = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._fits = self.fault.fits()
        self._dice = random.Random(self.fault.seed)

    @property
    def is_spent(self) -> bool:
        """Whether it has happened to as many requests as `times` says."""
        return self.fault.times is not None and self.hits >= self.fault.times

    def happens(self, method: str, path: str, operation_id: str | None) -> bool:
        """Return whether the fault happens to this request, and count it if so."""
        if self.is_spent or not self._fits(method, path, operation_id):
            return False
        if self.fault.probability < 1 and self._dice.random() >= self.fault.probability:
            return False
        self.hits += 1
        return True


@attrs.frozen
class Matched:
    """The faults that happen to a request."""

    fault: Fault | None = None
    """The one that happens beside lists that lag."""
    lag: float = 0
    """Lists leave out what is younger than this, in seconds."""
    name: str | None = None
    """The names of all of them, for the record."""


NOTHING = Matched()


class Faults:
    """The faults that are set, the oldest first. Threads can share it.

    If several faults apply to a request, only the oldest happens. Faults that make lists lag happen as well: the longest lag
    counts.
    """

    def __init__(self, operation_ids: Collection[str]) -> None:
        self._operation_ids = operation_ids
        self._active: list[ActiveFault] = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._active)

    def __iter__(self) -> Iterator[Fault]:
        return iter([each.fault for each in self.active()])

    def add(self, fault: Fault | None = None, /, **options: Unpack[FaultOptions]) -> Fault:
        """Set a fault, which happens from now on, and return it: the given one, or one made of the arguments of `Fault`.

        Raises ValueError as `Fault` does, and for an unknown operation.
        """
        return self.activate(Fault(**options) if fault is None else attrs.evolve(fault, **options)).fault

    def activate(self, fault: Fault) -> ActiveFault:
        """Set a fault, and return it with its id and its number of hits. Raises ValueError for an unknown operation."""
        if fault.operation is not None and fault.operation not in self._operation_ids:
            hint = did_you_mean(fault.operation, self._operation_ids)
            raise ValueError(f"operation must be the id of an operation of the document, not {fault.operation!r}{hint}")
        with self._lock:
            active = ActiveFault(next(self._numbers), fault)
            self._active.append(active)
            return active

    def active(self) -> tuple[ActiveFault, ...]:
        """Return the faults that can still happen, with their ids and numbers of hits."""
        with self._lock:
            return tuple(self._active)

    def remove(self, id_: int) -> bool:
        """Remove the fault with that id; return whether it was there."""
        with self._lock:
            kept = [each for each in self._active if each.id != id_]
            found = len(kept) < len(self._active)
            self._active = kept
            return found

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._active = []

    def match(self, method: str, path: str, operation_id: str | None, *, is_list: bool) -> Matched:
        """Return the faults that happen to a request, and count them. Drop those that are spent."""
        fault: Fault | None = None
        names: list[str] = []
        lag = 0.0
        with self._lock:
            for each in self._active:
                only_lags = each.fault.lag and not each.fault.delay
                if (each.fault.lag and not is_list) or (fault is not None and not only_lags):
                    continue
                if not each.happens(method, path, operation_id):
                    continue
                lag = max(lag, each.fault.lag)
                names.append(each.fault.name)
                if not only_lags:
                    fault = each.fault
            self._active = [each for each in self._active if not each.is_spent]
        return Matched(fault, lag, ", ".join(names) or None)
