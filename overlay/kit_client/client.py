"""`Kit` and `AsyncKit`: generated clients, with the policy of this package in their transports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

import httpx

from kit_api import types
from kit_api.api import AsyncResources, Resources
from kit_api.types import ListModule, Operation, Response, lazy_property

from .base import BaseKit, Layers, last_call
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

    Close it, or use it as a context manager. It is safe to share between threads.

    Args:
        api_key: An API key; without any credentials here, KIT_API_KEY or KIT_ACCESS_TOKEN of the environment is used.
        access_token: An OAuth access token, in place of a key.
        auth: An `httpx.Auth`, in place of both.
        base_url: Where the service is, with or without `/v4`; else KIT_BASE_URL of the environment.
        timeout: Seconds for each of connecting, reading and writing; an `httpx.Timeout`; or None for no limit.
        max_retries: Requests after the first, where `retry` is to hold otherwise.
        retry: When, and how often, to send again.
        headers: Sent with every request.
        event_hooks: As of `httpx.Client`: `{"request": [...], "response": [...]}`.
        transport: An `httpx.BaseTransport` for the I/O, such as a mock's. It is shared as it is: an `httpx.HTTPTransport`
            is for one process only, an `httpx.AsyncHTTPTransport` for one event loop.
        http_client: An `httpx.Client` to send through, with its proxies, TLS, headers and event hooks. Authentication,
            retries and timeouts are still those of this client; the caller closes it. With HTTP/2 on, one thread or task at
            a time may use it.
        proxy: The proxy to use, instead of those of HTTPS_PROXY and the like.
        verify: False to accept any certificate; a file or folder of the certificates to trust; an `ssl.SSLContext`.
        http2: Whether to offer HTTP/2. It needs `httpx[http2]`. A connection carries one call at a time all the same, as
            httpcore mixes up calls that share one.
        limits: How many connections there may be, and how long they are kept.
        clock: The time that retries and deadlines go by.
        on_drift: Called with each difference between an answer and the document, once for each place. What it raises is
            logged.
        deadline: Seconds for a whole call, retries and waits included; None for no deadline. If it isn't given, it is the
            budget of `retry` (150 seconds) plus the longest of the timeouts (30 seconds).
        max_response_bytes: The largest response body, compressed or not; None for any.
        rate_limiter: Keeps to the service's rate limit by waiting; None for no limit. Without it, the clients of a
            process that have the same credential and base URL share one: 120 requests in 60 seconds for an API key, 600
            for an OAuth token. A client with a `clock` or a kind of `transport` of its own doesn't share it.

    Raises:
        TypeError: `on_drift` can't be called, or has to be awaited.
        ConfigurationError: There are no credentials or too many, an argument or a variable of the environment can't
            be used, or two arguments contradict each other.
    """

    _is_async = False
    _layers = Layers(RetryTransport, ClientTransport, Pools, NetworkTransport, "ExclusiveTransport")

    @lazy_property
    def bulk(self) -> Bulk:
        """Long lists of subscribers, at the speed that the quota allows."""
        from .bulk import Bulk

        return Bulk(self)

    def get_async_httpx_client(self) -> NoReturn:
        raise TypeError("Kit is synchronous: use AsyncKit for what is to be awaited")

    def paginate(
        self, operation: ListModule[P, T], limit: int | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> types.Pager[T]:
        """All items of a list operation: its module, at most how many, its own arguments."""
        return Pager(operation, limit, args, kwargs)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response[Any]:
        """Call what the document doesn't have, with the client's credentials, retries and errors.

        GET, HEAD, OPTIONS, PUT and DELETE are sent again after a failure; POST and PATCH only where an operation that
        isn't safe to repeat would be.

        Args:
            method: Such as `GET`.
            path: Such as `/v4/posts`, below the base URL.
            params: Query parameters; a list is sent as a repeated one, and None isn't sent.
            json: The body; None for no body.
            headers: Headers of this call. Credentials are refused.

        Raises:
            ValueError, TypeError: An argument can't be sent; nothing was.
            KitError: Any answer but a success whose body is JSON or empty, or no answer.

        Returns:
            Status, headers, body, and the parsed JSON: None if the body is empty.
        """
        from .undocumented import free_operation, free_request

        return self.call(free_operation(method, path), free_request(path, params, json, headers))

    def close(self) -> None:
        if self._owns_connections:
            self._closed.set()
            if self._origin_auth is not None:
                self._origin_auth.settle()
            super().close()

    def send(self, operation: Operation[T], arguments: dict[str, Any]) -> Response[T]:
        with self._call_errors(operation):
            response = super().send(operation, arguments)
        self._note(response)
        return response

    async def __aenter__(self) -> NoReturn:
        raise TypeError("Kit is synchronous: write `with Kit(...) as kit:`, or use AsyncKit")

    async def aclose(self) -> NoReturn:
        raise TypeError("Kit is synchronous: write `kit.close()`")


class AsyncKit(BaseKit[httpx.AsyncBaseTransport, httpx.AsyncClient], AsyncResources):
    """A client of the Kit API v4 for asyncio and trio. Arguments and errors are those of `Kit`; `transport` is an async one."""

    _is_async = True
    _layers = Layers(
        AsyncRetryTransport, AsyncClientTransport, AsyncPools, AsyncNetworkTransport, "AsyncExclusiveTransport"
    )

    @lazy_property
    def bulk(self) -> AsyncBulk:
        """Long lists of subscribers, as `Kit.bulk` has them."""
        from .bulk import AsyncBulk

        return AsyncBulk(self)

    def get_httpx_client(self) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: use Kit for what isn't to be awaited")

    def paginate(
        self, operation: ListModule[P, T], limit: int | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> types.AsyncPager[T]:
        """All items of a list operation: its module, at most how many, its own arguments."""
        return AsyncPager(operation, limit, args, kwargs)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response[Any]:
        """Call what the document doesn't have, as `Kit.request` does."""
        from .undocumented import free_operation, free_request

        return await self.acall(free_operation(method, path), free_request(path, params, json, headers))

    async def aclose(self) -> None:
        if self._owns_connections:
            self._closed.set()
            if self._origin_auth is not None:
                await self._origin_auth.asettle()
            await super().aclose()

    async def asend(self, operation: Operation[T], arguments: dict[str, Any]) -> Response[T]:
        # Timers of asyncio keep the context that they were made in, and so a response, long after they are cancelled.
        before = last_call.set(None)
        try:
            with self._call_errors(operation):
                response = await super().asend(operation, arguments)
        finally:
            last_call.reset(before)
        self._note(response)
        return response

    def __enter__(self) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: write `async with AsyncKit(...) as kit:`, or use Kit")

    def close(self) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: write `await kit.aclose()`")
