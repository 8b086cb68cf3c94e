"""`Kit` and `AsyncKit`: generated clients, with the policy of this package in their transports."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, Self, TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx

from kit_api.api import AsyncResources, Resources
from kit_api.client import BASE_URL, TIMEOUT, AuthenticatedClient, Client
from kit_api.types import UNSET, AsyncPager, Drift, ListModule, Operation, Pager, Response, Unset

from .auth import choose_auth
from .clock import Clock
from .drift import DriftLog
from .errors import ConfigurationError, error_for
from .paging import async_pager, pager
from .retry import RetryPolicy
from .transport import AsyncRetryTransport, RetryTransport
from .version import __version__

if TYPE_CHECKING:
    # Imported where it is used: most programs never need it.
    from .undocumented import Extras

P = ParamSpec("P")
T = TypeVar("T")
Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)

USER_AGENT = f"kit-client/{__version__} python/{'.'.join(map(str, sys.version_info[:3]))} httpx/{httpx.__version__}"


class _KitClient(AuthenticatedClient, Generic[Transport]):
    """What both have: the arguments, and the hooks of the generated client."""

    def __init__(
        self,
        api_key: str | None = None,
        *,
        access_token: str | None = None,
        auth: httpx.Auth | None = None,
        base_url: str = BASE_URL,
        timeout: float | httpx.Timeout | None = TIMEOUT,
        max_retries: int | None = None,
        retry: RetryPolicy | None = None,
        headers: Mapping[str, str] | None = None,
        event_hooks: Mapping[str, Sequence[Callable[..., Any]]] | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        on_drift: Callable[[Drift], object] | None = None,
    ) -> None:
        origin = _checked_url(base_url)
        merged = httpx.Headers({"User-Agent": USER_AGENT})
        merged.update(headers)
        # The auth of ours takes the place of the one header that AuthenticatedClient would set.
        Client.__init__(
            self,
            base_url,
            headers=merged,
            timeout=_checked_timeout(timeout),
            httpx_args={
                "auth": choose_auth(api_key, access_token, auth, origin),
                "event_hooks": {event: list(hooks) for event, hooks in (event_hooks or {}).items()},
            },
        )
        self._transport: Transport | None = transport
        self._owns_connections = True
        self._retry, self._clock = retry or RetryPolicy(), clock or Clock()
        self._options = _options(UNSET, UNSET if max_retries is None else max_retries)
        self._extras: Extras | None = None
        self._drift = DriftLog(on_drift)
        # Two threads' first calls are to share one client.
        self._lock = threading.Lock()

    @property
    def drift(self) -> tuple[Drift, ...]:
        """The differences between answers and the document so far, one for each place, in the order they came."""
        return self._drift.seen

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | None | Unset = UNSET,
        max_retries: int | Unset = UNSET,
        extra_query: Mapping[str, Any] | Unset = UNSET,
        extra_body: Mapping[str, Any] | Unset = UNSET,
        extra_headers: Mapping[str, str] | Unset = UNSET,
    ) -> Self:
        """The same client, connections included, with other options for the calls made through what is returned.

        Closing what is returned does nothing: the connections stay the original's.

        Args:
            timeout: Seconds, an `httpx.Timeout`, or None to wait for ever.
            max_retries: Requests after the first.
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
        clone._options = {**self._options, **_options(timeout, max_retries)}
        if not (extra_query is extra_body is extra_headers is UNSET):
            from .undocumented import Extras

            clone._extras = (self._extras or Extras()).and_also(extra_query, extra_body, extra_headers)
        return clone

    def _connect(self) -> None:
        raise NotImplementedError

    def _proxy(self) -> str | None:
        """What httpx would do itself, did it make the transport: heed HTTPS_PROXY and its like."""
        origin, proxies = httpx.URL(self._base_url), getproxies()
        proxy = proxies.get(origin.scheme) or proxies.get("all")
        if not proxy or proxy_bypass(origin.netloc.decode("ascii")):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"

    def prepare(self, operation: Operation[Any], request: dict[str, Any]) -> dict[str, Any]:
        return super().prepare(operation, request if self._extras is None else self._extras.merge(request))

    def report_drift(self, drift: Drift) -> None:
        super().report_drift(drift)
        self._drift.add(drift)

    def extensions(self, operation: Operation[Any]) -> dict[str, Any]:
        return {"operation": operation, **self._options}

    def failure(self, operation: Operation[Any], response: httpx.Response, cause: Exception | None) -> Exception:
        return error_for(operation, response, cause)


