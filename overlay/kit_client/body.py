"""Response bodies, decoded as they come and only up to a largest size."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import httpx

from .deadline import Deadline

MAX_RESPONSE_BYTES = 64 * 1024 * 1024
"""The largest body if nothing else is asked for. A page of 1,000 subscribers with many custom fields is about 1 MB."""
ACCEPT_ENCODING = "gzip, deflate"
"""What is decoded here. A decoder that can't stop at a size, as those of other encodings, is no safe one."""

# What zlib calls them: 16 more for the gzip format.
_WINDOW_BITS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class BodyTooLarge(httpx.RequestError):
    """A body is larger than the largest size, before or after it is decompressed."""


class Body:
    """Decodes a body piece by piece. No I/O.

    Args:
        response: Its head is known, its body isn't read yet.
        limit: The largest size in bytes, or None for any.
    """

    def __init__(self, response: httpx.Response, limit: int | None) -> None:
        self._limit = limit
        self._raw = self._decoded = 0
        encodings = response.headers.get("Content-Encoding", "").lower().replace(" ", "").split(",")
        self._encodings = [name for name in encodings if name not in ("", "identity")]
        self._inflater: Any = None
        announced = response.headers.get("Content-Length", "")
        if announced.isascii() and announced.isdigit() and len(announced) < 20:
            self.check_size(int(announced))

    def take(self, raw: bytes) -> bytes:
        """Decode the next piece.

        Raises:
            BodyTooLarge, httpx.DecodingError: It can't be.
        """
        self._raw += len(raw)
        self.check_size(self._raw)
        decoded = self._inflate(raw) if self._encodings and raw else raw
        self._decoded += len(decoded)
        self.check_size(self._decoded)
        return decoded

    def end(self) -> None:
        """Check that nothing is missing at the end.

        Raises:
            httpx.DecodingError: The compressed body is cut short.
        """
        if self._inflater is not None and not self._inflater.eof:
            raise httpx.DecodingError("the compressed body is cut short")

    def check_size(self, size: int) -> None:
        """Raise BodyTooLarge if a body of this size is too large."""
        if self._limit is not None and size > self._limit:
            raise BodyTooLarge(f"the response body is larger than {self._limit} bytes (max_response_bytes)")

    def _inflate(self, raw: bytes) -> bytes:
        # One byte more than allowed is enough to know that it is too large.
        most = 0 if self._limit is None else self._limit - self._decoded + 1
        try:
            if self._inflater is not None:
                return cast(bytes, self._inflater.decompress(raw, most))
            if len(self._encodings) > 1 or self._encodings[0] not in _WINDOW_BITS:
                raise httpx.DecodingError(f"expected one of {ACCEPT_ENCODING}, got {', '.join(self._encodings)[:80]!r}")
            self._inflater = zlib.decompressobj(_WINDOW_BITS[self._encodings[0]])
            try:
                return cast(bytes, self._inflater.decompress(raw, most))
            except zlib.error:
                if self._encodings != ["deflate"]:
                    raise
                # Some servers send the bare deflate format (RFC 9110, section 8.4.1.2).
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
                return cast(bytes, self._inflater.decompress(raw, most))
        except zlib.error as error:
            raise httpx.DecodingError(str(error)) from error


def largest(request: httpx.Request) -> int | None:
    """Return the largest size of the response body of a request, or None for any."""
    return cast("int | None", request.extensions.get("max_response_bytes", MAX_RESPONSE_BYTES))


def read(response: httpx.Response, limit: int | None, deadline: Deadline | None) -> None:
    """Read the body into `response.content`.

    Raises:
        BodyTooLarge, DeadlinePassed, httpx.RequestError: It can't be read to its end.
    """
    try:
        body = Body(response, limit)
        if response.is_stream_consumed:
            body.check_size(len(response.content))
            return
        encoding = response.headers.pop("Content-Encoding", None)
        response.stream = _Stream(response, body, deadline)
        response.read()
        if encoding is not None:
            response.headers["Content-Encoding"] = encoding
    except BaseException:
        # A body that is left half read would keep its connection from the others.
        response.close()
        raise


