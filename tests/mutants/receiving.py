"""A receiver of deliveries on this machine, and a layer that is served in a thread, for tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn

from tests.mutants.layer import Layer
from tests.mutants.serving import listen, url_of


class Receiver:
    """Keeps what comes in: the method, the media type and the body."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str, Any]] = []
        self.url = ""

    def take(self, method: str, media_type: str, body: bytes) -> None:
        """Keep a request."""
        try:
            value = json.loads(body)
        except ValueError:
            value = body
        self.received.append((method, media_type, value))


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve a receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.take(self.command, self.headers.get("Content-Type", ""), body)
            self.send_response(204)
            self.end_headers()

        do_POST = do_PUT = _take

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def served(layer: Layer) -> Iterator[str]:
    """Serve a layer in a thread."""
    with listen() as listener:
        layer.truth.url = url_of(listener)
        config = uvicorn.Config(layer, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield layer.truth.url
        finally:
            server.should_exit = True
            thread.join()
