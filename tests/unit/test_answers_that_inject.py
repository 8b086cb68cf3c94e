"""What the service or a proxy sends can't write lines, colours or floods into messages and logs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_api.api.oauth import create_token
from kit_client import APIStatusError, Kit, KitError, NotFoundError

from .service import TAG, Service

CONTROL = ["\n", "\r", "\x1b[31m", "\x9b31m", "\x00", "\u202e", "\u2066", "\u2028", "\x85", "\u200b", "\x7f"]
KEY = "kit_0123456789abcdef"


def error_of(answer: httpx.Response) -> APIStatusError:
    with pytest.raises(APIStatusError) as caught:
        Service(answer).kit(max_retries=0).subscribers.get(1)
    return caught.value


def raw(status: int, headers: list[tuple[bytes, bytes]], content: bytes = b"") -> httpx.Response:
    """An answer with headers as the wire has them, which httpx would refuse to encode."""
    response = httpx.Response(status, content=content)
    response.headers = httpx.Headers([*headers, (b"Content-Length", str(len(content)).encode())])
    return response


@pytest.mark.parametrize("control", CONTROL)
def test_messages_are_escaped_in_the_text_and_as_they_came_in_errors(control: str) -> None:
    said = f"before{control}after"
    error = error_of(httpx.Response(422, json={"errors": [said]}))
    assert str(error).isprintable()
    assert "before" in str(error)
    assert "after" in str(error)
    assert error.errors == [said]


@pytest.mark.parametrize(
    "content", [b'{"errors": ["a\\ud800b"]}', b'{"errors": ["a\xed\xa0\x80b"]}', b"a\xed\xa0\x80b"]
)
def test_half_a_surrogate_is_no_trouble(content: bytes) -> None:
    error = error_of(httpx.Response(422, content=content, headers={"Content-Type": "text/plain"}))
    assert str(error).isprintable()
    assert str(error).encode()


@pytest.mark.parametrize("control", CONTROL)
@pytest.mark.parametrize("header", [b"X-Request-Id", b"Content-Type", b"Location", b"Retry-After"])
def test_headers_are_escaped(control: str, header: bytes) -> None:
    value = f"a{control}b".encode()
    for status in (302, 404, 500):
        error = error_of(raw(status, [(header, value)], b"<html>"))
        assert str(error).isprintable()
    if header == b"X-Request-Id":
        assert error.request_id == f"a{control}b"
        assert "request id a" in str(error)


@given(st.text(max_size=50), st.text(max_size=20))
def test_no_text_of_the_service_is_written_as_it_came(message: str, field: str) -> None:
    error = error_of(httpx.Response(422, json={"errors": {field: [message]}}))
    assert str(error).isprintable()


def test_the_reason_phrase_is_left_out() -> None:
    answer = httpx.Response(500, extensions={"reason_phrase": b"no\x1b[31m reason"})
    answer_of = Service(lambda request: answer)
    with pytest.raises(KitError) as caught:
        answer_of.kit(max_retries=0).account.get()
    assert "reason" not in str(caught.value)


def test_warnings_in_logs_are_escaped_and_few(caplog: pytest.LogCaptureFixture) -> None:
    warnings = ["one\nERROR root: forged", *[f"warning {number}" for number in range(100_000)]]
    subscriber: dict[str, Any] = {
        "id": 1,
        "first_name": None,
        "email_address": "a@example.com",
        "state": "active",
        "created_at": "2024-02-29T12:30:00Z",
        "fields": {},
    }
    answer = httpx.Response(201, json={"subscriber": subscriber, "warnings": warnings})
    with caplog.at_level(logging.WARNING, "kit_api"):
        Service(answer).kit().subscribers.create(email_address="a@example.com")
    assert caplog.messages[0] == "create_subscriber: one\\nERROR root: forged"
    assert caplog.messages[-1] == "create_subscriber: and 99,991 more warnings"
    assert len(caplog.messages) == 11


def test_drift_in_logs_is_escaped(caplog: pytest.LogCaptureFixture) -> None:
    answer = httpx.Response(201, json={"tag": {**TAG, "name": 5, "a\nb": 1, "\x1b[31m": "\n"}})
    with caplog.at_level(logging.DEBUG, "kit_api"):
        Service(answer).kit().tags.create(name="a")
    assert all(message.isprintable() for message in caplog.messages)


# -------------------- floods


@pytest.mark.parametrize(
    "errors",
    [
        pytest.param(lambda: ["no"] * 300_000, id="flat"),
        pytest.param(lambda: [["no"]] * 300_000, id="lists"),
        pytest.param(lambda: {"field": ["no"] * 300_000}, id="one field"),
        pytest.param(lambda: {f"field {number}": ["no"] for number in range(300_000)}, id="fields"),
        pytest.param(lambda: [{"message": "no"}] * 300_000, id="objects"),
    ],
)
def test_300_000_messages_are_read_in_a_moment_and_told_in_few_words(errors: Callable[[], Any]) -> None:
    answer = httpx.Response(422, json={"errors": errors()})
    start = time.process_time()
    error = error_of(answer)
    assert time.process_time() - start < 3, "linear: a fraction of a second"
    assert len(error.errors) == 300_000
    assert len(str(error)) < 1_500
    assert "and 299,990 more" in str(error)


def test_one_long_message_is_cut_in_the_text_only() -> None:
    error = error_of(httpx.Response(422, json={"errors": ["x" * 600_000, "y"]}))
    assert len(str(error)) < 1_200
    assert "and 1 more" in str(error)
    assert error.errors == ["x" * 600_000, "y"]
    assert len(str(error_of(httpx.Response(422, json={"errors": ["\n" * 600_000]})))) < 1_200


def test_a_long_name_of_a_field_is_not_repeated_for_each_message() -> None:
    error = error_of(httpx.Response(422, json={"errors": {"f" * 100_000: ["no"] * 10_000}}))
    assert sum(map(len, error.errors)) < 2_000_000


def test_long_headers_are_cut() -> None:
    error = error_of(
        httpx.Response(
            404,
            headers={"X-Request-Id": "r" * 50_000, "Content-Type": "t" * 50_000, "Location": "l" * 50_000},
            text="x",
        )
    )
    assert len(str(error)) < 1_000


@pytest.mark.parametrize("depth", [100, 900, 100_000])
@pytest.mark.parametrize("ends", [("[", "]"), ('{"a": ', "}")])
def test_deeply_nested_messages_are_no_trouble(depth: int, ends: tuple[str, str]) -> None:
    nested = ends[0] * depth + '"deep"' + ends[1] * depth
    error = error_of(httpx.Response(422, content=f'{{"errors": {nested}}}'))
    assert error.status_code == 422


# -------------------- where messages stand


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (
            {"errors": {"email_address": ["is invalid", "is taken"]}},
            ["email_address: is invalid", "email_address: is taken"],
        ),
        ({"errors": {"email_address": "is invalid"}}, ["email_address: is invalid"]),
        ({"errors": {"fields": {"last_name": ["is too long"]}}}, ["fields.last_name: is too long"]),
        ({"errors": [{"field": "name", "message": "is blank"}]}, ["field: name", "is blank"]),
        ({"errors": [{"message": "Not found"}]}, ["Not found"]),
        ({"errors": "text"}, ["text"]),
        ({"message": "Forbidden"}, ["Forbidden"]),
        ({"message": ["a", "b"]}, ["a", "b"]),
        ({"error": {"message": "No"}}, ["No"]),
        ({"error": "invalid_client", "error_description": "No."}, ["invalid_client", "No."]),
        ({"errors": [], "message": "Down"}, ["Down"]),
        ({"errors": {}}, []),
        ({"errors": [1, None, True]}, []),
    ],
)
def test_messages_of_every_usual_shape_are_read(body: Any, messages: list[str]) -> None:
    assert error_of(httpx.Response(422, json=body)).errors == messages


# -------------------- charsets


@pytest.mark.parametrize(
    "charset", ["utf-16", "utf-32", "utf-7", "hex", "idna", "rot13", "punycode", "undefined", "zip", "no-such", "", "'"]
)
@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
def test_no_charset_hides_the_status(charset: str, kind: str) -> None:
    for content in (b"odd", b"\xff\xfe\x00", b'{"errors": ["Name is taken"]}'):
        error = error_of(httpx.Response(422, headers={"Content-Type": f"{kind}; charset={charset}"}, content=content))
        assert error.status_code == 422
        assert str(error).startswith("get_subscriber: 422: ")
        assert str(error).isprintable()
    assert error.errors == ["Name is taken"]


# -------------------- redirects, and URLs


@pytest.mark.parametrize(
    "location", ["http://[", "http://h:port", "//[", "https://\u2028", "http://h:99999999", "\x7f", "\x00"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_location_that_is_no_url_is_a_kit_error_without_secrets(location: str, status: int) -> None:
    service = Service(raw(status, [(b"Location", location.encode())]))
    for kit in (
        service.kit(),
        service.kit(http_client=httpx.Client(transport=httpx.MockTransport(service)), transport=None),
    ):
        with pytest.raises(KitError) as caught:
            create_token.sync(client=kit, body={"client_id": "a", "grant_type": "refresh_token", "refresh_token": KEY})
        assert KEY not in requests_in(caught.value)
        assert str(caught.value).isprintable()


def requests_in(error: BaseException) -> str:
    """All that is said by an error, those that led to it, and the requests that they hold."""
    found: list[str] = []
    left: list[BaseException | None] = [error]
    while left:
        one = left.pop()
        if one is None:
            continue
        found += [repr(one), str(one)]
        response = getattr(one, "response", None)
        requests = [getattr(one, "_request", None)]
        if response is not None:
            requests += [response.request, response.next_request]
        found += [
            f"{request.url} {request.headers.raw} {request.content!r}" for request in requests if request is not None
        ]
        left += [one.__cause__, one.__context__]
    return "\n".join(found)


@pytest.mark.parametrize("answer", [httpx.ReadError("gone"), httpx.ConnectTimeout("slow"), httpx.Response(307)])
def test_no_failure_of_a_token_request_has_the_request(answer: Any) -> None:
    if isinstance(answer, httpx.Response):
        answer.headers["Location"] = "https://api.convertkit.com/elsewhere"
    with pytest.raises(KitError) as caught:
        create_token.sync(
            client=Service(answer).kit(max_retries=0),
            body={"client_id": "a", "grant_type": "refresh_token", "refresh_token": KEY},
        )
    assert KEY not in requests_in(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("own_client", [False, True])
def test_a_redirect_is_not_followed_and_says_where_to(status: int, own_client: bool) -> None:
    for location, said in (
        ("https://elsewhere.test:8443/login?token=s3cret#s3cret", "https://elsewhere.test:8443/login"),
        ("https://me:s3cret@elsewhere.test/", "https://elsewhere.test/"),
        ("/v5/subscribers/1?token=s3cret", "https://api.convertkit.com/v5/subscribers/1"),
    ):
        service = Service(httpx.Response(status, headers={"Location": location}))
        more: dict[str, Any] = {}
        if own_client:
            more = {
                "transport": None,
                "http_client": httpx.Client(transport=httpx.MockTransport(service), follow_redirects=True),
            }
        with pytest.raises(APIStatusError, match=f"{status}: redirects to {said}, which is not followed") as caught:
            service.kit(access_token=KEY, **more).subscribers.get(1)
        assert len(service.requests) == 1
        assert "s3cret" not in str(caught.value)
        assert KEY not in requests_in(caught.value), "the next request would have the credentials"
        assert caught.value.response.headers["Location"] == location


@pytest.mark.anyio
async def test_a_redirect_is_not_followed_async() -> None:
    service = Service(httpx.Response(302, headers={"Location": "https://elsewhere.test/login"}))
    async with service.async_kit() as kit:
        with pytest.raises(APIStatusError, match=r"302: redirects to https://elsewhere\.test/login"):
            await kit.account.get()
    async with service.async_kit(
        transport=None, http_client=httpx.AsyncClient(transport=httpx.MockTransport(service))
    ) as kit:
        with pytest.raises(APIStatusError, match=r"302: redirects to https://elsewhere\.test/login"):
            await kit.account.get()
    assert len(service.requests) == 2


def test_not_found_says_what_was_asked_for() -> None:
    service = Service(httpx.Response(404, html="<h1>Not here</h1>"))
    with pytest.raises(NotFoundError) as caught:
        service.kit(base_url="http://127.0.0.1:4010/wrong").subscribers.list(email_address="a@example.com").first_page()
    assert "404 from http://127.0.0.1:4010/wrong/v4/subscribers: 17 bytes of text/html" in str(caught.value)
    assert "example.com" not in str(caught.value)
    with pytest.raises(KitError, match=r"from http://127\.0\.0\.1:4010/wrong/v4/account"):
        Service(httpx.Response(200, html="<h1>Welcome</h1>")).kit(base_url="http://127.0.0.1:4010/wrong").account.get()


def test_a_kit_without_calls_has_nothing_to_say() -> None:
    assert repr(Kit("key")) == "Kit(base_url='https://api.convertkit.com')"
