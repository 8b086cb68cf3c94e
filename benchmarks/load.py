"""A load generator: keep-alive connections, each sending its next request when it has the answer to the last."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator
from typing import cast

import attrs
import httptools
import uvloop

CONNECTIONS = 16
Requests = Iterator[bytes]


def get(path: str) -> Requests:
    """The same GET for ever."""
    return itertools.repeat(f"GET {path} HTTP/1.1\r\n{_HEADERS}\r\n".encode())


def post(path: str, body: str) -> Requests:
    """POSTs of JSON, each with another number in place of `{}`."""
    for number in itertools.count(1):
        content = body.replace("{}", str(number))
        head = f"POST {path} HTTP/1.1\r\n{_HEADERS}Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        yield f"{head}\r\n{content}".encode()


_HEADERS = "Host: 127.0.0.1\r\nAccept: application/json\r\nX-Kit-Api-Key: kit_test_key\r\n"


@attrs.define
class _Run:
    """What the connections of one run share."""

    requests: Requests
    status: int
    until: float = 0.0
    answers: int = 0
    problem: str | None = None


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._parser = httptools.HttpResponseParser(self)
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is none by inheritance.
        self._transport.write(next(self._run.requests))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() != self._run.status:
            self._run.problem = f"answered {self._parser.get_status_code()}, not {self._run.status}"
        elif time.perf_counter() < self._run.until:
            self._run.answers += 1
            self._transport.write(next(self._run.requests))
            return
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self._run.until:
            self._run.problem = self._run.problem or "hung up"
        if not self.closed.done():
            self.closed.set_result(None)


def per_second(port: int, requests: Requests, status: int, seconds: float) -> float:
    """How many requests a second a server answers. Raises RuntimeError for any other status than that one."""
    run = _Run(requests, status)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        took = runner.run(_drive(port, run, seconds))
    if run.problem:
        raise RuntimeError(f"the server on port {port} {run.problem}")
    return run.answers / took


async def _drive(port: int, run: _Run, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    run.until = begun + seconds
    made = [await loop.create_connection(lambda: _Connection(run), "127.0.0.1", port) for _ in range(CONNECTIONS)]
    async with asyncio.timeout(seconds + 30):
        for _, connection in made:
            await connection.closed
    return seconds
