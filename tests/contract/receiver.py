"""A server on loopback that keeps the requests that it gets from webhooks and bulk jobs."""

from __future__ import annotations

import http.server
import itertools
import json
import threading
import time
from types import TracebackType
from typing import Any, Self

import attrs

_LOOK_SECONDS = 0.02


@attrs.frozen
class Received:
    """A request as it came."""

    method: str
    path: str
    media_type: str
    body: bytes = attrs.field(repr=False)

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Receiver:
    """Answers 200 to everything, on a free port of 127.0.0.1. A context manager."""

    def __init__(self) -> None:
        self._received: list[Received] = []
        self._numbers = itertools.count(1)
        received = self._received

        class Handler(http.server.BaseHTTPRequestHandler):
            def _take(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                media_type = self.headers.get("Content-Type", "").partition(";")[0]
                received.append(Received(self.command, self.path, media_type, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_PUT = do_GET = _take

            def log_message(self, *arguments: object) -> None:
                """Log nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_LOOK_SECONDS,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self) -> str:
        """Return a URL that nothing else is sent to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{next(self._numbers)}"

    def at(self, url: str) -> list[Received]:
        """Return what has come to a URL so far."""
        return [each for each in list(self._received) if url.endswith(f"{self._server.server_address[1]}{each.path}")]

    def wait(self, url: str, count: int, seconds: float) -> list[Received]:
        """Wait until so much has come to a URL, at most for so long, and return it."""
        end = time.monotonic() + seconds
        while len(self.at(url)) < count and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
        return self.at(url)
