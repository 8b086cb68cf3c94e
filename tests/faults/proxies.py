"""An HTTP proxy and a SOCKS5 proxy, on this machine."""

from __future__ import annotations

import asyncio
import base64
import struct
from typing import Any

from .echo import EchoServer


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


class _Proxy(EchoServer):
    def __init__(self, *, user: str | None = None, password: str = "") -> None:
        super().__init__()
        self.credentials = None if user is None else (user, password)

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    async def relay(self, host: str, port: int, first: bytes, ends: tuple[Any, Any]) -> None:
        reader, writer = ends
        onward_reader, onward_writer = await asyncio.open_connection(host, port)
        onward_writer.write(first)
        await asyncio.gather(copy(reader, onward_writer), copy(onward_reader, writer))


class HttpProxy(_Proxy):
    """Makes tunnels, forwards requests of http URLs, and keeps the first line of each in `requests`.

    Args:
        user: Who may use it; None for everybody.
        password: The password of that user.
        refusal: The status with which it refuses, such as `503 Service Unavailable`.
        times: How often it refuses before it does its work.
    """

    def __init__(self, *, refusal: str = "", times: int = 1_000, **credentials: Any) -> None:
        super().__init__(**credentials)
        self._refusal = refusal
        self._times = times

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.partition(b"\r\n")[0].decode().split()
        self.requests.append(f"{method} {target}")
        refusal = self._refusal if len(self.requests) <= self._times else ""
        if self.credentials is not None:
            token = base64.b64encode(":".join(self.credentials).encode())
            if b"Basic " + token not in head:
                refusal = "407 Proxy Authentication Required"
        if refusal:
            writer.write(f"HTTP/1.1 {refusal}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno".encode())
            await writer.drain()
        elif method == "CONNECT":
            host, _, port = target.rpartition(":")
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await self.relay(host, int(port), b"", (reader, writer))
        else:
            address, _, path = target.removeprefix("http://").partition("/")
            host, _, port = address.rpartition(":")
            first = head.replace(target.encode(), b"/" + path.encode(), 1)
            await self.relay(host, int(port), first, (reader, writer))


class SocksProxy(_Proxy):
    """Makes tunnels (RFC 1928), and keeps their targets in `requests`.

    Args:
        user: Who may use it; None for everybody.
        password: The password of that user.
        reply: The code of its reply: 0 for a tunnel, else a refusal.
        garbage: What it sends instead of its first reply; empty to hang up.
    """

    def __init__(self, *, reply: int = 0, garbage: bytes | None = None, **credentials: Any) -> None:
        super().__init__(**credentials)
        self._reply = reply
        self._garbage = garbage

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        offered = await reader.readexactly(count)
        if self._garbage is not None:
            self.requests.append("garbage")
            writer.write(self._garbage)
            return
        if not await self._authenticate(offered, reader, writer):
            self.requests.append("refused")
            return
        _, _, _, kind = await reader.readexactly(4)
        length = 4 if kind == 1 else (await reader.readexactly(1))[0]
        raw = await reader.readexactly(length)
        host = ".".join(map(str, raw)) if kind == 1 else raw.decode()
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        self.requests.append(f"{host}:{port}")
        writer.write(bytes([5, self._reply, 0, 1, 127, 0, 0, 1, 0, 0]))
        if self._reply == 0:
            await self.relay(host, port, b"", (reader, writer))

    async def _authenticate(self, offered: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        method = 0 if self.credentials is None else 2
        if method not in offered:
            writer.write(b"\x05\xff")
            return False
        writer.write(bytes([5, method]))
        if self.credentials is None:
            return True
        given = []
        await reader.readexactly(1)
        for _ in range(2):
            (length,) = await reader.readexactly(1)
            given.append((await reader.readexactly(length)).decode())
        right = tuple(given) == self.credentials
        writer.write(b"\x01\x00" if right else b"\x01\x01")
        return right
