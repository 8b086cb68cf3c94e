"""Tickets of authorization requests, codes and tokens. All are stored as hashes."""

from __future__ import annotations

import secrets
from typing import NamedTuple

import attrs

from kit_mock.model import rows
from kit_mock.model.account import Account
from kit_mock.model.oauth_clients import hashed
from kit_mock.state.store import Store

SCOPE = "public"
CODE_SECONDS = 600
TOKEN_SECONDS = 172_800
_DAY = 86_400


class AuthorizationRequest(NamedTuple):
    """The request of an app for access to an account."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str | None
    code_challenge: str | None


class Code(NamedTuple):
    """A row of `oauth_codes`."""

    client_id: str
    account_id: int
    redirect_uri: str
    scope: str
    code_challenge: str | None
    expires_at: int
    used: bool


class AccessToken(NamedTuple):
    """An access token that is not revoked. It can be expired."""

    id: int
    client_id: str
    account_id: int
    expires_at: int


class TokenPair(NamedTuple):
    """A row of `oauth_tokens`: an access token and its refresh token."""

    id: int
    grant_id: int
    """The id of the first pair of the grant."""
    client_id: str
    account_id: int
    scope: str
    superseded: bool
    revoked: bool


@attrs.frozen
class NewTokens:
    """A new pair of tokens in clear text, which is not stored."""

    access_token: str = attrs.field(repr=False)
    refresh_token: str = attrs.field(repr=False)
    scope: str
    created_at: int


def save_request(store: Store, request: AuthorizationRequest, now: int) -> str:
    """Save a request for up to ten minutes. Return the ticket with which the owner's decision finds it."""
    ticket = _random()
    store.write("DELETE FROM oauth_requests WHERE expires_at <= ?", (now,))
    row = {"hash": hashed(ticket), **request._asdict(), "expires_at": now + CODE_SECONDS}
    store.insert_row("oauth_requests", row)
    return ticket


def take_request(store: Store, ticket: str, now: int) -> AuthorizationRequest | None:
    """Return and delete the request of a ticket. None for a ticket that is unknown, used or expired."""
    condition = "hash = ? AND expires_at > ?"
    found = rows.first(store, "oauth_requests", AuthorizationRequest, condition, hashed(ticket), now)
    store.write("DELETE FROM oauth_requests WHERE hash = ?", (hashed(ticket),))
    return found


def issue_code(account: Account, request: AuthorizationRequest) -> str:
    """Issue a code for access to an account, valid for ten minutes."""
    code = _random()
    # Codes are kept for a day after they expire, so that a late one is refused with the right reason.
    account.store.write("DELETE FROM oauth_codes WHERE expires_at <= ?", (account.now - _DAY,))
    row = {
        "hash": hashed(code),
        "client_id": request.client_id,
        "account_id": account.id,
        "redirect_uri": request.redirect_uri,
        "scope": request.scope,
        "code_challenge": request.code_challenge,
        "expires_at": account.now + CODE_SECONDS,
        "used": False,
    }
    account.store.insert_row("oauth_codes", row)
    return code


def find_code(store: Store, code: str) -> Code | None:
    """Return an issued code, used or expired ones included, or None."""
    return rows.first(store, "oauth_codes", Code, "hash = ?", hashed(code))


def spend_code(store: Store, code: str) -> None:
    """Mark a code as used."""
    store.write("UPDATE oauth_codes SET used = 1 WHERE hash = ?", (hashed(code),))


def issue_tokens(account: Account, client_id: str, scope: str, grant_id: int | None = None) -> NewTokens:
    """Issue a pair of tokens, of an existing grant or of a new one."""
    new = NewTokens(_random(), _random(), scope, account.now)
    save_tokens(
        account,
        client_id,
        scope=scope,
        access_token=new.access_token,
        refresh_token=new.refresh_token,
        grant_id=grant_id,
    )
    return new


def save_tokens(
    account: Account,
    client_id: str,
    *,
    access_token: str,
    refresh_token: str | None,
    scope: str = SCOPE,
    expires_at: int | None = None,
    grant_id: int | None = None,
) -> int:
    """Save a pair of tokens, of an existing grant or of a new one, and return its id.

    Without a refresh token, a random one is saved that nobody knows. `expires_at` is 48 hours from now by default.
    """
    row = {
        "grant_id": grant_id or 0,
        "client_id": client_id,
        "account_id": account.id,
        "scope": scope,
        "access_hash": hashed(access_token),
        "refresh_hash": hashed(refresh_token or _random()),
        "expires_at": account.now + TOKEN_SECONDS if expires_at is None else expires_at,
        "superseded": False,
        "revoked": False,
    }
    id_ = account.store.insert_row("oauth_tokens", row)
    if grant_id is None:
        account.store.update_row("oauth_tokens", id_, {"grant_id": id_})
    return id_


def by_access_token(store: Store, token: str) -> AccessToken | None:
    """Return an access token, or None for one that is unknown or revoked."""
    return rows.first(store, "oauth_tokens", AccessToken, "access_hash = ? AND revoked = 0", hashed(token))


def by_refresh_token(store: Store, token: str) -> TokenPair | None:
    """Return the pair of a refresh token, superseded and revoked ones included, or None."""
    return _pair(store, "refresh_hash", token)


def supersede(store: Store, pair: TokenPair) -> None:
    """Mark a refresh token as replaced by a newer one."""
    store.update_row("oauth_tokens", pair.id, {"superseded": True})


def revoke(store: Store, token: str, client_id: str) -> None:
    """Revoke a token of a client. Do nothing for an unknown one or another client's.

    For a refresh token, all tokens of its grant are revoked (RFC 7009); for an access token, only its pair.
    """
    if (pair := by_refresh_token(store, token)) is not None:
        if pair.client_id == client_id:
            _revoke_grant(store, pair)
    elif (pair := _pair(store, "access_hash", token)) is not None and pair.client_id == client_id:
        store.update_row("oauth_tokens", pair.id, {"revoked": True})


def revoke_grant(store: Store, access_token: str) -> None:
    """Revoke all tokens of an access token's grant, as the account's owner can. Do nothing for an unknown token."""
    pair = _pair(store, "access_hash", access_token)
    if pair is not None:
        _revoke_grant(store, pair)


def _revoke_grant(store: Store, pair: TokenPair) -> None:
    store.write("UPDATE oauth_tokens SET revoked = 1 WHERE grant_id = ?", (pair.grant_id,))


def _pair(store: Store, column: str, token: str) -> TokenPair | None:
    return rows.first(store, "oauth_tokens", TokenPair, f"{column} = ?", hashed(token))


def _random() -> str:
    return secrets.token_urlsafe(32)
