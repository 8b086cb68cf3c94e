"""The layer as a server in a separate process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from tests.contract.document import Document
from tests.mutants.layer import Layer
from tests.mutants.lie import Lie
from tests.mutants.truth import Truth

_LOOK_SECONDS = 1.0


class _Server(uvicorn.Server):
    """Uvicorn's server, which doesn't raise SIGTERM again when it ends, since the report is written after that."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        signal.signal(signal.SIGTERM, self.handle_exit)
        yield


def listen() -> socket.socket:
    """Return a socket that listens on a free port of 127.0.0.1."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the URL of a listening socket."""
    return "http://{}:{}".format(*listener.getsockname()[:2])


def serve(listener: socket.socket, lie: Lie | None, report: Path) -> None:
    """Serve a fresh mock that tells a lie, until SIGTERM. Writes into `report` how often it lied."""
    truth = Truth(Document(), behaviour=lie.behaviour if lie else "current")
    truth.url = url_of(listener)
    layer = Layer(truth, lie)
    server = _Server(
        uvicorn.Config(layer, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    )
    threading.Thread(target=_end_with_parent, args=(server, os.getppid()), daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        report.write_text(json.dumps({"told": layer.told, "failed": layer.failed}), encoding="utf-8")
        truth.close()


def _end_with_parent(server: uvicorn.Server, parent: int) -> None:
    """Stop when the parent process has ended, for whatever reason."""
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(_LOOK_SECONDS)
    server.should_exit = True
