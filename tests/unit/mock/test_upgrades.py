"""Requests that offer another protocol, as Java's HttpClient and `curl --http2` do, are answered by the one that they came in."""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator

import httpx
import pytest

from kit_mock import KitMock

OFFERS = {
    "h2c": {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAoAAAAAIAAAAA"},
    "tls": {"Connection": "Upgrade", "Upgrade": "TLS/1.2"},
    "websocket": {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
    "several": {"Connection": "keep-alive, Upgrade", "Upgrade": "websocket, h2c"},
}
offered = pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)


@pytest.fixture
def connection(mock: KitMock) -> Iterator[http.client.HTTPConnection]:
    found = http.client.HTTPConnection(httpx.URL(mock.url).netloc.decode(), timeout=10)
    yield found
    found.close()


def _answer(connection: http.client.HTTPConnection) -> tuple[int, bytes]:
    response = connection.getresponse()
    return response.status, response.read()


@offered
@pytest.mark.parametrize("chunked", [False, True], ids=["whole", "chunked"])
@pytest.mark.parametrize("later", [False, True], ids=["at-once", "later"])
def test_a_body_is_read_and_the_connection_goes_on(
    connection: http.client.HTTPConnection, mock: KitMock, offer: dict[str, str], chunked: bool, later: bool
) -> None:
    body = b'{"name":"Newsletter"}'
    length = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body)))
    sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    for status in (201, 200):
        connection.putrequest("POST", "/v4/tags")
        for name, value in ({"X-Kit-Api-Key": mock.api_key, "Content-Type": "application/json"} | offer).items():
            connection.putheader(name, value)
        connection.putheader(*length)
        if later:
            connection.endheaders()
            connection.send(sent[:4])
            connection.send(sent[4:])
        else:
            connection.endheaders(sent)
        assert _answer(connection)[0] == status
    connection.request("GET", "/v4/tags", headers={"X-Kit-Api-Key": mock.api_key})
    assert _answer(connection)[0] == 200
    assert [tag["name"] for tag in mock.tags.all()] == ["Newsletter"]


@offered
def test_requests_that_follow_each_other_at_once_are_all_answered(mock: KitMock, offer: dict[str, str]) -> None:
    headers = "".join(f"{name}: {value}\r\n" for name, value in {"X-Kit-Api-Key": mock.api_key, **offer}.items())
    get = f"GET /v4/tags HTTP/1.1\r\nHost: kit.test\r\n{headers}\r\n".encode()
    post = get.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\nContent-Length: 6\r\n\r\nname=a")
    last = get.replace(b"Connection: ", b"Connection: close, ")
    address = httpx.URL(mock.url)
    with socket.create_connection((address.host, address.port or 0), timeout=10) as sock:
        sock.sendall(get + post + post + last)
        with sock.makefile("rb") as stream:
            found = stream.read()
    assert re.findall(rb"HTTP/1.1 (\d+)", found) == [b"200", b"201", b"200", b"200"]


@offered
def test_the_last_request_of_a_connection_has_a_body_too(mock: KitMock, offer: dict[str, str]) -> None:
    headers = {**offer, "Connection": f"close, {offer['Connection']}", "X-Kit-Api-Key": mock.api_key}
    with httpx.Client(base_url=mock.url) as client:
        answer = client.post("/v4/tags", json={"name": "Newsletter"}, headers=headers)
    assert (answer.status_code, answer.headers["connection"]) == (201, "close")


@offered
def test_an_offer_does_not_lift_the_limits_of_a_head_and_a_body(mock: KitMock, offer: dict[str, str]) -> None:
    headers = {**offer, "X-Kit-Api-Key": mock.api_key, "Content-Type": "application/json"}
    with httpx.Client(base_url=mock.url) as client:
        assert client.post("/v4/tags", headers={**headers, "X-Long": "x" * 70_000}).status_code == 431
        assert client.post("/v4/tags", content=b" " * 2_000_000, headers=headers).status_code == 413
        assert client.post("/v4/tags", json={"name": "n" * 100}, headers={**headers, "X-Long": "x" * 60_000}).is_success
