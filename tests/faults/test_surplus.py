"""A server, or a proxy before it, that answers once too often: no call gets another's answer."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from kit_client import AsyncKit, Kit, KitError

from .echo import SUBSCRIBER

WRONG = 666


def answer(number: int, chunked: bool) -> bytes:
    found = {**SUBSCRIBER, "id": number, "email_address": f"{number}@example.com"}
    body = json.dumps({"subscriber": found}).encode()
    if chunked:
        return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def anonymous(purpose: int) -> ssl.SSLContext:
    """TLS without certificates, as a test has none."""
    context = ssl.SSLContext(purpose)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES128-SHA:@SECLEVEL=0")
    return context


@contextmanager
def surplus(first: list[list[bytes]], tls: bool) -> Iterator[str]:
    """Answers each request but the first as it should, and the first with groups of pieces, 50 ms between the groups."""
    served = 0

    def serve(connection: socket.socket) -> None:
        nonlocal served
        with suppress(OSError):
            connection.settimeout(10)
            if tls:
                connection = anonymous(ssl.PROTOCOL_TLS_SERVER).wrap_socket(connection, server_side=True)
            with connection:
                while request := connection.recv(65536):
                    served += 1
                    if served > 1:
                        found = re.search(rb"/subscribers/(\d+)", request)
                        assert found
                        connection.sendall(answer(int(found[1]), False))
                        continue
                    for number, group in enumerate(first):
                        if number:
                            time.sleep(0.05)
                        for piece in group:
                            connection.sendall(piece)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threads.append(threading.Thread(target=serve, args=(server.accept()[0],), daemon=True))
                threads[-1].start()

    threads = [threading.Thread(target=accept, daemon=True)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads[0].start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(10)


RIGHT, CHUNKED, EXTRA = answer(1, False), answer(1, True), answer(WRONG, False)
CASES = pytest.mark.parametrize(
    "first",
    [
        pytest.param([[RIGHT + EXTRA]], id="at once"),
        pytest.param([[CHUNKED + EXTRA]], id="at once, chunked"),
        pytest.param([[CHUNKED + answer(WRONG, True)]], id="both chunked"),
        pytest.param([[RIGHT + EXTRA + EXTRA]], id="two"),
        pytest.param([[RIGHT + EXTRA[:20]], [EXTRA[20:]]], id="in halves"),
        pytest.param([[RIGHT], [EXTRA]], id="later"),
        pytest.param([[RIGHT, EXTRA]], id="right after"),
        pytest.param([[RIGHT + b"\r\n"]], id="a line end"),
        pytest.param([[RIGHT + b"garbage"]], id="garbage"),
    ],
)
TLS = pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])


@TLS
@CASES
def test_a_surplus_answer_is_dropped(first: list[list[bytes]], tls: bool) -> None:
    transport = httpx.HTTPTransport(verify=anonymous(ssl.PROTOCOL_TLS_CLIENT)) if tls else None
    with surplus(first, tls) as url, Kit("key", base_url=url, transport=transport, max_retries=0) as kit:
        assert kit.subscribers.get(1).id == 1
        time.sleep(0.1)
        assert [kit.subscribers.get(number).id for number in (2, 3)] == [2, 3]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@TLS
@CASES
async def test_a_surplus_answer_is_dropped_async(first: list[list[bytes]], tls: bool) -> None:
    import anyio

    transport = httpx.AsyncHTTPTransport(verify=anonymous(ssl.PROTOCOL_TLS_CLIENT)) if tls else None
    with surplus(first, tls) as url:
        async with AsyncKit("key", base_url=url, transport=transport, max_retries=0) as kit:
            assert (await kit.subscribers.get(1)).id == 1
            await anyio.sleep(0.1)
            assert [(await kit.subscribers.get(number)).id for number in (2, 3)] == [2, 3]


def test_a_clean_connection_is_kept() -> None:
    with surplus([[RIGHT]], False) as url, Kit("key", base_url=url) as kit:
        streams = []
        kit.get_httpx_client().event_hooks["response"] = [lambda r: streams.append(r.extensions["network_stream"])]
        for number in (1, 2, 3):
            assert kit.subscribers.get(number).id == number
        assert len(set(map(id, streams))) == 1


@contextmanager
def alerting(alert: bytes) -> Iterator[tuple[str, list[int]]]:
    """A server that answers whatever opens a TLS connection with these bytes, and counts."""
    tries: list[int] = []

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                tries.append(1)
                with connection:
                    connection.settimeout(5)
                    connection.recv(65536)
                    connection.sendall(alert)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}", tries
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


# RFC 8446, section 6.2
ALERTS = {
    "handshake failure": 40,
    "bad certificate": 42,
    "certificate revoked": 44,
    "unknown CA": 48,
    "access denied": 49,
    "protocol version": 70,
    "insufficient security": 71,
    "internal error": 80,
    "unrecognized name": 112,
    "certificate required": 116,
}
NO_TLS = [
    *(pytest.param(bytes([21, 3, 3, 0, 2, 2, code]), id=name) for name, code in ALERTS.items()),
    pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="no TLS"),
]


@pytest.mark.parametrize("alert", NO_TLS)
def test_what_tls_refuses_is_not_tried_again(alert: bytes) -> None:
    with alerting(alert) as (url, tries), Kit("key", base_url=url) as kit:
        with pytest.raises(KitError, match="get_account: connection failed: ") as caught:
            kit.account.get()
        assert caught.value.attempts == len(tries) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.parametrize("alert", NO_TLS)
async def test_what_tls_refuses_is_not_tried_again_async(alert: bytes) -> None:
    with alerting(alert) as (url, tries):
        async with AsyncKit("key", base_url=url) as kit:
            with pytest.raises(KitError, match="get_account: connection failed: ") as caught:
                await kit.account.get()
        assert caught.value.attempts == len(tries) == 1
