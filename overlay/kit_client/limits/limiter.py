"""Slots of the rate limit, lent to threads and tasks in the order in which they ask.

The first ask of a credential sleeps until a slot can be free, takes it, and wakes the next one. All others sleep until
they are woken: nothing polls. Asks of a client whose connections are all in use are passed over.

Whoever ends an ask waits for nobody: the end is queued, and done by the thread that has the lock, or has it next. So an ask
can end anywhere: where a task is cancelled, or where the garbage collector comes by, in the middle of a step too.
"""

from __future__ import annotations

import logging
import math
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakSet, ref

import httpx

from kit_client.errors import RateLimiterError, RateLimitWaitError
from kit_client.options import check_function, check_seconds, check_whole
from kit_client.pools import BUSY

from .line import PATIENCE, Account, Line
from .slots import MARGIN, WINDOW, LimiterState, Slots

if TYPE_CHECKING:
    from .asks import Ask

logger = logging.getLogger("kit_client")

_limiters: WeakSet[RateLimiter] = WeakSet()


class RateLimiter:
    """A rate limiter for the clients of one process that share it: it delays requests so that the service's limit holds.

    Threads, event loops and clients with different credentials can share one limiter: it counts the requests of each
    credential separately. It doesn't count the requests of other processes; `SQLiteRateLimiter` and `RedisRateLimiter` do.
    A forked child starts with the count at the fork.

    Args:
        limit: How many requests the service allows in a window. The default is 120 for an API key and 600 for an OAuth
            token.
        window: The length of the window in seconds.
        on_wait: Called with the number of seconds that a request is about to wait, in the request's thread or task. It
            must not block. An exception that it raises is logged.

    Raises:
        ValueError, TypeError: An argument can't be used.
    """

    blind: float = math.inf
    """The longest wait in seconds before the state is read again, which other processes may have changed."""
    blocking = False
    """Whether the limiter does I/O, so that an event loop calls it in a thread."""
    patience = 0.0
    """The longest time in seconds that its I/O can take."""
    failures = 0
    """How often its I/O has failed."""

    def __init__(
        self,
        *,
        limit: int | None = None,
        window: float = WINDOW,
        on_wait: Callable[[float], object] | None = None,
    ) -> None:
        if limit is not None:
            check_whole("limit", limit, 1, or_else=" or None")
        check_seconds("window", window)
        if not window:
            raise ValueError("window: expected more than 0 seconds, got 0")
        if on_wait is not None:
            check_function("on_wait", on_wait)
        self._limit, self.window, self._on_wait = limit, window, on_wait
        self._accounts: dict[str, Account] = {}
        self._sweep_at = 64
        self._generation, self._forked = 0, False
        self._lock = threading.Lock()
        self._ends: deque[tuple[Ask, float | None, float, int]] = deque()
        """The asks that have ended: for how long their slots cool, for how long none is free, and `failures` at that time."""
        self._failures_before = 0
        """What `failures` was when the one that has the lock asked for it."""
        _limiters.add(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(limit={self._limit}, window={self.window:g})"

    # Where the slots are kept. Called under the lock.

    def _take(self, account: Account, ticket: str, now: float, ahead: int) -> float:
        """Return the moment from which a slot is free. If that has come, and nobody is ahead, the slot is lent.

        Raises:
            RateLimiterError: The store of the slots can't be used.
        """
        ready = account.slots.ready(now, ahead)
        if ready > now:
            self._reclaim(account, now)
        elif not ahead:
            account.slots.take(ticket, now)
        return ready

    def _end(self, account: Account, ticket: str, now: float, cools: float | None, closed: float) -> None:
        account.slots.end(ticket, now, cools, closed)

    def _state(self, account: Account, now: float) -> LimiterState:
        self._reclaim(account, now)
        return account.slots.state(now, account.waiting)

    def _reclaim(self, account: Account, now: float) -> None:
        """Take back slots whose holders are gone: a thread that is interrupted may not come to give its slot back."""
        # Those that other processes have too come back at the end of their leases.
        for ticket in [] if self.blocking else list(account.slots.lent):
            holder, line = account.holders.get(ticket, (None, None))
            if holder is None or holder() is None:
                account.slots.end(ticket, now, self.window + MARGIN)
                account.holders.pop(ticket, None)
                if line is not None:
                    line.lent = max(line.lent - 1, 0)

    # What asks do.

    @property
    def is_busy(self) -> bool:
        """Whether a thread has the lock, and may be doing I/O."""
        return self._lock.locked()

    def step(self, ask: Ask) -> float:
        """Lend a slot and return 0, or return the seconds to wait, unless woken, before the next step.

        Raises:
            RateLimitWaitError: The wait would outlast the deadline of the call.
            RateLimiterError: The store of the slots can't be used.
            httpx.PoolTimeout: The client's connections were all in use for too long.
        """
        # A wait that came to its end is over, also where a faked clock stands still.
        now = ask.clock.monotonic() if ask.woken else max(ask.clock.monotonic(), ask.until)
        ask.woken = False
        failures = self.failures
        try:
            with self._lock:
                self._end_queued()
                self._failures_before = failures
                # If it is over, its call was given up while a thread was on its way here.
                return 0.0 if ask.over else self._step(ask, now)
        finally:
            self._settle()

    def _step(self, ask: Ask, now: float) -> float:
        account = self._account(ask.name, ask.limit, now)
        line, ahead, alone = self._line(ask), 1, False
        if ask not in line.asks:
            alone = not account.waiting and line.lent < line.most
            ahead, ask.since = account.waiting, now
            if not alone:
                account.join(ask)
        try:
            mine = alone or self._is_first(account, ask, now)
            # Set before: an interrupt may come between the lending and what follows.
            ask.may_hold = mine
            ready = self._take(account, ask.ticket, now, 0 if mine else max(ahead, 1))
            if mine and ready <= now:
                account.leave(ask)
                account.holders[ask.ticket], ask.lent = (ref(ask), line), True
                line.lent, line.changed = line.lent + 1, now
                account.wake_first(now)
                return 0.0
            ask.may_hold = False
            if alone:
                account.join(ask)
            until = min(ready, now + self.blind) if mine else max(ready, now) + PATIENCE
            if line.lent >= line.most and (patience := ask.patience) is not None:
                end = max(line.changed, ask.since) + patience
                if now >= end:
                    raise httpx.PoolTimeout(BUSY)
                until = min(until, end)
            left = ask.deadline.left()
            if ready - now > left or left <= 0:
                raise _wait_error(ready - now, left)
        except BaseException as error:
            if isinstance(error, RateLimiterError):
                # What the store did nevertheless is for the store to mend.
                ask.may_hold = False
            account.leave(ask)
            account.wake_first(now)
            raise
        ask.ready_in = max(ready - now, 0.0)
        ask.until = min(until, now + left)
        ask.renew_event()
        return max(ask.until - now, 1e-6)

    def end(self, ask: Ask, cools: float | None, closed: float = 0.0) -> None:
        """Remove an ask from the line, and take its slot back, now or as soon as another thread has done with the lock.

        Args:
            cools: For how many seconds the slot cools, or None if nothing was sent.
            closed: For how many seconds no slot is free.
        """
        self._ends.append((ask, cools, closed, self.failures))
        self._settle()

    def _settle(self) -> None:
        # Whoever has the lock looks for ends after that, too.
        while self._ends and not self._lock.locked():
            with self._lock:
                self._end_queued()

    def _end_queued(self) -> None:
        while self._ends:
            ask, cools, closed, self._failures_before = self._ends.popleft()
            now = ask.clock.monotonic()
            account = self._account(ask.name, ask.limit, now)
            line = self._line(ask)
            wake = line.lent >= line.most or closed > 0 or cools is None
            account.leave(ask)
            ask.over = True
            if ask.may_hold:
                self._end(account, ask.ticket, now, cools, closed)
                ask.may_hold = False
                account.holders.pop(ask.ticket, None)
            if ask.lent:
                ask.lent = False
                line.lent, line.changed = max(line.lent - 1, 0), now
            if wake:
                account.wake_first(now)

    def announce(self, ask: Ask) -> None:
        """Log the wait and call `on_wait`, once for each ask."""
        if ask.announced or not ask.ready_in:
            return
        ask.announced = True
        logger.debug("%s: waits %.3f s for the rate limit", ask.operation, ask.ready_in)
        if self._on_wait is not None:
            try:
                self._on_wait(ask.ready_in)
            except Exception:
                logger.exception("on_wait raised")

    def state_of(self, name: str, limit: int, now: float) -> LimiterState:
        failures = self.failures
        try:
            with self._lock:
                self._end_queued()
                self._failures_before = failures
                return self._state(self._account(name, limit, now), now)
        finally:
            self._settle()

    def _line(self, ask: Ask) -> Line:
        line = ask.client.lines.get(ask.name)
        if line is None or line.generation != self._generation:
            line = ask.client.lines[ask.name] = Line(ask.client.connections, self._generation)
        ask.line = line
        return line

    def _is_first(self, account: Account, ask: Ask, now: float) -> bool:
        if ask.line.lent >= ask.line.most:
            return False
        if account.waiting == 1 or account.first() is ask:
            return True
        account.overtake(ask, now)
        return account.first() is ask

    def _account(self, name: str, limit: int, now: float) -> Account:
        if self._forked:
            self._forked = False
            for account in self._accounts.values():
                # The answers to the parent's requests go to the parent.
                for ticket in list(account.slots.lent):
                    account.slots.end(ticket, now, self.window + MARGIN)
                account.lines, account.waiting, account.holders = set(), 0, {}
        found = self._accounts.get(name)
        if found is None:
            if len(self._accounts) >= self._sweep_at:
                self._sweep(now)
            found = self._accounts[name] = Account(name, Slots(self._limit or limit, self.window))
        return found

    def _sweep(self, now: float) -> None:
        """Forget the credentials of which there is nothing to remember."""
        for name, account in list(self._accounts.items()):
            if not account.waiting and self._state(account, now).free == account.slots.limit:
                del self._accounts[name]
        self._sweep_at = 2 * len(self._accounts) + 64

    def after_fork(self) -> None:
        """Make a new lock in a forked child: a thread that only the parent has may hold the old one."""
        self._lock = threading.Lock()
        self._ends.clear()
        self._generation, self._forked = self._generation + 1, True


def _wait_error(wait: float, left: float) -> RateLimitWaitError:
    """Return the error for an attempt that would have to wait for the rate limit beyond the deadline of its call."""
    made = RateLimitWaitError(
        f"the rate limit allows the request in {max(wait, 0):.1f} s, after the deadline of the call in {max(left, 0):.1f} s;"
        " nothing was sent. Wait, or give the call a longer deadline"
    )
    made.wait = max(wait, 0.0)
    return made


def _after_fork() -> None:
    for limiter in _limiters:
        limiter.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

SHARED = RateLimiter()
"""The limiter of the clients that aren't given one."""
