"""The threads that work without being asked: one runs what is due, and each receiver has one that sends to it.

They are there only while something waits. With a real clock the first wakes up by itself when that is due; a clock that
stands still moves only when it is told to, and who does that wakes the thread. It starts a thread for each receiver, a
host and a port, that something is due for, up to 16 at a time. That thread sends one delivery after the other, in the
order in which they were queued, until none is due or an attempt has failed; a receiver that is silent so keeps up no
other one, and of more than 16 those that have waited longest go first.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable

from kit_mock.outbox import allowed_hosts, deliveries
from kit_mock.outbox.deliveries import Outcome, Outgoing
from kit_mock.outbox.sender import Poster
from kit_mock.protocol.errors import KitMockError
from kit_mock.state.clock import Clock
from kit_mock.state.store import Store

_log = logging.getLogger("kit_mock")

MOST_AT_ONCE = 16
"""Receivers that are sent to at the same time: more than tests have, and few enough not to mind when all are silent."""

_STOPPING = 2.0  # Seconds that calls which can't be aborted are waited for.
_SHORTEST_WAIT = 0.05
_BREAK = 0.001  # Between two parts of work that takes long: whoever waits for the lock gets it only then.
_AFTER_A_FAULT = 30.0


class Worker:
    """Starts and stops the threads. Safe to use from several threads.

    `run_due` carries out tasks that are due and returns whether these were all. Neither it nor anything else is called
    with a lock of the worker's held, and the store's is free while something is sent.
    """

    def __init__(self, store: Store, clock: Clock, run_due: Callable[[], bool]) -> None:
        self._store = store
        self._clock = clock
        self._run_due = run_due
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._senders: dict[str, tuple[threading.Thread, Poster]] = {}
        """By receiver."""
        self._begun: dict[str, int] = {}
        """When a sender was last started for a receiver, as a number that grows."""
        self._stopped = threading.Event()
        self._numbers = itertools.count(1)
        self._era = 0  # Of the state in the store, which can become another one.
        self._asked = 0  # How often it was woken, and
        self._done = 0  # how many of these times have been attended to.
        self._ended = 0  # How many senders have come to their end.

    def wake(self) -> None:
        """Do what is due now, soon and in the background."""
        with self._changed:
            if self._stopped.is_set():
                return
            self._store.has_new_work = False
            self._asked += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="kit-mock deliveries", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def nudge(self) -> None:
        """Look whether anything that waits is due by now; at next to no cost when nothing waits."""
        if self._thread is not None or self._store.has_new_work:
            self.wake()

    def take_up(self) -> None:
        """Begin with what waits in a store whose state is new; whatever is being sent belongs to the one before.

        Call it with the store's lock held since the state was exchanged.
        """
        with self._changed:
            self._era += 1
            for _, poster in self._senders.values():
                poster.hang_up()
        if self._thread is not None or self._waits():
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
            senders = list(self._senders.values())
            threads = [self._thread, *(thread for thread, _ in senders)]
            self._changed.notify_all()
        for _, poster in senders:
            poster.abort()
        until = time.monotonic() + _STOPPING
        for thread in threads:
            if thread is not None and thread is not threading.current_thread():
                thread.join(max(0.0, until - time.monotonic()))

    def _run(self) -> None:
        try:
            while self._pass():
                pass
        finally:
            with self._changed:
                if self._thread is threading.current_thread():  # It couldn't even begin; the next wake tries again.
                    self._thread = None

    def _pass(self) -> bool:
        """Begin with all that is due and wait for the next time; whether there is one."""
        with self._changed:
            ticket, ended = self._asked, self._ended
        wait: float | None = _AFTER_A_FAULT
        try:
            if not self._stopped.is_set():
                wait = _BREAK if not self._run_due() else None
                due = self._start_senders()
                wait = wait or self._wait(due)
        except KitMockError as error:  # What went wrong with the database, in a line.
            if not self._stopped.is_set():
                _log.error("%s", error)
        except Exception:  # noqa: BLE001  (a fault in one delivery or job must not keep all others from being made)
            if not self._stopped.is_set():
                _log.exception("fault in the mock's background work")
        with self._changed:
            if not self._senders and self._ended == ended and wait != _BREAK:
                self._done = ticket
                self._changed.notify_all()
            if wait is None and self._senders:
                wait = threading.TIMEOUT_MAX
            if wait is not None:
                self._changed.wait_for(lambda: not self._is_idle(ticket, ended), wait)
            if self._stopped.is_set() or (wait is None and self._is_idle(ticket, ended)):
                self._thread = None
                self._begun.clear()
                return False
            return True

    def _is_idle(self, ticket: int, ended: int) -> bool:
        return self._asked == ticket and self._ended == ended and not self._stopped.is_set()

    def _start_senders(self) -> int | None:
        """Begin to send what is due; return when something is due later for a receiver that nothing is sent to now."""
        now = self._clock.epoch()
        waiting = deliveries.receivers(self._store)
        with self._changed:
            free = {receiver: at for receiver, at in waiting.items() if receiver not in self._senders}
            room = MOST_AT_ONCE - len(self._senders)
        due = [receiver for receiver, at in free.items() if at <= now]
        for receiver in sorted(due, key=lambda receiver: (self._begun.get(receiver, 0), free[receiver]))[:room]:
            poster = Poster()
            with self._changed:
                if self._stopped.is_set():
                    return None
                thread = threading.Thread(
                    target=self._send, args=(receiver, poster), name=f"kit-mock deliveries to {receiver}", daemon=True
                )
                thread.start()
                self._senders[receiver] = thread, poster
                self._begun[receiver] = next(self._numbers)
        return min((at for at in free.values() if at > now), default=None)

    def _send(self, receiver: str, poster: Poster) -> None:
        """Send to one receiver what is due for it, until an attempt fails."""
        era = self._era
        try:
            with poster:
                while self._send_one(receiver, poster):
                    pass
        except Exception as error:  # noqa: BLE001  (it would be sent again at once, over and over)
            if isinstance(error, KitMockError):
                _log.error("%s", error)
            else:
                _log.exception("fault in the mock's background work")
            with self._changed:
                self._changed.wait_for(lambda: self._stopped.is_set() or era != self._era, _AFTER_A_FAULT)
        finally:
            with self._changed:
                del self._senders[receiver]
                self._ended += 1
                self._changed.notify_all()

    def _send_one(self, receiver: str, poster: Poster) -> bool:
        """Make one attempt; whether there was one and it went well."""
        with self._store.reading():
            if self._stopped.is_set():
                return False
            era = self._era
            outgoing = deliveries.first_due(self._store, receiver, self._clock.epoch())
        if outgoing is None:
            return False
        # It may have been queued when more was allowed, by an earlier run on the same file.
        refused = allowed_hosts.problem(outgoing.target_url, self._store.settings.delivery_hosts)
        outcome = None if refused is not None else self._posted(poster, outgoing)
        with self._store.reading():
            if self._stopped.is_set() or era != self._era:
                return False
            if outcome is None:
                deliveries.refuse(self._store, outgoing, refused or "")
                return True
            deliveries.record(self._store, outgoing, outcome, self._clock.epoch())
        return outcome.problem is None

    def _posted(self, poster: Poster, outgoing: Outgoing) -> Outcome:
        try:
            return poster.post(outgoing)
        except Exception as error:  # noqa: BLE001  (one more failed attempt, so that it isn't made over and over)
            _log.exception("fault in the mock while it sent delivery %s", outgoing.id)
            return Outcome(None, f"a fault in the mock: {type(error).__name__}")

    def _wait(self, later: int | None) -> float | None:
        """How long to wait for what is due next, in seconds; None if there is nothing."""
        due = min((at for at in (self._job_at(), later) if at is not None), default=None)
        if due is None:
            return None
        wait = due - self._clock.now().timestamp()
        if wait > 0 and self._clock.stands_still:
            return threading.TIMEOUT_MAX
        return min(max(wait, _SHORTEST_WAIT), threading.TIMEOUT_MAX)

    def _waits(self) -> bool:
        return self._job_at() is not None or deliveries.waiting(self._store) > 0

    def _job_at(self) -> int | None:
        """When a job is due next, or None if none waits."""
        found: int | None = self._store.value("SELECT min(run_at) FROM bulk_jobs")
        return found
