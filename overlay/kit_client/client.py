"""`Kit` and `AsyncKit`: generated clients, with the policy of this package in their transports."""

from __future__ import annotations

import copy
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, ParamSpec, Self, TypeVar

import httpx

from kit_api.api import AsyncResources, Resources
from kit_api.client import TIMEOUT, AuthenticatedClient, Client
from kit_api.types import UNSET, AsyncPager, Drift, ListModule, Operation, Pager, Response, Unset

from .auth import choose_auth
from .body import ACCEPT_ENCODING
from .clock import Clock
from .drift import DriftLog
from .errors import CallErrors, error_for
from .network import (
    AsyncClientTransport,
    AsyncNetworkTransport,
    ClientTransport,
    NetworkTransport,
    arefuse_redirect,
    refuse_redirect,
)
from .options import call_options, checked_timeout
from .paging import async_pager, pager
from .pools import LIMITS, POOLED, AsyncPools, NoCookies, Pools, only_once, unlock_after_fork
from .retry import RetryPolicy
from .settings import ConnectionSettings, check_own, checked_base_url, checked_headers, connection_problems
from .transport import AsyncRetryTransport, RetryTransport
from .version import __version__

if TYPE_CHECKING:
    import ssl

    # Imported where it is used: most programs never need it.
    from .undocumented import Extras

P = ParamSpec("P")
T = TypeVar("T")
Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)
HttpClient = TypeVar("HttpClient", httpx.Client, httpx.AsyncClient)

DEFAULT_USER_AGENT = f"python-httpx/{httpx.__version__}"
USER_AGENT = f"kit-client/{__version__} python/{'.'.join(map(str, sys.version_info[:3]))} httpx/{httpx.__version__}"


# With the drift log of the client, which it shares with the clients of its `with_options`.
_last_response: ContextVar[tuple[DriftLog | None, Response[Any] | None]] = ContextVar(
    "kit_last_response", default=(None, None)
)

unlock_after_fork(Resources, AsyncResources)


