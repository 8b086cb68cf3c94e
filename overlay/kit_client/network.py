"""Transports that reach the network through an `httpx.Client`, so that proxies, TLS and pools are as httpx has them."""

from __future__ import annotations

from typing import Any

import httpx

from kit_api.types import Operation

from .errors import error_for


class NetworkTransport(httpx.BaseTransport):
    """The connections that an `httpx.Client` of these arguments would use, proxies of the environment included.

    Args:
        arguments: `proxy`, `verify`, `http2` and `limits` of `httpx.Client`.
    """

    def __init__(self, **arguments: Any) -> None:
        self._client = httpx.Client(**arguments)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        # It has no public name in httpx.
        return self._client._transport_for_url(request.url).handle_request(request)  # pyright: ignore[reportPrivateUsage]

    def close(self) -> None:
        self._client.close()


class AsyncNetworkTransport(httpx.AsyncBaseTransport):
    """`NetworkTransport` for asynchronous calls."""

    def __init__(self, **arguments: Any) -> None:
        self._client = httpx.AsyncClient(**arguments)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = self._client._transport_for_url(request.url)  # pyright: ignore[reportPrivateUsage]
        return await transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._client.aclose()


class ClientTransport(httpx.BaseTransport):
    """Sends through a caller's own `httpx.Client`, which stays the caller's to close.

    Its connections and event hooks hold. Its `auth` and redirects don't: both are the outer client's concern.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._client.send(request, stream=True, auth=None, follow_redirects=False)


class AsyncClientTransport(httpx.AsyncBaseTransport):
    """`ClientTransport` for asynchronous calls."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._client.send(request, stream=True, auth=None, follow_redirects=False)


def refuse_redirect(response: httpx.Response) -> None:
    """Raise the error for an answer to a call that leads elsewhere. A hook of the httpx client.

    Without it httpx would make the next request, from the credentials and whatever `Location` says.
    """
    operation: Operation[Any] | None = response.request.extensions.get("operation")
    if operation is not None and response.has_redirect_location:
        raise error_for(operation, response, None)


async def arefuse_redirect(response: httpx.Response) -> None:
    """`refuse_redirect` for asynchronous calls."""
    refuse_redirect(response)
