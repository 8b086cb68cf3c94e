"""What `Kit` and `AsyncKit` share: arguments, options, and the hooks of the generated client."""

from __future__ import annotations

import copy
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, Self, TypeVar
from weakref import WeakKeyDictionary

import httpx

from kit_api.client import TIMEOUT, AuthenticatedClient, Client
from kit_api.errors import forgets_arguments
from kit_api.types import UNSET, Drift, Operation, Response, Unset, lazy_property

from . import settings
from .ahead import watching
from .auth import OriginAuth, PerClientAuth, choose_auth
from .body import ACCEPT_ENCODING
from .clock import Clock
from .drift import DriftLog
from .errors import ConfigurationError, error_for
from .limits.asks import client_limiter
from .limits.limiter import RateLimiter
from .network import arefuse_redirect, refuse_redirect
from .options import call_options, check_type, checked_timeout
from .pools import LIMITS, POOLED, NoCookies, Transport, is_alone, only_once
from .retry import RetryPolicy
from .retry_budget import retry_budget
from .version import __version__

if TYPE_CHECKING:
    import ssl

    # Imported where it is used: most programs never need it.
    from .undocumented import Extras

HttpClient = TypeVar("HttpClient", httpx.Client, httpx.AsyncClient)
T = TypeVar("T")

DEFAULT_USER_AGENT = f"python-httpx/{httpx.__version__}"
USER_AGENT = f"kit-client/{__version__} python/{'.'.join(map(str, sys.version_info[:3]))} httpx/{httpx.__version__}"


class _Call:
    """Stands for a call in the contexts that made it, so that they don't keep its response: the client does."""


last_call: ContextVar[_Call | None] = ContextVar("kitlast_call", default=None)


class Layers(NamedTuple, Generic[Transport]):
    """The kinds of transports of a client, from the outermost one to what does the I/O."""

    retries: Callable[..., Transport]
    client: Callable[..., Transport]
    pools: Callable[[Callable[[], Transport]], Transport]
    network: Callable[..., Transport]
    exclusive: str
    """The name of the one for HTTP/2, which is imported where it is used."""


