"""A relay in front of the mock that ends connections as servers and proxies do, between requests and within them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Literal, Self
from urllib.parse import urlsplit

Ending = Literal["close", "reset"]
Moment = Literal["idle", "asked", "answered", "head"]


class Relay:
    """Passes connections on to a server, and ends them at given moments.

    Args:
        target: The URL of the server.

    Attributes:
        moment: When connections that have had their first answer end. `idle`: at the call of `end_idle`. `asked`: when
            the next request has come, which is not passed on. `answered`: right after each answer. `head`: in the middle of the
            next answer's head, so that the request took effect.
        ending: How they end.
        requests: How many have come.
    """

    def __init__(self, target: str) -> None:
        address = urlsplit(target)
        self._target = (address.hostname, address.port)
        self.moment: Moment = "idle"
        self.ending: Ending = "close"
        self.requests = self.opened = 0
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._idle: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    def end_idle(self) -> int:
        """End the connections that wait for a request. Returns how many there were, once they are ended."""

        async def end() -> int:
            idle, self._idle = self._idle, set()
            for writer in idle:
                self._end(writer)
            return len(idle)

        return asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)

    def _end(self, writer: asyncio.StreamWriter) -> None:
        if self.ending == "reset":
            raw: socket.socket = writer.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        else:
            writer.close()

    async def _run(self) -> None:
        server = await asyncio.start_server(self._attend, "127.0.0.1", 0, backlog=1000)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        up_reader, up_writer = await asyncio.open_connection(*self._target)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                await self._serve(reader, writer, up_reader, up_writer)
        finally:
            self._idle.discard(writer)
            up_writer.close()
            writer.close()

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        up_reader: asyncio.StreamReader,
        up_writer: asyncio.StreamWriter,
    ) -> None:
        served = 0
        while True:
            self._idle.add(writer)
            request = await _message(reader)
            self._idle.discard(writer)
            self.requests += 1
            if served and self.moment == "asked":
                return self._end(writer)
            up_writer.write(request)
            answer = await _message(up_reader)
            if served and self.moment == "head":
                writer.write(answer[:20])
                await writer.drain()
                return self._end(writer)
            writer.write(answer)
            await writer.drain()
            served += 1
            if self.moment == "answered":
                return self._end(writer)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """Read a request or an answer: a head, and a body of the length that it says."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)
