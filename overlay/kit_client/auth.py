"""Credentials, put on the requests that need them and taken off again once they are answered."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any, cast

import httpx

from kit_api.errors import forgets_arguments
from kit_api.types import Operation

from .clock import Clock
from .errors import ConfigurationError, OAuthRequiredError
from .options import check_type
from .secret import MASKED, Secret
from .settings import environment


class PerClientAuth(httpx.Auth):
    """Credentials that need to know the client that they are for."""

    def of_client(self, transport: Any, origin: httpx.URL, clock: Clock, *, has_own_pools: bool) -> httpx.Auth:
        """Return the auth of a client with this transport, base URL and clock.

        Args:
            transport: The client's.
            origin: The client's base URL.
            clock: The client's.
            has_own_pools: Whether the client makes its connections itself.
        """
        raise NotImplementedError


class OriginAuth(httpx.Auth):
    """A secret in one header, on the operations that want credentials.

    Args:
        origins: The only schemes, hosts and ports that it is sent to.
    """

    header: str
    scheme: str
    prefix = ""

    def __init__(self, *origins: httpx.URL) -> None:
        self._origins = [_origin(origin) for origin in origins]

    def takes_credentials(self, request: httpx.Request) -> bool:
        """Tell whether credentials are to be sent with a request.

        Raises:
            OAuthRequiredError: The operation accepts OAuth only, and these credentials are an API key.
        """
        operation: Operation[object] | None = request.extensions.get("operation")
        if _origin(request.url) not in self._origins or (operation is not None and not operation.security):
            return False
        if operation is not None and self.scheme not in operation.security:
            error = OAuthRequiredError(f"{operation.name}: takes OAuth only; give the client an access token")
            error.operation = operation.name
            raise error
        return True

    def sent(self, request: httpx.Request, secret: Secret) -> Generator[httpx.Request, httpx.Response, httpx.Response]:
        """Yield the request with the credentials in its header, take them out again, and return the response."""
        request.headers[self.header] = self.prefix + secret.reveal()
        try:
            return (yield request)
        finally:
            # The request lives on in `response.request`, and so in errors, tracebacks and their reports.
            request.headers[self.header] = MASKED

    def settle(self) -> None:
        """Wait until no token request uses the client's connections, so that they can be closed."""

    async def asettle(self) -> None:
        """Do what `settle` does, to be awaited."""


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


class _HeaderAuth(OriginAuth):
    """One secret that doesn't change.

    Args:
        secret: The key or token.
        origin: The only scheme, host and port that it is sent to.
        name: What to call it in an error.
    """

    @forgets_arguments
    def __init__(self, secret: str, origin: httpx.URL, name: str) -> None:
        if not isinstance(secret, str) or not re.fullmatch("[!-~]+", secret):
            raise ConfigurationError(f"{name}: expected a non-empty string of printable ASCII without spaces")
        super().__init__(origin)
        self._secret = Secret(secret)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({MASKED})"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self.takes_credentials(request):
            yield from self.sent(request, self._secret)
        else:
            yield request


class ApiKeyAuth(_HeaderAuth):
    """Authentication by an API key in the header `X-Kit-Api-Key`, as `Kit(api_key)` makes it.

    Args:
        secret: The API key.
        origin: A URL of the service. The key is sent to no other scheme, host or port.
        name: What an error message calls the key, such as `api_key`.

    Raises:
        ConfigurationError: The key is empty, or isn't printable ASCII without spaces.
    """

    header = "X-Kit-Api-Key"
    scheme = "apiKey"


class BearerAuth(_HeaderAuth):
    """Authentication by an OAuth access token (RFC 6750), as `Kit(access_token=...)` makes it.

    The token isn't refreshed: when it expires, calls raise `AuthenticationError`. `OAuth` refreshes tokens.

    Args:
        secret: The access token.
        origin: A URL of the service. The token is sent to no other scheme, host or port.
        name: What an error message calls the token, such as `access_token`.

    Raises:
        ConfigurationError: The token is empty, or isn't printable ASCII without spaces.
    """

    header = "Authorization"
    scheme = "oauth2"
    prefix = "Bearer "


def choose_auth(
    api_key: str | None, access_token: str | None, auth: httpx.Auth | None, origin: httpx.URL
) -> httpx.Auth:
    """Return the credentials that were given or, if none were, those in the environment.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    given: dict[str, Any] = {"api_key": api_key, "access_token": access_token, "auth": auth}
    if all(value is None for value in given.values()):
        given = {name: environment(name) for name in ("KIT_API_KEY", "KIT_ACCESS_TOKEN")}
    chosen = {name: value for name, value in given.items() if value is not None}
    if len(chosen) > 1:
        raise ConfigurationError(f"{' and '.join(chosen)}: give one of them only")
    if not chosen:
        raise ConfigurationError(
            "api_key: none given; pass api_key or access_token, or set KIT_API_KEY or KIT_ACCESS_TOKEN"
        )
    name, value = chosen.popitem()
    if name == "auth":
        check_type("auth", value, httpx.Auth, "an httpx.Auth", ConfigurationError)
        return cast(httpx.Auth, value)
    kind = ApiKeyAuth if name.lower() in ("api_key", "kit_api_key") else BearerAuth
    return kind(value, origin, name)
