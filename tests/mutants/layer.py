"""The ASGI application between the suite and the mock, which tells one lie."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import anyio.to_thread
import attrs

from tests.mutants.exchange import Answer, Request, refused
from tests.mutants.lie import Lie
from tests.mutants.truth import RELAY, Truth

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Layer:
    """Answers requests with a lie, or truthfully without one, and counts how often it lied."""

    def __init__(self, truth: Truth, lie: Lie | None = None) -> None:
        self.truth = truth
        self.told = 0
        """How many requests were answered otherwise than the mock would have."""
        self._tell = truth.ask if lie is None else lie.start(truth)
        self.failed = ""
        """What went wrong in the lie itself, if anything did."""
        self._number = 0

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        operation, in_path = self.truth.routes.find(request.method, request.path)
        request = attrs.evolve(request, operation=operation, in_path=in_path)
        passed = self.truth.passed = []
        answer = self._tell(request)
        if len(passed) != 1 or passed[0][0] != request or passed[0][1] != answer:
            self.told += 1
        self._number += 1
        # A lie that undoes what the mock did makes the mock count its requests anew.
        if answer.header("X-Request-Id") is not None:
            answer = answer.with_header("X-Request-Id", f"00000000-0000-0000-0000-{self._number:012x}")
        return answer

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection event, as ASGI 3 has it."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        if self.truth.forward is not None and scope["path"].startswith(RELAY):
            # It waits for the receiver, who may call the API meanwhile.
            answer = Answer(await anyio.to_thread.run_sync(self.truth.forward, scope["path"], body))
        else:
            answer = self._answer(scope, body)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})

    def _answer(self, scope: Message, body: bytes) -> Answer:
        request = Request(
            scope["method"],
            scope["raw_path"].decode("latin-1").partition("?")[0],
            tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]},
            body,
        )
        try:
            return self.answer(request)
        except Exception as error:  # noqa: BLE001  (a fault of a lie must not look like the suite's success)
            self.failed = f"{type(error).__name__}: {error}"
            return refused(599, f"fault in a lie: {self.failed}")


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
