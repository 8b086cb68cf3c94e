"""Connections that carry one request at a time, for HTTP/2.

httpcore lets the requests of all threads and tasks share an HTTP/2 connection. It isn't safe: threads get each other's
answers, and a call that is cancelled breaks the others, as frames that they share get lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic

import httpx

from . import deadline as deadlines
from .body import aread, largest, read
from .pools import BUSY, Transport, acquire, refuse
from .settings import connection_problems

UNLIMITED = 1_000_000


def with_one_context(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments of `httpx.Client` with the TLS context made, as to load certificates for each takes too long."""
    return {**arguments, "verify": httpx.create_ssl_context(arguments["verify"])}


class _Lender(Generic[Transport]):
    """Lends each transport to one request at a time.

    Args:
        make: Makes a transport.
        limits: How many transports there may be, and how many are kept.
    """

    def __init__(self, make: Callable[[], Transport], limits: httpx.Limits) -> None:
        self._make: Callable[[], Transport] = make
        self.most = UNLIMITED if limits.max_connections is None else limits.max_connections
        self._kept = UNLIMITED if limits.max_keepalive_connections is None else limits.max_keepalive_connections
        self._idle: list[Transport] = []
        self._all: set[Transport] = set()
        self._lock = threading.Lock()

    def borrow(self) -> Transport:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            with connection_problems():
                transport = self._make()
            self._all.add(transport)
            return transport

    def give_back(self, transport: Transport, *, is_whole: bool) -> bool:
        """Keep a transport whose response was read to its end. False if it is to be closed instead."""
        with self._lock:
            keep = is_whole and transport in self._all and len(self._idle) < self._kept
            if keep:
                self._idle.append(transport)
            else:
                self._all.discard(transport)
            return keep

    def drop_all(self) -> list[Transport]:
        with self._lock:
            self._make = refuse
            dropped = list(self._all)
            self._all.clear()
            self._idle.clear()
            return dropped


class ExclusiveTransport(httpx.BaseTransport):
    """Sends each request through a transport that no other request uses at the time. Arguments as of `_Lender`."""

    def __init__(self, make: Callable[[], httpx.BaseTransport], limits: httpx.Limits) -> None:
        self._lender = _Lender[httpx.BaseTransport](make, limits)
        self._slots = threading.Semaphore(self._lender.most)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if not self._slots.acquire(timeout=request.extensions.get("timeout", {}).get("pool")):
            raise httpx.PoolTimeout(BUSY)
        try:
            transport = self._lender.borrow()
            whole = False
            try:
                response = transport.handle_request(request)
                read(response, largest(request), deadlines.current.get())
                whole = True
            finally:
                if not self._lender.give_back(transport, is_whole=whole):
                    transport.close()
            return response
        finally:
            self._slots.release()

    def close(self) -> None:
        for transport in self._lender.drop_all():
            transport.close()


class AsyncExclusiveTransport(httpx.AsyncBaseTransport):
    """`ExclusiveTransport` for asynchronous calls."""

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport], limits: httpx.Limits) -> None:
        import anyio

        self._lender = _Lender[httpx.AsyncBaseTransport](make, limits)
        self._slots = anyio.Semaphore(self._lender.most)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        import anyio

        await acquire(self._slots, request)
        try:
            transport = self._lender.borrow()
            whole = False
            try:
                response = await transport.handle_async_request(request)
                await aread(response, largest(request))
                whole = True
            finally:
                if not self._lender.give_back(transport, is_whole=whole):
                    with anyio.CancelScope(shield=True):
                        await transport.aclose()
            return response
        finally:
            self._slots.release()

    async def aclose(self) -> None:
        for transport in self._lender.drop_all():
            await transport.aclose()
