"""Reads the requests of a connection, by uvicorn and httptools, with limits that these lack."""

from __future__ import annotations

import asyncio
from array import array
from http import HTTPStatus
from typing import Any

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
"""Bytes of a request's line and headers."""


class _Parser(HttpRequestParser):
    """Httptools' parser, for requests that offer an upgrade too.

    Httptools takes the body of such a request for data of the other protocol. So its head is parsed again without the header
    `Upgrade`, which a server may ignore by RFC 9110, section 7.8.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._begin()

    def _begin(self) -> None:
        """Expect a request. The parser forgets what came before: one with `Connection: close` would be its last."""
        super().__init__(self._connection)
        self.set_dangerous_leniencies(lenient_data_after_close=True)  # As uvicorn has it.

    @property
    def is_at_offer(self) -> bool:
        """Whether the request offers an upgrade. CONNECT asks for a tunnel instead, which is refused."""
        return self.should_upgrade() and self.get_method() != b"CONNECT"

    def feed_data(self, data: bytes | bytearray | memoryview | array[int]) -> None:
        """Parse what has arrived."""
        while True:
            try:
                super().feed_data(data)
            except HttpParserUpgrade as found:
                if not self.is_at_offer:
                    raise
                data = memoryview(data)[found.args[0] :]
                head = self._connection.head_without_offer()
                self._begin()
                super().feed_data(head)
            else:
                return


class Connection(HttpToolsProtocol):
    """Uvicorn's protocol with limits that it lacks: on the size of a request's head, and on the time a request may take."""

    _since: float | None = None
    """When the request that is still arriving began, or else the connection; by the event loop's clock. None between requests."""
    _came = 0
    """Bytes of that request that have arrived."""
    _has_head = False
    _unsent = 0
    """Bytes of responses that the client's socket had no room for, when they were last counted."""
    _unsent_since = 0.0
    parser: _Parser

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.parser = _Parser(self)

    def head_without_offer(self) -> bytes:
        """Return the head of the request without the header `Upgrade`."""
        version = self.parser.get_http_version()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version.encode())]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # As Uvicorn has it.
        self._since = self.loop.time()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._since is None:
            self._since = self.loop.time()
        self._came += len(data)
        super().data_received(data)
        if self._came > LARGEST_HEAD and not self._has_head and not self.transport.is_closing():
            self._refuse(431)

    def on_message_begin(self) -> None:
        if self._since is None:  # It can come together with the end of another one.
            self._since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self.parser.is_at_offer:
            return
        if self._came > LARGEST_HEAD:  # A part of the body can be among these bytes.
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > LARGEST_HEAD:
                raise ValueError(
                    "the head of the request is too large"
                )  # The parser stops, and `send_400_response` is called.
        self._has_head = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self.parser.is_at_offer:
            return
        self._since, self._came, self._has_head = None, 0, False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        if self._came > LARGEST_HEAD and not self._has_head:
            self._refuse(431)
        elif self._can_answer:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def expire(self, begun_before: float, unread_since: float) -> None:
        """Hang up if the request that is still arriving began before a moment, unless it is us who don't read at present.

        Hang up too if nothing of a response has been read since a moment.
        """
        unsent = self.transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, self.loop.time()
        elif unsent and self._unsent_since < unread_since:
            self.transport.abort()
            return
        is_late = self._since is not None and self._since < begun_before
        if is_late and not self.flow.read_paused and not self.transport.is_closing():
            self._refuse(408)

    @property
    def _can_answer(self) -> bool:
        """Whether an answer to the request that is arriving would follow whole ones, and be its first."""
        if self._has_head:
            return not self.pipeline and not self.cycle.response_started
        return self.cycle is None or self.cycle.response_complete

    def _refuse(self, status: int) -> None:
        """End the connection, with an answer if there can be one."""
        if self._can_answer:
            reason = HTTPStatus(status).phrase
            head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/json\r\nConnection: close\r\n"
            body = f'{{"errors":["{reason}"]}}'
            self.transport.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        self.transport.close()
