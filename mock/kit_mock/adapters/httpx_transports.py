"""httpx transports that call the app in the same process: no port, no thread, for sync and async clients.

They work in clients of httpx and of httpx2, a fork with the same interface, and import neither: responses and exceptions
are from the library of the request.

Nothing sleeps here. A delay longer than the client's read timeout raises ReadTimeout at once, and a shorter one ends at
once; either way a clock that stands still moves on by the time that it would have taken.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from kit_mock.adapters.trickle import STEPS
from kit_mock.protocol.control_paths import is_control
from kit_mock.protocol.messages import Request, Response
from kit_mock.service.app import App

if TYPE_CHECKING:
    import httpx
    import httpx2

    class SyncBase(httpx.BaseTransport, httpx2.BaseTransport):
        """What a type checker sees: a transport for either library."""

        def handle_request(self, request: Any) -> Any: ...
        def __enter__(self) -> Any: ...

    class AsyncBase(httpx.AsyncBaseTransport, httpx2.AsyncBaseTransport):
        """What a type checker sees: an asynchronous transport for either library."""

        async def handle_async_request(self, request: Any) -> Any: ...
        async def __aenter__(self) -> Any: ...

else:

    class SyncBase:
        """The methods that clients call and that have nothing to do here: no connection is open."""

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *exc_info: object) -> None:
            pass

        def close(self) -> None:
            pass

    class AsyncBase:
        """The same methods of an asynchronous transport."""

        async def __aenter__(self) -> Any:
            return self

        async def __aexit__(self, *exc_info: object) -> None:
            pass

        async def aclose(self) -> None:
            pass


class _OfApp:
    """The parts that both transports share."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def rate_limited(self) -> bool:
        """Whether requests count against a rate limit. If not, `Kit` doesn't limit itself, unless it is told to."""
        return self._app.rate_limited


class SyncTransport(_OfApp, SyncBase):
    """A transport for `httpx.Client(transport=...)` and everything built on it. The host of a URL doesn't matter."""

    def handle_request(self, request: Any) -> Any:
        """Answer a request at once, in the calling thread."""
        return _handle(self._app, request, request.read())


class AsyncTransport(_OfApp, AsyncBase):
    """A transport for `httpx.AsyncClient(transport=...)` and everything built on it. The host of a URL doesn't matter."""

    async def handle_async_request(self, request: Any) -> Any:
        """Answer a request. It is computed in the event loop itself, as it takes well under a millisecond."""
        body = await request.aread()
        if is_control(request.url.path):  # It can wait for deliveries, whose receiver may run in this event loop.
            return await anyio.to_thread.run_sync(_handle, self._app, request, body)
        return _handle(self._app, request, body)


def _library(request: Any) -> Any:
    """Return the library that a request is of: httpx, httpx2, or another fork with the same interface."""
    base = type(request).__mro__[-2]
    return sys.modules[base.__module__.partition(".")[0]]


def _handle(app: App, request: Any, body: bytes) -> Any:
    library = _library(request)
    if app.closed:
        raise library.ConnectError(app.closed, request=request)
    app.due_work.catch_up()
    response = app.handle(
        Request(
            method=request.method,
            path=request.url.path,
            query=request.url.query.decode("ascii"),
            headers=dict(request.headers.items()),  # Three times as fast as `dict(request.headers)`.
            body=body,
        )
    )
    if response.delay or response.slow_body or response.broken:
        return _faulty(app, request, response)
    return library.Response(response.status, headers=list(response.headers), content=response.body)


def _faulty(app: App, request: Any, response: Response) -> Any:
    library = _library(request)
    read_timeout: float | None = request.extensions.get("timeout", {}).get("read")
    if response.delay:
        _wait(app, request, response.delay, read_timeout)
    if response.broken == "reset":
        raise library.ReadError("fault: the connection was reset", request=request)
    headers = library.Headers(response.headers)
    headers.setdefault("Content-Length", str(len(response.body)))
    stream = _stream_class(library)(app, request, response, read_timeout)
    return library.Response(response.status, headers=headers, stream=stream)


def _wait(app: App, request: Any, seconds: float, read_timeout: float | None) -> None:
    app.due_work.pass_time(seconds if read_timeout is None else min(seconds, read_timeout))
    if read_timeout is not None and seconds > read_timeout:
        raise _library(request).ReadTimeout("fault: the answer was too slow", request=request)


class _Stream:
    """A body that is sent slowly, or cut off."""

    def __init__(self, app: App, request: Any, response: Response, read_timeout: float | None) -> None:
        self._app = app
        self._request = request
        self._response = response
        self._read_timeout = read_timeout

    def __iter__(self) -> Iterator[bytes]:
        body = self._response.body
        if self._response.broken == "cut":
            sent = len(body) // 2
            yield body[:sent]
            raise _library(self._request).RemoteProtocolError(
                f"fault: the connection was closed after {sent} of {len(body)} bytes", request=self._request
            )
        if self._response.slow_body:
            for _ in range(STEPS):
                _wait(self._app, self._request, self._response.slow_body / STEPS, self._read_timeout)
        yield body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk


@cache
def _stream_class(library: Any) -> type[_Stream]:
    """Return a stream class that derives from the library's own: its clients check for that."""
    return type("_Stream", (_Stream, library.SyncByteStream, library.AsyncByteStream), {})
