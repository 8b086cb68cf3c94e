"""The start of a request: its number and its time."""

from __future__ import annotations

import itertools
from datetime import datetime
from time import perf_counter

from msgspec import Struct

from kit_mock.protocol.messages import Request
from kit_mock.state.clock import Clock


class Arrival(Struct, frozen=True):
    """A numbered and dated request."""

    request: Request
    """The request, with GET in place of HEAD: `App` removes the body from the response."""
    method: str
    """The method that was sent."""
    id: str
    """The value of `X-Request-Id`: a UUID as Kit's, but counted, so that each run has the same."""
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
        """Number and date a request. `method` is the one that was sent."""
        id_ = f"00000000-0000-0000-0000-{next(self._numbers):012x}"
        return Arrival(request, method, id_, self._clock.now(), perf_counter())

    def begin_again(self) -> None:
        """Number from 1 again."""
        self._numbers = itertools.count(1)