async def aread(response: httpx.Response, limit: int | None) -> None:
    """Read a response of an async transport, without a deadline: the task is cancelled at that."""
    try:
        body = Body(response, limit)
        if response.is_stream_consumed:
            body.check_size(len(response.content))
            return
        encoding = response.headers.pop("Content-Encoding", None)
        response.stream = _AsyncStream(response, body)
        await response.aread()
        if encoding is not None:
            response.headers["Content-Encoding"] = encoding
    except Exception:
        await response.aclose()
        raise


class _Stream(httpx.SyncByteStream):
    def __init__(self, response: httpx.Response, body: Body, deadline: Deadline | None) -> None:
        self._response, self._body, self._deadline = response, body, deadline
        self._raw = cast(httpx.SyncByteStream, response.stream)

    def __iter__(self) -> Iterator[bytes]:
        for raw in self._raw:
            if self._deadline is not None:
                self._deadline.check()
            yield self._body.take(raw)
        self._body.end()
        drop_if_surplus(self._response, self._raw)

    def close(self) -> None:
        self._raw.close()


class _AsyncStream(httpx.AsyncByteStream):
    def __init__(self, response: httpx.Response, body: Body) -> None:
        self._response, self._body = response, body
        self._raw = cast(httpx.AsyncByteStream, response.stream)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        connection = self._response.extensions.get("network_stream")
        failed: httpx.RequestError | None = None
        try:
            async for raw in self._raw:
                if failed is not None:
                    continue
                try:
                    decoded = self._body.take(raw)
                except httpx.RequestError as error:
                    if connection is None or not _is_http_1(self._response):
                        raise
                    # The generators of httpcore are not to be left half run: trio warns of that. A closed connection
                    # ends them all.
                    import anyio

                    failed = error
                    with anyio.CancelScope(shield=True):
                        await connection.aclose()
                    continue
                yield decoded
        except httpx.NetworkError:
            if failed is None:
                raise
        if failed is not None:
            raise failed
        self._body.end()
        drop_if_surplus(self._response, self._raw)

    async def aclose(self) -> None:
        await self._raw.aclose()


def _is_http_1(response: httpx.Response) -> bool:
    """Tell whether the connection carries one request at a time."""
    return response.http_version.startswith("HTTP/1")


def drop_if_surplus(response: httpx.Response, raw: object) -> None:
    """End the connection if bytes beyond the response came, which would be taken for the answer to the next request.

    A pool closes a connection that has bytes waiting in its socket when it is to be used again, but doesn't look at
    bytes that were read already. This is to be called at the end of the body, before the pool has the connection back.

    Args:
        response: A response.
        raw: The stream that its transport gave it.
    """
    connection = response.extensions.get("network_stream")
    if connection is None or not _is_http_1(response):
        return
    # What the parser was given. httpx and httpcore have no public name for it; without it, nothing is found.
    for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state"):
        raw = getattr(raw, name, None)
    unparsed: tuple[bytes, bool] = getattr(raw, "trailing_data", (b"", False))
    if unparsed[0] or _has_undecrypted(connection.get_extra_info("ssl_object")):
        import socket

        ours = connection.get_extra_info("socket")
        # A copy, as asyncio, uvloop and trio each have a kind of their own. A pool takes a connection that was shut down
        # for one that the server ended.
        with socket.fromfd(ours.fileno(), ours.family, ours.type) as copy, contextlib.suppress(OSError):
            copy.shutdown(socket.SHUT_RDWR)


def _has_undecrypted(tls: Any) -> bool:
    """Tell whether a TLS connection holds data that was received, but not asked for."""
    if tls is None:
        return False
    import ssl

    if not isinstance(tls, ssl.SSLObject):
        # The TLS of a blocking socket: a read would wait. What is not decrypted yet is still in the socket.
        return bool(tls.pending())
    try:
        return bool(tls.read(1))
    except ssl.SSLError:
        return False
