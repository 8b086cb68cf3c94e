"""The tokens of one account: begun, exchanged, refreshed and revoked, each under the lock of their store.

All of it blocks; `OAuth` runs it in threads of their own.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
from msgspec import Struct
from msgspec.structs import replace

from kit_api.errors import printable
from kit_client.clock import Clock
from kit_client.errors import APITimeoutError, KitError, OAuthError, TokenStoreError, connection_error
from kit_client.secret import Secret, scrub

from . import requests
from .records import Records
from .requests import AUTHORIZE, AUTHORIZE_AGAIN, Form
from .stores import TokenStore
from .tokens import Pending, Record, Tokens

logger = logging.getLogger("kit_client")

MOST_PENDING = 20
"""Authorizations of an account that are remembered at once, such as those of several tabs."""
AGAIN_SECONDS = 30.0
"""How long a refresh that failed is not tried again while the access token still works, or the refresh token is refused."""


class App(Struct, frozen=True, kw_only=True, eq=False):
    """What the service knows an app by, and where it is asked."""

    client_id: str
    client_secret: Secret | None
    redirect_uri: str | None
    authorize_url: httpx.URL
    token_url: httpx.URL
    revoke_url: httpx.URL
    user_agent: str


class Channel(NamedTuple):
    """How token requests are sent."""

    send: Callable[[httpx.Request], httpx.Response]
    """Sends one with retries, as the transports of clients do, and reads the whole response."""
    clock: Clock


class Grant:
    """The tokens of one account in a store.

    A refresh goes like this, all under the store's lock:

    1. Read what is stored. If it isn't the token that failed, another process has refreshed, and that one is used.
    2. Store the same again, to know before anything changes that the store can be written.
    3. Ask for the new pair. What got no answer is asked again with the same refresh token: if the service didn't see
       the first request, the token is unused, and if it did, services that take a superseded token give a new pair.
    4. Keep the new pair in memory, and store it, unless what is stored is no longer the pair before: a holder that was
       stopped for long may have lost its lock. If the store fails after all, the pair is stored before anything else is
       done.
    5. Forget it once the lock has ended well, as the end of a lock may be that of a transaction. Use the pair.
    """

    def __init__(self, app: App, store: TokenStore, account: str) -> None:
        self._app, self._account, self._records = app, account, Records(store, account)
        # A refresh token that was refused, why, and until when that is believed.
        self._refused: tuple[Secret, OAuthError, float] | None = None

    def begin(self, redirect_uri: str, clock: Clock) -> str:
        """Return the URL of the consent page, and keep what the way back needs."""
        with self._records.locked():
            record = self._records.load()
            now = clock.time()
            begun, proof = Pending.begin(now)
            recent = [each for each in record.pending if each.is_recent(now)]
            self._records.save(replace(record, pending=(*recent, begun)[-MOST_PENDING:]))
        parameters = {
            "client_id": self._app.client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            **proof,
        }
        return requests.authorization_url(self._app.authorize_url, parameters)

    def exchange(self, callback_url: str, redirect_uri: str, channel: Channel) -> Tokens:
        """Store and return the tokens for the code in the URL that the consent page led to."""
        try:
            query = {name: values[-1] for name, values in parse_qs(urlsplit(callback_url).query).items()}
        except ValueError:
            raise OAuthError("OAuth: callback_url is no URL; pass that of the request to redirect_uri") from None
        with self._records.locked():
            record = self._records.load()
            state, now = query.get("state", ""), channel.clock.time()
            found = [each for each in record.pending if each.is_of(state) and each.is_recent(now)]
            pending = found[0] if found else None
            if pending is None:
                raise OAuthError(
                    "OAuth: the state in callback_url is of no authorization that was begun for this account, or one that"
                    f" is finished or too old; nothing was sent. If the owner wanted this, {AUTHORIZE_AGAIN}"
                )
            # The store must be writable before the code is spent, and a state works once.
            rest = tuple(each for each in record.pending if each is not pending)
            self._records.save(replace(record, pending=rest))
            if "error" in query:
                said = ": ".join(query[name] for name in ("error", "error_description") if name in query)
                raise requests.oauth_error("OAuth", printable(scrub(said, []), 300), query["error"])
            if not query.get("code"):
                raise OAuthError(f"OAuth: callback_url has neither a code nor an error; {AUTHORIZE_AGAIN}")
            form: Form = {
                "grant_type": "authorization_code",
                "code": Secret(query["code"]),
                "redirect_uri": redirect_uri,
                "code_verifier": pending.verifier,
            }
            try:
                tokens = self._ask("exchange", form, channel, None, retry_safe=False)
            except KitError as error:
                if _may_pass(error):
                    # The code may be unused, and the same URL be tried again.
                    self._records.save(replace(self._records.load(), pending=record.pending))
                raise
            self._records.keep(tokens, record.tokens)
            self._records.save(Record(tokens=tokens, pending=rest))
            return tokens

    def obtain(self, dead: Tokens | None, channel: Channel, *, early: bool = False) -> Tokens:
        """Return tokens that work, refreshed if those in the store don't.

        Args:
            dead: Tokens that are known not to work.
            channel: How to refresh.
            early: Whether to refresh tokens that work for a little longer.
        """
        now = channel.clock.time()
        if not self._records.has_unsaved:
            stored = self._records.load().tokens
            if stored is not None and _is_good(stored, dead, now, early):
                return stored
        with self._records.locked():
            record = self._records.load()
            stored = record.tokens
            if stored is not None and not _is_good(stored, dead, now, early):
                if now < record.timed_out_at <= channel.clock.time():
                    raise APITimeoutError(
                        "OAuth refresh: timed out in another process, whose request this one has waited for; the stored"
                        " tokens are as they were, call again"
                    )
                stored = self._refresh(record, stored, channel)
            if stored is None:
                raise OAuthError(f"OAuth: nobody has authorized the account {self._account!r}; {AUTHORIZE}")
            return stored

    def current(self) -> Tokens | None:
        """Return the tokens in the store, whether they work or not."""
        return self._records.load().tokens

    def revoke(self, channel: Channel) -> None:
        """Revoke the tokens in the store, and remove them from it."""
        with self._records.locked():
            tokens = self._records.load().tokens
            if tokens is not None:
                kind = "access_token" if tokens.refresh_token is None else "refresh_token"
                form: Form = {"token": tokens.refresh_token or tokens.access_token, "token_type_hint": kind}
                self._post("revoke", self._app.revoke_url, form, channel, retry_safe=True)
            self._records.delete()

    def _refresh(self, record: Record, stored: Tokens, channel: Channel) -> Tokens | None:
        if stored.refresh_token is None:
            raise OAuthError(f"OAuth: the access token has expired and came without a refresh token; {AUTHORIZE_AGAIN}")
        if self._refused is not None:
            token, error, until = self._refused
            if token.reveal() == stored.refresh_token.reveal() and time.monotonic() < until:
                raise error
        self._records.save(record)
        form: Form = {"grant_type": "refresh_token", "refresh_token": stored.refresh_token}
        try:
            tokens = self._ask("refresh", form, channel, stored, retry_safe=True)
        except APITimeoutError:
            with contextlib.suppress(TokenStoreError):
                # So that those who wait for the lock don't wait for the same once more, one after the other.
                self._records.save(replace(self._records.load(), timed_out_at=channel.clock.time()))
            raise
        except OAuthError as error:
            if error.error == "invalid_grant":
                newer = self._records.load().tokens
                if newer is not None and not newer.is_copy(stored):
                    # Stored by a program that doesn't know of the lock.
                    return newer
                self._refused = (stored.refresh_token, error, time.monotonic() + AGAIN_SECONDS)
            raise
        logger.debug("OAuth: refreshed the tokens of account %s", printable(self._account))
        self._records.keep(tokens, stored)
        return self._records.store_unsaved()

    def _ask(self, name: str, form: Form, channel: Channel, old: Tokens | None, *, retry_safe: bool) -> Tokens:
        sent_at = channel.clock.time()
        response = self._post(name, self._app.token_url, form, channel, retry_safe=retry_safe)
        return requests.read_tokens(f"OAuth {name}", response, sent_at, old)

    def _post(self, name: str, url: httpx.URL, form: Form, channel: Channel, *, retry_safe: bool) -> httpx.Response:
        client: Form = {"client_id": self._app.client_id, "client_secret": self._app.client_secret}
        request = requests.token_request(
            f"OAuth {name}", url, {**form, **client}, channel.clock, self._app.user_agent, retry_safe=retry_safe
        )
        secrets = [each for each in (*form.values(), self._app.client_secret) if isinstance(each, Secret)]
        try:
            response = channel.send(request)
        except KitError as error:
            raise requests.unanswered(error) from None
        except Exception as error:  # noqa: BLE001  # a transport may raise what its library does
            raise requests.unanswered(connection_error(f"OAuth {name}", error, 1, url)) from None
        if not response.is_success:
            raise requests.refusal(f"OAuth {name}", response, secrets)
        return response


def _may_pass(error: KitError) -> bool:
    """Tell whether the service has not decided on a request, so that it may take the same one later."""
    status = getattr(error, "status_code", None)
    return status is None or status == 429 or status >= 500


def _is_good(tokens: Tokens, dead: Tokens | None, now: float, early: bool) -> bool:
    return not tokens.is_same(dead) and not (tokens.is_due(now) if early else tokens.is_expired(now))
