"""Servers as processes of their own, on loopback, that end when they are done with, however that comes about."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kit_mock.protocol.document import default_path

PRISM = Path(__file__).with_name("node_modules") / "@stoplight" / "prism-cli"
_PATIENCE = 60


def node() -> str | None:
    """The command that runs Prism, or None where that isn't installed."""
    return shutil.which("node") if PRISM.is_dir() else None


@contextmanager
def kit_mock(*arguments: str) -> Iterator[int]:
    """`kit-mock serve`, without a rate limit; its port."""
    command = [sys.executable, "-m", "kit_mock", "serve", "--port", "0", "--rate-limit", "off", *arguments]
    with _process(command) as process:
        yield int(_first_line(process).rpartition(":")[2])


@contextmanager
def canned() -> Iterator[int]:
    """The server that does nothing but answer; its port."""
    with _process([sys.executable, "-m", "benchmarks.canned_server"]) as process:
        yield int(_first_line(process))


@contextmanager
def prism(page: Any, folder: Path, *options: str) -> Iterator[int]:
    """Prism in its usual static mode, validating requests as it does unless told otherwise; its port.

    It serves the mock's document, with `page` as the example of a list of subscribers: that is how it is told to answer
    with as much.
    """
    raw = json.loads(default_path().read_bytes())
    answer = raw["paths"]["/v4/subscribers"]["get"]["responses"]["200"]["content"]["application/json"]
    answer.pop("examples", None)
    answer["example"] = page
    document = folder / "openapi.json"
    document.write_text(json.dumps(raw))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    script = str(PRISM / "dist" / "index.js")
    command = [node() or "node", script, "mock", "--port", str(port), *options, str(document)]
    # What it logs is thrown away: nobody reads it while it is measured.
    with _process(command, stdout=subprocess.DEVNULL) as process:
        _wait_until_it_listens(port, process)
        yield port


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """Keep this process, and those that it starts, on one of its cores, if there are several and the system allows it."""
    if sys.platform != "linux" or len(cores := os.sched_getaffinity(0)) < 2:
        yield
        return
    os.sched_setaffinity(0, {sorted(cores)[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def _process(command: Sequence[str], stdout: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    # A session of its own: Ctrl-C is for the benchmark, which then ends its servers.
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, text=True, start_new_session=True)
    with process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                process.kill()


def _first_line(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError(f"{process.args!r} did not start")
    return line


def _wait_until_it_listens(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("Prism did not start")
