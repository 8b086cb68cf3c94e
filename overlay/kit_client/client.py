"""`Kit` and `AsyncKit`: generated clients, with the policy of this package in their transports."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, NoReturn, ParamSpec, Self, TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx

from kit_api.api import AsyncResources, Resources
from kit_api.client import BASE_URL, TIMEOUT, AuthenticatedClient, Client
from kit_api.types import UNSET, AsyncPager, ListModule, Operation, Pager, Unset

from .auth import choose_auth
from .body import ACCEPT_ENCODING
from .clock import Clock
from .errors import ConfigurationError, error_for
from .paging import async_pager, pager
from .pools import LIMITS, POOLED, AsyncPools, NoCookies, Pools, only_once, unlock_after_fork
from .retry import RetryPolicy
from .transport import AsyncRetryTransport, RetryTransport
from .version import __version__

P = ParamSpec("P")
T = TypeVar("T")
Transport = TypeVar("Transport", httpx.BaseTransport, httpx.AsyncBaseTransport)

USER_AGENT = f"kit-client/{__version__} python/{'.'.join(map(str, sys.version_info[:3]))} httpx/{httpx.__version__}"


unlock_after_fork(Resources, AsyncResources)


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
        deadline: float | None | Unset = UNSET,
        max_response_bytes: int | None | Unset = UNSET,
    ) -> None:
        origin = _checked_url(base_url)
        merged = httpx.Headers({"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPT_ENCODING})
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
                "cookies": NoCookies(),
            },
        )
        self._owns_connections = True
        self._retry, self._clock = retry or RetryPolicy(), clock or Clock()
        # Made here and without connections, so that two threads whose first calls coincide share them without a lock.
        self._httpx_args["transport"] = self._layers(transport)
        self._options = _options(UNSET, UNSET if max_retries is None else max_retries, deadline, max_response_bytes)

    def with_options(
        self,
        *,
        timeout: float | httpx.Timeout | None | Unset = UNSET,
        max_retries: int | Unset = UNSET,
        deadline: float | None | Unset = UNSET,
        max_response_bytes: int | None | Unset = UNSET,
    ) -> Self:
        """The same client, connections included, with other options for the calls made through what is returned.

        Closing what is returned does nothing: the connections stay the original's.

        Args:
            timeout: Seconds, an `httpx.Timeout`, or None to wait for ever.
            max_retries: Requests after the first.
            deadline: Seconds for a whole call, retries and waits included, or None for no deadline.
            max_response_bytes: The largest response body, or None for any.

        Raises:
            ValueError, TypeError: An option is negative, or no number.
        """
        self._connect()
        clone = copy.copy(self)
        for name in [name for name in vars(clone) if isinstance(getattr(type(self), name, None), cached_property)]:
            # A resource holds the client that it was made for.
            del clone.__dict__[name]
        clone._owns_connections = False
        clone._options = {**self._options, **_options(timeout, max_retries, deadline, max_response_bytes)}
        return clone

    def _connect(self) -> None:
        raise NotImplementedError

    def _layers(self, transport: Transport | None) -> Transport:
        """Return the transport with this package's policy: around the caller's own, or around connection pools."""
        raise NotImplementedError

    def _proxy(self) -> str | None:
        """What httpx would do itself, did it make the transport: heed HTTPS_PROXY and its like."""
        origin, proxies = httpx.URL(self._base_url), getproxies()
        proxy = proxies.get(origin.scheme) or proxies.get("all")
        if not proxy or proxy_bypass(origin.netloc.decode("ascii")):
            return None
        return proxy if "://" in proxy else f"http://{proxy}"

    def extensions(self, operation: Operation[Any]) -> dict[str, Any]:
        return {"operation": operation, "started": self._clock.monotonic(), **self._options}

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
        transport: An `httpx.BaseTransport` for the I/O, such as a mock's or one with a proxy. It is shared as it is: an
            `httpx.HTTPTransport` is for one process only, an `httpx.AsyncHTTPTransport` for one event loop.
        clock: The time that retries and deadlines go by.
        deadline: Seconds for a whole call, retries and waits included; None for no deadline. If it isn't given, it is the
            budget of `retry` (150 seconds) plus the longest of the timeouts (30 seconds).
        max_response_bytes: The largest response body, compressed or not; None for any.

    Raises:
        ConfigurationError: No credentials, or too many, or such as can't be; a base URL that isn't one.
    """

    def get_async_httpx_client(self) -> NoReturn:
        raise TypeError("Kit is synchronous: use AsyncKit for what is to be awaited")

    def paginate(
        self, operation: ListModule[P, T], limit: int | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> Pager[T]:
        """All items of a list operation: its module, at most how many, its own arguments."""
        return pager(operation, limit, args, kwargs)

    def close(self) -> None:
        if self._owns_connections:
            super().close()

    def _connect(self) -> None:
        self.get_httpx_client()

    def _layers(self, transport: httpx.BaseTransport | None) -> httpx.BaseTransport:
        if transport is None:
            transport = Pools(lambda: httpx.HTTPTransport(proxy=self._proxy(), limits=LIMITS))
        elif isinstance(transport, POOLED):
            transport = Pools(only_once(transport))
        return RetryTransport(transport, self._retry, self._clock)


class AsyncKit(_KitClient[httpx.AsyncBaseTransport], AsyncResources):
    """A client of the Kit API v4 for asyncio and trio. Arguments and errors are those of `Kit`; `transport` is an async one."""

    def get_httpx_client(self) -> NoReturn:
        raise TypeError("AsyncKit is asynchronous: use Kit for what isn't to be awaited")

    def paginate(
        self, operation: ListModule[P, T], limit: int | None = None, /, *args: P.args, **kwargs: P.kwargs
    ) -> AsyncPager[T]:
        """All items of a list operation: its module, at most how many, its own arguments."""
        return async_pager(operation, limit, args, kwargs)

    async def aclose(self) -> None:
        if self._owns_connections:
            await super().aclose()

    def _connect(self) -> None:
        self.get_async_httpx_client()

    def _layers(self, transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncBaseTransport:
        if transport is None:
            transport = AsyncPools(lambda: httpx.AsyncHTTPTransport(proxy=self._proxy(), limits=LIMITS))
        elif isinstance(transport, POOLED):
            transport = AsyncPools(only_once(transport))
        return AsyncRetryTransport(transport, self._retry, self._clock)


def _options(
    timeout: float | httpx.Timeout | None | Unset,
    max_retries: int | Unset,
    deadline: float | None | Unset,
    max_response_bytes: int | None | Unset,
) -> dict[str, Any]:
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
    if not isinstance(deadline, Unset):
        options["deadline"] = _checked_deadline(deadline)
    if not isinstance(max_response_bytes, Unset):
        options["max_response_bytes"] = _checked_size(max_response_bytes)
    return options


def _checked_timeout(timeout: float | httpx.Timeout | None) -> float | httpx.Timeout | None:
    if timeout is None or isinstance(timeout, httpx.Timeout):
        return timeout
    if not isinstance(timeout, int | float) or isinstance(timeout, bool):
        raise TypeError(f"timeout: expected seconds, an httpx.Timeout or None, got {timeout!r}")
    if not 0 <= timeout <= threading.TIMEOUT_MAX:
        raise ValueError(f"timeout: expected seconds, 0 or more, got {timeout}")
    return timeout


def _checked_deadline(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    if not isinstance(deadline, int | float) or isinstance(deadline, bool):
        raise TypeError(f"deadline: expected seconds or None, got {deadline!r}")
    if not 0 < deadline <= threading.TIMEOUT_MAX:
        raise ValueError(f"deadline: expected seconds, more than 0, got {deadline}")
    return deadline


def _checked_size(size: int | None) -> int | None:
    if size is None:
        return None
    if not isinstance(size, int) or isinstance(size, bool):
        raise TypeError(f"max_response_bytes: expected a whole number or None, got {size!r}")
    if size < 1:
        raise ValueError(f"max_response_bytes: expected 1 or more, got {size}")
    return size


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
