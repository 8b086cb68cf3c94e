"""When work that has fallen due by the mock's clock is done: before a request, in the background, or when time is moved on."""

from __future__ import annotations

import logging
import math

from kit_mock.outbox.worker import Worker
from kit_mock.protocol.errors import UnwritableError
from kit_mock.state.clock import Clock
from kit_mock.state.schedule import Schedule
from kit_mock.state.store import Store

_log = logging.getLogger("kit_mock")

_TURN = 0.1
"""Seconds of real time that one request, or one turn of the background worker, gives to due work. The rest is left to the next."""


class DueWork:
    """Does what is due, such as queued bulk jobs, and has the worker that does it in the background."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._schedule = Schedule(store)
        self.worker = Worker(store, clock, self._do_some)

    def do_all(self) -> None:
        """Do all that is due."""
        self._schedule.run(self._clock.epoch(), again=True)

    def catch_up(self) -> None:
        """Do all that has fallen due since this was last looked at, however long it takes."""
        self._catch_up(self._clock.epoch(), math.inf)

    def catch_up_for_request(self, now: int) -> None:
        """Do the same for a request at a moment, in seconds since 1970, unless it takes long: then the request sees a part of it."""
        self._catch_up(now, _TURN)

    def pass_time(self, seconds: float) -> None:
        """Advance a frozen clock instead of sleeping: in-process transports never wait."""
        if self._clock.stands_still:
            self._clock.advance(seconds=seconds)
            self.do_all()
            self.worker.nudge()

    def begin_again(self) -> None:
        """Look at once for what is due: the state has become another one."""
        self._schedule.forget()

    def _do_some(self) -> bool:
        """Do a part of what is due; return whether that was all."""
        now = self._clock.epoch()
        # Without an order where time goes by: a scheduled broadcast would wait for a long job to end.
        self._schedule.run(now, again=True, patience=_TURN, in_order=self._clock.stands_still)
        return self._schedule.is_done(now)

    def _catch_up(self, now: int, patience: float) -> None:
        try:
            if self._schedule.run(now, patience=patience):
                self.worker.nudge()
        except UnwritableError as error:  # That is no reason to refuse a request that only reads.
            self._schedule.put_off(now)
            _log.error("%s", error)
