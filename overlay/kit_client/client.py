"""`Kit` and `AsyncKit`: generated clients, with the policy of this package in their transports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import httpx

from kit_api import types
from kit_api.api import AsyncResources, Resources
from kit_api.errors import forgets_arguments
from kit_api.types import ListModule, Operation, Response, lazy_property

from .base import BaseKit, Layers, last_call
from .errors import CallErrors
from .network import AsyncClientTransport, AsyncNetworkTransport, ClientTransport, NetworkTransport
from .paging import AsyncPager, Pager
from .pools import AsyncPools, Pools
from .transport import AsyncRetryTransport, RetryTransport

if TYPE_CHECKING:
    # Imported where it is used: most programs never need it.
    from .bulk import AsyncBulk, Bulk

P = ParamSpec("P")
T = TypeVar("T")


class Kit(BaseKit[httpx.BaseTransport, httpx.Client], Resources):
    """A client of the Kit API v4.

    Close it, or use it as a context manager. Threads can share it.

    Args:
        api_key: An API key. If no credentials are given, the environment variable KIT_API_KEY or KIT_ACCESS_TOKEN is
            used.
        access_token: An OAuth access token, instead of an API key.
        auth: An `httpx.Auth` such as `OAuth`, instead of both.
        base_url: The URL of the service, with or without `/v4`. The default is the environment variable KIT_BASE_URL
            or, without one, Kit's own URL.
        timeout: Seconds for each read and each write, and to connect; an `httpx.Timeout`; or None to wait for ever. The
            default is 10 seconds to connect and 30 seconds for the rest.
        max_retries: How many retries a call may have, instead of `retry.max_retries` (4).
        retry: When a request is retried, and after what delay.
        headers: Headers that are sent with every request.
        event_hooks: Functions for `httpx.Client` to call: `{"request": [...], "response": [...]}`.
        transport: An `httpx.BaseTransport` that does the I/O, such as a mock's. One `httpx.HTTPTransport` works in one
            process only, one `httpx.AsyncHTTPTransport` in one event loop only.
        http_client: An `httpx.Client` that sends the requests, with its own proxies, TLS, headers and event hooks.
            Authentication, retries and timeouts are those of this client. The caller closes it. If it uses HTTP/2, only
            one thread or task at a time may use it.
        proxy: The URL of the proxy, instead of HTTPS_PROXY and similar environment variables.
        verify: Which certificates are trusted: True for the usual ones, False for any, a file or folder of
            certificates, or an `ssl.SSLContext`.
        http2: Whether to offer HTTP/2. It needs `httpx[http2]`. A connection carries one call at a time even so, because
            httpcore mixes up calls that share a connection.
        limits: How many connections are open at a time (100 by default), and how long idle ones are kept.
        clock: The clock for retries, deadlines and rate limits; the system's by default.
        on_drift: Called with each `Drift`, once for each place. An exception that it raises is logged.
        deadline: Seconds for a whole call with its retries and waits; None for no deadline. The default is
            `retry.budget` (150 seconds) plus the longest timeout (30 seconds).
        max_response_bytes: The largest response body in bytes, before and after decompression; None for any size. The
            default is 64 MiB.
        rate_limiter: A limiter that delays requests to keep the service's rate limit; None for no limiter. By default
            all clients of a process with the same credential and base URL share one: 120 requests in 60 seconds for an
            API key, 600 for an OAuth token. A client with its own `clock` or kind of `transport` has its own limiter.

    Raises:
        TypeError: `on_drift` can't be called, or is an async function.
        ConfigurationError: There are no credentials or several, an argument or an environment variable can't be used,
            or two arguments contradict each other.
    """

    _is_async = False
    _layers = Layers(RetryTransport, ClientTransport, Pools, NetworkTransport, "ExclusiveTransport")

    @lazy_property
    def bulk(self) -> Bulk:
        """Imports and exports of many subscribers, as fast as the rate limit allows."""
        from .bulk import Bulk

        return Bulk(self)

    def get_async_httpx_client(self) -> NoReturn:
        raise TypeError("Kit is synchronous: use AsyncKit for what is to be awaited")

    def paginate(
        self, operation: ListModule[P, T], limit: int | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> types.Pager[T]:
        """Return the items of a list operation, to iterate over. Nothing is sent before.

        Args:
            operation: The module of the operation, such as `kit_api.api.tags.list_tags`.
            limit: The largest number of items; None for all.
            args: Positional arguments of the operation, such as the id of a tag.
            kwargs: Keyword arguments of the operation; `client` is one of them.

        Raises:
            ValueError: `after` and `before` are both given, or `limit` is negative.
            KitError: While iterating: a request failed. `.cursor` says where to resume.
        """
        return Pager(operation, limit, args, kwargs)

    @forgets_arguments
    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response[Any]:
        """Call a route that the document doesn't have, with the client's credentials, retries and errors.

        GET, HEAD, OPTIONS, PUT and DELETE are retried after any failure that may pass. POST and PATCH are retried only
        if the service did nothing: after a 429, or if no connection could be made.

        Args:
            method: The HTTP method, such as `GET`.
            path: The path below the base URL, such as `/v4/posts`.
            params: Query parameters. A list is sent as a repeated parameter, and None isn't sent.
            json: The body, which is sent as JSON; None for no body.
            headers: Headers of this call. Headers with credentials raise ValueError.

        Raises:
            ValueError, TypeError: An argument can't be sent. Nothing was sent.
            KitError: The response has another status than 200 to 299, its body is neither JSON nor empty, or there was
                no response.

        Returns:
            The status, headers and body, and the parsed JSON as `parsed`: None if the body is empty.
        """
        from .undocumented import free_operation, free_request

        return self.call(free_operation(method, path), free_request(path, params, json, headers))

    def close(self) -> None:
        """Close the connections. Calls that wait and later calls raise `KitError`. A caller's `http_client` stays open."""
        if self._owns_connections:
            self._closed.set()
            if self._origin_auth is not None:
                self._origin_auth.settle()
            super().close()

    def send(self, operation: Operation[T], arguments: dict[str, Any]) -> Response[T]:
        with CallErrors(operation, arguments["extensions"], self._closed.is_set):
            response = super().send(operation, arguments)
        self._note(response)
        return response

    async def __aenter__(self) -> NoReturn:
        raise TypeError("Kit is synchronous: write `with Kit(...) as kit:`, or use AsyncKit")

    async def aclose(self) -> NoReturn:
        raise TypeError("Kit is synchronous: write `kit.close()`")


