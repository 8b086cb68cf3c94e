"""Credentials, put on the requests that need them and taken off again once they are answered."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import cast

import httpx

from kit_api.types import Operation

from .errors import ConfigurationError, OAuthRequiredError
from .settings import environment

MASKED = "[masked]"


class _HeaderAuth(httpx.Auth):
    """One secret in one header, for one origin, on the operations that want credentials.

    Args:
        secret: The key or token.
        origin: The only scheme, host and port that it is sent to.
        name: What to call it in an error.
    """

    header: str
    scheme: str

    def __init__(self, secret: str, origin: httpx.URL, name: str) -> None:
        if not isinstance(secret, str) or not re.fullmatch("[!-~]+", secret):
            raise ConfigurationError(f"{name}: expected a non-empty string of printable ASCII without spaces")
        self._secret = secret
        self._origin = (origin.scheme, origin.host, origin.port)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({MASKED})"

    def value(self) -> str:
        return self._secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        operation: Operation[object] | None = request.extensions.get("operation")
        elsewhere = (request.url.scheme, request.url.host, request.url.port) != self._origin
        if elsewhere or (operation is not None and not operation.security):
            yield request
            return
        if operation is not None and self.scheme not in operation.security:
            error = OAuthRequiredError(f"{operation.name}: takes OAuth only; give the client an access token")
            error.operation = operation.name
            raise error
        request.headers[self.header] = self.value()
        try:
            yield request
        finally:
            # The request lives on in `response.request`, and so in errors, tracebacks and their reports.
            request.headers[self.header] = MASKED


class ApiKeyAuth(_HeaderAuth):
    """An API key (section "API Key Authentication" of the reference).

    Raises:
        ConfigurationError: The key can't be one.
    """

    header = "X-Kit-Api-Key"
    scheme = "apiKey"


class BearerAuth(_HeaderAuth):
    """An OAuth access token (RFC 6750), used as it is: when it expires, calls raise `AuthenticationError`.

    Raises:
        ConfigurationError: The token can't be one.
    """

    header = "Authorization"
    scheme = "oauth2"

    def value(self) -> str:
        return f"Bearer {self._secret}"


def choose_auth(
    api_key: str | None, access_token: str | None, auth: httpx.Auth | None, origin: httpx.URL
) -> httpx.Auth:
    """The one that was given or, if none was, the one in the environment.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    given = {"api_key": api_key, "access_token": access_token, "auth": auth}
    chosen = {name: value for name, value in given.items() if value is not None}
    if not chosen:
        variables = ((name, environment(name)) for name in ("KIT_API_KEY", "KIT_ACCESS_TOKEN"))
        chosen = {name: value for name, value in variables if value is not None}
    if len(chosen) > 1:
        raise ConfigurationError(f"{' and '.join(chosen)}: give one of them only")
    if not chosen:
        raise ConfigurationError(
            "api_key: none given; pass api_key or access_token, or set KIT_API_KEY or KIT_ACCESS_TOKEN"
        )
    name, value = chosen.popitem()
    if name == "auth":
        if not isinstance(value, httpx.Auth):
            raise ConfigurationError(f"auth: expected an httpx.Auth, got {type(value).__name__}")
        return value
    kind = ApiKeyAuth if name.lower() in ("api_key", "kit_api_key") else BearerAuth
    return kind(cast(str, value), origin, name)
