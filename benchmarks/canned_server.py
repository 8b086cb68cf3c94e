"""A server that does nothing: a GET of `/N` is answered with N bytes at once. It shows what the load generator can do."""

from __future__ import annotations

import asyncio
import functools
from typing import cast

import uvloop


@functools.cache
def answer(size: int) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    return head.encode() + b" " * size


class Canned(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own class is none by inheritance.

    def data_received(self, data: bytes) -> None:
        # The load generator sends one request at a time, and each is small enough to come in one piece.
        self._transport.write(answer(int(data[: data.index(b" HTTP")].rpartition(b"/")[2])))


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
