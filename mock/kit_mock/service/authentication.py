"""Authentication: API keys and access tokens, and the accounts that they open."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from kit_mock.model import oauth_grants
from kit_mock.model.oauth_clients import hashed
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Request
from kit_mock.protocol.operation import Operation
from kit_mock.state.store import Store

API_KEY = "kit_test_key"
"""The default API key. It is public, so it may be logged."""
ACCESS_TOKEN = "test_access_token"
"""The default access token, public too."""

_INVALID = "The access token is invalid"
_EXPIRED = "The access token expired"
_OAUTH_ONLY = "OAuth authentication required"


def credential_problem(text: str) -> str | None:
    """Return why no request could have a text as its API key or token, or None."""
    if not text:
        return "must not be empty"
    if text != text.strip() or not text.isprintable():
        return "can't have white space around it or control characters, which no header keeps"
    if not text.isascii():
        return "can't have characters beyond ASCII, which clients and servers encode differently"
    return None


@attrs.frozen
class Caller:
    """The sender of a request, known by a credential."""

    name: str
    """Tells credentials apart, such as `API key 1`; no secret."""
    account_id: int = 0
    """0 if the credential opens no account."""
    is_token: bool = False
    problem: Refusal | None = None
    """The 401 for a credential that is missing, unknown or expired."""
    client_id: str | None = None
    """The OAuth client that got the token."""

    @property
    def client(self) -> str:
        """The app that sends the request. Each key and each fixed token counts as an app."""
        return self.client_id or self.name


class Credentials:
    """The accepted credentials, by their hashes: fixed ones, which don't expire, and tokens from OAuth."""

    def __init__(
        self, store: Store, api_key_header: str, api_keys: Mapping[str, int], access_tokens: Mapping[str, int]
    ) -> None:
        self._store = store
        self._header = api_key_header
        self.load(api_keys, access_tokens)

    def load(self, api_keys: Mapping[str, int], access_tokens: Mapping[str, int]) -> None:
        """Replace the fixed credentials, given by hash with the id of the account that each opens."""
        self._api_keys = {
            hash_: Caller(f"API key {number}", account) for number, (hash_, account) in enumerate(api_keys.items(), 1)
        }
        self._access_tokens = {
            hash_: Caller(f"access token {number}", account, is_token=True)
            for number, (hash_, account) in enumerate(access_tokens.items(), 1)
        }

    @property
    def fixed(self) -> tuple[Caller, ...]:
        """The callers with fixed credentials."""
        return (*self._api_keys.values(), *self._access_tokens.values())

    def invalid(self, request: Request) -> Refusal:
        """Return the 401 for an invalid credential of the kind that a request has."""
        return _invalid_token() if request.header("authorization") else Refusal(401, (_INVALID,))

    def revoke(self, request: Request) -> None:
        """Revoke the OAuth token of a request, if it has one, and all other tokens of its grant."""
        token = _bearer_token(request)
        if token is not None:
            oauth_grants.revoke_grant(self._store, token)

    def caller(self, request: Request, now: int) -> Caller:
        """Return the caller of a request at a moment in seconds since 1970. An API key beside a bearer token is ignored."""
        if request.header("authorization"):
            token = _bearer_token(request)
            return _stranger(_invalid_token()) if token is None else self._bearer(token, now)
        caller = self._api_keys.get(hashed(request.header(self._header)))
        return caller or _stranger(Refusal(401, (_INVALID,)))

    def account(self, operation: Operation, caller: Caller) -> int:
        """Return the id of the account that the caller may use, or 0 for an operation without one. Raises Refusal 401."""
        if operation.is_open:
            return 0
        if caller.problem is not None:
            raise caller.problem
        if caller.is_token:
            if not operation.takes_token:
                raise _invalid_token()
        elif not operation.takes_api_key:
            raise Refusal(401, (_OAUTH_ONLY,))
        return caller.account_id

    def _bearer(self, token: str, now: int) -> Caller:
        caller = self._access_tokens.get(hashed(token))
        if caller is not None:
            return caller
        found = oauth_grants.by_access_token(self._store, token)
        if found is None:
            return _stranger(_invalid_token())
        problem = _invalid_token(_EXPIRED) if found.expires_at <= now else None
        return Caller(
            f"OAuth token {found.id}", found.account_id, is_token=True, problem=problem, client_id=found.client_id
        )


def _bearer_token(request: Request) -> str | None:
    scheme, _, token = request.header("authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _stranger(problem: Refusal) -> Caller:
    return Caller("no credential", problem=problem)


def _invalid_token(reason: str = _INVALID) -> Refusal:
    challenge = f'Bearer error="invalid_token", error_description="{reason}"'
    return Refusal(401, (reason,), {"WWW-Authenticate": challenge})
