"""A request and its response over an async connection pool, that can be left at any moment.

A pool of httpcore 1.0 loses a connection for ever if the task is cancelled where it waits for a connection or for a
lock. So the exchange has a task of its own, which is cancelled only where httpcore cleans up after itself: while it
connects, sends or receives. Elsewhere it goes on to the next such place, where it ends before it does any I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from .background import Background
from .deadline import Deadline
from .pools import acquire
from .socks import SocksHandshake

if TYPE_CHECKING:
    import anyio

T = TypeVar("T")

# How long the connection's end is waited for, in seconds. It takes one turn of the event loop, as a rule.
CLEANUP = 1.0


class _Left(Exception):
    """Nobody waits for the exchange any more."""


class _Phase:
    """Follows what httpcore does, as its trace extension tells.

    Args:
        request: Gets the extension.
        gate: Released once the request has its connection.
    """

    def __init__(self, request: httpx.Request, gate: anyio.Semaphore) -> None:
        self._request = request
        self._also = request.extensions.get("trace")
        request.extensions["trace"] = self._trace
        self._gate: anyio.Semaphore | None = gate
        self._interruptible = self._left = self.is_sending = False
        self._opened: Any = None
        self._socks = SocksHandshake(request)

    async def run(self, send: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            if self._left:
                raise _Left
            return await send()
        except BaseException:
            await self._close_half_open()
            raise
        finally:
            self._request.extensions["trace"] = self._also
            self._open_gate()

    async def _close_half_open(self) -> None:
        """Close a connection whose TLS handshake did not end, as httpcore does only for some exceptions."""
        if self._opened is not None:
            import anyio

            with anyio.CancelScope(shield=True):
                await self._opened.aclose()

    async def _trace(self, event: str, info: dict[str, Any]) -> None:
        if self._also is not None:
            await self._also(event, info)
        self._socks.heed(event, info)
        if event.endswith("connect_tcp.complete"):
            self._opened = info["return_value"]
        elif event.endswith("start_tls.complete"):
            self._opened = None
        self._interruptible = event.endswith(".started") and not event.endswith(("closed.started", "close.started"))
        if self._interruptible:
            self._open_gate()
            if self._left:
                raise _Left
            self.is_sending |= event.endswith("send_request_headers.started")

    def _open_gate(self) -> None:
        if self._gate is not None:
            self._gate.release()
            self._gate = None

    async def leave(self, call: Background[T]) -> None:
        import anyio

        self._left = True
        if self._interruptible:
            call.cancel()
            with anyio.move_on_after(CLEANUP, shield=True):
                await call.wait()


async def exchange(
    request: httpx.Request, deadline: Deadline, gate: anyio.Semaphore, send: Callable[[], Coroutine[Any, Any, T]]
) -> T:
    """Return what `send` returns. When cancelled, or when the deadline passes, its connection is given up.

    Args:
        request: What `send` sends.
        deadline: Of the call.
        gate: Lets one request at a time ask the pool for a connection. httpcore gives an idle connection to all that
            ask, and all but one have to ask again; and a request that is left there stays until it has one.
        send: Sends the request and receives the whole response.

    Raises:
        DeadlinePassed: The deadline passed.
        httpx.PoolTimeout: There was no connection in time.
    """
    await acquire(gate, request)
    phase = _Phase(request, gate)
    call = Background(partial(phase.run, send))
    try:
        with deadline.scope():
            return await call.result()
    finally:
        if not call.done:
            await phase.leave(call)
    raise deadline.passed() from (None if phase.is_sending else httpx.ConnectTimeout("no connection was made in time"))
