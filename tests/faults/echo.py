"""A server whose answers tell which request they belong to, and which counts its connections."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, Self

from kit_client import RateLimiter

SUBSCRIBER: dict[str, Any] = {"first_name": None, "state": "active", "created_at": "2024-02-29T12:30:00Z", "fields": {}}
TAG: dict[str, Any] = {"name": "a", "created_at": "2024-02-29T12:30:00Z"}
PAGES = 20


def plenty() -> RateLimiter:
    """Return a rate limiter that no test brings to its limit: this server has none."""
    return RateLimiter(limit=1_000_000)


class EchoServer:
    """Answers `GET /v4/subscribers/{id}` with that id, `GET /v4/tags` with 20 pages of one tag each.

    Args:
        delay: Seconds before an answer begins, by its path. Half as much again passes before the body.
        tls: The server's end of TLS, for https.
    """

    def __init__(self, delay: Callable[[str], float] = lambda path: 0.0, tls: ssl.SSLContext | None = None) -> None:
        self._delay = delay
        self._tls = tls
        self.requests: list[str] = []
        self.open = 0
        self.most_open = 0
        self.opened = 0
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    def wait_until_open(self, count: int) -> bool:
        """Wait until so many connections are open; False if that takes longer than 5 seconds."""
        give_up = time.monotonic() + 5
        while self.open != count and time.monotonic() < give_up:
            time.sleep(0.01)
        return self.open == count

    def wait_for_requests(self, count: int) -> bool:
        """Wait until so many requests have come; False if that takes longer than 10 seconds."""
        give_up = time.monotonic() + 10
        while len(self.requests) < count and time.monotonic() < give_up:
            time.sleep(0.01)
        return len(self.requests) >= count

    async def _run(self) -> None:
        connections: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.opened += 1
            task = self._loop.create_task(self._attend(reader, writer))
            connections.add(task)
            task.add_done_callback(connections.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=1000, ssl=self._tls)
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        # Those that are still in their TLS handshake too, which asyncio has tasks for.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                await self.serve(reader, writer)
        finally:
            self.open -= 1
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until its client ends it."""
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split()[1].decode()
            self.requests.append(path)
            delay = self._delay(path)
            answer_at = self._loop.time() + delay
            while self._loop.time() < answer_at:
                await asyncio.sleep(min(0.02, answer_at - self._loop.time()))
                if reader.at_eof():
                    return
            body = answer(path)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            await writer.drain()
            if delay:
                await asyncio.sleep(delay / 2)
            writer.write(body)
            await writer.drain()


def answer(path: str) -> bytes:
    """Return the body for a path."""
    return json.dumps(_answer(path)).encode()


def _answer(path: str) -> dict[str, Any]:
    subscriber = re.fullmatch(r"/v4/subscribers/(\d+)", path)
    if subscriber:
        number = int(subscriber[1])
        return {"subscriber": {**SUBSCRIBER, "id": number, "email_address": f"{number}@example.com"}}
    after = re.search(r"after=(\d+)", path)
    page = 1 + (int(after[1]) if after else 0)
    pagination = {"start_cursor": str(page), "end_cursor": str(page), "per_page": 1}
    return {
        "tags": [{**TAG, "id": page}],
        "pagination": {**pagination, "has_previous_page": page > 1, "has_next_page": page < PAGES},
    }
