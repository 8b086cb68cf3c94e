"""The app as an ASGI application, for any ASGI server."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio
import anyio.to_thread
import msgspec
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from msgspec.structs import replace

from kit_mock.adapters import request_line
from kit_mock.adapters.cors import Cors
from kit_mock.adapters.trickle import STEPS, pieces
from kit_mock.protocol.control_paths import is_control
from kit_mock.protocol.messages import JSON, Request, Response
from kit_mock.service.app import App
from kit_mock.service.pipeline.reading import LARGE_BODY

BREAK = "kit_mock.break"
"""The key, in a scope's extensions, of a function by which our server breaks the connection: reset it, or close it."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_ENDING = 2.0  # Seconds
_READS = 4
_limiters: RunVar[dict[str, CapacityLimiter]] = RunVar("kit_mock_limiters")


class AsgiApp:
    """Wraps an App. Requests are computed in the event loop: each is short, and the state has one lock anyway.

    Those with a large body are computed in a thread, one at a time, as they take memory too.
    """

    def __init__(self, app: App, cors: Cors) -> None:
        self._app = app
        self._cors = cors
        self.host: str | None = None
        """The host name that it is served as, if any. The control plane accepts it as `Host`, beside addresses."""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection, as ASGI 3 has it."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send, self._app.closed)
        elif scope["type"] == "http" and self._app.closed:
            body = msgspec.json.encode({"errors": [self._app.closed]})
            await self._send(Response(503, (("Content-Type", JSON),), body), scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1000})

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        body = await self._body(scope, receive)
        if body is None:
            return
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
            body=body,
            served_as=self._names(scope) if is_control(scope["path"]) else None,
        )
        began = time.perf_counter()
        response = await self._answer(request)
        outcome = await self._send(response, scope, receive, send)
        if request_line.LOGGER.isEnabledFor(logging.INFO):
            self._log(request, outcome, time.perf_counter() - began)

    def _log(self, request: Request, outcome: str, seconds: float) -> None:
        if is_control(request.path) and request.method in ("GET", "HEAD"):
            return  # The page asks every second.
        request_line.log(request, self._app.operation(request.method, request.path), outcome, seconds)

    async def _answer(self, request: Request) -> Response:
        preflight = self._cors.preflight(request) if self._cors else None
        if preflight is not None:
            return preflight
        if is_control(request.path):  # It can wait for a delivery, whose receiver may call the API before it answers.
            reads = request.method in ("GET", "HEAD")  # They don't wait, and so aren't held up by those that do.
            limiter = _limiter("reads", _READS) if reads else None
            return await anyio.to_thread.run_sync(self._app.handle, request, limiter=limiter)
        if len(request.body) > LARGE_BODY:
            response = await anyio.to_thread.run_sync(self._app.handle, request, limiter=_limiter("large", 1))
        else:
            response = self._app.handle(request)
        if self._cors:
            response = replace(response, headers=(*response.headers, *self._cors.headers(request)))
        return response

    async def _send(self, response: Response, scope: Message, receive: Receive, send: Send) -> str:
        """Send a response with its faults. Return its status, or how the connection ended before that."""
        if response.delay and await _gone(receive, response.delay):
            return "gone"
        if response.broken == "reset":
            await _break(scope, receive, reset=True)
            return "reset"
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
        if response.body:
            headers.append((b"Content-Length", str(len(response.body)).encode("ascii")))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        if response.broken == "cut":
            await send(
                {"type": "http.response.body", "body": response.body[: len(response.body) // 2], "more_body": True}
            )
            await _break(scope, receive, reset=False)
            return f"{response.status} cut"
        elif response.slow_body:
            for piece in pieces(response.body):
                if await _gone(receive, response.slow_body / STEPS):
                    return f"{response.status} gone"
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        else:
            await send({"type": "http.response.body", "body": response.body})
        return str(response.status)

    def _names(self, scope: Message) -> frozenset[str]:
        server = scope.get("server") or ("", None)
        return frozenset(name.lower() for name in (self.host, server[0]) if name)

    async def _body(self, scope: Message, receive: Receive) -> bytes | None:
        """Return the body, or as much of a too large one as shows that it is; None if the client went away."""
        chunks: list[bytes] = []
        size, most = 0, -1
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if not message.get("more_body", False):
                break
            if most < 0:  # Most bodies come in one piece.
                most = self._app.largest_body(scope["method"], scope["path"])
            if size > most:
                break
        return b"".join(chunks)


def _limiter(name: str, most: int) -> CapacityLimiter:
    """Return the limiter of that name in the running event loop, of so many requests at a time."""
    limiters = _limiters.get(None)
    if limiters is None:
        limiters = {}
        _limiters.set(limiters)
    return limiters.setdefault(name, CapacityLimiter(most))


async def _gone(receive: Receive, seconds: float) -> bool:
    """Wait, while others are served; return whether the client went away meanwhile."""
    with anyio.move_on_after(seconds):
        while (await receive())["type"] != "http.disconnect":
            pass
        return True
    return False


async def _break(scope: Message, receive: Receive, *, reset: bool) -> None:
    """Reset the connection, or close it after what was sent. A server other than ours closes it on an exception."""
    end = scope.get("extensions", {}).get(BREAK)
    if end is None:
        raise ConnectionAbortedError("fault: the connection is broken off")
    end(reset)
    with anyio.move_on_after(_ENDING):  # Until the server has noticed, which takes offence at an answer without end.
        while (await receive())["type"] != "http.disconnect":
            pass


async def _lifespan(receive: Receive, send: Send, problem: str) -> None:
    while True:
        message = await receive()
        if problem and message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.failed", "message": problem})
            return
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
