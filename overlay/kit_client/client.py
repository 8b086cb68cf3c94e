"""`Kit` and `AsyncKit`: generated clients, with the policy of this package in their transports."""

from __future__ import annotations

import copy
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn, ParamSpec, Self, TypeVar
from urllib.request import getproxies, proxy_bypass

import httpx

from kit_api.api import AsyncResources, Resources
from kit_api.client import BASE_URL, TIMEOUT, AuthenticatedClient, Client
from kit_api.types import UNSET, AsyncPager, ListModule, Operation, Pager, Unset

from .auth import choose_auth
from .clock import Clock
from .errors import ConfigurationError, error_for
from .paging import async_pager, pager
from .retry import RetryPolicy
from .transport import AsyncRetryTransport, RetryTransport
from .version import __version__

P = ParamSpec("P")
T = TypeVar("T")
Hooks = Mapping[str, Sequence[Callable[..., Any]]]

USER_AGENT = f"kit-client/{__version__} python/{'.'.join(map(str, sys.version_info[:3]))} httpx/{httpx.__version__}"


class _KitClient(AuthenticatedClient):
    """What both have: the arguments, and the hooks of the generated client."""

    def _setup(
        self,
        *,
        credentials: tuple[str | None, str | None, httpx.Auth | None],
        base_url: str,
        timeout: float | httpx.Timeout | None,
        max_retries: int | None,
        retry: RetryPolicy | None,
        headers: Mapping[str, str] | None,
        event_hooks: Hooks | None,
        clock: Clock | None,
    ) -> None:
        origin = httpx.URL(base_url)
        if origin.scheme not in ("http", "https") or not origin.host:
            raise ConfigurationError(f"base_url: expected an http or https URL, got {base_url!r}")
        self._retry, self._clock = retry or RetryPolicy(), clock or Clock()
        # An overlay of ours takes the place of the one header that AuthenticatedClient would set.
        Client.__init__(
            self,
            base_url,
            headers={"User-Agent": USER_AGENT, **(headers or {})},
            timeout=timeout,
            httpx_args={
                "auth": choose_auth(*credentials, origin),
                "event_hooks": {event: list(hooks) for event, hooks in (event_hooks or {}).items()},
            },
        )
        self._options: dict[str, Any] = _options(UNSET, UNSET if max_retries is None else max_retries)

    def with_options(
        self, *, timeout: float | httpx.Timeout | None | Unset = UNSET, max_retries: int | Unset = UNSET
    ) -> Self:
        """The same client, connections included, with other options for the calls made through what is returned.

        Args:
            timeout: Seconds, an `httpx.Timeout`, or None to wait for ever.
            max_retries: Requests after the first.

        Raises:
            ValueError, TypeError: An option is negative, or no number.
        """
        self._connect()
        clone = copy.copy(self)
        for name in [name for name in vars(clone) if isinstance(getattr(type(self), name, None), cached_property)]:
            # A resource holds the client that it was made for.
            del clone.__dict__[name]
        clone._options = {**self._options, **_options(timeout, max_retries)}
        return clone

    def _connect(self) -> None:
        raise NotImplementedError

    def _proxy(self) -> str | None:
        """What httpx would do itself, did it make the transport: heed HTTPS_PROXY and its like."""
        origin = httpx.URL(self._base_url)
        proxies = getproxies()
        return None if proxy_bypass(origin.host) else proxies.get(origin.scheme) or proxies.get("all")

    def extensions(self, operation: Operation[Any]) -> dict[str, Any]:
        return {"operation": operation, **self._options}

    def failure(self, operation: Operation[Any], response: httpx.Response, cause: Exception | None) -> Exception:
        return error_for(operation, response, cause)


class Kit(_KitClient, Resources):
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

    Raises:
        ConfigurationError: No credentials, or too many, or such as can't be; a base URL that isn't one.
    """

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
        event_hooks: Hooks | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._setup(
            credentials=(api_key, access_token, auth),
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            retry=retry,
            headers=headers,
            event_hooks=event_hooks,
            clock=clock,
        )
        self._transport = transport
        # Two threads' first calls are to share one client.
        self._lock = threading.Lock()

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

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    def _connect(self) -> None:
        self.get_httpx_client()


class AsyncKit(_KitClient, AsyncResources):
    """A client of the Kit API v4 for asyncio. Arguments and errors are those of `Kit`; `transport` is an async one."""

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
        event_hooks: Hooks | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._setup(
            credentials=(api_key, access_token, auth),
            base_url=base_url,
            timeout=timeout,
            max_retries=max_retries,
            retry=retry,
            headers=headers,
            event_hooks=event_hooks,
            clock=clock,
        )
        self._transport = transport

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

    async def aclose(self) -> None:
        """Close the connections."""
        if self._async_client is not None:
            await self._async_client.aclose()

    def _connect(self) -> None:
        self.get_async_httpx_client()


def _options(timeout: float | httpx.Timeout | None | Unset, max_retries: int | Unset) -> dict[str, Any]:
    """Options of calls, as transports find them in `request.extensions`."""
    options: dict[str, Any] = {}
    if not isinstance(timeout, Unset):
        if isinstance(timeout, int | float) and timeout < 0:
            raise ValueError(f"timeout: expected seconds, 0 or more, got {timeout}")
        options["timeout"] = httpx.Timeout(timeout).as_dict()
    if not isinstance(max_retries, Unset):
        if not isinstance(max_retries, int) or isinstance(max_retries, bool):
            raise TypeError(f"max_retries: expected a whole number, got {max_retries!r}")
        if max_retries < 0:
            raise ValueError(f"max_retries: expected 0 or more, got {max_retries}")
        options["max_retries"] = max_retries
    return options
