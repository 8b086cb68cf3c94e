"""The ways in: sync and async in the same process, a real socket, and many threads at once."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx
import pytest

from kit_mock import KitMock, KitMockError
from tests.unit.mock.conftest import Create


@pytest.mark.anyio
async def test_async_clients(mock: KitMock) -> None:
    headers = {"X-Kit-Api-Key": mock.api_key}
    async with httpx.AsyncClient(transport=mock.async_transport, base_url="https://kit.test", headers=headers) as http:
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(lambda n: http.post("/v4/tags", json={"name": f"Tag {n}"}), number)
        tags = (await http.get("/v4/tags")).json()["tags"]
        assert sorted(found["id"] for found in tags) == list(range(1, 21))
        assert (await http.get("/v4/forms")).status_code == 200
        mock.close()
        with pytest.raises(httpx.ConnectError):
            await http.get("/v4/tags")


def test_both_ways_give_the_same_answer(mock: KitMock, kit: httpx.Client, subscriber: Create) -> None:
    subscriber(first_name="Zoë")
    for method, path in (("GET", "/v4/subscribers"), ("GET", "/v4/none"), ("POST", "/v4/subscribers/1/unsubscribe")):
        inside = kit.request(method, path)
        with httpx.Client(base_url=mock.url, headers={"X-Kit-Api-Key": mock.api_key}) as http:
            outside = http.request(method, path)
        assert outside.status_code == inside.status_code
        assert outside.content == inside.content
        assert outside.headers.get("Content-Type") == inside.headers.get("Content-Type")
        assert "X-Request-Id" in outside.headers


def test_a_socket_takes_what_httpx_sends(mock: KitMock) -> None:
    headers = {"Authorization": f"Bearer {mock.access_token}"}
    with httpx.Client(base_url=mock.url, headers=headers) as http:
        assert http.post("/v4/tags", json={"name": "Ünïcode"}).json()["tag"]["name"] == "Ünïcode"
        chunks = iter([b'{"name": ', b'"chunked"}'])
        assert http.post("/v4/tags", content=chunks, headers={"Content-Type": "application/json"}).status_code == 201
        address = {"email_address": "a+b@example.com"}
        http.post("/v4/subscribers", json=address)
        assert len(http.get("/v4/subscribers", params=address).json()["subscribers"]) == 1
        http.post("/v4/tags/1/subscribers/1")
        assert http.request("DELETE", "/v4/tags/1/subscribers", data=address).status_code == 204
        cursor = http.get("/v4/tags", params={"per_page": 1}).json()["pagination"]["end_cursor"]
        assert http.get("/v4/tags", params={"after": cursor}).json()["tags"][0]["id"] == 1


def test_a_body_that_is_too_large_is_413_over_a_socket() -> None:
    with KitMock(max_body_bytes=1000) as mock:
        headers = {"X-Kit-Api-Key": mock.api_key, "Content-Type": "application/json"}
        for size in (1001, 3_000_000):
            assert httpx.post(f"{mock.url}/v4/tags", content=b" " * size, headers=headers).status_code == 413
        assert httpx.post(f"{mock.url}/v4/tags", content=b'{"name": "a"}', headers=headers).status_code == 201


def test_serving_again_is_the_same_server_and_closing_ends_it() -> None:
    with KitMock() as mock:
        url = mock.serve()
        assert url.startswith("http://127.0.0.1:")
        assert mock.url == url
        assert url in repr(mock)
        assert httpx.get(f"{url}/v4/account").status_code == 401
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/v4/account")
    assert not [thread for thread in threading.enumerate() if thread.name == "kit-mock"]


def test_mocks_do_not_know_of_each_other() -> None:
    with KitMock() as one, KitMock() as other:
        assert one.url != other.url
        headers = {"X-Kit-Api-Key": one.api_key}
        httpx.post(f"{one.url}/v4/tags", json={"name": "a"}, headers=headers)
        assert httpx.get(f"{other.url}/v4/tags", headers=headers).json()["tags"] == []


def test_a_port_that_is_taken_is_refused_in_one_line() -> None:
    with socket.socket() as taken, KitMock() as mock:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(KitMockError, match=r"cannot listen on 127\.0\.0\.1:"):
            mock.serve(port=taken.getsockname()[1])
        assert mock.url  # The next attempt can still succeed.


def test_a_mock_that_is_left_open_does_not_keep_a_program_from_ending() -> None:
    program = "import kit_mock; mock = kit_mock.KitMock(); print(mock.url)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("http://127.0.0.1:")


@pytest.mark.anyio
async def test_a_client_that_goes_away_changes_nothing(mock: KitMock) -> None:
    """As an ASGI server tells it: the connection ends in the middle of the body."""
    begun = {"type": "http.request", "body": b'{"name": "A"}', "more_body": True}
    messages: list[MutableMapping[str, Any]] = [begun, {"type": "http.disconnect"}]
    sent: list[Any] = []

    async def receive() -> MutableMapping[str, Any]:
        return messages.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    headers = [(b"x-kit-api-key", mock.api_key.encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v4/tags", "query_string": b"", "headers": headers}
    await mock.asgi(scope, receive, send)
    assert (sent, messages, mock.requests) == ([], [], ())


@pytest.mark.anyio
async def test_websockets_are_declined(mock: KitMock) -> None:
    sent: list[Any] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    await mock.asgi({"type": "websocket"}, receive, send)
    assert sent == ["websocket.close"]


def test_many_threads(kit: httpx.Client, subscriber: Create, tag: Create) -> None:
    """Each address is created once, whoever comes first; nothing gets lost and nobody waits forever."""
    tag()

    def work(number: int) -> list[int]:
        statuses = []
        for step in range(20):
            body = {"email_address": f"{(number + step) % 25}@example.com", "first_name": str(number)}
            statuses.append(kit.post("/v4/subscribers", json=body).status_code)
            assert kit.get("/v4/subscribers", params={"per_page": 5}).status_code == 200
            assert kit.post("/v4/tags/1/subscribers", json=body).status_code in {200, 201}
        return statuses

    with ThreadPoolExecutor(8) as pool:
        statuses = [status for result in pool.map(work, range(8)) for status in result]
    assert sorted(set(statuses)) == [200, 201]
    assert statuses.count(201) == 25
    found = kit.get("/v4/tags/1/subscribers", params={"include_total_count": "true"}).json()
    assert found["pagination"]["total_count"] == 25
    assert sorted(item["id"] for item in found["subscribers"]) == list(range(1, 26))
