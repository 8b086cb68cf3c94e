"""Transports around the one that does the I/O, so that policy holds for raw generated calls too."""

from __future__ import annotations

import threading
from typing import Any, Generic

import httpx

from . import deadline as deadlines
from .ahead import Ahead
from .body import aread, largest, read
from .clock import Clock
from .deadline import Deadline, DeadlinePassed
from .errors import CLOSED, KitError
from .limits.asks import ClientLimiter
from .pools import AsyncPools, Transport
from .retry import Attempt, Attempts, RetryPolicy, attempt, retries_wanted
from .retry_budget import RetryBudget
from .socks import SocksHandshake

# Async streams let a TLS alert through as ssl.SSLError, which is an OSError.
FAILURES = (httpx.RequestError, OSError, KitError)


class _Retrying(Generic[Transport]):
    """Does what `RetryPolicy` decides.

    Args:
        inner: Does the I/O.
        policy: Decides.
        clock: The time that retries and deadlines go by.
        limiter: Has a slot for each attempt; None for no limit.
        retry_budget: What retries are counted against; None for one of its own.
    """

    def __init__(
        self,
        inner: Transport,
        policy: RetryPolicy,
        clock: Clock,
        limiter: ClientLimiter | None,
        retry_budget: RetryBudget | None = None,
    ) -> None:
        self._inner: Transport = inner
        self._policy, self._clock, self._limiter = policy, clock, limiter
        self._retry_budget = retry_budget or RetryBudget()
        self._closed = threading.Event()

    def _begin(self, request: httpx.Request) -> tuple[Deadline, Attempts]:
        deadline = Deadline.of(request, self._policy.budget, self._clock)
        return deadline, attempt(request, self._policy, self._retry_budget, self._clock, deadline)

    def _check(self, deadline: Deadline) -> None:
        """Raise what keeps a request from being sent. A wait may have gone before."""
        if self._closed.is_set():
            raise KitError(CLOSED)
        if deadline.left() <= 0:
            raise httpx.PoolTimeout("the deadline passed before")
        if not retries_wanted.get()():
            raise httpx.PoolTimeout("nobody waits for the answer")

    def _close(self) -> None:
        """Have calls that wait end, and send nothing more."""
        self._closed.set()
        if self._limiter is not None:
            self._limiter.close()


class RetryTransport(_Retrying[httpx.BaseTransport], httpx.BaseTransport):
    """Sends requests again. Raises `APIConnectionError` for what was an `httpx.RequestError`."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        deadline, attempts = self._begin(request)
        came: Attempt | None = None
        while True:
            try:
                delay = attempts.send(came)
            except StopIteration as done:
                response: httpx.Response = done.value
                # Taken out, as whoever has the response would keep the page.
                ahead: Ahead[Any] | None = request.extensions.pop("ahead", None)
                if ahead is not None and response.is_success:
                    ahead.on_body(ahead, response.content)
                return response
            came = None
            if delay is None:
                came = self._attempt(request, deadline)
            else:
                self._clock.wait(self._closed, delay)

    def _attempt(self, request: httpx.Request, deadline: Deadline) -> Attempt | None:
        """Send the request once it has a slot of the rate limit."""
        ask = None if self._limiter is None else self._limiter.ask(request, deadline)
        outcome: Attempt | None = None
        try:
            if ask is not None:
                ask.take()
            self._check(deadline)
            request.extensions["sent_at"] = self._clock.monotonic()
            outcome = self._send(request, deadline)
        except FAILURES as error:
            outcome = _failed(error, deadline)
        finally:
            if ask is not None:
                ask.give_back(outcome)
        return outcome

    def _send(self, request: httpx.Request, deadline: Deadline) -> httpx.Response:
        also = request.extensions.get("trace")
        ahead: Ahead[Any] | None = request.extensions.get("ahead")
        socks = SocksHandshake(request)

        def trace(event: str, info: dict[str, Any]) -> None:
            if also is not None:
                also(event, info)
            if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
                deadlines.heed(info["return_value"])
            elif ahead is not None and event.endswith("send_request_body.complete"):
                ahead.sent.set()
            socks.heed(event, info)

        request.extensions["trace"] = trace
        token = deadlines.current.set(deadline)
        try:
            response = self._inner.handle_request(request)
            # Read here, where a body cut short can still be asked for again.
            read(response, largest(request), deadline)
            if self._closed.is_set() and (stream := response.extensions.get("network_stream")) is not None:
                # The connection was still being made when the others were closed.
                stream.close()
            return response
        finally:
            deadlines.current.reset(token)
            request.extensions["trace"] = also

    def close(self) -> None:
        self._close()
        self._inner.close()


class AsyncRetryTransport(_Retrying[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport):
    """`RetryTransport` for asynchronous calls."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        deadline, attempts = self._begin(request)
        came: Attempt | None = None
        while True:
            try:
                delay = attempts.send(came)
            except StopIteration as done:
                response: httpx.Response = done.value
                return response
            came = None
            if delay is None:
                came = await self._attempt(request, deadline)
            else:
                await self._pause(delay)

    async def _pause(self, delay: float) -> None:
        if isinstance(self._inner, AsyncPools):
            await self._clock.await_event((await self._inner.pool()).closed, delay)
        else:
            await self._clock.asleep(delay)

    async def _attempt(self, request: httpx.Request, deadline: Deadline) -> Attempt | None:
        ask = None if self._limiter is None else self._limiter.ask(request, deadline)
        outcome: Attempt | None = None
        try:
            if ask is not None:
                await ask.atake()
            self._check(deadline)
            request.extensions["sent_at"] = self._clock.monotonic()
            outcome = await self._send(request, deadline)
        except FAILURES as error:
            outcome = _failed(error, deadline)
        finally:
            if ask is not None:
                await ask.agive_back(outcome)
        return outcome

    async def _send(self, request: httpx.Request, deadline: Deadline) -> httpx.Response:
        async def receive() -> httpx.Response:
            response = await self._inner.handle_async_request(request)
            await aread(response, largest(request))
            if self._closed.is_set() and (stream := response.extensions.get("network_stream")) is not None:
                await stream.aclose()
            return response

        if isinstance(self._inner, AsyncPools):
            from .exchange import exchange  # late, as synchronous programs never need it

            return await exchange(request, deadline, (await self._inner.pool()).gate, receive)
        with deadline.scope():
            return await receive()
        raise deadline.passed()

    async def aclose(self) -> None:
        self._close()
        await self._inner.aclose()


def _failed(error: httpx.RequestError | OSError | KitError, deadline: Deadline) -> Attempt:
    """Return what became of a request that failed."""
    is_late = isinstance(error, httpx.TimeoutException) and deadline.left() < deadlines.GRAIN
    if is_late and not isinstance(error, DeadlinePassed):
        passed = deadline.passed()
        passed.__cause__ = error
        return passed
    return error