class Kit(_KitClient[httpx.BaseTransport], Resources):
    """A client of the Kit API v4.

    Close it, or use it as a context manager. It is safe to share between threads.

    Args:
        api_key: An API key; without any credentials here, KIT_API_KEY or KIT_ACCESS_TOKEN of the environment is used.
        access_token: An OAuth access token, in place of a key.
        auth: An `httpx.Auth`, in place of both.
        base_url: Where the service is.
        timeout: Seconds for each of connecting, reading and writing; an `httpx.Timeout`; or None for no limit.
        max_retries: Requests after the first, where `retry` is to hold otherwise.
        retry: When, and how often, to send again.
        headers: Sent with every request.
        event_hooks: As of `httpx.Client`: `{"request": [...], "response": [...]}`.
        transport: An `httpx.BaseTransport` for the I/O, such as a mock's or one with a proxy.
        clock: The time that retries go by.
        on_drift: Called with each difference between an answer and the document, once for each place. What it raises is
            logged.

    Raises:
        TypeError: `on_drift` can't be called, or has to be awaited.
        ConfigurationError: No credentials, or too many, or such as can't be; a base URL that isn't one.
    """

    def get_httpx_client(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                inner = self._transport or httpx.HTTPTransport(proxy=self._proxy())
                self._httpx_args["transport"] = RetryTransport(inner, self._retry, self._clock)
            return super().get_httpx_client()

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
            super().close()

    def _connect(self) -> None:
        self.get_httpx_client()


class AsyncKit(_KitClient[httpx.AsyncBaseTransport], AsyncResources):
    """A client of the Kit API v4 for asyncio. Arguments and errors are those of `Kit`; `transport` is an async one."""

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        if self._async_client is None:
            inner = self._transport or httpx.AsyncHTTPTransport(proxy=self._proxy())
            self._httpx_args["transport"] = AsyncRetryTransport(inner, self._retry, self._clock)
        return super().get_async_httpx_client()

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
            await super().aclose()

    def _connect(self) -> None:
        self.get_async_httpx_client()


def _options(timeout: float | httpx.Timeout | None | Unset, max_retries: int | Unset) -> dict[str, Any]:
    """Options of calls, as transports find them in `request.extensions`."""
    options: dict[str, Any] = {}
    if not isinstance(timeout, Unset):
        options["timeout"] = httpx.Timeout(_checked_timeout(timeout)).as_dict()
    if not isinstance(max_retries, Unset):
        if not isinstance(max_retries, int) or isinstance(max_retries, bool):
            raise TypeError(f"max_retries: expected a whole number, got {max_retries!r}")
        if max_retries < 0:
            raise ValueError(f"max_retries: expected 0 or more, got {max_retries}")
        options["max_retries"] = max_retries
    return options


def _checked_timeout(timeout: float | httpx.Timeout | None) -> float | httpx.Timeout | None:
    if timeout is None or isinstance(timeout, httpx.Timeout):
        return timeout
    if not isinstance(timeout, int | float) or isinstance(timeout, bool):
        raise TypeError(f"timeout: expected seconds, an httpx.Timeout or None, got {timeout!r}")
    if not 0 <= timeout <= threading.TIMEOUT_MAX:
        raise ValueError(f"timeout: expected seconds, 0 or more, got {timeout}")
    return timeout


def _checked_url(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"base_url: expected an http or https URL: {error}") from None
    if url.userinfo or url.query or url.fragment:
        # Not shown: it may hold a password.
        raise ConfigurationError("base_url: expected no user, query or fragment in it")
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError(f"base_url: expected an http or https URL, got {base_url!r}")
    return url
