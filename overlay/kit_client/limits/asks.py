"""Which requests are counted, against whose limit, and how each attempt comes by its slot."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import math
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import httpx

from kit_api.types import Operation, Unset
from kit_client.ahead import Ahead
from kit_client.auth import ApiKeyAuth, BearerAuth
from kit_client.background import Background, Run, current_run
from kit_client.clock import Clock
from kit_client.deadline import GRAIN, Deadline
from kit_client.errors import CLOSED, ConfigurationError, KitError, RateLimiterError, was_sent
from kit_client.options import check_type
from kit_client.pools import is_alone
from kit_client.retry import Attempt, retry_after

from .limiter import SHARED, RateLimiter
from .line import Line
from .slots import MARGIN, LimiterState

T = TypeVar("T")

LIMITS = {"X-Kit-Api-Key": 120, "Authorization": 600}
"""What Kit allows in a window, by the header of the credential."""
GIVING_BACK = 1.0
"""Seconds that a task waits for its slot to be given back. If that takes longer, a thread goes on with it."""
LATE = "the rate limiter's file or Redis gave no answer before the deadline of the call; nothing was sent"
UNCOUNTED = ("/oauth/token", "/oauth/revoke")

_process = os.urandom(4).hex()
_tickets = itertools.count()


class Ask:
    """An attempt on its way to a slot, and with it."""

    line: Line
    number, since = 0, 0.0
    until = -math.inf
    """When it goes on without being woken."""
    ready_in = 0.0
    may_hold = lent = taken = over = woken = announced = False
    run: Run | None = None
    event: Any = None

    def __init__(
        self, client: ClientLimiter, name: str, limit: int, operation: str, deadline: Deadline, timeouts: dict[str, Any]
    ) -> None:
        self.client, self.name, self.limit, self.operation = client, name, limit, operation
        self.clock, self.deadline = client.clock, deadline
        self._timeouts = timeouts
        # Unlike those of other processes and machines, forked ones too.
        self.ticket = f"{_process}.{os.getpid()}.{next(_tickets)}"

    @property
    def patience(self) -> float | None:
        """Seconds to wait for a connection, or None for ever."""
        seconds: float | None = self._timeouts.get("pool")
        return seconds

    def renew_event(self) -> None:
        if self.run is None:
            self.event = threading.Event()
        else:
            import anyio

            self.event = anyio.Event()

    def wake(self) -> None:
        """End the wait, from any thread. Raises RuntimeError if the event loop was closed."""
        self.woken = True
        if self.run is None:
            self.event.set()
        else:
            loop: Any = self.run[1]
            # Of asyncio or of trio.
            run_soon = loop.call_soon_threadsafe if hasattr(loop, "call_soon_threadsafe") else loop.run_sync_soon
            run_soon(self.event.set)

    def take(self) -> None:
        """Wait for a slot. Raises what `RateLimiter.step` does, and KitError when the client is closed."""
        limiter = self.client.limiter
        while wait := self._in_time(partial(limiter.step, self)):
            self.client.check_open()
            limiter.announce(self)
            self.clock.wait(self.event, wait)
        self.taken = True

    async def atake(self) -> None:
        """Wait for a slot in a task. Raises what `take` does."""
        self.run = current_run()
        limiter = self.client.limiter
        while wait := await self._astep(limiter):
            self.client.check_open()
            limiter.announce(self)
            await self.clock.await_event(self.event, wait)
        self.taken = True

    def _in_time(self, act: Callable[[], T]) -> T:
        """Do what the limiter may need I/O for. At the deadline it is left to a thread of its own."""
        limiter, left = self.client.limiter, self.deadline.left()
        if not limiter.blocking or (left > limiter.patience and not limiter.is_busy):
            return act()
        try:
            return Ahead(act, lambda: True).result(max(left, GRAIN))
        except TimeoutError:
            raise RateLimiterError(LATE) from None

    async def _astep(self, limiter: RateLimiter) -> float:
        if not limiter.blocking:
            return limiter.step(self)
        import anyio

        with self.deadline.scope():
            return await anyio.to_thread.run_sync(limiter.step, self, abandon_on_cancel=True)
        raise RateLimiterError(LATE)

    def give_back(self, outcome: Attempt | None) -> None:
        """Leave the line, or give the slot back, once there is an outcome, or None if the call was given up."""
        # An answer isn't kept back for this: a thread goes on with it.
        with contextlib.suppress(RateLimiterError):
            self._in_time(partial(self.client.limiter.end, self, *self._cools(outcome)))

    async def agive_back(self, outcome: Attempt | None) -> None:
        """Leave the line, or give the slot back, in a task, even if the task is cancelled."""
        end = partial(self.client.limiter.end, self, *self._cools(outcome))
        if not self.client.limiter.blocking or isinstance(sys.exception(), GeneratorExit):
            # A coroutine that is closed can't wait for a thread.
            end()
            return
        import anyio

        # In a task of its own, as asyncio can cancel this one even within a shield.
        call = Background(partial(anyio.to_thread.run_sync, end))
        with anyio.move_on_after(GIVING_BACK, shield=True):
            await call.wait()

    def _cools(self, outcome: Attempt | None) -> tuple[float | None, float]:
        window = self.client.limiter.window
        if isinstance(outcome, httpx.Response):
            after = retry_after(outcome, self.clock) if outcome.status_code == 429 else 0.0
            return window, window if after is None else min(after, window)
        return (window + MARGIN if self.taken and was_sent(outcome) else None), 0.0


class ClientLimiter:
    """The rate limiter of one client.

    Args:
        limiter: Has the slots.
        connections: How many requests of the client may be under way: no more slots are lent to it.
        origin: Where the service is. Requests to other places are not counted.
        auth: The credentials. If it has an attribute `quota_name`, its requests are counted by that name, so that the
            count goes on when a token is refreshed; otherwise by the credential that they carry.
        clock: The time that waits go by.
    """

    def __init__(
        self, limiter: RateLimiter, connections: float, origin: httpx.URL, auth: httpx.Auth, clock: Clock
    ) -> None:
        self.limiter, self.connections, self.clock = limiter, connections, clock
        self.lines: dict[str, Line] = {}
        self._is_closed = False
        self._base, self._origin = origin, (origin.scheme, origin.host, origin.port)
        self._auth, self._salt = auth, f"{self._origin} "
        self._last: tuple[str, int] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.limiter!r}>"

    def state(self) -> LimiterState:
        """Return how many requests are free, under way and counted, for the credential that the client used last.

        Raises:
            RateLimiterError: The file or the Redis server of the limiter can't be used.
        """
        name, limit = self._last or self._expected()
        return self.limiter.state_of(name, limit, self.clock.monotonic())

    def close(self) -> None:
        """End the waits of the client's requests."""
        self._is_closed = True
        for line in list(self.lines.values()):
            for ask in list(line.asks):
                # Its event loop may be closed, or another thread be about to make its event.
                with contextlib.suppress(RuntimeError, AttributeError):
                    ask.wake()

    def check_open(self) -> None:
        if self._is_closed:
            raise KitError(CLOSED)

    def _expected(self) -> tuple[str, int]:
        """Return what `_identify` will say of the first request, as far as that is known."""
        request = httpx.Request("GET", self._base)
        if getattr(self._auth, "quota_name", None):
            request.headers["Authorization"] = "Bearer"
        elif isinstance(self._auth, ApiKeyAuth | BearerAuth):
            flow = self._auth.auth_flow(request)
            found = self._identify(next(flow).headers)
            flow.close()
            if found is not None:
                return found
        return self._identify(request.headers) or ("", min(LIMITS.values()))

    def ask(self, request: httpx.Request, deadline: Deadline) -> Ask | None:
        """Return the ask of an attempt at a request, or None if the request is not counted against the limit."""
        operation: Operation[Any] | None = request.extensions.get("operation")
        if operation is not None:
            counted, name = bool(operation.security), operation.name
        else:
            url = request.url
            counted = (url.scheme, url.host, url.port) == self._origin and not url.path.endswith(UNCOUNTED)
            name = f"{request.method} {url.path}"
        account = self._identify(request.headers) if counted else None
        if account is None:
            return None
        self._last = account
        return Ask(self, *account, name, deadline, request.extensions.get("timeout", {}))

    def _identify(self, headers: httpx.Headers) -> tuple[str, int] | None:
        """Return a name for the quota that the credentials are of, and how large it is. The name is no secret."""
        for header, limit in LIMITS.items():
            value = headers.get(header)
            if value:
                value = getattr(self._auth, "quota_name", None) or value
                return hashlib.sha256(f"{self._salt}{header} {value}".encode()).hexdigest()[:32], limit
        return None


def client_limiter(
    given: RateLimiter | None | Unset,
    inner: httpx.BaseTransport | httpx.AsyncBaseTransport | None,
    limits: httpx.Limits,
    *,
    origin: httpx.URL,
    auth: httpx.Auth,
    clock: Clock,
) -> ClientLimiter | None:
    """Choose the limiter of a client, or None for no limit.

    Args:
        given: The argument `rate_limiter`.
        inner: The transport that a caller gave, directly or within an httpx client.
        limits: Of the connections, if the client makes them itself.
    """
    if isinstance(given, Unset):
        if not getattr(inner, "rate_limited", True):
            return None
        given = RateLimiter() if is_alone(inner, clock) else SHARED
    check_type("rate_limiter", given, RateLimiter | None, "a RateLimiter or None", ConfigurationError)
    if given is None:
        return None
    most: float | None = limits.max_connections
    if inner is not None:
        # httpx has no public name for it.
        most = getattr(getattr(inner, "_pool", None), "_max_connections", None)
    return ClientLimiter(given, math.inf if most is None else most, origin, auth, clock)
