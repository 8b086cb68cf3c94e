"""What holds for every operation: routes, credentials, media types, and what the mock remembers."""

from __future__ import annotations

import httpx
import pytest

from kit_mock import KitMock
from kit_mock.endpoints import handlers
from kit_mock.protocol.document import load
from tests.unit.mock.conftest import client

INVALID = {"errors": ["The access token is invalid"]}


@pytest.mark.parametrize("path", ["/v4", "/v3/tags", "/v4/nothing", "/v4/tags/1/subscribers/1/more", "/v4/bulk"])
def test_an_unknown_path_is_404(kit: httpx.Client, path: str) -> None:
    response = kit.get(path)
    assert (response.status_code, response.json()) == (404, {"errors": ["Not Found"]})


@pytest.mark.parametrize("id_", ["0", "-1", "abc", "1.5", "\u0661", "9" * 19, "9" * 40, "1e3", "%20", "1%2F2"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_cannot_be_an_id_is_404(kit: httpx.Client, method: str, id_: str) -> None:
    assert kit.request(method, f"/v4/subscribers/{id_}").status_code == 404


def test_a_slash_at_the_end_makes_no_difference(kit: httpx.Client) -> None:
    assert kit.get("/v4/tags/").status_code == 200


@pytest.mark.parametrize("path", ["//v4/tags", "/v4//tags", "/v4/tags//", "///v4/tags/"])
def test_other_slashes_do(kit: httpx.Client, path: str) -> None:
    assert kit.get(f"https://kit.test{path}").status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v4/tags", "/v4/tags/{id}", "/v4/bulk/tags", "/v4/subscribers/{id}"])
def test_a_wrong_method_is_405_and_says_what_is_right(kit: httpx.Client, method: str, path: str) -> None:
    right = {name.upper() for name in load().raw["paths"][path] if name in ("get", "post", "put", "patch", "delete")}
    response = kit.request(method, path.replace("{id}", "1"))
    if method in right:
        assert response.status_code != 405
        return
    allowed = ", ".join(sorted(right | ({"HEAD"} if "GET" in right else set())))
    assert response.status_code == 405
    assert response.headers["Allow"] == allowed
    assert response.json()["errors"]


def test_both_kinds_of_credentials_open_the_same_account(kit: httpx.Client, oauth: httpx.Client) -> None:
    kit.post("/v4/tags", json={"name": "Newsletter"})
    assert [found["name"] for found in oauth.get("/v4/tags").json()["tags"]] == ["Newsletter"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Kit-Api-Key": "wrong"},
        {"X-Kit-Api-Key": ""},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic test_access_token"},
        {"Authorization": "test_access_token"},
        {"Authorization": "Bearer wrong", "X-Kit-Api-Key": "kit_test_key"},
        {"X-Kit-Api-Key": "test_access_token"},
        {"Authorization": "Bearer kit_test_key"},
    ],
)
def test_without_valid_credentials_it_is_401(mock: KitMock, headers: dict[str, str]) -> None:
    with client(mock, **headers) as http:
        response = http.get("/v4/account")
        assert (response.status_code, response.json()) == (401, INVALID)
        # Neither what exists nor what is implemented is told to strangers.
        assert http.get("/v4/subscribers/1").status_code == 401
        assert http.get("/v4/forms").status_code == 401


def test_a_refused_token_is_challenged(mock: KitMock) -> None:
    with client(mock, Authorization="Bearer wrong") as http:
        assert http.get("/v4/account").headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


def test_the_scheme_of_a_token_has_no_case(mock: KitMock) -> None:
    with client(mock, Authorization=f"bearer {mock.access_token}") as http:
        assert http.get("/v4/account").status_code == 200


def test_own_credentials_take_the_place_of_the_default_ones() -> None:
    with KitMock(api_key="mine", access_token="also mine") as mock:
        with client(mock, **{"X-Kit-Api-Key": "mine"}) as http:
            assert http.get("/v4/account").status_code == 200
        with client(mock, **{"X-Kit-Api-Key": "kit_test_key"}) as http:
            assert http.get("/v4/account").status_code == 401
    with pytest.raises(ValueError, match="must not be empty"):
        KitMock(api_key="")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v4/bulk/subscribers"),
        ("POST", "/v4/bulk/tags"),
        ("POST", "/v4/bulk/tags/subscribers"),
        ("POST", "/v4/bulk/custom_fields"),
        ("GET", "/v4/purchases"),
        ("POST", "/v4/purchases"),
        ("GET", "/v4/purchases/1"),
    ],
)
def test_what_takes_oauth_only_refuses_a_key(
    kit: httpx.Client, oauth: httpx.Client, mock: KitMock, method: str, path: str
) -> None:
    response = kit.request(method, path, json={})
    assert (response.status_code, response.json()) == (401, {"errors": ["OAuth authentication required"]})
    assert oauth.request(method, path, json={}).status_code != 401
    with client(mock, **{"X-Kit-Api-Key": "wrong"}) as http:
        assert http.request(method, path, json={}).json() == INVALID


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/jsonp", "application/xml", "multipart/form-data; boundary=x", "json"]
)
def test_a_wrong_media_type_is_415(kit: httpx.Client, content_type: str) -> None:
    response = kit.post("/v4/tags", content=b'{"name": "a"}', headers={"Content-Type": content_type})
    assert response.status_code == 415
    assert "application/json" in response.json()["errors"][0]
    assert kit.get("/v4/tags").json()["tags"] == []