class AsyncKit(BaseKit[httpx.AsyncBaseTransport, httpx.AsyncClient], AsyncResources):
    """A client of the Kit API v4 for asyncio and trio.

    Arguments and errors are those of `Kit`, but `transport` is an `httpx.AsyncBaseTransport`, `http_client` an
    `httpx.AsyncClient`, and `event_hooks` are async functions.
    """

    _is_async = True
    _layers = Layers(
        AsyncRetryTransport, AsyncClientTransport, AsyncPools, AsyncNetworkTransport, "AsyncExclusiveTransport"
    )

    @lazy_property
    def bulk(self) -> AsyncBulk:
        """Imports and exports of many subscribers, as those of `Kit.bulk`, to be awaited."""
        from .bulk import AsyncBulk

        return AsyncBulk(self)

    def get_httpx_client(self) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: use Kit for what isn't to be awaited")

    def paginate(
        self, operation: ListModule[P, T], limit: int | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> types.AsyncPager[T]:
        """Return the items of a list operation, for `async for`. Arguments and errors are those of `Kit.paginate`."""
        return AsyncPager(operation, limit, args, kwargs)

    @forgets_arguments
    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response[Any]:
        """Call a route that the document doesn't have. Arguments and errors are those of `Kit.request`."""
        from .undocumented import free_operation, free_request

        return await self.acall(free_operation(method, path), free_request(path, params, json, headers))

    async def aclose(self) -> None:
        """Close the connections. Calls that wait and later calls raise `KitError`. A caller's `http_client` stays open."""
        if self._owns_connections:
            self._closed.set()
            if self._origin_auth is not None:
                await self._origin_auth.asettle()
            await super().aclose()

    async def asend(self, operation: Operation[T], arguments: dict[str, Any]) -> Response[T]:
        # Timers of asyncio keep the context that they were made in, and so a response, long after they are cancelled.
        before = last_call.set(None)
        try:
            with CallErrors(operation, arguments["extensions"], self._closed.is_set):
                response = await super().asend(operation, arguments)
        finally:
            last_call.reset(before)
        self._note(response)
        return response

    def __enter__(self) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: write `async with AsyncKit(...) as kit:`, or use Kit")

    def close(self) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: write `await kit.aclose()`")