class _KitClient(AuthenticatedClient, Generic[Transport, HttpClient]):
    """What both have: the arguments, and the hooks of the generated client."""

    _is_async: ClassVar[bool]
    _redirect_hook: Any  # A function; `refuse_redirect` or its asynchronous twin.

    def __init__(
        self,
        api_key: str | None = None,
        *,
        access_token: str | None = None,
        auth: httpx.Auth | None = None,
        base_url: str | None = None,
        timeout: float | httpx.Timeout | None = TIMEOUT,
        max_retries: int | None = None,
        retry: RetryPolicy | None = None,
        headers: Mapping[str, str] | None = None,
        event_hooks: Mapping[str, Sequence[Callable[..., Any]]] | None = None,
        transport: Transport | None = None,
        http_client: HttpClient | None = None,
        proxy: str | httpx.URL | httpx.Proxy | None = None,
        verify: bool | str | os.PathLike[str] | ssl.SSLContext = True,
        http2: bool = False,
        limits: httpx.Limits | None = None,
        clock: Clock | None = None,
        on_drift: Callable[[Drift], object] | None = None,
        deadline: float | None | Unset = UNSET,
        max_response_bytes: int | None | Unset = UNSET,
    ) -> None:
        base_url = checked_base_url(base_url)
        origin = httpx.URL(base_url)
        settings = ConnectionSettings(proxy=proxy, verify=verify, http2=http2, limits=limits)
        self._connection: dict[str, Any] = {}
        if transport is None and http_client is None:
            self._connection = {"limits": LIMITS, **settings.httpx_arguments(origin.scheme)}
        else:
            check_own(transport, http_client, settings, type(self).__name__, is_async=self._is_async)
        merged = httpx.Headers({} if http_client is None else http_client.headers)
        if merged.get("User-Agent", DEFAULT_USER_AGENT) == DEFAULT_USER_AGENT:
            merged["User-Agent"] = USER_AGENT
        merged["Accept-Encoding"] = ACCEPT_ENCODING
        merged.update(checked_headers(headers))
        hooks: dict[str, list[Callable[..., Any]]]
        hooks = {event: list(functions) for event, functions in (event_hooks or {}).items()}
        hooks["response"] = [*hooks.get("response", []), self._redirect_hook]
        # The auth of ours takes the place of the one header that AuthenticatedClient would set.
        Client.__init__(
            self,
            base_url,
            headers=merged,
            timeout=checked_timeout(timeout),
            httpx_args={
                "auth": choose_auth(api_key, access_token, auth, origin),
                "event_hooks": hooks,
                "cookies": NoCookies(),
            },
        )
        self._owns_connections = True
        # Shared with the clients of `with_options`.
        self._closed = threading.Event()
        self._retry, self._clock = retry or RetryPolicy(), clock or Clock()
        # Made here and without connections, so that two threads whose first calls coincide share them without a lock.
        self._httpx_args["transport"] = self._layers(transport, http_client)
        self._options = call_options(UNSET, UNSET if max_retries is None else max_retries, deadline, max_response_bytes)
        self._extras: Extras | None = None
        self._drift = DriftLog(on_drift)

    @property
    def drift(self) -> tuple[Drift, ...]:
        """The differences between answers and the document so far, one for each place, in the order they came."""
        return self._drift.seen

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | None | Unset = UNSET,
        max_retries: int | Unset = UNSET,
        deadline: float | None | Unset = UNSET,
        max_response_bytes: int | None | Unset = UNSET,
        extra_query: Mapping[str, Any] | Unset = UNSET,
        extra_body: Mapping[str, Any] | Unset = UNSET,
        extra_headers: Mapping[str, str] | Unset = UNSET,
    ) -> Self:
        """The same client, connections included, with other options for the calls made through what is returned.

        Closing what is returned does nothing: the connections stay the original's.

        Args:
            timeout: Seconds, an `httpx.Timeout`, or None to wait for ever.
            max_retries: Requests after the first.
            deadline: Seconds for a whole call, retries and waits included, or None for no deadline.
            max_response_bytes: The largest response body, or None for any.
            extra_query: Query parameters for each call. They win over the call's own; None takes one of those away.
            extra_body: Fields for the body of each call, a JSON object or a form. They win over the call's own. A call
                without a body gets one, a JSON object.
            extra_headers: Headers for each call. Credentials are refused.

        Raises:
            ValueError, TypeError: An option is negative, of another type, or can't be sent.
        """
        self._connect()
        clone = copy.copy(self)
        for name in [name for name in vars(clone) if isinstance(getattr(type(self), name, None), cached_property)]:
            # A resource holds the client that it was made for.
            del clone.__dict__[name]
        clone._owns_connections = False
        clone._options = {**self._options, **call_options(timeout, max_retries, deadline, max_response_bytes)}
        if not (extra_query is extra_body is extra_headers is UNSET):
            from .undocumented import Extras

            clone._extras = (self._extras or Extras()).and_also(extra_query, extra_body, extra_headers)
        return clone

    @property
    def last_response(self) -> Response[Any] | None:
        """The response of the last successful call of this thread or task: status, headers, request id and body.

        None if there was none, or if another client was used since. Pages that a list fetches ahead are fetched by another
        thread or task: each `Page` has its own `response`.
        """
        client, response = _last_response.get()
        return response if client is self._drift else None

    def _connect(self) -> None:
        raise NotImplementedError

    def _layers(self, transport: Transport | None, http_client: HttpClient | None) -> Transport:
        """Return the transport with this package's policy, around what does the I/O: the caller's own, or pools."""
        raise NotImplementedError

    def _call_errors(self, operation: Operation[Any]) -> CallErrors:
        return CallErrors(operation, self._closed.is_set)

    def prepare(self, operation: Operation[Any], request: dict[str, Any]) -> dict[str, Any]:
        return super().prepare(operation, request if self._extras is None else self._extras.merge(request))

    def report_drift(self, drift: Drift) -> None:
        super().report_drift(drift)
        self._drift.add(drift)

    def extensions(self, operation: Operation[Any]) -> dict[str, Any]:
        return {"operation": operation, "started": self._clock.monotonic(), **self._options}

    def failure(self, operation: Operation[Any], response: httpx.Response, cause: Exception | None) -> Exception:
        return error_for(operation, response, cause)


