"""httpx transports that call the app in the same process: no port, no thread, for sync and async clients.

Nothing sleeps here. A fault that is slower than the client's read timeout raises httpx.ReadTimeout at once, any other
passes at once; either way a clock that stands still moves on by what it would have taken.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import anyio.to_thread
import httpx

from kit_mock.app import App
from kit_mock.control.routes import is_control
from kit_mock.faults.trickle import STEPS
from kit_mock.messages import Request, Response


class SyncTransport(httpx.BaseTransport):
    """For `httpx.Client(transport=...)` and everything built on it. The host of a URL doesn't matter."""

    def __init__(self, app: App) -> None:
        self._app = app

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request at once, in the calling thread."""
        return _handle(self._app, request, request.read())


class AsyncTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient(transport=...)` and everything built on it. The host of a URL doesn't matter."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request. It is computed in the event loop itself, as it takes well under a millisecond."""
        body = await request.aread()
        if is_control(request.url.path):  # It can wait for deliveries, whose receiver may run in this very loop.
            return await anyio.to_thread.run_sync(_handle, self._app, request, body)
        return _handle(self._app, request, body)


def _handle(app: App, request: httpx.Request, body: bytes) -> httpx.Response:
    if app.closed:
        raise httpx.ConnectError("this KitMock is closed", request=request)
    response = app.handle(
        Request(
            method=request.method,
            path=request.url.path,
            query=request.url.query.decode("ascii"),
            headers=dict(request.headers),
            body=body,
        )
    )
    if response.delay or response.slow_body or response.broken:
        return _faulty(app, request, response)
    return httpx.Response(response.status, headers=list(response.headers), content=response.body)


def _faulty(app: App, request: httpx.Request, response: Response) -> httpx.Response:
    patience: float | None = request.extensions.get("timeout", {}).get("read")
    if response.delay:
        _wait(app, request, response.delay, patience)
    if response.broken == "reset":
        raise httpx.ReadError("fault: the connection was reset", request=request)
    headers = httpx.Headers(response.headers)
    headers.setdefault("Content-Length", str(len(response.body)))
    stream = _Stream(app, request, response, patience)
    return httpx.Response(response.status, headers=headers, stream=stream)


def _wait(app: App, request: httpx.Request, seconds: float, patience: float | None) -> None:
    app.pass_time(seconds if patience is None else min(seconds, patience))
    if patience is not None and seconds > patience:
        raise httpx.ReadTimeout("fault: the answer was too slow", request=request)


class _Stream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that comes slowly, or not to its end."""

    def __init__(self, app: App, request: httpx.Request, response: Response, patience: float | None) -> None:
        self._app = app
        self._request = request
        self._response = response
        self._patience = patience

    def __iter__(self) -> Iterator[bytes]:
        body = self._response.body
        if self._response.broken == "cut":
            sent = len(body) // 2
            yield body[:sent]
            raise httpx.RemoteProtocolError(
                f"fault: the connection was closed after {sent} of {len(body)} bytes", request=self._request
            )
        if self._response.slow_body:
            for _ in range(STEPS):
                _wait(self._app, self._request, self._response.slow_body / STEPS, self._patience)
        yield body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk
