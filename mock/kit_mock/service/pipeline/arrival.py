"""The first stage: a request whose turn has come."""

from __future__ import annotations

import itertools
from datetime import datetime
from time import perf_counter

from msgspec import Struct

from kit_mock.protocol.messages import Request
from kit_mock.state.clock import Clock


class Arrival(Struct, frozen=True):
    """A request that is being answered."""

    request: Request
    """A HEAD is a GET here: it is answered as one, and loses its body in the end."""
    method: str
    """The method that it came with."""
    id: str
    """What `X-Request-Id` says: counted, so that it is the same in every run, in the form of a UUID, which Kit's have."""
    at: datetime
    """The moment by the mock's clock, in UTC."""
    began: float
    """The moment by `time.perf_counter`, in seconds of real time."""


class Arrivals:
    """Numbers and dates the requests."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)

    def next(self, request: Request, method: str) -> Arrival:
        """Number a request and note when it came. `method` is the one that it came with."""
        id_ = f"00000000-0000-0000-0000-{next(self._numbers):012x}"
        return Arrival(request, method, id_, self._clock.now(), perf_counter())

    def begin_again(self) -> None:
        """Number from 1 again."""
        self._numbers = itertools.count(1)
