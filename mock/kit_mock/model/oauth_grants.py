"""What OAuth gives out: requests that wait for consent, codes and tokens. All are stored as hashes.

Chosen where the API says nothing: an access token stays good until it expires, also when a refresh has brought a newer
one; refresh tokens don't expire; a code that comes a second time doesn't revoke what the first brought.
"""

from __future__ import annotations

import secrets

import attrs

from kit_mock.model.oauth_clients import hashed
from kit_mock.state.store import Store

SCOPE = "public"
CODE_SECONDS = 600
TOKEN_SECONDS = 172_800
_DAY = 86_400


@attrs.frozen
class AuthorizationRequest:
    """What an app asks an account's owner for."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str | None
    code_challenge: str | None


@attrs.frozen
class Code:
    """A code as it was given out."""

    client_id: str
    account_id: int
    redirect_uri: str
    scope: str
    code_challenge: str | None
    expires_at: int
    is_used: bool = attrs.field(converter=bool)


@attrs.frozen
class AccessToken:
    """An access token that wasn't revoked."""

    id: int
    client_id: str
    account_id: int
    expires_at: int


@attrs.frozen
class TokenPair:
    """An access token and its refresh token, as they are stored. `grant_id` is that of the first pair of the grant."""

    id: int
    grant_id: int
    client_id: str
    account_id: int
    scope: str
    is_superseded: bool = attrs.field(converter=bool)
    is_revoked: bool = attrs.field(converter=bool)


@attrs.frozen
class NewTokens:
    """A pair of tokens in clear, once."""

    access_token: str = attrs.field(repr=False)
    refresh_token: str = attrs.field(repr=False)
    scope: str
    created_at: int


def ask(store: Store, request: AuthorizationRequest, now: int) -> str:
    """Keep a request until the owner has decided, ten minutes at most. Returns the ticket that the decision needs."""
    ticket = _random()
    store.write("DELETE FROM oauth_requests WHERE expires_at <= ?", (now,))
    store.write(
        "INSERT INTO oauth_requests (hash, client_id, redirect_uri, scope, state, code_challenge, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (hashed(ticket), *attrs.astuple(request), now + CODE_SECONDS),
    )
    return ticket


def asked(store: Store, ticket: str, now: int) -> AuthorizationRequest | None:
    """The request of a ticket, which is thereby spent; None for a ticket that is unknown, spent or too old."""
    row = store.row(
        "SELECT client_id, redirect_uri, scope, state, code_challenge FROM oauth_requests"
        " WHERE hash = ? AND expires_at > ?",
        (hashed(ticket), now),
    )
    store.write("DELETE FROM oauth_requests WHERE hash = ?", (hashed(ticket),))
    return None if row is None else AuthorizationRequest(*row)


def issue_code(store: Store, request: AuthorizationRequest, account_id: int, now: int) -> str:
    """A new code for what was asked for, good for ten minutes."""
    code = _random()
    # Codes are kept for a day longer, so that one that comes late is told why it isn't taken.
    store.write("DELETE FROM oauth_codes WHERE expires_at <= ?", (now - _DAY,))
    store.write(
        "INSERT INTO oauth_codes"
        " (hash, client_id, account_id, redirect_uri, scope, code_challenge, expires_at, used)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        (
            hashed(code),
            request.client_id,
            account_id,
            request.redirect_uri,
            request.scope,
            request.code_challenge,
            now + CODE_SECONDS,
        ),
    )
    return code


def find_code(store: Store, code: str) -> Code | None:
    """A code that was given out, used or not, or None."""
    row = store.row(
        "SELECT client_id, account_id, redirect_uri, scope, code_challenge, expires_at, used FROM oauth_codes"
        " WHERE hash = ?",
        (hashed(code),),
    )
    return None if row is None else Code(*row)


def spend_code(store: Store, code: str) -> None:
    """Mark a code as used."""
    store.write("UPDATE oauth_codes SET used = 1 WHERE hash = ?", (hashed(code),))


def issue_tokens(
    store: Store, *, client_id: str, account_id: int, scope: str, now: int, grant_id: int | None = None
) -> NewTokens:
    """A new pair of tokens, of a grant that there is or of a new one."""
    new = NewTokens(_random(), _random(), scope, now)
    keep_tokens(
        store,
        client_id=client_id,
        account_id=account_id,
        scope=scope,
        access_token=new.access_token,
        refresh_token=new.refresh_token,
        expires_at=now + TOKEN_SECONDS,
        grant_id=grant_id,
    )
    return new


def keep_tokens(
    store: Store,
    *,
    client_id: str,
    account_id: int,
    scope: str = SCOPE,
    access_token: str,
    refresh_token: str | None,
    expires_at: int,
    grant_id: int | None = None,
) -> int:
    """Store a pair of tokens and return its id, of a grant that there is or of a new one.

    Without a refresh token, nobody knows it.
    """
    id_ = store.insert(
        "INSERT INTO oauth_tokens"
        " (grant_id, client_id, account_id, scope, access_hash, refresh_hash, expires_at, superseded, revoked)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)",
        (
            grant_id or 0,
            client_id,
            account_id,
            scope,
            hashed(access_token),
            hashed(refresh_token or _random()),
            expires_at,
        ),
    )
    if grant_id is None:
        store.write("UPDATE oauth_tokens SET grant_id = id WHERE id = ?", (id_,))
    return id_


def by_access_token(store: Store, token: str) -> AccessToken | None:
    """An access token, expired or not, or None for one that is unknown or revoked."""
    sql = "SELECT id, client_id, account_id, expires_at FROM oauth_tokens WHERE access_hash = ? AND revoked = 0"
    row = store.row(sql, (hashed(token),))
    return None if row is None else AccessToken(*row)


def by_refresh_token(store: Store, token: str) -> TokenPair | None:
    """The pair of a refresh token, whatever became of it, or None."""
    return _pair(store, "refresh_hash", token)


def supersede(store: Store, pair: TokenPair) -> None:
    """Mark a refresh token as used: a newer one has taken its place."""
    store.write("UPDATE oauth_tokens SET superseded = 1 WHERE id = ?", (pair.id,))


def revoke(store: Store, token: str, client_id: str) -> None:
    """Revoke a client's token, if there is one like that.

    A refresh token takes all tokens of its grant with it (RFC 7009), an access token only the refresh token that came
    with it.
    """
    pair = _pair(store, "refresh_hash", token)
    column = "grant_id"
    if pair is None:
        pair = _pair(store, "access_hash", token)
        column = "id"
    if pair is not None and pair.client_id == client_id:
        id_ = pair.grant_id if column == "grant_id" else pair.id
        store.write(f"UPDATE oauth_tokens SET revoked = 1 WHERE {column} = ?", (id_,))


def revoke_grant(store: Store, access_token: str) -> None:
    """Revoke all tokens of an access token's grant, as its account's owner can; nothing if there is none like that."""
    pair = _pair(store, "access_hash", access_token)
    if pair is not None:
        store.write("UPDATE oauth_tokens SET revoked = 1 WHERE grant_id = ?", (pair.grant_id,))


def _pair(store: Store, column: str, token: str) -> TokenPair | None:
    row = store.row(
        f"SELECT id, grant_id, client_id, account_id, scope, superseded, revoked FROM oauth_tokens WHERE {column} = ?",
        (hashed(token),),
    )
    return None if row is None else TokenPair(*row)


def _random() -> str:
    return secrets.token_urlsafe(32)
