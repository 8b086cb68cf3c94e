"""The flow of `OAuth` around each request: a token that works, and one more try after a refresh."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from kit_client.auth import OriginAuth
from kit_client.background import current_run
from kit_client.clock import Clock
from kit_client.deadline import Deadline
from kit_client.errors import KitError, OAuthError, connection_error

from .grant import Channel
from .requests import DEADLINE, says_dead
from .single_flight import Flight
from .stores import LOCK_SECONDS
from .tokens import Tokens

if TYPE_CHECKING:
    from .oauth import OAuth

LONGEST = LOCK_SECONDS + DEADLINE + 15
"""Seconds that a refresh takes at most, with some for the store."""


class Channels(NamedTuple):
    """How a client sends token requests."""

    channel: Callable[[], Channel]
    """Returns the channel of the thread or task that calls."""
    is_daemon: bool
    """Whether a program may end while a refresh is under way: one that needs an event loop can't go on after it."""


def channels(transport: Any, clock: Clock, *, has_own_pools: bool) -> Channels:
    """Return how a client sends token requests.

    Args:
        transport: The client's, sync or async.
        clock: The client's.
        has_own_pools: Whether the client makes its connections itself, so that each event loop has some of its own.
    """
    if isinstance(transport, httpx.BaseTransport):
        return Channels(lambda: Channel(transport.handle_request, clock), False)
    if has_own_pools:
        return Channels(lambda: Channel(partial(_send_in_own_loop, transport), clock), False)
    return Channels(lambda: Channel(partial(_send_in_loop, transport, current_run()[1]), clock), True)


class ClientOAuth(OriginAuth):
    """The `OAuth` of one client.

    Args:
        oauth: The tokens.
        origins: The schemes, hosts and ports that they are sent to.
        channel, is_daemon: As of `Channels`.
    """

    header = "Authorization"
    scheme = "oauth2"
    prefix = "Bearer "

    def __init__(
        self, oauth: OAuth, origins: tuple[httpx.URL, ...], channel: Callable[[], Channel], is_daemon: bool
    ) -> None:
        super().__init__(*origins)
        self._oauth, self._channel, self._is_daemon = oauth, channel, is_daemon
        self._last: Flight[Tokens] | None = None

    def __repr__(self) -> str:
        return repr(self._oauth)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.read()  # It may have to be sent again.
        steps = self._steps(request)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Flight):
                    if not step.wait(_left(request, self._channel().clock)):
                        raise _late(request)
                    step = next(steps)
                else:
                    response = yield step
                    if response.status_code == 401:
                        response.read()
                    step = steps.send(response)
        except StopIteration:
            return
        finally:
            steps.close()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        await request.aread()
        steps = self._steps(request)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Flight):
                    if not await step.await_end(_left(request, self._channel().clock)):
                        raise _late(request)
                    step = next(steps)
                else:
                    response = yield step
                    if response.status_code == 401:
                        await response.aread()
                    step = steps.send(response)
        except StopIteration:
            return
        finally:
            steps.close()

    def settle(self) -> None:
        if self._last is not None:
            self._last.wait(LONGEST)

    async def asettle(self) -> None:
        if self._last is not None:
            await self._last.await_end(LONGEST)

    def _steps(self, request: httpx.Request) -> Generator[httpx.Request | Flight[Tokens], httpx.Response, None]:
        """Yield requests to be sent, whose response comes back, and flights to be waited for."""
        if not self.takes_credentials(request):
            yield request
            return
        tokens = yield from self._tokens(request, None)
        response = yield from self.sent(request, tokens.access_token)
        if response.status_code != 401 or not says_dead(response) or self._oauth.is_hopeless(tokens):
            return
        tokens = yield from self._tokens(request, tokens)
        response = yield from self.sent(request, tokens.access_token)
        if response.status_code == 401 and says_dead(response):
            self._oauth.give_up(tokens)

    def _tokens(self, request: httpx.Request, dead: Tokens | None) -> Generator[Flight[Tokens], httpx.Response, Tokens]:
        clock, early, tried = self._channel().clock, partial(self._start, dead, early=True), False
        while True:
            ready = self._oauth.ready(dead, clock, early)
            if ready is not None:
                return ready
            flight = self._start(dead)
            yield flight
            known, client = flight.purpose
            try:
                tokens = flight.outcome()
            except KitError as error:
                if client() is not self and not tried and not isinstance(error, OAuthError):
                    # The connections or the event loop of another client failed: this one may have better ones.
                    tried = True
                    continue
                error.operation = getattr(request.extensions.get("operation"), "name", None) or error.operation
                raise
            # A flight that began before `dead` was known to be so may have found just that.
            if not tokens.is_same(dead) or tokens.is_same(known):
                # It may be time to refresh these too. They are used even if they are old by a clock that is wrong.
                return self._oauth.ready(dead, clock, early) or tokens

    def _start(self, dead: Tokens | None, *, early: bool = False) -> Flight[Tokens]:
        self._last = self._oauth.flight(dead, self, self._channel(), is_daemon=self._is_daemon, early=early)
        return self._last


def _left(request: httpx.Request, clock: Clock) -> float | None:
    """Return the seconds that the call has left, or None if it has no deadline."""
    left = _deadline(request, clock).left()
    return None if left == math.inf else max(left, 0.0)


def _deadline(request: httpx.Request, clock: Clock) -> Deadline:
    started = request.extensions.get("started")
    return Deadline(request.extensions.get("deadline"), clock.monotonic() if started is None else started, clock)


def _late(request: httpx.Request) -> Exception:
    return _deadline(request, Clock()).passed()


def _send_in_own_loop(transport: httpx.AsyncBaseTransport, request: httpx.Request) -> httpx.Response:
    """Send a request in an event loop of this thread's own, so that nothing that becomes of others ends it."""
    import anyio

    return anyio.run(transport.handle_async_request, request)


def _send_in_loop(transport: httpx.AsyncBaseTransport, loop: Any, request: httpx.Request) -> httpx.Response:
    """Send a request by an asynchronous transport, in its event loop, from a thread that is none of its."""
    try:
        if hasattr(loop, "call_soon_threadsafe"):
            import asyncio

            sending = transport.handle_async_request(request)
            try:
                future = asyncio.run_coroutine_threadsafe(sending, loop)
            except RuntimeError:
                sending.close()
                raise
            return future.result(DEADLINE + 5)
        import trio

        return trio.from_thread.run(transport.handle_async_request, request, trio_token=loop)
    except KitError:
        raise
    except BaseException as error:  # noqa: BLE001  # such as the end of the event loop, which cancels all of its tasks
        name = request.extensions["operation"].name
        raise connection_error(
            name, RuntimeError(f"the event loop ended ({type(error).__name__})"), 1, request.url
        ) from None
