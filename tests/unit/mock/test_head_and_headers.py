"""HEAD answers as GET without a body, and blanks around the value of a header don't count."""

from __future__ import annotations

import re
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from kit_mock import KitMock
from kit_mock.protocol.document import load
from kit_mock.status_coverage.recipe import SEED
from tests.unit.mock.conftest import client
from tests.unit.mock.document_fields import line, operations

GETS = sorted(raw["operationId"] for method, raw in operations() if method == "get")
NO_GETS = sorted(
    re.sub(r"\{\w+\}", "1", path)
    for path, item in load().raw["paths"].items()
    if "get" not in item and "oauth" not in path
)
OURS = {"x-request-id", "date"}


def exchanged(mock: KitMock, text: str) -> bytes:
    """All that comes back on a connection until the server closes it."""
    url = urlsplit(mock.url)
    with socket.create_connection((url.hostname, url.port), timeout=10) as connection:
        connection.sendall(text.encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def without_ours(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name not in OURS}


@pytest.mark.parametrize("operation_id", GETS)
def test_head_is_get_without_a_body(operation_id: str) -> None:
    _, path = line(operation_id)
    with (
        KitMock(seed=SEED, auto_approve=True) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        start = mock.snapshot()
        got = http.get(path)
        mock.restore(start)
        head = http.head(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        if operation_id != "authorize":  # Its code is another one each time.
            assert without_ours(head) == without_ours(got)
        assert int(head.headers["Content-Length"]) == len(got.content)
        recorded = mock.requests[-1]
        assert (recorded.method, recorded.operation_id) == ("HEAD", operation_id)
        assert (recorded.status, recorded.response_body) == (got.status_code, "")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v4/subscribers/9", 404),
        ("/v4/tags?per_page=0", 422),
        ("/nowhere", 404),
        *((path, 405) for path in NO_GETS),
    ],
)
def test_what_is_wrong_with_a_get_is_wrong_with_a_head(path: str, status: int) -> None:
    with KitMock() as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        head = http.head(path)
        assert (head.status_code, head.content) == (status, b"")
        assert "HEAD" not in head.headers.get("Allow", "")
        assert "HEAD" in http.patch("/v4/account").headers["Allow"].split(", ")


def test_a_served_head_ends_where_the_next_answer_begins() -> None:
    with KitMock(seed=SEED) as mock:
        lines = f"Host: localhost\r\nX-Kit-Api-Key: {mock.api_key}\r\n"
        sent = "".join(f"HEAD {path} HTTP/1.1\r\n{lines}\r\n" for path in ("/v4/tags", "/v4/none", "/_mock/state"))
        came = exchanged(mock, f"{sent}GET /v4/account HTTP/1.1\r\n{lines}Connection: close\r\n\r\n")
        *heads, last, body = came.split(b"\r\n\r\n")
        assert [head.split()[1] for head in (*heads, last)] == [b"200", b"404", b"200", b"200"]
        assert b'"plan_type"' in body
        with httpx.Client(base_url=mock.url, headers={"X-Kit-Api-Key": mock.api_key}) as http:
            head, got = http.head("/v4/tags"), http.get("/v4/tags")
        assert head.headers["Content-Length"] == got.headers["Content-Length"] == str(len(got.content))


def test_the_control_plane_answers_head() -> None:
    with KitMock() as mock, client(mock) as http:
        for path in ("/_mock/", "/_mock/requests", "/_mock/state"):
            head, got = http.head(path), http.get(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["Content-Length"] == got.headers["Content-Length"]


def test_a_fault_of_a_get_happens_to_a_head_and_not_the_other_way_round() -> None:
    with KitMock() as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        mock.faults.add(route="GET /v4/tags", status=503)
        assert [http.head("/v4/tags").status_code, http.get("/v4/tags").status_code] == [503, 503]
        mock.faults.clear()
        mock.faults.add(route="HEAD /v4/tags", status=502)
        assert [http.head("/v4/tags").status_code, http.get("/v4/tags").status_code] == [502, 200]
        mock.faults.clear()
        mock.faults.add(operation="list_tags", slow_body=1)
        assert http.head("/v4/tags").headers["Content-Length"] == str(len(http.get("/v4/tags").content))


HEADERS: list[dict[str, Any]] = [
    {"X-Kit-Api-Key": "  kit_test_key \t"},
    {"Authorization": "Bearer   test_access_token  "},
    {"Authorization": " \tbearer test_access_token"},
    {"Authorization": " ", "X-Kit-Api-Key": "kit_test_key"},
]


@pytest.mark.parametrize("headers", HEADERS)
def test_blanks_around_a_credential_do_not_count(headers: dict[str, str]) -> None:
    with KitMock() as mock:
        with client(mock, **headers) as http:
            assert http.get("/v4/account").status_code == 200
        sent = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"GET /v4/account HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{sent}\r\n"
        assert exchanged(mock, head).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("value", [" application/json ", "\tapplication/json ; charset=utf-8", "application/json;"])
def test_blanks_around_a_media_type_do_not_count(value: str) -> None:
    with KitMock() as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        response = http.post("/v4/tags", content=b'{"name": "a"}', headers={"Content-Type": value})
        assert response.status_code == 201
        assert mock.requests[-1].request_media_type == "application/json"


def test_a_blank_within_a_credential_does_count() -> None:
    with KitMock(api_key="a b") as mock:
        for key, status in (("a b", 200), ("a  b", 401), ("ab", 401)):
            with client(mock, **{"X-Kit-Api-Key": key}) as http:
                assert http.get("/v4/account").status_code == status
