"""The mock's transports in clients of httpx2, the fork of httpx: the same answers, and httpx2's own exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from kit_mock import KitMock


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as made:
        yield made


@pytest.fixture
def http(mock: KitMock) -> Iterator[httpx2.Client]:
    headers = {"X-Kit-Api-Key": mock.api_key}
    with httpx2.Client(transport=mock.transport, base_url="https://kit.test", headers=headers) as client:
        yield client


def async_client(mock: KitMock) -> httpx2.AsyncClient:
    headers = {"X-Kit-Api-Key": mock.api_key}
    return httpx2.AsyncClient(transport=mock.async_transport, base_url="https://kit.test", headers=headers)


FAULTS: list[tuple[dict[str, Any], type[Exception]]] = [
    ({"reset": "before"}, httpx2.ReadError),
    ({"cut_body": True}, httpx2.RemoteProtocolError),
    ({"delay": 60}, httpx2.ReadTimeout),
    ({"slow_body": 600}, httpx2.ReadTimeout),
]


def test_requests_are_answered(http: httpx2.Client) -> None:
    made = http.post("/v4/tags", json={"name": "Mathematicians"})
    assert made.status_code == 201
    assert http.get("/v4/tags").json()["tags"] == [made.json()["tag"]]
    assert type(made) is httpx2.Response
    assert http.get("/_mock/state").status_code != 500


@pytest.mark.anyio
async def test_requests_are_answered_async(mock: KitMock) -> None:
    async with async_client(mock) as http:
        made = await http.post("/v4/tags", json={"name": "Mathematicians"})
        assert made.status_code == 201
        assert (await http.get("/v4/tags")).json()["tags"] == [made.json()["tag"]]
        assert (await http.get("/_mock/state")).status_code != 500


@pytest.mark.parametrize(("fault", "error"), FAULTS)
def test_faults_are_exceptions_of_httpx2(
    fault: dict[str, Any], error: type[Exception], mock: KitMock, http: httpx2.Client
) -> None:
    mock.fail_next(**fault)
    with pytest.raises(error):
        http.get("/v4/account")
    assert http.get("/v4/account").status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize(("fault", "error"), FAULTS)
async def test_faults_are_exceptions_of_httpx2_async(
    fault: dict[str, Any], error: type[Exception], mock: KitMock
) -> None:
    async with async_client(mock) as http:
        mock.fail_next(**fault)
        with pytest.raises(error):
            await http.get("/v4/account")
        assert (await http.get("/v4/account")).status_code == 200


def test_a_closed_mock_is_a_host_that_is_down() -> None:
    mock = KitMock()
    http = httpx2.Client(transport=mock.transport, base_url="https://kit.test")
    mock.close()
    with pytest.raises(httpx2.ConnectError):
        http.get("/v4/account")


def test_a_request_of_a_subclass_is_of_its_library(mock: KitMock) -> None:
    class Request(httpx2.Request):
        pass

    request = Request("GET", "https://kit.test/v4/account", headers={"X-Kit-Api-Key": mock.api_key})
    assert isinstance(mock.transport.handle_request(request), httpx2.Response)
