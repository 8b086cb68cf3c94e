"""Connection pools that belong to one process and, if async, to one event loop."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncGenerator, Callable
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import httpx

from .background import Run, current_run
from .clock import Clock
from .errors import CLOSED, ConfigurationError, KitError

if TYPE_CHECKING:
    import anyio

Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)

LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100)
"""As many connections are kept as there may be. httpx keeps 20, and closes the others after each request."""

BUSY = "no connection was free in time"

POOLED = (httpx.HTTPTransport, httpx.AsyncHTTPTransport)
"""Transports that hold connections. What others hold, only their authors know."""


def is_alone(inner: httpx.BaseTransport | httpx.AsyncBaseTransport | None, clock: Clock) -> bool:
    """Tell whether a client has a clock or a transport of its own.

    What others have learnt of the service doesn't hold for such a client.

    Args:
        inner: The transport that a caller gave, directly or within an httpx client.
        clock: The client's.
    """
    return type(clock) is not Clock or not (inner is None or isinstance(inner, POOLED))


def refuse() -> NoReturn:
    """Make no transport, once a client is closed: nobody would close its connections."""
    raise KitError(CLOSED)


class NoCookies(CookieJar):
    """A cookie jar that stays empty: the service needs none, and a child forked while a jar is locked would hang."""

    def extract_cookies(self, response: Any, request: Any) -> None:
        """Take no cookies."""


class Pools(httpx.BaseTransport):
    """One transport per process, so that a forked child opens its own connections.

    What a child inherits is neither used nor closed: it stays the parent's.

    Args:
        make: Makes a transport, at its first request.
    """

    def __init__(self, make: Callable[[], httpx.BaseTransport]) -> None:
        self._make = make
        self._pools: dict[int, httpx.BaseTransport] = {}
        # By process as well: another thread may hold the parent's lock at the moment of the fork.
        self._locks: dict[int, threading.Lock] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return (self._pools.get(os.getpid()) or self._open()).handle_request(request)

    def close(self) -> None:
        process = os.getpid()
        with self._locks.setdefault(process, threading.Lock()):
            self._make = refuse
            pool = self._pools.pop(process, None)
        if pool is not None:
            pool.close()

    def _open(self) -> httpx.BaseTransport:
        process = os.getpid()
        with self._locks.setdefault(process, threading.Lock()):
            return self._pools.get(process) or self._pools.setdefault(process, self._make())


class AsyncPool(NamedTuple):
    """The connections of one event loop."""

    transport: httpx.AsyncBaseTransport
    closing: AsyncGenerator[None, None]
    """Closes the transport when it is finalized."""
    gate: anyio.Semaphore
    """Lets one request at a time ask for a connection."""
    closed: anyio.Event
    """Set when the client is closed."""


class AsyncPools(httpx.AsyncBaseTransport):
    """One transport per process and event loop. It is closed when its event loop ends.

    Args:
        make: Makes a transport, at its first request.
    """

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._make = make
        self._pools: dict[Run, AsyncPool] = {}

    async def pool(self) -> AsyncPool:
        """Return the pool of this process and event loop."""
        return self._pools.get(current_run()) or await self._open()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await (await self.pool()).transport.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections of this event loop, and have other event loops close theirs."""
        process, _ = run = current_run()
        self._make = refuse
        own = self._pools.pop(run, None)
        for other in [other for other in self._pools if other[0] == process]:
            # The generator is collected, and its event loop finalizes it.
            self._pools.pop(other, None)
        if own is not None:
            own.closed.set()
            await own.closing.aclose()

    async def _open(self) -> AsyncPool:
        import anyio

        process, _ = run = current_run()
        for other in list(self._pools):
            if other[0] == process and getattr(other[1], "is_closed", bool)():
                # A loop that was closed without shutting its async generators down, as asyncio.run does.
                self._pools.pop(other, None)
        transport = self._make()
        pool = AsyncPool(transport, self._closing(run, transport), anyio.Semaphore(1), anyio.Event())
        self._pools[run] = pool
        await anext(pool.closing)
        return pool

    async def _closing(self, run: Run, transport: httpx.AsyncBaseTransport) -> AsyncGenerator[None, None]:
        """Close the transport when this generator is finalized, which an event loop does at its end.

        Later its connections couldn't be closed any more.
        """
        import anyio

        try:
            yield
        finally:
            self._pools.pop(run, None)
            with anyio.CancelScope(shield=True):
                await transport.aclose()


async def acquire(slots: anyio.Semaphore, request: httpx.Request) -> None:
    """Acquire a slot of a semaphore in the time that a request has for its connection. Raises httpx.PoolTimeout."""
    import anyio

    try:
        with anyio.fail_after(request.extensions.get("timeout", {}).get("pool")):
            await slots.acquire()
    except TimeoutError:
        raise httpx.PoolTimeout(BUSY) from None


def only_once(transport: Transport) -> Callable[[], Transport]:
    """Give a caller's own transport to the first process and event loop that asks, and refuse it to others."""
    given = False

    def make() -> Transport:
        nonlocal given
        if given:
            raise ConfigurationError(
                "transport: its connections belong to the process and event loop that used it first; nothing was sent."
                " Make a client for each, or leave transport out"
            )
        given = True
        return transport

    return make
