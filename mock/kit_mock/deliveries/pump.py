"""The one thread that works without being asked: it runs what is due and sends what waits to be sent.

It is there only while something waits. With a real clock it wakes up by itself when that is due; a clock that stands
still moves only when it is told to, and who does that wakes the thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from kit_mock import deliveries
from kit_mock.clock import Clock
from kit_mock.deliveries import Outcome, Outgoing, targets
from kit_mock.deliveries.posting import Poster
from kit_mock.storage import Store

_log = logging.getLogger("kit_mock")

_STOPPING = 2.0  # Seconds that a call which can't be aborted is waited for.
_SHORTEST_WAIT = 0.05
_AFTER_A_FAULT = 30.0


class Pump:
    """Starts and stops the thread. Safe to use from several threads.

    `run_due` carries out the tasks that are due. Neither it nor anything else is called with a lock of the pump's held,
    and the store's is free while something is sent.
    """

    def __init__(self, store: Store, clock: Clock, run_due: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._run_due = run_due
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._poster: Poster | None = None
        self._stopped = threading.Event()
        self._era = 0  # Of the state in the store, which can become another one.
        self._asked = 0  # How often it was woken, and
        self._done = 0  # how many of these times have been attended to.

    def wake(self) -> None:
        """Do what is due now, soon and in the background."""
        with self._changed:
            if self._stopped.is_set():
                return
            self._store.stirred = False
            self._asked += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="kit-mock deliveries", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def nudge(self) -> None:
        """Look whether anything that waits is due by now; at next to no cost when nothing waits."""
        if self._thread is not None or self._store.stirred:
            self.wake()

    def take_up(self) -> None:
        """Begin with what waits in a store whose state is new; whatever is being sent belongs to the one before.

        Call it with the store's lock held since the state was exchanged.
        """
        with self._changed:
            self._era += 1
            if self._poster is not None:
                self._poster.hang_up()
        if self._thread is not None or self._next_at() is not None:
            self.wake()

    def flush(self, timeout: float) -> None:
        """Do what is due now, and wait until it is done. Raises TimeoutError after so many seconds."""
        until = time.monotonic() + timeout
        self.nudge()
        with self._changed:
            ticket = self._asked
            if not self._changed.wait_for(
                lambda: self._done >= ticket or self._stopped.is_set(), until - time.monotonic()
            ):
                raise TimeoutError(f"not all deliveries that are due were made within {timeout:g} seconds")

    def stop(self) -> None:
        """Stop for good; what is being sent is aborted and stays queued. More than once does no harm."""
        with self._changed:
            self._stopped.set()
            thread, poster = self._thread, self._poster
            self._changed.notify_all()
        if poster is not None:
            poster.abort()
        if thread is not None and thread is not threading.current_thread():
            thread.join(_STOPPING)

    def _run(self) -> None:
        try:
            with Poster() as poster:
                with self._changed:
                    self._poster = poster
                while self._pass(poster):
                    pass
        finally:
            with self._changed:
                if self._thread is threading.current_thread():  # It couldn't even begin; the next wake tries again.
                    self._thread = self._poster = None

    def _pass(self, poster: Poster) -> bool:
        """Do all that is due and wait for the next time; whether there is one."""
        with self._changed:
            ticket = self._asked
        wait: float | None = _AFTER_A_FAULT
        try:
            self._work(poster)
            wait = self._wait()
        except Exception:  # noqa: BLE001  (a fault in one delivery or job must not keep all others from being made)
            if not self._stopped.is_set():
                _log.exception("fault in the mock's background work")
        with self._changed:
            self._done = ticket
            self._changed.notify_all()
            if self._asked == ticket and wait is not None and not self._stopped.is_set():
                self._changed.wait_for(lambda: self._asked > ticket or self._stopped.is_set(), wait)
            if self._stopped.is_set() or (wait is None and self._asked == ticket):
                self._thread = self._poster = None
                return False
            return True

    def _work(self, poster: Poster) -> None:
        if self._stopped.is_set():
            return
        self._run_due()
        while not self._stopped.is_set():
            with self._store.reading():
                era = self._era
                outgoing = deliveries.first_due(self._store, self._clock.epoch())
            if outgoing is None:
                return
            # It may have been queued when more was allowed, by an earlier run on the same file.
            refused = targets.problem(outgoing.target_url, self._store.delivery_hosts)
            if refused is not None:
                with self._store.reading():
                    if era == self._era:
                        deliveries.refuse(self._store, outgoing, refused)
                continue
            outcome = self._posted(poster, outgoing)
            if self._stopped.is_set():
                return
            with self._store.reading():
                if era == self._era:
                    deliveries.record(self._store, outgoing, outcome, self._clock.epoch())

    def _posted(self, poster: Poster, outgoing: Outgoing) -> Outcome:
        try:
            return poster.post(outgoing)
        except Exception as error:  # noqa: BLE001  (one more failed attempt, so that it isn't made over and over)
            _log.exception("fault in the mock while it sent delivery %s", outgoing.id)
            return Outcome(None, f"a fault in the mock: {type(error).__name__}")

    def _wait(self) -> float | None:
        """How long to wait for what is due next, in seconds; None if there is nothing."""
        due = self._next_at()
        if due is None:
            return None
        wait = due - self._clock.now().timestamp()
        if wait > 0 and self._clock.stands_still:
            return threading.TIMEOUT_MAX
        return min(max(wait, _SHORTEST_WAIT), threading.TIMEOUT_MAX)

    def _next_at(self) -> int | None:
        """When a job or a delivery is due next, or None if none waits."""
        job: int | None = self._store.value("SELECT min(run_at) FROM bulk_jobs")
        delivery = deliveries.next_at(self._store)
        return min((at for at in (job, delivery) if at is not None), default=None)
