"""The tokens of one account: begun, exchanged, refreshed and revoked, each under the lock of their store.

All of it blocks; `OAuth` runs it in threads of their own.
"""

from __future__ import annotations

import contextlib
import logging
import time
import traceback
from collections.abc import Callable, Generator
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import httpx
from msgspec import Struct

from kit_api.errors import printable
from kit_client.clock import Clock
from kit_client.errors import KitError, OAuthError, TokenStoreError, connection_error
from kit_client.secret import Secret, scrub

from . import requests
from .requests import AUTHORIZE, AUTHORIZE_AGAIN, Form
from .stores import KEPT, LOCK_SECONDS, TokenStore
from .tokens import UNREADABLE, Pending, Record, Tokens, decode_record

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
    4. Store the new pair. If that fails after all, the pair is kept in memory, and stored before anything else is done.
    5. Use it.
    """

    def __init__(self, app: App, store: TokenStore, account: str) -> None:
        self._app, self._store, self._account = app, store, account
        # The record that could not be stored, and the tokens whose place it takes.
        self._unsaved: tuple[Record, Tokens | None] | None = None
        # The same of what was stored under the lock that is held.
        self._replaced: tuple[Record, Tokens | None] | None = None
        # A refresh token that was refused, why, and until when that is believed.
        self._refused: tuple[Secret, OAuthError, float] | None = None

    def begin(self, redirect_uri: str, clock: Clock) -> str:
        """Return the URL of the consent page, and keep what the way back needs."""
        with self._locked():
            record = self._load()
            now = clock.time()
            begun, proof = Pending.begin(now)
            recent = [each for each in record.pending if each.is_recent(now)]
            self._save(Record(tokens=record.tokens, pending=(*recent, begun)[-MOST_PENDING:]))
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
        with self._locked():
            record = self._load()
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
            self._save(Record(tokens=record.tokens, pending=rest))
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
                status = getattr(error, "status_code", None)
                if status is None or status == 429 or status >= 500:
                    # The code may be unused, and the same URL be tried again.
                    self._save(record)
                raise
            self._replace(Record(tokens=tokens, pending=rest), record.tokens)
            return tokens

    def obtain(self, dead: Tokens | None, channel: Channel, *, early: bool = False) -> Tokens:
        """Return tokens that work, refreshed if those in the store don't.

        Args:
            dead: Tokens that are known not to work.
            channel: How to refresh.
            early: Whether to refresh tokens that work for a little longer.
        """
        now = channel.clock.time()
        if self._unsaved is None:
            stored = self._load().tokens
            if stored is not None and _is_good(stored, dead, now, early):
                return stored
        with self._locked():
            record = self._load()
            stored = record.tokens
            if stored is None:
                raise OAuthError(f"OAuth: nobody has authorized the account {self._account!r}; {AUTHORIZE}")
            if _is_good(stored, dead, now, early):
                return stored
            return self._refresh(record, stored, channel)

    def current(self) -> Tokens | None:
        """Return the tokens in the store, whether they work or not."""
        return self._load().tokens

    def revoke(self, channel: Channel) -> None:
        """Revoke the tokens in the store, and remove them from it."""
        with self._locked():
            tokens = self._load().tokens
            if tokens is not None:
                kind = "access_token" if tokens.refresh_token is None else "refresh_token"
                form: Form = {"token": tokens.refresh_token or tokens.access_token, "token_type_hint": kind}
                self._post("revoke", self._app.revoke_url, form, channel, retry_safe=True)
            with self._store_errors("written"):
                self._store.delete(self._account)

    def _refresh(self, record: Record, stored: Tokens, channel: Channel) -> Tokens:
        if stored.refresh_token is None:
            raise OAuthError(f"OAuth: the access token has expired and came without a refresh token; {AUTHORIZE_AGAIN}")
        if self._refused is not None:
            token, error, until = self._refused
            if token.reveal() == stored.refresh_token.reveal() and time.monotonic() < until:
                raise error
        self._save(record)
        form: Form = {"grant_type": "refresh_token", "refresh_token": stored.refresh_token}
        try:
            tokens = self._ask("refresh", form, channel, stored, retry_safe=True)
        except OAuthError as error:
            if error.error == "invalid_grant":
                newer = self._load().tokens
                if newer is not None and not newer.is_same(stored):
                    # Stored by a program that doesn't know of the lock.
                    return newer
                self._refused = (stored.refresh_token, error, time.monotonic() + AGAIN_SECONDS)
            raise
        self._replace(Record(tokens=tokens, pending=record.pending), stored)
        logger.debug("OAuth: refreshed the tokens of account %s", printable(self._account))
        return tokens

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

    def _replace(self, record: Record, old: Tokens | None) -> None:
        """Store new tokens, or else keep them in memory until they can be stored."""
        self._replaced = (record, old)
        try:
            self._save(record)
        except TokenStoreError as error:
            self._unsaved = self._replaced
            raise TokenStoreError(
                f"{error}. The new tokens are in the memory of this process alone: they are stored as soon as that works"
            ) from None

    def _store_unsaved(self) -> None:
        if self._unsaved is not None:
            record, old = self._unsaved
            stored = self._load().tokens
            if stored is None or stored.is_same(old):
                self._save(record)
                self._replaced = self._unsaved
            self._unsaved = None

    def _load(self) -> Record:
        with self._store_errors("read"):
            text = self._store.load(self._account)
        try:
            return Record() if text is None else decode_record(text)
        except UNREADABLE:
            raise TokenStoreError(
                f"{self._store!r} holds no tokens for account {self._account!r}, but something else; it was left as it"
                " is. Restore it, or remove it and authorize again"
            ) from None

    def _save(self, record: Record) -> None:
        with self._store_errors("written"):
            self._store.save(self._account, record.encode())

    @contextlib.contextmanager
    def _locked(self) -> Generator[None]:
        self._replaced = None
        stack = contextlib.ExitStack()
        with self._store_errors("locked"):
            stack.enter_context(self._store.lock(self._account))
        try:
            with self._store_errors("written"), stack:
                self._store_unsaved()
                yield
        except TokenStoreError:
            # The end of a lock may be that of a transaction, and undo what was stored in it.
            self._unsaved = self._unsaved or self._replaced
            raise

    @contextlib.contextmanager
    def _store_errors(self, what: str) -> Generator[None]:
        """Turn what a store raises into TokenStoreError. Its text isn't shown: databases quote what was to be stored."""
        try:
            yield
        except KitError:
            raise
        except TimeoutError:
            raise TokenStoreError(
                f"{self._store!r}: another process has had the lock of account {self._account!r} for {LOCK_SECONDS:g} s;"
                f" {KEPT}. Look for a process that hangs, end it, and call again"
            ) from None
        except Exception as error:  # noqa: BLE001  # a store may raise what its library does
            logger.debug("OAuth: the store failed at\n%s", "".join(traceback.format_tb(error.__traceback__)))
            raise TokenStoreError(
                f"{self._store!r} can't be {what}: {type(error).__name__} (the log of kit_client at DEBUG says where);"
                f" {KEPT}. Mend the store, and call again"
            ) from None


def _is_good(tokens: Tokens, dead: Tokens | None, now: float, early: bool) -> bool:
    return not tokens.is_same(dead) and not (tokens.is_due(now) if early else tokens.is_expired(now))
