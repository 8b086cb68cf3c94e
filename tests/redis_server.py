"""A redis-server of the machine for tests and benchmarks, on a free port of 127.0.0.1."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from types import TracebackType
from typing import Self

SECONDS = 900
"""How long a server runs at most, should its program be killed."""
_PATIENCE = 20


def missing() -> str | None:
    """Say what is missing, or None if a server can be started."""
    return None if shutil.which("redis-server") else "redis-server was not found"


class RedisServer:
    """A Redis server that keeps nothing. It is a context manager.

    Args:
        port: Where it listens; without one, on a free port.
    """

    def __init__(self, port: int | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = port or int(free.getsockname()[1])
        self.url = f"redis://127.0.0.1:{self.port}/0"
        settings = ["--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        # A session of its own: Ctrl-C is for the tests, which then end it.
        self._process = subprocess.Popen(
            ["timeout", "--kill-after=5", str(SECONDS), "redis-server", *settings],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        end = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"redis-server did not start on port {self.port}")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop it. More than once does no harm."""
        self._process.terminate()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False
