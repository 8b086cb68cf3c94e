"""Slots of the rate limit, lent to threads and tasks in the order in which they ask.

The first ask of a credential sleeps until a slot can be free, takes it, and wakes the next one. All others sleep until
they are woken: nothing polls. Asks of a client whose connections are all in use are passed over.
"""

from __future__ import annotations

import itertools
import logging
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakSet

import httpx

from kit_client.errors import wait_error
from kit_client.options import check_seconds, check_whole
from kit_client.pools import BUSY

from .slots import MARGIN, WINDOW, LimiterState, Slots

if TYPE_CHECKING:
    from .asks import Ask

logger = logging.getLogger("kit_client")

PATIENCE = 1.0
"""An ask that doesn't act for so many seconds after its time, such as one of an event loop that stands still, is overtaken."""

_limiters: WeakSet[RateLimiter] = WeakSet()
_numbers = itertools.count()


class Line:
    """The asks of one client for slots of one credential.

    Args:
        most: How many connections the client has.
        generation: Of the limiter.
    """

    def __init__(self, most: float, generation: int) -> None:
        self.most, self.generation = most, generation
        self.asks: OrderedDict[Ask, None] = OrderedDict()
        self.lent = 0
        self.changed = 0.0
        """When a slot was last lent or given back."""


class Account:
    """A credential: its slots, and who waits for them."""

    def __init__(self, name: str, slots: Slots) -> None:
        self.name, self.slots = name, slots
        self.lines: set[Line] = set()
        """Those with asks."""
        self.waiting = 0

    def join(self, ask: Ask) -> None:
        ask.number = next(_numbers)
        ask.line.asks[ask] = None
        self.lines.add(ask.line)
        self.waiting += 1

    def leave(self, ask: Ask) -> None:
        if ask in ask.line.asks:
            del ask.line.asks[ask]
            self.waiting -= 1
            if not ask.line.asks:
                self.lines.discard(ask.line)

    def first(self) -> Ask | None:
        """Return the ask that came first, of those whose client has a connection free."""
        heads = [next(iter(line.asks)) for line in self.lines if line.lent < line.most]
        return min(heads, key=lambda ask: ask.number) if heads else None

    def wake_first(self, now: float) -> None:
        while self.waiting and (first := self.first()) is not None:
            first.until = min(first.until, now)
            try:
                first.wake()
            except RuntimeError:
                # Its event loop was closed.
                self.leave(first)
            else:
                return

    def overtake(self, ask: Ask, now: float) -> None:
        """Put those before an ask that should have acted long ago behind it."""
        while (first := self.first()) is not None and first is not ask and first.until + PATIENCE <= now:
            first.number = next(_numbers)
            first.line.asks.move_to_end(first)


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
        if on_wait is not None and not callable(on_wait):
            raise TypeError(f"on_wait: expected a function, got {on_wait!r}")
        self._limit, self.window, self._on_wait = limit, window, on_wait
        self._accounts: dict[str, Account] = {}
        self._sweep_at = 64
        self._generation, self._forked = 0, False
        # Reentrant: a coroutine that is garbage collected leaves its line, wherever that happens.
        self._lock = threading.RLock()
        _limiters.add(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(limit={self._limit}, window={self.window:g})"

    # Where the slots are kept. Called under the lock.

    def _take(self, account: Account, ticket: str, now: float, ahead: int) -> float:
        """Return the moment from which a slot is free. If that has come, and nobody is ahead, the slot is lent."""
        ready = account.slots.ready(now, ahead)
        if ready <= now and not ahead:
            account.slots.take(ticket, now)
        return ready

    def _end(self, account: Account, ticket: str, now: float, cools: float | None, closed: float) -> None:
        account.slots.end(ticket, now, cools, closed)

    def _state(self, account: Account, now: float) -> LimiterState:
        return account.slots.state(now, account.waiting)

    # What asks do.

    def step(self, ask: Ask) -> float:
        """Lend a slot and return 0, or return the seconds to wait, unless woken, before the next step.

        Raises:
            RateLimitWaitError: The wait would outlast the deadline of the call.
            httpx.PoolTimeout: The client's connections were all in use for too long.
        """
        # A wait that came to its end is over, also where a faked clock stands still.
        now = ask.clock.monotonic() if ask.woken else max(ask.clock.monotonic(), ask.until)
        ask.woken = False
        with self._lock:
            if ask.over:
                # Its task was cancelled while a thread was on its way here.
                return 0.0
            account = self._account(ask.name, ask.limit, now)
            line, ahead, alone = self._line(ask), 1, False
            if ask not in line.asks:
                alone = not account.waiting and line.lent < line.most
                ahead, ask.since = account.waiting, now
                if not alone:
                    account.join(ask)
            try:
                mine = alone or self._is_first(account, ask, now)
                ready = self._take(account, ask.ticket, now, 0 if mine else max(ahead, 1))
                if mine and ready <= now:
                    account.leave(ask)
                    ask.lent = True
                    line.lent, line.changed = line.lent + 1, now
                    account.wake_first(now)
                    return 0.0
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
                    raise wait_error(ready - now, left)
            except BaseException:
                account.leave(ask)
                account.wake_first(now)
                raise
            ask.ready_in = max(ready - now, 0.0)
            ask.until = min(until, now + left)
            ask.renew_event()
            return max(ask.until - now, 1e-6)

    def end(self, ask: Ask, cools: float | None, closed: float = 0.0) -> None:
        """Remove an ask from the line, and take its slot back.

        Args:
            cools: For how many seconds the slot cools, or None if nothing was sent.
            closed: For how many seconds no slot is free.
        """
        now = ask.clock.monotonic()
        with self._lock:
            account = self._account(ask.name, ask.limit, now)
            line = self._line(ask)
            wake = line.lent >= line.most or closed > 0 or cools is None
            account.leave(ask)
            ask.over = True
            if ask.lent:
                ask.lent = False
                line.lent, line.changed = max(line.lent - 1, 0), now
                self._end(account, ask.ticket, now, cools, closed)
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
        with self._lock:
            return self._state(self._account(name, limit, now), now)

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
                account.lines, account.waiting = set(), 0
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
        self._lock = threading.RLock()
        self._generation, self._forked = self._generation + 1, True


def _after_fork() -> None:
    for limiter in _limiters:
        limiter.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

SHARED = RateLimiter()
"""The limiter of the clients that aren't given one."""
