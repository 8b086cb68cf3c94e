"""Which requests are counted, against whose limit, and how each attempt comes by its slot."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from kit_api.types import Operation, Unset
from kit_client.auth import ApiKeyAuth, BearerAuth
from kit_client.clock import Clock
from kit_client.deadline import Deadline
from kit_client.errors import NOT_SENT, ConfigurationError
from kit_client.pools import is_alone
from kit_client.retry import Outcome, retry_after

from .limiter import SHARED, Line, RateLimiter
from .slots import MARGIN, LimiterState

if TYPE_CHECKING:
    from kit_client.background import Run

LIMITS = {"X-Kit-Api-Key": 120, "Authorization": 600}
"""What Kit allows in a window, by the header of the credential."""
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
    lent = over = woken = announced = False
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
        """Wait for a slot. Raises what `RateLimiter.step` does."""
        limiter = self.client.limiter
        try:
            while wait := limiter.step(self):
                limiter.announce(self)
                self.clock.wait(self.event, wait)
        except BaseException:
            limiter.end(self, None)
            raise

    async def atake(self) -> None:
        """Do the same in a task."""
        from kit_client.background import current_run

        self.run = current_run()
        limiter = self.client.limiter
        try:
            while wait := await self._aside(limiter.step):
                limiter.announce(self)
                await self.clock.await_event(self.event, wait)
        except BaseException:
            await self._surely(None)
            raise

    async def _aside(self, step: Callable[[Ask], float]) -> float:
        if not self.client.limiter.blocking:
            return step(self)
        import anyio

        return await anyio.to_thread.run_sync(step, self)

    def give_back(self, outcome: Outcome | None) -> None:
        """Give the slot back, once there is an outcome, or None if the call was given up."""
        self.client.limiter.end(self, *self._cools(outcome))

    async def agive_back(self, outcome: Outcome | None) -> None:
        """Do the same in a task, also if it is cancelled."""
        await self._surely(*self._cools(outcome))

    def _cools(self, outcome: Outcome | None) -> tuple[float | None, float]:
        window = self.client.limiter.window
        if isinstance(outcome, httpx.Response):
            after = retry_after(outcome, self.clock) if outcome.status_code == 429 else 0.0
            return window, window if after is None else min(after, window)
        return (None if isinstance(outcome, NOT_SENT) else window + MARGIN), 0.0

    async def _surely(self, cools: float | None, closed: float = 0.0) -> None:
        end = partial(self.client.limiter.end, self, cools, closed)
        if not self.client.limiter.blocking or isinstance(sys.exception(), GeneratorExit):
            # A coroutine that is closed can't wait for a thread.
            end()
            return
        import anyio

        from kit_client.background import Background

        # In a task of its own, as asyncio can cancel this one even within a shield.
        call = Background(partial(anyio.to_thread.run_sync, end))
        with anyio.CancelScope(shield=True):
            await call.wait()


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
    elif given is not None and not isinstance(given, RateLimiter):
        raise ConfigurationError(f"rate_limiter: expected a RateLimiter or None, got {type(given).__name__}")
    if given is None:
        return None
    most: float | None = limits.max_connections
    if inner is not None:
        # httpx has no public name for it.
        most = getattr(getattr(inner, "_pool", None), "_max_connections", None)
    return ClientLimiter(given, math.inf if most is None else most, origin, auth, clock)