def test_a_media_type_may_have_parameters_and_any_case(kit: httpx.Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert kit.post("/v4/tags", content=b'{"name": "a"}', headers=headers).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"name": "a"} {',
        b"{'name': 'a'}",
        b'{"name": NaN}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b'{"a":' * 50_000,
        b"null null",
        b'{"name": 1e999}',
        b"1" * 5000,
    ],
)
def test_broken_json_is_400(kit: httpx.Client, body: bytes) -> None:
    response = kit.post("/v4/tags", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["errors"][0].startswith("Bad Request")


@pytest.mark.parametrize("body", [b"[0]", b"[[]]", b"null", b"3", b'"name"'])
def test_json_that_is_no_object_is_422(kit: httpx.Client, body: bytes) -> None:
    response = kit.post("/v4/tags", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()) == (422, {"errors": ["The request body must be an object"]})


def test_no_body_is_an_empty_object(kit: httpx.Client) -> None:
    response = kit.post("/v4/tags")
    assert (response.status_code, response.json()) == (422, {"errors": ["Name can't be blank"]})


def test_a_body_that_is_too_large_is_413() -> None:
    with KitMock(max_body_bytes=100) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert kit.post("/v4/tags", json={"name": "a" * 50}).status_code == 201
        response = kit.post("/v4/tags", json={"name": "a" * 100})
        assert response.status_code == 413
        assert "100 bytes" in response.json()["errors"][0]
        assert len(kit.get("/v4/tags").json()["tags"]) == 1


def test_what_is_not_built_yet_is_501(kit: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(handlers._implementations, "list_forms")
    response = kit.get("/v4/forms")
    assert response.status_code == 501
    assert response.json() == {"errors": ["list_forms is not implemented by this mock yet"]}


def test_oauth_pages_need_no_credentials(mock: KitMock) -> None:
    with client(mock) as http:
        assert http.post("/oauth/token").json()["error"] == "invalid_request"


def test_answers_are_json_and_each_has_an_id(kit: httpx.Client) -> None:
    responses = [kit.get("/v4/tags"), kit.get("/v4/nothing"), kit.post("/v4/tags")]
    assert {response.headers["Content-Type"] for response in responses} == {"application/json; charset=utf-8"}
    assert len({response.headers["X-Request-Id"] for response in responses}) == 3


def test_the_last_requests_are_remembered_without_secrets(kit: httpx.Client, mock: KitMock) -> None:
    kit.get("/v4/tags", params={"per_page": 5, "api_secret": "hidden"})
    kit.post("/v4/tags", json={"name": "hidden"})
    kit.get("/nowhere")
    first, second, third = mock.requests
    assert (first.method, first.path, first.status, first.operation_id) == ("GET", "/v4/tags", 200, "list_tags")
    assert first.query == {"per_page": 5}
    assert (second.operation_id, second.status) == ("create_tag", 201)
    assert (third.operation_id, third.status) == (None, 404)
    assert "hidden" not in repr(mock.requests)
    assert mock.api_key not in repr(mock.requests)
    assert mock.api_key not in repr(mock)
    assert mock.access_token not in repr(mock)


def test_no_more_requests_are_remembered_than_there_is_room_for(kit: httpx.Client, mock: KitMock) -> None:
    for number in range(1005):
        kit.get(f"/{number}")
    assert len(mock.requests) == 1000
    assert mock.requests[0].path == "/5"


def test_a_closed_mock_answers_like_a_host_that_is_down(kit: httpx.Client, mock: KitMock) -> None:
    mock.close()
    mock.close()
    with pytest.raises(httpx.ConnectError, match="closed"):
        kit.get("/v4/account")
