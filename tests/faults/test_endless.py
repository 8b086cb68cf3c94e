"""Answers without end, over a socket: what a call may cost in time and memory is bounded."""

from __future__ import annotations

import functools
import gzip
import itertools
import json
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest

from kit_client import (
    APITimeoutError,
    AsyncKit,
    DeadlineExceededError,
    Kit,
    KitError,
    ResponseTooLargeError,
    RetryPolicy,
)

Pieces = Callable[[], Iterable[bytes]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
JSON = json.dumps(
    {
        "user": {"email": "a@example.com"},
        "account": {
            "id": 1,
            "name": "A",
            "plan_type": "creator",
            "primary_email_address": "a@example.com",
            "created_at": "2024-01-01T00:00:00Z",
        },
    }
).encode()
MEGABYTE = 1024 * 1024


@contextmanager
def sending(pieces: Pieces, pause: float = 0.0) -> Iterator[str]:
    """A server on a free port that sends these pieces for each connection until the client leaves."""
    stop = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(10)
            connection.recv(65536)
            for piece in pieces():
                connection.sendall(piece)
                if stop.wait(pause) if pause else stop.is_set():
                    return

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                threads.append(threading.Thread(target=answer, args=(connection,), daemon=True))
                threads[-1].start()

    threads = [threading.Thread(target=serve, daemon=True)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads[0].start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        stop.set()
        server.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(10)


def byte_by_byte(data: bytes) -> Pieces:
    return lambda: (data[i : i + 1] for i in range(len(data)))


def endless(start: bytes, more: bytes) -> Pieces:
    return lambda: itertools.chain([start], itertools.repeat(more))


SLOW = [
    pytest.param(byte_by_byte(OK + b"Content-Length: 900\r\n\r\n" + b" " * 900), id="head"),
    pytest.param(endless(OK + b"Content-Length: 900\r\n\r\n", b" "), id="body"),
    pytest.param(endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"), id="chunks"),
    pytest.param(endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"), id="head of a chunk"),
    pytest.param(endless(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"A"), id="trailer"),
    pytest.param(endless(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:9], b"\0"), id="gzip"),
    pytest.param(endless(b"", b"HTTP/1.1 102 Processing\r\n\r\n"), id="interim answers"),
]


@pytest.mark.parametrize("pieces", SLOW)
def test_a_dribble_ends_with_the_deadline(pieces: Pieces) -> None:
    with sending(pieces, pause=0.05) as url, Kit("key", base_url=url, timeout=1, deadline=0.3) as kit:
        begin = time.monotonic()
        with pytest.raises(DeadlineExceededError, match=r"get_account: .*the deadline of 0\.3 s") as caught:
            kit.account.get()
        assert 0.25 < time.monotonic() - begin < 10
        assert caught.value.attempts == 1
        assert isinstance(caught.value, APITimeoutError)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("pieces", SLOW)
async def test_a_dribble_ends_with_the_deadline_async(pieces: Pieces) -> None:
    with sending(pieces, pause=0.05) as url:
        async with AsyncKit("key", base_url=url, timeout=1, deadline=0.3) as kit:
            begin = time.monotonic()
            with pytest.raises(DeadlineExceededError, match=r"get_account: .*the deadline of 0\.3 s"):
                await kit.account.get()
            assert 0.25 < time.monotonic() - begin < 10


def test_a_server_that_takes_a_request_in_slowly_does_not_outlast_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stop = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                while not stop.wait(0.02):
                    connection.recv(20_000)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with Kit("key", base_url=url, timeout=0.5, deadline=0.6) as kit:
            begin = time.monotonic()
            with pytest.raises(DeadlineExceededError):
                kit.broadcasts.create(content="x" * 30 * MEGABYTE)
            assert time.monotonic() - begin < 5
        stop.set()
        thread.join(10)


@functools.cache
def bomb(compress: Callable[[bytes, int], bytes]) -> bytes:
    return compress(bytes(100 * MEGABYTE), 9)


HUGE = [
    pytest.param(endless(OK + b"\r\n", b"x" * 65536), id="no length"),
    pytest.param(lambda: [OK + b"Content-Length: 9000000000\r\n\r\n", b"x" * 65536], id="length"),
    pytest.param(
        endless(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"x" * 65536 + b"\r\n"), id="chunked"
    ),
    pytest.param(lambda: [OK + b"Content-Encoding: gzip\r\n\r\n", bomb(gzip.compress)], id="gzip bomb"),
    pytest.param(lambda: [OK + b"Content-Encoding: deflate\r\n\r\n", bomb(zlib.compress)], id="deflate bomb"),
    pytest.param(
        endless(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n", b"<p>" * 20_000), id="error page"
    ),
]


@pytest.mark.parametrize("pieces", HUGE)
def test_a_huge_body_is_given_up_at_the_largest_size(pieces: Pieces) -> None:
    made = list(itertools.islice(pieces(), 400))
    with sending(lambda: made) as url, Kit("key", base_url=url, max_response_bytes=4 * MEGABYTE) as kit:
        with pytest.raises(ResponseTooLargeError, match=r"larger than 4194304 bytes \(max_response_bytes\)") as caught:
            traced(kit.account.get)
        assert caught.value.attempts == 1


def traced(call: Callable[[], Any]) -> None:
    tracemalloc.start()
    try:
        call()
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 16 * MEGABYTE


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("pieces", HUGE)
async def test_a_huge_body_is_given_up_at_the_largest_size_async(pieces: Pieces) -> None:
    with sending(pieces) as url:
        async with AsyncKit("key", base_url=url, max_response_bytes=MEGABYTE) as kit:
            with pytest.raises(ResponseTooLargeError, match="larger than 1048576 bytes"):
                await kit.account.get()


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_an_encoding_that_was_not_asked_for_is_not_decoded(encoding: str) -> None:
    head = OK + f"Content-Encoding: {encoding}\r\nContent-Length: 3\r\n\r\n".encode()
    with (
        sending(lambda: [head, b"abc"]) as url,
        Kit("key", base_url=url, max_retries=0) as kit,
        pytest.raises(KitError, match="compressed in a way that can't be undone"),
    ):
        kit.account.get()


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("identity", lambda data: data),
        ("Gzip", gzip.compress),
    ],
)
def test_what_was_asked_for_is_decoded(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    body = compress(JSON)
    head = OK + f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    seen: list[httpx.Response] = []
    with (
        sending(lambda: [head, *(body[i : i + 7] for i in range(0, len(body), 7))]) as url,
        Kit("key", base_url=url, event_hooks={"response": [seen.append]}) as kit,
    ):
        assert kit.account.get().account.name == "A"
    assert seen[0].content == JSON
    assert seen[0].headers["Content-Encoding"] == encoding


def test_a_compressed_body_that_is_cut_short_is_asked_for_again() -> None:
    whole = gzip.compress(JSON)
    bodies = [whole[:-12], whole]

    def answer() -> list[bytes]:
        body = bodies.pop(0)
        return [OK + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n", body]

    with sending(answer) as url, Kit("key", base_url=url, retry=RetryPolicy(backoff=0)) as kit:
        assert kit.account.get().account.name == "A"
    assert bodies == []


def test_the_options_hold_for_the_calls_of_what_they_return() -> None:
    body = httpx.Response(200, content=JSON + b" " * 2000)
    with Kit("key", transport=httpx.MockTransport(lambda request: body)) as kit:
        assert kit.account.get().account.name == "A"
        with pytest.raises(ResponseTooLargeError):
            kit.with_options(max_response_bytes=1000).account.get()
        assert kit.with_options(max_response_bytes=None, deadline=None).account.get().account.name == "A"
    with (
        sending(endless(OK + b"\r\n", b" "), pause=0.02) as url,
        Kit("key", base_url=url, deadline=60) as kit,
        pytest.raises(DeadlineExceededError, match=r"0\.1 s"),
    ):
        kit.with_options(deadline=0.1).account.get()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"deadline": 0}, ValueError),
        ({"deadline": -1}, ValueError),
        ({"deadline": float("nan")}, ValueError),
        ({"deadline": "5"}, TypeError),
        ({"deadline": True}, TypeError),
        ({"max_response_bytes": 0}, ValueError),
        ({"max_response_bytes": 1.5}, TypeError),
    ],
)
def test_bad_options_are_refused_by_name(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(options))):
        Kit("key", **options)
    with Kit("key") as kit, pytest.raises(error, match=next(iter(options))):
        kit.with_options(**options)
