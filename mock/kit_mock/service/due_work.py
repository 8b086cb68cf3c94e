"""Does due work, by the mock's clock: before a request, in the background, or when the clock is moved."""

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
"""Seconds of real time that a request, or a turn of the background worker, spends on due work before it leaves the rest."""


class DueWork:
    """Runs due work, such as queued bulk jobs, and owns the worker that runs it in the background."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._clock = clock
        self._schedule = Schedule(store)
        self.worker = Worker(store, clock, self._do_some)

    def do_all(self) -> None:
        """Do all due work."""
        self._schedule.run(self._clock.epoch(), again=True)

    def catch_up(self) -> None:
        """Do all work that has fallen due since the last look, however long it takes."""
        self._catch_up(self._clock.epoch(), math.inf)

    def catch_up_for_request(self, now: int) -> None:
        """Do due work before a request at a moment, in seconds since 1970. After `_TURN` the rest waits, and the request goes on."""
        self._catch_up(now, _TURN)

    def pass_time(self, seconds: float) -> None:
        """Advance a frozen clock instead of sleeping: in-process transports never wait."""
        if self._clock.stands_still:
            self._clock.advance(seconds=seconds)
            self.do_all()
            self.worker.nudge()

    def begin_again(self) -> None:
        """Look for due work at once, as the state has been replaced."""
        self._schedule.forget()

    def _do_some(self) -> bool:
        """Do due work for one turn. Return whether none is left."""
        now = self._clock.epoch()
        # Where time goes by, order would make a scheduled broadcast wait for a long job.
        self._schedule.run(now, again=True, patience=_TURN, in_order=self._clock.stands_still)
        return self._schedule.is_done(now)

    def _catch_up(self, now: int, patience: float) -> None:
        try:
            if self._schedule.run(now, patience=patience):
                self.worker.nudge()
        except UnwritableError as error:  # A request that only reads needs no writable state.
            self._schedule.put_off(now)
            _log.error("%s", error)
