"""Who calls: API keys and access tokens, and the accounts they open."""

from __future__ import annotations

from collections.abc import Mapping

from kit_mock.messages import Request
from kit_mock.operations import Operation
from kit_mock.problems import Refusal

_INVALID = "The access token is invalid"
_OAUTH_ONLY = "OAuth authentication required"


class Credentials:
    """The secrets that are accepted, each with the id of its account. They don't show in its repr."""

    def __init__(self, *, api_key_header: str, api_keys: Mapping[str, int], access_tokens: Mapping[str, int]) -> None:
        self._header = api_key_header
        self._api_keys = dict(api_keys)
        self._access_tokens = dict(access_tokens)

    def account(self, operation: Operation, request: Request) -> int:
        """The id of the account that the request's credentials open; 0 for an operation that needs none.

        A bearer token goes before an API key. Raises Refusal 401.
        """
        if operation.is_open:
            return 0
        authorization = request.headers.get("authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            account = self._access_tokens.get(token.strip())
            if scheme.lower() != "bearer" or account is None or not operation.takes_token:
                raise _invalid_token()
            return account
        api_key = request.headers.get(self._header)
        account = None if api_key is None else self._api_keys.get(api_key)
        if account is None:
            raise Refusal(401, (_INVALID,))
        if not operation.takes_api_key:
            raise Refusal(401, (_OAUTH_ONLY,))
        return account


def _invalid_token() -> Refusal:
    challenge = f'Bearer error="invalid_token", error_description="{_INVALID}"'
    return Refusal(401, (_INVALID,), {"WWW-Authenticate": challenge})
