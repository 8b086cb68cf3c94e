"""Requests for what the document doesn't have: further parameters, fields and headers, and other operations."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from kit_api.api.oauth import create_token
from kit_api.api.tags import create_tag, list_tags, update_tag
from kit_api.models import UpdateTagRequestDict
from kit_client import (
    APIConnectionError,
    InvalidResponseError,
    Kit,
    NotFoundError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
    paginate,
)

from .service import ACCOUNT, TAG, Service, tag_page

OK = httpx.Response(200, json={"posts": [{"id": 1}]})
KEY = "kit_s3cret"


# Further parameters, fields and headers


def test_extra_query_parameters_go_into_each_call_and_win() -> None:
    service = Service(tag_page([1], "a", True), tag_page([2], "b", False))
    kit = service.kit()
    clone = kit.with_options(
        extra_query={"sort": ["name", "id"], "per_page": 7, "include_total_count": None, "on": True}
    )
    assert [tag.id for tag in clone.tags.list(per_page=3, include_total_count=True)] == [1, 2]
    for request in service.requests:
        assert request.url.params.get_list("sort") == ["name", "id"]
        assert request.url.params.get_list("per_page") == ["7"]
        assert request.url.params["on"] == "true"
        assert "include_total_count" not in request.url.params
    assert service.requests[1].url.params["after"] == "a"
    list(kit.tags.list())
    assert not service.requests[2].url.query, "the original is as it was"


def test_raw_generated_calls_have_them_too() -> None:
    service = Service(tag_page([1], None, False))
    clone = service.kit().with_options(extra_query={"q": 1}, extra_headers={"X-Mine": "yes"})
    list_tags.sync(client=clone)
    assert [tag.id for tag in paginate(list_tags, client=clone)] == [1]
    assert [(request.url.params["q"], request.headers["x-mine"]) for request in service.requests] == [("1", "yes")] * 2


def test_extra_fields_go_into_bodies_that_are_objects_and_win() -> None:
    service = Service(httpx.Response(201, json={"tag": TAG}))
    clone = service.kit().with_options(extra_body={"colour": "green", "name": "b", "none": None, "deep": {"a": [1.5]}})
    clone.tags.create(name="a")
    create_tag.sync(client=clone, body={"name": "a"})
    for request in service.requests:
        assert json.loads(request.content) == {"name": "b", "colour": "green", "none": None, "deep": {"a": [1.5]}}
        assert request.headers["Content-Type"] == "application/json"


def test_an_operation_without_a_body_gets_one() -> None:
    service = Service(httpx.Response(200, json=ACCOUNT))
    clone = service.kit().with_options(extra_body={"verbose": True})
    clone.account.get()
    (request,) = service.requests
    assert (request.method, json.loads(request.content)) == ("GET", {"verbose": True})
    assert request.headers["Content-Type"] == "application/json"


def test_extra_fields_go_into_forms() -> None:
    token = {
        "access_token": "a",
        "refresh_token": "b",
        "token_type": "Bearer",
        "expires_in": 1,
        "scope": "",
        "created_at": 1,
    }
    service = Service(httpx.Response(200, json=token))
    clone = service.kit().with_options(extra_body={"audience": "x y", "ttl": 5, "client_id": "other"})
    create_token.sync(client=clone, body={"client_id": "c", "grant_type": "refresh_token"})
    (request,) = service.requests
    sent = {"client_id": ["other"], "grant_type": ["refresh_token"], "audience": ["x y"], "ttl": ["5"]}
    assert parse_qs(request.content.decode()) == sent
    with pytest.raises(TypeError, match="audience: a value of type list can't be sent"):
        create_token.sync(
            client=clone.with_options(extra_body={"audience": [1]}),
            body={"client_id": "c", "grant_type": "refresh_token"},
        )
    assert len(service.requests) == 1


def test_extras_add_up_and_the_later_ones_win() -> None:
    service = Service(OK)
    first = service.kit().with_options(
        extra_query={"a": 1, "b": 1, "c": 1}, extra_headers={"X-A": "1", "X-B": "1"}, extra_body={"a": 1, "b": 1}
    )
    second = first.with_options(extra_query={"b": 2, "c": None}, extra_headers={"x-b": "2"}, extra_body={"b": 2})
    second.request("POST", "/v4/things", params={"c": 3, "d": 3}, json={"d": 4}, headers={"X-B": "0", "X-D": "4"})
    first.request("POST", "/v4/things")
    later, earlier = service.requests
    assert dict(later.url.params) == {"a": "1", "b": "2", "d": "3"}
    assert json.loads(later.content) == {"a": 1, "b": 2, "d": 4}
    assert [later.headers.get_list(f"x-{name}") for name in "abd"] == [["1"], ["2"], ["4"]]
    assert dict(earlier.url.params) == {"a": "1", "b": "1", "c": "1"}


def test_a_header_takes_the_place_of_ours() -> None:
    service = Service(OK)
    kit = service.kit().with_options(extra_headers={"content-type": "application/vnd.kit+json", "USER-AGENT": "me"})
    kit.request("POST", "/v4/things", json={})
    (request,) = service.requests
    assert request.headers.get_list("Content-Type") == ["application/vnd.kit+json"]
    assert request.headers.get_list("User-Agent") == ["me"]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"extra_headers": {"Authorization": KEY}}, ValueError, "extra_headers: Authorization carries credentials"),
        ({"extra_headers": {"x-kit-API-key": KEY}}, ValueError, "extra_headers: x-kit-API-key carries credentials"),
        ({"extra_headers": {"Host": "evil.test"}}, ValueError, "extra_headers: Host is set by httpx"),
        ({"extra_headers": {"Content-Length": "1"}}, ValueError, "Content-Length is set by httpx"),
        ({"extra_headers": {"A B": "x"}}, ValueError, "'A B' can't be the name of a header"),
        ({"extra_headers": {"": "x"}}, ValueError, "can't be the name of a header"),
        ({"extra_headers": {"X-A": f"{KEY}\r\nX-B: 1"}}, ValueError, r"extra_headers\.X-A: expected printable ASCII"),
        ({"extra_headers": {"X-A": 5}}, TypeError, r"extra_headers\.X-A: expected a string, got int"),
        ({"extra_headers": {5: "x"}}, TypeError, "extra_headers: expected keys that are strings"),
        ({"extra_headers": "X-A: 1"}, TypeError, "extra_headers: expected a dict, got str"),
        ({"extra_query": [("a", 1)]}, TypeError, "extra_query: expected a dict, got list"),
        ({"extra_query": {"a": {"b": 1}}}, TypeError, r"extra_query\.a: a value of type dict can't be sent"),
        ({"extra_query": {"a": [object()]}}, TypeError, r"extra_query\.a: a value of type object can't be sent"),
        ({"extra_query": {1: 1}}, TypeError, "extra_query: expected keys that are strings"),
        ({"extra_body": [1]}, TypeError, "extra_body: expected a dict, got list"),
        ({"extra_body": {"a": object()}}, TypeError, r"extra_body\.a: a value of type object can't be sent"),
        ({"extra_body": {"a": float("nan")}}, ValueError, r"extra_body\.a: expected a finite number"),
        ({"extra_body": None}, TypeError, "extra_body: expected a dict, got NoneType"),
    ],
)
def test_extras_that_cannot_be_sent_are_refused(options: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says) as caught:
        Service(OK).kit().with_options(**options)
    assert KEY not in str(caught.value)


def test_extra_fields_do_not_go_into_a_body_that_is_no_object() -> None:
    service = Service(OK)
    with pytest.raises(TypeError, match="extra_body: the request's body is no object"):
        service.kit().with_options(extra_body={"a": 1}).request("POST", "/v4/things", json=[1, 2])
    assert service.requests == []


# Other operations


def test_a_request_has_credentials_and_returns_what_came() -> None:
    service = Service(httpx.Response(201, json={"posts": [1.5, None]}, headers={"X-Request-Id": "r1"}))
    kit = service.kit(api_key=KEY, access_token=None)
    answer = kit.request("get", "/v4/posts", params={"page": 2, "none": None, "ids[]": [1, 2]}, headers={"X-Mine": "1"})
    assert (answer.status_code, answer.parsed, answer.headers["X-Request-Id"]) == (201, {"posts": [1.5, None]}, "r1")
    assert json.loads(answer.content) == answer.parsed
    (request,) = service.requests
    assert (request.method, request.url.path, request.content) == ("GET", "/v4/posts", b"")
    assert request.url.params.multi_items() == [("page", "2"), ("ids[]", "1"), ("ids[]", "2")]
    assert request.headers["X-Kit-Api-Key"] == KEY
    assert request.headers["X-Mine"] == "1"


@pytest.mark.anyio
async def test_a_request_can_be_awaited() -> None:
    service = Service(httpx.Response(503), OK, httpx.Response(404, json={"errors": ["Not Found"]}))
    kit = service.async_kit()
    answer = await kit.request("GET", "/v4/posts")
    assert answer.parsed == {"posts": [{"id": 1}]}
    with pytest.raises(NotFoundError, match="GET /v4/posts/5: 404"):
        await kit.request("GET", "/v4/posts/5")
    assert service.requests[0].headers["Authorization"] == "Bearer test-token"
    assert len(service.requests) == 3


def test_a_query_in_the_path_stays() -> None:
    service = Service(OK)
    service.kit().request("GET", "/v4/posts?a=1&a=2&b=x%20y", params={"c": 3})
    service.kit().request("GET", "/v4/posts?a=1")
    first, second = service.requests
    assert first.url.params.multi_items() == [("a", "1"), ("a", "2"), ("b", "x y"), ("c", "3")]
    assert second.url.params.multi_items() == [("a", "1")]


def test_a_path_is_below_the_base_url() -> None:
    service = Service(OK)
    service.kit(base_url="http://127.0.0.1:4010/prefix").request("GET", "/v4/posts")
    assert str(service.requests[0].url) == "http://127.0.0.1:4010/prefix/v4/posts"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_what_is_safe_to_repeat_is_sent_again(method: str) -> None:
    service = Service(httpx.Response(503), httpx.ReadError("broken"), httpx.Response(204))
    assert service.kit().request(method, "/v4/posts/1").parsed is None
    assert len(service.requests) == 3


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_is_not_safe_to_repeat_is_not(method: str) -> None:
    service = Service(httpx.Response(503), httpx.Response(204))
    with pytest.raises(ServerError, match=f"^{method} /v4/posts: 503"):
        service.kit().request(method, "/v4/posts", json={})
    limited = Service(httpx.Response(429), httpx.Response(204))
    assert limited.kit().request(method, "/v4/posts", json={}).status_code == 204
    assert [len(service.requests), len(limited.requests)] == [1, 2]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, NotFoundError), (422, UnprocessableEntityError), (429, RateLimitError), (500, ServerError)],
)
def test_errors_are_typed_and_name_the_request(status: int, kind: type[NotFoundError]) -> None:
    service = Service(httpx.Response(status, json={"errors": ["No"]}))
    with pytest.raises(kind, match=r"^GET /v4/posts: ") as caught:
        service.kit(max_retries=0).request("GET", "/v4/posts?email=ada@example.com")
    assert caught.value.errors == ["No"]
    assert caught.value.operation == "GET /v4/posts"
    assert "ada" not in str(caught.value)
    with pytest.raises(APIConnectionError, match=r"^DELETE /v4/posts/1: connection failed"):
        Service(httpx.ConnectError("no")).kit(max_retries=0).request("DELETE", "/v4/posts/1")


def test_bodies_that_are_no_json() -> None:
    assert Service(httpx.Response(200)).kit().request("GET", "/v4/posts").parsed is None
    assert Service(httpx.Response(200, content=b"null")).kit().request("GET", "/v4/posts").parsed is None
    html = httpx.Response(200, html="<p>")
    with pytest.raises(InvalidResponseError, match=r"^GET /v4/posts: 200 came with 3 bytes of text/html") as caught:
        Service(html).kit().request("GET", "/v4/posts")
    assert caught.value.response.text == "<p>"
    with pytest.raises(KeyError):
        Service(OK).kit().request("GET", "/v4/posts").parsed["none"]


def test_a_body_can_be_any_json() -> None:
    service = Service(OK)
    kit = service.kit()
    for body in ({"a": None}, [1], "text", 0, False):
        kit.request("POST", "/v4/posts", json=body)
    assert [json.loads(request.content) for request in service.requests] == [{"a": None}, [1], "text", 0, False]


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda kit: kit.request("GET", "https://evil.test/v4/posts"), ValueError, "leading slash"),
        (lambda kit: kit.request("GET", "https://api.convertkit.com/v4/posts"), ValueError, "no host"),
        (lambda kit: kit.request("GET", "//evil.test/v4/posts"), ValueError, "no host"),
        (lambda kit: kit.request("GET", "/\\evil.test"), ValueError, "no host"),
        (lambda kit: kit.request("GET", "v4/posts"), ValueError, "path: expected a path with a leading slash"),
        (lambda kit: kit.request("GET", ""), ValueError, "leading slash"),
        (lambda kit: kit.request("GET", "@evil.test/"), ValueError, "leading slash"),
        (lambda kit: kit.request("GET", "/v4/posts\r\nX: 1"), ValueError, "control characters"),
        (lambda kit: kit.request("GET", "/v4/a b"), ValueError, "spaces"),
        (lambda kit: kit.request("GET", "/v4/posts#top"), ValueError, "fragment"),
        (lambda kit: kit.request("GET", "/v4/../oauth/token"), ValueError, "path: expected no . or .. in it"),
        (lambda kit: kit.request("GET", "/v4/%2E%2e/oauth"), ValueError, "path: expected no . or .. in it"),
        (lambda kit: kit.request("GET", "/v4/\ud800"), ValueError, "path: half of a surrogate pair"),
        (lambda kit: kit.request("GET", "/" + "a" * 70_000), ValueError, "path: "),
        (lambda kit: kit.request("GET", None), TypeError, "path: expected a string, got NoneType"),
        (lambda kit: kit.request("GET", httpx.URL("/v4")), TypeError, "path: expected a string, got httpx.URL"),
        (lambda kit: kit.request("FETCH", "/v4/posts"), ValueError, "method: expected one of GET, HEAD"),
        (lambda kit: kit.request(5, "/v4/posts"), TypeError, "method: expected a string, got int"),
        (lambda kit: kit.request("GET", "/v4", headers={"authorization": KEY}), ValueError, "carries credentials"),
        (lambda kit: kit.request("GET", "/v4", params="a=1"), TypeError, "params: expected a dict, got str"),
        (lambda kit: kit.request("POST", "/v4", json={"a": {1}}), TypeError, r"json\.a: a value of type set"),
    ],
)
def test_requests_that_cannot_be_sent_are_refused(
    call: Callable[[Kit], object], error: type[Exception], says: str
) -> None:
    service = Service(OK)
    with pytest.raises(error, match=says) as caught:
        call(service.kit())
    assert KEY not in str(caught.value)
    assert service.requests == []


def test_requests_are_logged_by_name(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "kit_client"):
        Service(OK).kit().request("GET", "/v4/posts?key=s3cret")
    assert caplog.messages == ["GET /v4/posts: 200 in 0.000 s (attempt 1)"]


def test_a_clones_extras_leave_path_ids_and_bodies_of_the_original_alone() -> None:
    service = Service(httpx.Response(200, json={"tag": TAG}))
    kit = service.kit()
    body: UpdateTagRequestDict = {"name": "a"}
    update_tag.sync(3, client=kit.with_options(extra_body={"name": "b"}), body=body)
    assert body == {"name": "a"}
    update_tag.sync(3, client=kit, body=body)
    assert [json.loads(request.content) for request in service.requests] == [{"name": "b"}, {"name": "a"}]