class Kit(_KitClient[httpx.BaseTransport, httpx.Client], Resources):
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

    Raises:
        TypeError: `on_drift` can't be called, or has to be awaited.
        ConfigurationError: There are no credentials or too many, an argument or a variable of the environment can't
            be used, or two arguments contradict each other.
    """

    _is_async = False
    _redirect_hook = staticmethod(refuse_redirect)

    def get_async_httpx_client(self) -> NoReturn:
        raise TypeError("Kit is synchronous: use AsyncKit for what is to be awaited")

    def paginate(
        self, operation: ListModule[P, T], limit: int | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> Pager[T]:
        """All items of a list operation: its module, at most how many, its own arguments."""
        return pager(operation, limit, args, kwargs)

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
            super().close()

    def send(self, operation: Operation[T], arguments: dict[str, Any]) -> Response[T]:
        with self._call_errors(operation):
            response = super().send(operation, arguments)
        _last_response.set((self._drift, response))
        return response

    async def __aenter__(self) -> NoReturn:
        raise TypeError("Kit is synchronous: write `with Kit(...) as kit:`, or use AsyncKit")

    async def __aexit__(self, *exc_info: object) -> NoReturn:
        raise TypeError("Kit is synchronous: write `with Kit(...) as kit:`")

    async def aclose(self) -> NoReturn:
        raise TypeError("Kit is synchronous: write `kit.close()`")

    def _connect(self) -> None:
        self.get_httpx_client()

    def _layers(self, transport: httpx.BaseTransport | None, http_client: httpx.Client | None) -> httpx.BaseTransport:
        if http_client is not None:
            transport = ClientTransport(http_client)
        elif transport is None:
            transport = Pools(self._open)
        elif isinstance(transport, POOLED):
            transport = Pools(only_once(transport))
        return RetryTransport(transport, self._retry, self._clock)

    def _open(self) -> httpx.BaseTransport:
        with connection_problems():
            if not self._connection["http2"]:
                return NetworkTransport(**self._connection)
            from .exclusive import ExclusiveTransport, with_one_context

            return ExclusiveTransport(
                partial(NetworkTransport, **with_one_context(self._connection)), self._connection["limits"]
            )


class AsyncKit(_KitClient[httpx.AsyncBaseTransport, httpx.AsyncClient], AsyncResources):
    """A client of the Kit API v4 for asyncio and trio. Arguments and errors are those of `Kit`; `transport` is an async one."""

    _is_async = True
    _redirect_hook = staticmethod(arefuse_redirect)

    def get_httpx_client(self) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: use Kit for what isn't to be awaited")

    def paginate(
        self, operation: ListModule[P, T], limit: int | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncPager[T]:
        """All items of a list operation: its module, at most how many, its own arguments."""
        return async_pager(operation, limit, args, kwargs)

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
            await super().aclose()

    async def asend(self, operation: Operation[T], arguments: dict[str, Any]) -> Response[T]:
        with self._call_errors(operation):
            response = await super().asend(operation, arguments)
        _last_response.set((self._drift, response))
        return response

    def __enter__(self) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: write `async with AsyncKit(...) as kit:`, or use Kit")

    def __exit__(self, *exc_info: object) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: write `async with AsyncKit(...) as kit:`")

    def close(self) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: write `await kit.aclose()`")

    def _connect(self) -> None:
        self.get_async_httpx_client()

    def _layers(
        self, transport: httpx.AsyncBaseTransport | None, http_client: httpx.AsyncClient | None
    ) -> httpx.AsyncBaseTransport:
        if http_client is not None:
            transport = AsyncClientTransport(http_client)
        elif transport is None:
            transport = AsyncPools(self._open)
        elif isinstance(transport, POOLED):
            transport = AsyncPools(only_once(transport))
        return AsyncRetryTransport(transport, self._retry, self._clock)

    def _open(self) -> httpx.AsyncBaseTransport:
        with connection_problems():
            if not self._connection["http2"]:
                return AsyncNetworkTransport(**self._connection)
            from .exclusive import AsyncExclusiveTransport, with_one_context

            return AsyncExclusiveTransport(
                partial(AsyncNetworkTransport, **with_one_context(self._connection)), self._connection["limits"]
            )


# Python names a function in its TypeErrors by where it was defined, and the base class is private.
vars(_KitClient)["__init__"].__qualname__ = "Kit"
vars(_KitClient)["with_options"].__qualname__ = "Kit.with_options"
