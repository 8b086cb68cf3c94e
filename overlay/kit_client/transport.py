"""Transports around the one that does the I/O, so that policy holds for raw generated calls too."""

from __future__ import annotations

import httpx

from .clock import Clock
from .retry import Outcome, RetryPolicy, attempt


class RetryTransport(httpx.BaseTransport):
    """Does what `RetryPolicy` decides. Raises `APIConnectionError` for what was an `httpx.RequestError`."""

    def __init__(self, inner: httpx.BaseTransport, policy: RetryPolicy, clock: Clock) -> None:
        self._inner, self._policy, self._clock = inner, policy, clock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        steps = attempt(request, self._policy, self._clock)
        delay = next(steps)
        while True:
            try:
                if delay is None:
                    delay = steps.send(self._send(request))
                else:
                    self._clock.sleep(delay)
                    delay = next(steps)
            except StopIteration as done:
                response: httpx.Response = done.value
                return response

    def _send(self, request: httpx.Request) -> Outcome:
        try:
            response = self._inner.handle_request(request)
            # Read here, where a body cut short can still be asked for again.
            response.read()
        except httpx.RequestError as error:
            return error
        return response

    def close(self) -> None:
        self._inner.close()


class AsyncRetryTransport(httpx.AsyncBaseTransport):
    """The same, to await."""

    def __init__(self, inner: httpx.AsyncBaseTransport, policy: RetryPolicy, clock: Clock) -> None:
        self._inner, self._policy, self._clock = inner, policy, clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        steps = attempt(request, self._policy, self._clock)
        delay = next(steps)
        while True:
            try:
                if delay is None:
                    delay = steps.send(await self._send(request))
                else:
                    await self._clock.asleep(delay)
                    delay = next(steps)
            except StopIteration as done:
                response: httpx.Response = done.value
                return response

    async def _send(self, request: httpx.Request) -> Outcome:
        try:
            response = await self._inner.handle_async_request(request)
            await response.aread()
        except httpx.RequestError as error:
            return error
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()
