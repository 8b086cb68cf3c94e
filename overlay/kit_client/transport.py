"""Transports around the one that does the I/O, so that policy holds for raw generated calls too."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import httpx

from . import deadline as deadlines
from .ahead import Ahead
from .body import aread, largest, read
from .clock import Clock
from .deadline import Deadline
from .errors import KitError
from .limits.asks import Ask, ClientLimiter
from .pools import AsyncPools, Transport
from .retry import Attempt, Attempts, Outcome, RetryPolicy, attempt, retries_wanted
from .retry_budget import RetryBudget
from .socks import SocksHandshake

E = TypeVar("E", bound=Exception)


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
        self._is_closed = False

    def _begin(self, request: httpx.Request) -> tuple[Deadline, Attempts]:
        deadline = Deadline.of(request, self._policy.budget, self._clock)
        return deadline, attempt(request, self._policy, self._retry_budget, self._clock, deadline)

    def _ask(self, request: httpx.Request, deadline: Deadline) -> Ask | None:
        return None if self._limiter is None else self._limiter.ask(request, deadline)


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
                self._clock.sleep(delay)

    def _attempt(self, request: httpx.Request, deadline: Deadline) -> Attempt:
        """Send the request once it has a slot of the rate limit."""
        ask = self._ask(request, deadline)
        if ask is None:
            return self._send(request, deadline)
        try:
            ask.take()
        except (KitError, httpx.PoolTimeout) as error:
            return _failed(error, deadline)
        request.extensions["sent_at"] = self._clock.monotonic()
        outcome: Outcome | None = None
        try:
            # The slot may have taken its time.
            is_wanted = retries_wanted.get()()
            outcome = self._send(request, deadline) if is_wanted else httpx.PoolTimeout("nobody waits for the answer")
            return outcome
        finally:
            ask.give_back(outcome)

    def _send(self, request: httpx.Request, deadline: Deadline) -> Outcome:
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
            if self._is_closed and (stream := response.extensions.get("network_stream")) is not None:
                # The connection was still being made when the others were closed.
                stream.close()
        except (httpx.RequestError, OSError) as error:
            return _failed(error, deadline)
        finally:
            deadlines.current.reset(token)
            request.extensions["trace"] = also
        return response

    def close(self) -> None:
        self._is_closed = True
        self._inner.close()


class AsyncRetryTransport(_Retrying[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport):
    """The same, to await."""

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
                await self._clock.asleep(delay)

    async def _attempt(self, request: httpx.Request, deadline: Deadline) -> Attempt:
        ask = self._ask(request, deadline)
        if ask is None:
            return await self._send(request, deadline)
        try:
            await ask.atake()
        except (KitError, httpx.PoolTimeout) as error:
            return _failed(error, deadline)
        request.extensions["sent_at"] = self._clock.monotonic()
        outcome: Outcome | None = None
        try:
            outcome = await self._send(request, deadline)
            return outcome
        finally:
            await ask.agive_back(outcome)

    async def _send(self, request: httpx.Request, deadline: Deadline) -> Outcome:
        async def receive() -> httpx.Response:
            response = await self._inner.handle_async_request(request)
            await aread(response, largest(request))
            return response

        try:
            if isinstance(self._inner, AsyncPools):
                from .exchange import exchange  # late, as synchronous programs never need it

                return await exchange(request, deadline, (await self._inner.pool()).gate, receive)
            with deadline.scope():
                return await receive()
            return deadline.passed()
        except (httpx.RequestError, OSError) as error:
            return _failed(error, deadline)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _failed(error: E, deadline: Deadline) -> E | deadlines.DeadlinePassed:
    """Return what became of a request that failed. Async streams let a TLS alert through as ssl.SSLError."""
    if isinstance(error, httpx.TimeoutException) and deadline.left() < deadlines.GRAIN:
        passed = deadline.passed()
        passed.__cause__ = error
        return passed
    return error
