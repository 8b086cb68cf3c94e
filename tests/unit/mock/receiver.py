"""A real HTTP server on loopback that a mock's deliveries come to."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs

SOON = 10.0  # Seconds: more than anything here takes.


@attrs.frozen
class Received:
    path: str
    headers: Mapping[str, str]
    body: Any


class Receiver:
    """Answers 200, or the next of `answers`: a status, or one with a Location. Told to `hold`, it waits for `released`.

    Each answer sets the `cookie`, if there is one.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.received: list[Received] = []
        self.answers: deque[int | tuple[int, str]] = deque()
        self.cookie: str | None = None
        self.released = threading.Event()
        self.released.set()
        self.arrived = threading.Event()
        self._came = threading.Condition()

    def hold(self) -> None:
        """Let calls wait for their answer."""
        self.arrived.clear()
        self.released.clear()

    @property
    def paths(self) -> list[str]:
        return [each.path for each in self.received]

    def expect(self, count: int) -> None:
        """Wait until that many calls have come."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.received) >= count, SOON), self.paths

    def answer(self, call: BaseHTTPRequestHandler) -> None:
        body = call.rfile.read(int(call.headers["Content-Length"]))
        with self._came:
            self.received.append(Received(call.path, {k.lower(): v for k, v in call.headers.items()}, json.loads(body)))
            self._came.notify_all()
        self.arrived.set()
        self.released.wait(SOON)
        given = self.answers.popleft() if self.answers else 200
        status, location = given if isinstance(given, tuple) else (given, None)
        call.send_response(status)
        if location is not None:
            call.send_header("Location", location)
        if self.cookie is not None:
            call.send_header("Set-Cookie", self.cookie)
        call.send_header("Content-Length", "0")
        call.end_headers()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Whoever called hung up, which is what some tests are about."""


@contextmanager
def listening() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.released.set()
            server.shutdown()
            thread.join(SOON)