class BaseKit(AuthenticatedClient, Generic[Transport, HttpClient]):
    """The base class of `Kit` and `AsyncKit`."""

    _is_async: ClassVar[bool]
    _layers: Layers[Transport]

    @forgets_arguments
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
        rate_limiter: RateLimiter | None | Unset = UNSET,
    ) -> None:
        base_url = settings.checked_base_url(base_url)
        origin = httpx.URL(base_url)
        connection = {"proxy": proxy, "verify": verify, "http2": http2, "limits": limits}
        self._connection: dict[str, Any] = {}
        if transport is None and http_client is None:
            self._connection = {"limits": LIMITS, **settings.httpx_arguments(origin.scheme, **connection)}
        else:
            settings.check_own(transport, http_client, connection, type(self).__name__, is_async=self._is_async)
        merged = httpx.Headers({} if http_client is None else http_client.headers)
        if merged.get("User-Agent", DEFAULT_USER_AGENT) == DEFAULT_USER_AGENT:
            merged["User-Agent"] = USER_AGENT
        merged["Accept-Encoding"] = ACCEPT_ENCODING
        merged.update(settings.checked_headers(headers))
        hooks = settings.checked_hooks(event_hooks, is_async=self._is_async)
        hooks["response"].append(arefuse_redirect if self._is_async else refuse_redirect)
        check_type("retry", retry, RetryPolicy | None, "a RetryPolicy", ConfigurationError)
        check_type("clock", clock, Clock | None, "a Clock", ConfigurationError)
        chosen = choose_auth(api_key, access_token, auth, origin)
        # The auth of ours takes the place of the one header that AuthenticatedClient would set.
        Client.__init__(
            self,
            base_url,
            headers=merged,
            timeout=checked_timeout(timeout),
            httpx_args={"auth": chosen, "event_hooks": hooks, "cookies": NoCookies()},
        )
        self._owns_connections = True
        # Shared with the clients of `with_options`.
        self._closed = threading.Event()
        self._retry, self._clock = retry or RetryPolicy(), clock or Clock()
        inner = transport if http_client is None else getattr(http_client, "_transport", None)
        self._retry_budget = retry_budget(self._retry, origin, is_alone=is_alone(inner, self._clock))
        self.rate_limiter = client_limiter(
            rate_limiter, inner, limits or LIMITS, origin=origin, auth=chosen, clock=self._clock
        )
        """Delays requests to keep the rate limit; `state()` tells how many are left. None if there is no limiter."""
        # Made here and without connections, so that two threads whose first calls coincide share them without a lock.
        self._httpx_args["transport"] = layered = self._transport(transport, http_client)
        if isinstance(chosen, PerClientAuth):
            self._httpx_args["auth"] = chosen.of_client(
                layered, origin, self._clock, has_own_pools=bool(self._connection)
            )
        self._options = call_options(UNSET, UNSET if max_retries is None else max_retries, deadline, max_response_bytes)
        self._extras: Extras | None = None
        self._drift = DriftLog(on_drift)
        # Shared with the clients of `with_options`, too.
        self._responses: WeakKeyDictionary[_Call, Response[Any]] = WeakKeyDictionary()

    @property
    def drift(self) -> tuple[Drift, ...]:
        """The differences between responses and the document so far: one for each place, the first one first."""
        return self._drift.seen

    @forgets_arguments
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
        """Return a client with other options for its calls. It shares the connections of this one.

        Options that aren't given stay as they are. Closing the returned client does nothing.

        Args:
            timeout: Seconds, an `httpx.Timeout`, or None to wait for ever.
            max_retries: How many retries a call may have.
            deadline: Seconds for a whole call with its retries and waits, or None for no deadline.
            max_response_bytes: The largest response body in bytes, or None for any size.
            extra_query: Query parameters for each call. They replace the call's own of the same name; None removes one.
            extra_body: Fields for the body of each call, a JSON object or a form. They replace the call's own of the same
                name. A call without a body gets a JSON object of them.
            extra_headers: Headers for each call. Headers with credentials raise ValueError.

        Raises:
            ValueError, TypeError: An option is out of range, of another type, or can't be sent.
        """
        # Made before they are shared.
        (self.get_async_httpx_client if self._is_async else self.get_httpx_client)()
        clone = copy.copy(self)
        for name in [name for name in vars(clone) if isinstance(getattr(type(self), name, None), lazy_property)]:
            # A resource holds the client that it was made for.
            del clone.__dict__[name]
        clone._owns_connections = False
        clone._options = {**self._options, **call_options(timeout, max_retries, deadline, max_response_bytes)}
        if not (extra_query is extra_body is extra_headers is UNSET):
            from .undocumented import Extras

            clone._extras = (self._extras or Extras()).merged_with(extra_query, extra_body, extra_headers)
        return clone

    @property
    def clock(self) -> Clock:
        """The clock for retries, deadlines and rate limits."""
        return self._clock

    def check_credentials(self, operation: Operation[Any]) -> None:
        """Raise OAuthRequiredError if the operation accepts OAuth only and the client has an API key. Sends nothing."""
        if self._origin_auth is not None:
            extensions = {"operation": operation}
            self._origin_auth.takes_credentials(httpx.Request(operation.method, self._base_url, extensions=extensions))

    @property
    def last_response(self) -> Response[Any] | None:
        """The response of the last successful call in this thread or task: status, headers, request id and body.

        None if there was no such call, or if the last one used another client. Lists fetch the next page in another thread
        or task, so that it isn't found here: use the `response` of each `Page`.
        """
        call = last_call.get()
        return None if call is None else self._responses.get(call)

    def _note(self, response: Response[Any]) -> None:
        call = _Call()
        self._responses[call] = response
        last_call.set(call)

    @property
    def _origin_auth(self) -> OriginAuth | None:
        auth = self._httpx_args["auth"]
        return auth if isinstance(auth, OriginAuth) else None

    def _transport(self, transport: Transport | None, http_client: HttpClient | None) -> Transport:
        """Return the transport with this package's policy, around what does the I/O: the caller's own, or pools."""
        layers, inner = self._layers, transport
        if http_client is not None:
            inner = layers.client(http_client)
        elif transport is None:
            inner = layers.pools(self._open)
        elif isinstance(transport, POOLED):
            inner = layers.pools(only_once(transport))
        return layers.retries(inner, self._retry, self._clock, self.rate_limiter, self._retry_budget)

    def _open(self) -> Transport:
        with settings.connection_problems():
            if not self._connection["http2"]:
                return self._layers.network(**self._connection)
            from . import exclusive

            make = partial(self._layers.network, **exclusive.with_one_context(self._connection))
            lending: Callable[..., Transport] = getattr(exclusive, self._layers.exclusive)
            return lending(make, self._connection["limits"])

    def prepare(self, operation: Operation[Any], request: dict[str, Any]) -> dict[str, Any]:
        return super().prepare(operation, request if self._extras is None else self._extras.merge(request))

    def report_drift(self, drift: Drift) -> None:
        super().report_drift(drift)
        self._drift.add(drift)

    def extensions(self, operation: Operation[Any]) -> dict[str, Any]:
        extensions = {"operation": operation, "started": self._clock.monotonic(), **self._options}
        if (ahead := watching.get()) is not None:
            # For this call alone, not for those that hooks and auths make meanwhile.
            watching.set(None)
            extensions["ahead"] = ahead
        return extensions

    def _parse(self, operation: Operation[T], response: httpx.Response) -> Response[T]:
        parsed = super()._parse(operation, response)
        # It was read. httpx has the response and its stream refer to each other, so that the body would stay in memory until
        # the garbage collector comes by.
        response.stream = httpx.ByteStream(b"")
        return parsed

    def failure(self, operation: Operation[Any], response: httpx.Response, cause: Exception | None) -> Exception:
        return error_for(operation, response, cause)


# Python names a function in its TypeErrors by where it was defined, and the base class is private.
vars(BaseKit)["__init__"].__wrapped__.__qualname__ = "Kit"
vars(BaseKit)["with_options"].__wrapped__.__qualname__ = "Kit.with_options"
