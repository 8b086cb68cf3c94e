"""Answers that are none, over a real socket: what the network does to a client, a mock transport can't."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kit_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncKit,
    InvalidResponseError,
    Kit,
    KitError,
    RetryPolicy,
    ServerError,
)
from kit_mock import KitMock

HTML = b"<html><title>Web server is down</title></html>"


def answer(status: str, body: bytes = b"", length: int | None = None, kind: str = "application/json") -> bytes:
    size = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


@contextmanager
def serving(*answers: bytes) -> Iterator[tuple[str, Callable[[], int]]]:
    """A server on a free port that gives each connection the next answer, the last one for ever, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        served = 0

        def serve() -> None:
            nonlocal served
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(5)
                    connection.recv(65536)
                    reply = answers[min(served, len(answers) - 1)]
                    served += 1
                    if reply == b"hang":
                        # Until the client gives up, as its end of the connection tells.
                        connection.recv(1)
                        continue
                    connection.sendall(reply)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", lambda: served
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


CASES = [
    pytest.param(answer("522 ", HTML, kind="text/html"), ServerError, "522: 46 bytes of text/html", id="522"),
    pytest.param(answer("200 OK", HTML, kind="text/html"), InvalidResponseError, "46 bytes of text/html", id="html"),
    pytest.param(answer("200 OK"), InvalidResponseError, "an empty body", id="empty"),
    pytest.param(answer("200 OK", b'{"user": {'), InvalidResponseError, "10 bytes of application/json", id="half json"),
    pytest.param(answer("200 OK", b'{"user": {', length=500), APIConnectionError, "connection failed", id="cut body"),
    pytest.param(b"", APIConnectionError, "connection failed", id="no answer"),
    pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", APIConnectionError, "connection failed", id="another protocol"),
    pytest.param(b"hang", APITimeoutError, "timed out", id="silence"),
]


@pytest.mark.parametrize(("reply", "kind", "says"), CASES)
def test_it_becomes_a_kit_error(reply: bytes, kind: type[KitError], says: str) -> None:
    with serving(reply) as (url, _), Kit("key", base_url=url, max_retries=0, timeout=0.5) as kit:
        with pytest.raises(kind, match=f"get_account: .*{says}") as caught:
            kit.account.get()
        assert caught.value.attempts == 1


@pytest.mark.anyio
@pytest.mark.parametrize(("reply", "kind", "says"), CASES)
async def test_it_becomes_a_kit_error_async(reply: bytes, kind: type[KitError], says: str) -> None:
    with serving(reply) as (url, _):
        async with AsyncKit("key", base_url=url, max_retries=0, timeout=0.5) as kit:
            with pytest.raises(kind, match=f"get_account: .*{says}"):
                await kit.account.get()


def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with (
        Kit("key", base_url=url, max_retries=0) as kit,
        pytest.raises(APIConnectionError, match=rf"\(host 127\.0\.0\.1:{port}\)$"),
    ):
        kit.account.get()


def test_a_cut_body_and_a_dropped_connection_are_tried_again() -> None:
    whole = (
        b'{"user": {"email": "a@example.com"}, "account": {"id": 1, "name": "A", "plan_type": "creator",'
        b' "primary_email_address": "a@example.com", "created_at": "2024-01-01T00:00:00Z"}}'
    )
    replies = (answer("200 OK", whole[:20], length=len(whole)), b"", answer("200 OK", whole))
    with (
        serving(*replies) as (url, served),
        Kit("key", base_url=url, retry=RetryPolicy(backoff=0)) as kit,
    ):
        assert kit.account.get().account.name == "A"
        assert served() == 3


def test_a_connection_that_is_made_while_the_client_is_closed_is_closed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.create_connection
    made: list[socket.socket] = []

    with KitMock() as mock:
        kit = Kit(mock.api_key, base_url=mock.url)

        def connect_late(*arguments: Any, **options: Any) -> socket.socket:
            made.append(connect(*arguments, **options))
            kit.close()
            return made[-1]

        monkeypatch.setattr(socket, "create_connection", connect_late)
        kit.account.get()
    assert [each.fileno() for each in made] == [-1]
