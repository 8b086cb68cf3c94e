"""`OAuth`: the authorization of an app, and the credentials of a client made of it."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial
from typing import Any, NoReturn, TypeVar
from weakref import ref

import httpx

from kit_api.client import BASE_URL
from kit_api.errors import forgets_arguments
from kit_client.auth import PerClientAuth
from kit_client.base import USER_AGENT
from kit_client.clock import Clock
from kit_client.errors import ConfigurationError, KitError
from kit_client.secret import Secret

from .flow import ClientOAuth, channels
from .grant import AGAIN_SECONDS, App, Channel, Grant
from .requests import (
    AUTHORIZE_URL,
    REVOKE_URL,
    TOKEN_URL,
    check_transport_security,
    checked_redirect_uri,
    checked_text,
    checked_url,
    send_alone,
)
from .single_flight import Flight, SingleFlight
from .stores import TokenStore, check_store, name_of
from .tokens import Tokens

logger = logging.getLogger("kit_client")

T = TypeVar("T")


class OAuth(PerClientAuth):
    """The OAuth tokens of one Kit account, with PKCE and automatic refresh, as the `auth` of a client: `Kit(auth=oauth)`.

    The access token is refreshed shortly before it expires, and when a 401 says that it is expired, invalid or revoked;
    the request is then sent once more. Any other 401 leads to no refresh. Of all threads, tasks and processes that share
    the store, one refreshes the token and the others wait for it.

    New tokens are stored before they are used. If a refresh gets no response, it is retried with the same refresh token,
    because the service may not have received it. If the service refuses that token, calls raise `OAuthError`, and the
    owner has to authorize the app again. An access token that still works is used until it expires.

    Each method that does I/O has an async version, whose name begins with `a`. Threads, tasks and clients can share one
    `OAuth`.

    Args:
        client_id: The app's client id.
        client_secret: The app's client secret; None for an app without one.
        redirect_uri: The URL that the consent page redirects to, as it is registered for the app. Only
            `authorization_url` and `exchange` need it.
        store: Where the tokens are kept, such as a `FileTokenStore`.
        account: The name of the account in the store; a store may hold many accounts.
        authorize_url, token_url, revoke_url: The URLs of `GET /oauth/authorize`, `POST /oauth/token` and
            `POST /oauth/revoke`.
        transport: An `httpx.BaseTransport` for the token requests of the methods here. Refreshes during a client's call go
            through the client's transport.
        clock: The clock by which tokens expire; the client's, or else the system's.

    Raises:
        ConfigurationError: An argument can't be used.
    """

    @forgets_arguments
    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str | None = None,
        redirect_uri: str | None = None,
        store: TokenStore,
        account: str = "default",
        authorize_url: str = AUTHORIZE_URL,
        token_url: str = TOKEN_URL,
        revoke_url: str = REVOKE_URL,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        if not isinstance(account, str) or not account or account != account.encode("utf-8", "ignore").decode():
            raise ConfigurationError("account: expected a non-empty string, without half surrogates")
        check_store(store)
        if clock is not None and not isinstance(clock, Clock):
            raise ConfigurationError(f"clock: expected a kit_client.Clock, got {type(clock).__name__}")
        if transport is not None and (
            isinstance(transport, type) or not callable(getattr(transport, "handle_request", None))
        ):
            raise ConfigurationError("transport: expected an httpx.BaseTransport, as these requests are synchronous")
        self._app = App(
            client_id=checked_text("client_id", client_id),
            client_secret=None if client_secret is None else Secret(checked_text("client_secret", client_secret)),
            redirect_uri=None if redirect_uri is None else checked_redirect_uri(redirect_uri),
            authorize_url=checked_url("authorize_url", authorize_url),
            token_url=checked_url("token_url", token_url),
            revoke_url=checked_url("revoke_url", revoke_url),
            user_agent=USER_AGENT,
        )
        self._account = account
        self._grant = Grant(self._app, store, account)
        self._clock = clock
        self._channel = Channel(partial(send_alone, transport, clock or Clock()), clock or Clock())
        # The auth of httpx clients that are none of ours.
        origins = (httpx.URL(BASE_URL), httpx.URL("https://api.kit.com"), self._app.token_url)
        self._alone = ClientOAuth(self, origins, lambda: self._channel, is_daemon=False)
        self._cached: Tokens | None = None
        self._flights, self._forced = SingleFlight[Tokens](), SingleFlight[Tokens]()
        # When a refresh of tokens that still work may be tried again, by the monotonic clock.
        self._early_after = 0.0
        # Tokens that were refused right after a refresh, so that another one would change nothing, and until when.
        self._hopeless: tuple[Tokens | None, float] = (None, 0.0)
        self.quota_name = f"{client_id} {account} {name_of(store)}"
        """The name under which a rate limiter counts the account's requests: the same in all processes, and after a refresh."""

    def __repr__(self) -> str:
        return f"OAuth(client_id={self._app.client_id!r}, account={self._account!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an OAuth holds secrets and is not pickled: make one in each process, on the same store")

    def authorization_url(self) -> str:
        """Return the URL of the consent page, where the account's owner allows the access or refuses. Nothing is sent.

        The state and the PKCE verifier are saved in the store, so that another process can call `exchange`. They are kept for
        an hour, for the last 20 authorizations of the account that were begun.

        Page: `GET /oauth/authorize`.

        Raises:
            ConfigurationError: There is no `redirect_uri`.
            TokenStoreError: The store can't be read, written or locked.
        """
        return _result(self._beginning())

    async def aauthorization_url(self) -> str:
        """Do what `authorization_url` does, to be awaited."""
        return await _aresult(self._beginning())

    @forgets_arguments
    def exchange(self, callback_url: str) -> None:
        """Exchange the code in the callback's URL for tokens, and store them.

        Route: `POST /oauth/token`, with the grant type `authorization_code`.

        Args:
            callback_url: The URL of the request to `redirect_uri`, or its path and query. It has the `code` and the
                `state`.

        Raises:
            TypeError: `callback_url` isn't a string.
            ConfigurationError: There is no `redirect_uri`.
            OAuthError: The `state` isn't from `authorization_url`, was used before or is too old; the owner or the
                service refused; or the store can't be used (`TokenStoreError`).
            APIConnectionError: There was no response.
        """
        _result(self._exchanging(callback_url))

    @forgets_arguments
    async def aexchange(self, callback_url: str) -> None:
        """Do what `exchange` does, to be awaited."""
        await _aresult(self._exchanging(callback_url))

    def refresh(self) -> None:
        """Refresh the tokens and store the new ones, even if the current ones still work.

        If another thread or task is in `refresh` already, this waits for its result.

        Route: `POST /oauth/token`, with the grant type `refresh_token`.

        Raises:
            OAuthError: There are no tokens yet, the service refused the refresh token, or the store can't be used
                (`TokenStoreError`).
            APIConnectionError: There was no response.
        """
        _result(self._refreshing())

    async def arefresh(self) -> None:
        """Do what `refresh` does, to be awaited."""
        await _aresult(self._refreshing())

    def revoke(self) -> None:
        """Revoke the tokens and remove them from the store. Without tokens in the store, nothing is sent.

        Route: `POST /oauth/revoke`.

        Raises:
            OAuthError: The service refused, or the store can't be used (`TokenStoreError`). The tokens stay in the store.
            APIConnectionError: There was no response. The tokens stay in the store.
        """
        _result(self._revoking())

    async def arevoke(self) -> None:
        """Do what `revoke` does, to be awaited."""
        await _aresult(self._revoking())

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        yield from self._alone.sync_auth_flow(request)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        flow = self._alone.async_auth_flow(request)
        try:
            step = await anext(flow)
            while True:
                step = await flow.asend((yield step))
        except StopAsyncIteration:
            return
        finally:
            await flow.aclose()

    def of_client(self, transport: Any, origin: httpx.URL, clock: Clock, *, has_own_pools: bool) -> ClientOAuth:
        """Return the auth of one client, which sends token requests through the client's transport.

        Raises:
            ConfigurationError: The base URL is plain `http` to another machine, where tokens could be read on the way.
        """
        check_transport_security("base_url", origin)
        return ClientOAuth(self, (origin,), *channels(transport, self._clock or clock, has_own_pools=has_own_pools))

    def _beginning(self) -> Flight[str]:
        return Flight(partial(self._grant.begin, self._redirect_uri(), self._channel.clock))

    def _exchanging(self, callback_url: str) -> Flight[None]:
        if not isinstance(callback_url, str):
            raise TypeError(f"callback_url: expected a string, got {type(callback_url).__name__}")
        redirect_uri = self._redirect_uri()

        def exchange() -> None:
            self._cached = self._grant.exchange(callback_url, redirect_uri, self._channel)

        return Flight(exchange)

    def _refreshing(self) -> Flight[Tokens]:
        def start() -> Flight[Tokens]:
            return Flight(lambda: self._obtain(self._grant.current(), self._channel))

        return self._forced.join(start)

    def _revoking(self) -> Flight[None]:
        def revoke() -> None:
            self._grant.revoke(self._channel)
            self._cached = None

        return Flight(revoke)

    def _redirect_uri(self) -> str:
        if self._app.redirect_uri is None:
            raise ConfigurationError("redirect_uri: none given; pass one that is registered for the app")
        return self._app.redirect_uri

    def _obtain(self, dead: Tokens | None, channel: Channel, *, early: bool = False) -> Tokens:
        self._cached = tokens = self._grant.obtain(dead, channel, early=early)
        return tokens

    def ready(self, dead: Tokens | None, clock: Clock, refresh_early: Callable[[], object]) -> Tokens | None:
        """Return the cached tokens unless they have expired or are `dead`; start a refresh if they expire soon."""
        tokens, now = self._cached, clock.time()
        if tokens is None or tokens.is_same(dead) or tokens.is_expired(now):
            return None
        if tokens.is_due(now) and time.monotonic() >= self._early_after:
            refresh_early()
        return tokens

    def flight(
        self, dead: Tokens | None, client: ClientOAuth, channel: Channel, *, is_daemon: bool, early: bool = False
    ) -> Flight[Tokens]:
        """Return the request for tokens that is under way, or start one, whose purpose is `dead` and a ref to `client`."""

        def obtain() -> Tokens:
            if not early:
                return self._obtain(dead, channel)
            cached = self._cached
            try:
                return self._obtain(dead, channel, early=True)
            except KitError as error:
                self._early_after = time.monotonic() + AGAIN_SECONDS
                logger.warning("%s; the access token is used until it expires", error)
                if cached is None:
                    raise
                return cached

        return self._flights.join(lambda: Flight(obtain, is_daemon=is_daemon, purpose=(dead, ref(client))))

    def is_hopeless(self, tokens: Tokens) -> bool:
        """Tell whether the service refused these tokens right after it had issued them."""
        refused, until = self._hopeless
        return tokens.is_same(refused) and time.monotonic() < until

    def give_up(self, tokens: Tokens) -> None:
        """Remember that the service refused tokens that are new."""
        self._hopeless = (tokens, time.monotonic() + AGAIN_SECONDS)


def _result(flight: Flight[T]) -> T:
    flight.wait()
    return flight.outcome()


async def _aresult(flight: Flight[T]) -> T:
    await flight.await_end()
    return flight.outcome()
