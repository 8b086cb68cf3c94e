"""The mock as a process of its own, which can be killed and started anew on the same port with the same file."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def served(db: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "kit_mock", "serve", "--rate-limit", "off", "--db", str(db), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), process.communicate(timeout=10)
            yield process
        finally:
            process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
