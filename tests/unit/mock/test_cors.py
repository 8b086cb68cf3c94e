"""Web pages of other origins: which may call the API of a served mock, and what browsers are told."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from kit_mock import KitMock
from kit_mock.cli import main

OWN = "http://localhost:3000"
KEY = {"X-Kit-Api-Key": "kit_test_key"}


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with KitMock(cors=[OWN, "https://App.example.com:443"]) as mock, httpx.Client(base_url=mock.url) as http:
        yield http


def preflight(http: httpx.Client, path: str, origin: str = OWN, **headers: str) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST", **headers}
    return http.options(path, headers=asked)


@pytest.mark.parametrize("path", ["/v4/tags", "/v4/subscribers/1", "/oauth/token", "/v4/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize("origin", [OWN, "https://app.example.com"])
def test_a_page_that_is_allowed_may_ask_and_read(http: httpx.Client, path: str, origin: str) -> None:
    asked = preflight(http, path, origin, **{"Access-Control-Request-Headers": "content-type,x-kit-api-key"})
    assert (asked.status_code, asked.content) == (204, b"")
    assert asked.headers["Access-Control-Allow-Origin"] == origin
    assert asked.headers["Access-Control-Allow-Headers"] == "content-type,x-kit-api-key"
    assert {"POST", "PUT", "DELETE"} <= set(asked.headers["Access-Control-Allow-Methods"].split(", "))
    assert asked.headers["Vary"] == "Origin"
    answer = http.post(path, headers={"Origin": origin}, json={})
    assert answer.status_code >= 400, "errors can be read as well"
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    assert answer.headers["Vary"] == "Origin"
    assert "X-Request-Id" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in {*asked.headers, *answer.headers}


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{OWN}.evil.example", "http://localhost:3001", "https://localhost:3000", ""],
)
def test_other_pages_are_told_nothing(http: httpx.Client, origin: str) -> None:
    asked, answer = preflight(http, "/v4/tags", origin), http.get("/v4/tags", headers={**KEY, "Origin": origin})
    assert (asked.status_code, answer.status_code) == (405, 200)
    for each in (asked, answer):
        assert not [name for name in each.headers if name.startswith("access-control-")]
        assert each.headers["Vary"] == "Origin", "what is cached for one page isn't for another"


@pytest.mark.parametrize(
    "path",
    ["/_mock/", "/_mock/state", "/_mock/reset", "/_mock/health", "/", "/oauth/authorize", "/v4/oauth/authorize"],
)
def test_the_control_plane_and_the_consent_page_are_never_for_other_pages(http: httpx.Client, path: str) -> None:
    found = [
        preflight(http, path),
        *(http.request(method, path, headers={"Origin": OWN}) for method in ("GET", "POST")),
    ]
    assert found[0].status_code >= 400
    assert not [name for each in found for name in each.headers if name.startswith("access-control-")]


def test_a_reset_connection_and_a_broken_body_are_no_matter() -> None:
    with KitMock(cors=["*"]) as mock, httpx.Client(base_url=mock.url, headers=KEY) as http:
        mock.fail_next(status=503)
        failed = http.get("/v4/tags", headers={"Origin": "https://anywhere.example"})
        assert (failed.status_code, failed.headers["Access-Control-Allow-Origin"]) == (503, "*")
        assert "Vary" not in failed.headers
        mock.fail_next(reset="before")
        with pytest.raises(httpx.TransportError):
            http.get("/v4/tags", headers={"Origin": "https://anywhere.example"})


def test_preflights_are_neither_recorded_nor_counted() -> None:
    with KitMock(cors=["*"], rate_limit=1) as mock, httpx.Client(base_url=mock.url, headers=KEY) as http:
        for _ in range(3):
            assert preflight(http, "/v4/tags").status_code == 204
        assert http.get("/v4/tags").status_code == 200
        assert len(mock.requests) == 1


def test_without_it_there_are_no_such_headers() -> None:
    with KitMock() as mock, httpx.Client(base_url=mock.url, headers=KEY) as http:
        answer = http.get("/v4/tags", headers={"Origin": OWN})
        assert not {"vary", "access-control-allow-origin"} & set(answer.headers)
        assert preflight(http, "/v4/tags").status_code == 405


def test_headers_that_are_no_names_are_not_repeated(http: httpx.Client) -> None:
    asked = preflight(http, "/v4/tags", **{"Access-Control-Request-Headers": "<script>"})
    assert "Access-Control-Allow-Headers" not in asked.headers


@pytest.mark.parametrize(
    "origin", ["", "localhost:3000", f"{OWN}/", f"{OWN}/app", "https://*.example.com", "null", "a b"]
)
def test_what_is_no_origin_is_told(origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="is neither an origin, such as "):
        KitMock(cors=[origin])
    with pytest.raises(SystemExit):
        main(["serve", "--cors", origin])
    assert "is neither an origin" in capsys.readouterr().err


def test_a_text_is_no_list_of_origins() -> None:
    with pytest.raises(TypeError, match="cors must be a list"):
        KitMock(cors=OWN)
