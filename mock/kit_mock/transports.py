"""httpx transports that call the app in the same process: no port, no thread, for sync and async clients."""

from __future__ import annotations

import httpx

from kit_mock.app import App
from kit_mock.messages import Request


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
        return _handle(self._app, request, await request.aread())


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
    return httpx.Response(response.status, headers=list(response.headers), content=response.body)
