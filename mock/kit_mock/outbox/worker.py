"""The threads that work in the background: a worker runs what is due, and each receiver has a sender of its own.

A receiver is a host and a port, so a silent one holds up no other. What each thread does, and who waits for whom:

- The worker isn't there while nothing waits to be done or sent. `wake` starts it.
- The worker makes a round (`_make_round`): it runs a part of the due tasks and starts a sender for each receiver that something
  is due for, up to 16 at a time; of more, those whose last sender started longest ago go first. A `wake` meanwhile is counted,
  and leads to another round.
- The worker waits for a `wake`, for a sender that ends, for `stop`, and with a real clock for the moment when something is next
  due. A frozen clock moves only when it is told to, and whoever does that calls `nudge`. If there is nothing to wait for, the
  worker ends.
- A sender sends what is due for its receiver, in the order in which it was queued, until nothing is or an attempt has failed. It
  waits for its receiver alone. After a fault of the mock it waits half a minute, so that the fault isn't met over and over.
- `flush` waits until the worker has served all wakes up to its own: a round has found nothing more to do, and no sender is left.
- `stop` waits for all threads, at most two seconds. It breaks off what is being sent, which stays queued.

The condition `_changed` guards the fields. It is never held while a task runs, while something is sent, or while the store's lock
is asked for; whoever holds the store's lock may ask for it.

These are daemon threads, which never keep a program from ending; anyio's blocking portal would. And a task that asks for the
store's lock would hold up the event loop, and with it the timeouts of all that is sent.
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

_STOPPING = 2.0
"""Seconds that `stop` waits: a thread that resolves a name or connects can't be interrupted."""
_SHORTEST_WAIT = 0.05
"""Seconds that the worker waits for what is due at least: due moments are whole seconds, and the clock has fractions."""
_BREAK = 0.001
"""Seconds between two parts of work that takes long: whoever waits for the store's lock gets it only then."""
_AFTER_A_FAULT = 30.0
"""Seconds until work is tried again that met a fault of the mock, such as a full disk."""


class Worker:
    """Starts and stops the threads. Safe to use from several threads.

    `run_due` carries out tasks that are due, and returns whether these were all.
    """

    def __init__(self, store: Store, clock: Clock, run_due: Callable[[], bool]) -> None:
        self._store = store
        self._clock = clock
        self._run_due = run_due
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._senders: dict[str, tuple[threading.Thread, Poster]] = {}
        """By receiver."""
        self._last_started: dict[str, int] = {}
        """By receiver, the number of the sender that was last started for it."""
        self._stopped = threading.Event()
        self._numbers = itertools.count(1)
        self._resets = 0
        """Counts resets and restores of the state: a delivery begun before one is not recorded after it."""
        self._wakes_requested = 0
        self._wakes_served = 0
        self._senders_ended = 0

    def wake(self) -> None:
        """Request a round in the background."""
        with self._changed:
            if self._stopped.is_set():
                return
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="kit-mock deliveries", daemon=True)
                thread.start()
                self._thread = thread  # Only now: a process can have no thread left, and the next wake tries again.
            self._store.has_new_work = False
            self._wakes_requested += 1
            self._changed.notify_all()

    def nudge(self) -> None:
        """Wake the worker if anything waits, as the clock may have moved. Costs next to nothing otherwise."""
        if self._thread is not None or self._store.has_new_work:
            self.wake()

    def take_up(self) -> None:
        """End calls of the state before, and start on what waits, after the store's state was reset or restored.

        Call it with the store's lock held since then.
        """
        with self._changed:
            self._resets += 1
            for _, poster in self._senders.values():
                poster.hang_up()
        if self._thread is not None or self._has_work():
            self.wake()

    def flush(self, timeout: float) -> None:
        """Wait until all that is due now is done and sent. Raises TimeoutError after `timeout` seconds."""
        until = time.monotonic() + timeout
        self.nudge()
        with self._changed:
            ticket = self._wakes_requested
            if not self._changed.wait_for(
                lambda: self._wakes_served >= ticket or self._stopped.is_set(), until - time.monotonic()
            ):
                raise TimeoutError(f"not all deliveries that are due were made within {timeout:g} seconds")

    def stop(self) -> None:
        """Stop for good. What is being sent is aborted and stays queued. Can be called more than once."""
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
            while self._make_round():
                pass
        finally:
            with self._changed:
                if self._thread is threading.current_thread():  # It couldn't even begin; the next wake tries again.
                    self._thread = None

    def _make_round(self) -> bool:
        """Start all that is due and wait for what is due next. Return whether another round is needed."""
        with self._changed:
            ticket, ended = self._wakes_requested, self._senders_ended
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
            if not self._senders and self._senders_ended == ended and wait != _BREAK:
                self._wakes_served = ticket
                self._changed.notify_all()
            if wait is None and self._senders:
                wait = threading.TIMEOUT_MAX
            if wait is not None:
                self._changed.wait_for(lambda: not self._is_unchanged(ticket, ended), wait)
            if self._stopped.is_set() or (wait is None and self._is_unchanged(ticket, ended)):
                self._thread = None
                self._last_started.clear()
                return False
            return True

    def _is_unchanged(self, ticket: int, ended: int) -> bool:
        return self._wakes_requested == ticket and self._senders_ended == ended and not self._stopped.is_set()

    def _start_senders(self) -> int | None:
        """Start senders; return when something is next due for a receiver that has none, in seconds since 1970."""
        now = self._clock.epoch()
        waiting = deliveries.receivers(self._store)
        with self._changed:
            free = {receiver: at for receiver, at in waiting.items() if receiver not in self._senders}
            room = MOST_AT_ONCE - len(self._senders)
        due = [receiver for receiver, at in free.items() if at <= now]
        for receiver in sorted(due, key=lambda receiver: (self._last_started.get(receiver, 0), free[receiver]))[:room]:
            poster = Poster()
            with self._changed:
                if self._stopped.is_set():
                    return None
                thread = threading.Thread(
                    target=self._send, args=(receiver, poster), name=f"kit-mock deliveries to {receiver}", daemon=True
                )
                thread.start()
                self._senders[receiver] = thread, poster
                self._last_started[receiver] = next(self._numbers)
        return min((at for at in free.values() if at > now), default=None)

    def _send(self, receiver: str, poster: Poster) -> None:
        """Send what is due for a receiver, until an attempt fails. A sender runs this."""
        resets = self._resets
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
                self._changed.wait_for(lambda: self._stopped.is_set() or resets != self._resets, _AFTER_A_FAULT)
        finally:
            with self._changed:
                del self._senders[receiver]
                self._senders_ended += 1
                self._changed.notify_all()

    def _send_one(self, receiver: str, poster: Poster) -> bool:
        """Make one attempt; return whether there was one and it went well."""
        with self._store.reading():
            if self._stopped.is_set():
                return False
            resets = self._resets
            outgoing = deliveries.first_due(self._store, receiver, self._clock.epoch())
        if outgoing is None:
            return False
        # An earlier run on the same file may have queued it, and allowed other hosts.
        refused = allowed_hosts.problem(outgoing.target_url, self._store.settings.delivery_hosts)
        outcome = None if refused is not None else self._post(poster, outgoing)
        with self._store.reading():
            if self._stopped.is_set() or resets != self._resets:
                return False
            if outcome is None:
                deliveries.refuse(self._store, outgoing, refused or "")
                return True
            deliveries.record(self._store, outgoing, outcome, self._clock.epoch())
        return outcome.problem is None

    def _post(self, poster: Poster, outgoing: Outgoing) -> Outcome:
        try:
            return poster.post(outgoing)
        except Exception as error:  # noqa: BLE001  (one more failed attempt, so that it isn't made over and over)
            _log.exception("fault in the mock while it sent delivery %s", outgoing.id)
            return Outcome(None, f"a fault in the mock: {type(error).__name__}")

    def _wait(self, later: int | None) -> float | None:
        """Return how long to wait for what is due next, in seconds; None if there is nothing."""
        due = min((at for at in (self._job_at(), later) if at is not None), default=None)
        if due is None:
            return None
        wait = due - self._clock.now().timestamp()
        if wait > 0 and self._clock.stands_still:
            return threading.TIMEOUT_MAX
        return min(max(wait, _SHORTEST_WAIT), threading.TIMEOUT_MAX)

    def _has_work(self) -> bool:
        return self._job_at() is not None or deliveries.count_waiting(self._store) > 0

    def _job_at(self) -> int | None:
        """Return when a job is due next, or None if none waits."""
        found: int | None = self._store.value("SELECT min(run_at) FROM bulk_jobs")
        return found
