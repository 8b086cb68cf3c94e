"""`OAuth`: the authorization of an app, and the credentials of a client made of it."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial
from typing import Any, NoReturn, TypeVar

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
    checked_url,
    send_alone,
)
from .single_flight import Flight, SingleFlight
from .stores import TokenStore
from .tokens import Tokens

logger = logging.getLogger("kit_client")

T = TypeVar("T")


class OAuth(PerClientAuth):
    """An app's access to an account of Kit, by OAuth with PKCE. It is the `auth` of a client: `Kit(auth=oauth)`.

    It refreshes the access token shortly before it expires, and when the service says that it no longer works: once for
    all threads, tasks and processes that share the store. The request that found out is then sent once more. Any other 401
    costs no token.

    A new pair of tokens is stored before it is used. A refresh that got no answer is tried again with the same refresh
    token, as the service may not have seen it, and takes a superseded one. Should it not, `OAuthError` says to authorize
    again. Until then the access token is used for as long as it works.

    The methods that send something have a twin to await, whose name begins with an `a`. It is safe to share between
    threads, tasks and clients.

    Args:
        client_id: The app's id.
        client_secret: Its secret, if it has one.
        redirect_uri: Where the consent page leads back to: one that is registered for the app. Only `authorization_url` and
            `exchange` need it.
        store: Where tokens are kept, such as `FileTokenStore`.
        account: The name of the account in the store, which may hold many.
        authorize_url, token_url, revoke_url: Where the service is asked.
        transport: What sends the token requests of these methods. A client sends those that it needs itself, through its
            own transport.
        clock: The time that tokens expire by.

    Raises:
        ConfigurationError: An argument can't be used.
    """

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
        for name, text in (("client_id", client_id), ("account", account)):
            if not isinstance(text, str) or not text:
                raise ConfigurationError(f"{name}: expected a non-empty string")
        if client_secret is not None and not (isinstance(client_secret, str) and client_secret.strip()):
            raise ConfigurationError("client_secret: expected a non-empty string, or None for an app without a secret")
        missing = [name for name in ("load", "save", "delete", "lock") if not callable(getattr(store, name, None))]
        if missing or isinstance(store, type):
            raise ConfigurationError("store: expected a TokenStore, such as FileTokenStore('tokens.json')")
        if transport is not None and (
            isinstance(transport, type) or not callable(getattr(transport, "handle_request", None))
        ):
            raise ConfigurationError("transport: expected an httpx.BaseTransport, as these requests are synchronous")
        self._app = App(
            client_id=client_id,
            client_secret=None if client_secret is None else Secret(client_secret),
            redirect_uri=None if redirect_uri is None else checked_redirect_uri(redirect_uri),
            authorize_url=checked_url("authorize_url", authorize_url),
            token_url=checked_url("token_url", token_url),
            revoke_url=checked_url("revoke_url", revoke_url),
            user_agent=USER_AGENT,
        )
        self._account = account
        self._store = store
        self._grant = Grant(self._app, store, account)
        self._clock = clock
        self._channel = Channel(partial(send_alone, transport, clock or Clock()), clock or Clock())
        self._cached: Tokens | None = None
        self._flights, self._forced = SingleFlight[Tokens](), SingleFlight[Tokens]()
        # When a refresh of tokens that still work may be tried again, by the monotonic clock.
        self._early_after = 0.0
        # Tokens that were refused right after a refresh, so that another one would change nothing, and until when.
        self._hopeless: tuple[Tokens | None, float] = (None, 0.0)

    def __repr__(self) -> str:
        return f"OAuth(client_id={self._app.client_id!r}, account={self._account!r})"

    @property
    def quota_name(self) -> str:
        """What a rate limiter counts the account's requests by, whichever token they carry."""
        return f"{self._app.client_id} {self._account} {self._store!r}"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an OAuth holds secrets and is not pickled: make one in each process, on the same store")

    def authorization_url(self) -> str:
        """Return the URL of the page where an account's owner decides. Nothing is sent.

        State and PKCE verifier are kept in the store, so that another process may call `exchange`.

        Raises:
            ConfigurationError: There is no `redirect_uri`.
            TokenStoreError: They can't be kept.
        """
        return _result(self._beginning())

    async def aauthorization_url(self) -> str:
        """As `authorization_url`, to await."""
        return await _aresult(self._beginning())

    @forgets_arguments
    def exchange(self, callback_url: str) -> None:
        """Get and store the tokens for the code that the owner's browser brought.

        Args:
            callback_url: The whole URL, or path and query, of the request that came to `redirect_uri`.

        Raises:
            OAuthError: The state isn't of an authorization that was begun, the owner or the service refused, or the
                store can't be used (`TokenStoreError`).
            APIConnectionError: No answer came.
        """
        _result(self._exchanging(callback_url))

    @forgets_arguments
    async def aexchange(self, callback_url: str) -> None:
        """As `exchange`, to await."""
        await _aresult(self._exchanging(callback_url))

    def refresh(self) -> None:
        """Get and store new tokens, though those in the store may work. A refresh that is under way is joined.

        Raises:
            OAuthError: The refresh token is no longer good, or the store can't be used (`TokenStoreError`).
            APIConnectionError: No answer came.
        """
        _result(self._refreshing())

    async def arefresh(self) -> None:
        """As `refresh`, to await."""
        await _aresult(self._refreshing())

    def revoke(self) -> None:
        """Revoke the tokens, and remove them from the store.

        Raises:
            OAuthError: The service refused, or the store can't be used (`TokenStoreError`). The tokens stay stored.
            APIConnectionError: No answer came. The tokens stay stored.
        """
        _result(self._revoking())

    async def arevoke(self) -> None:
        """As `revoke`, to await."""
        await _aresult(self._revoking())

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        yield from self._alone().sync_auth_flow(request)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        flow = self._alone().async_auth_flow(request)
        try:
            step = await anext(flow)
            while True:
                step = await flow.asend((yield step))
        except StopAsyncIteration:
            return
        finally:
            await flow.aclose()

    def of_client(self, transport: Any, origin: httpx.URL, clock: Clock, *, has_own_pools: bool) -> ClientOAuth:
        """Return the auth of a client, whose token requests go through the client's transport.

        Raises:
            ConfigurationError: The client's requests could be read on their way.
        """
        check_transport_security("base_url", origin)
        return ClientOAuth(self, (origin,), *channels(transport, self._clock or clock, has_own_pools=has_own_pools))

    def _alone(self) -> ClientOAuth:
        """Return the auth of an httpx client that is none of ours."""
        origins = (httpx.URL(BASE_URL), httpx.URL("https://api.kit.com"), self._app.token_url)
        return ClientOAuth(self, origins, lambda: self._channel, is_daemon=False)

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
        """Return tokens that work, if they are at hand, and refresh them in the background if it is time for that."""
        tokens, now = self._cached, clock.time()
        if tokens is None or tokens.is_same(dead) or tokens.is_expired(now):
            return None
        if tokens.is_due(now) and time.monotonic() >= self._early_after:
            refresh_early()
        return tokens

    def flight(self, dead: Tokens | None, channel: Channel, *, is_daemon: bool, early: bool = False) -> Flight[Tokens]:
        """Return the flight that gets tokens that work. Only the first of all who call starts it."""

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

        return self._flights.join(lambda: Flight(obtain, is_daemon=is_daemon))

    def is_hopeless(self, tokens: Tokens) -> bool:
        """Tell whether a refresh was in vain a moment ago: the service refuses what it has just given."""
        refused, until = self._hopeless
        return tokens.is_same(refused) and time.monotonic() < until

    def give_up(self, tokens: Tokens) -> None:
        """Take note that tokens are refused though they are new."""
        self._hopeless = (tokens, time.monotonic() + AGAIN_SECONDS)


def _result(flight: Flight[T]) -> T:
    flight.wait()
    return flight.outcome()


async def _aresult(flight: Flight[T]) -> T:
    await flight.await_end()
    return flight.outcome()
