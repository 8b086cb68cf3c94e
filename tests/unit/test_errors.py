"""Whatever comes instead of an answer becomes a `KitError` that says so."""

from __future__ import annotations

import copy
import pickle

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_client import (
    APIStatusError,
    BadRequestError,
    InvalidResponseError,
    KitError,
    NotFoundError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnprocessableEntityError,
)

from .service import Service

SUBSCRIBER = (
    b'{"subscriber": {"id": 1, "email_address": "a@example.com", "state": "active",'
    b' "created_at": "2024-01-01T00:00:00Z", "fields": {}, "first_name": %b}}'
)


def error_of(answer: httpx.Response) -> KitError:
    with pytest.raises(KitError) as caught:
        Service(answer).kit(max_retries=0).subscribers.get(1)
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, APIStatusError),
        (413, PayloadTooLargeError),
        (422, UnprocessableEntityError),
        (429, RateLimitError),
        (500, ServerError),
        (522, ServerError),
        (302, APIStatusError),
        (666, APIStatusError),
    ],
)
def test_each_status_has_its_class(status: int, kind: type[APIStatusError]) -> None:
    error = error_of(httpx.Response(status, json={"errors": ["One", "Two"]}, headers={"X-Request-Id": "abc"}))
    assert type(error) is kind
    assert isinstance(error, APIStatusError)
    assert (error.status_code, error.errors, error.request_id) == (status, ["One", "Two"], "abc")
    assert (error.operation, error.attempts, error.response.status_code) == ("get_subscriber", 1, status)
    assert str(error).startswith(f"get_subscriber: {status}")
    assert "One; Two (request id abc)" in str(error)


def test_an_undocumented_success_is_one(caplog: pytest.LogCaptureFixture) -> None:
    kit = Service(httpx.Response(203, content=SUBSCRIBER % b'"Ada"')).kit()
    assert kit.subscribers.get(1).first_name == "Ada"
    assert "get_subscriber: status 203" in caplog.text
    Service(httpx.Response(200, json={})).kit().subscribers.unsubscribe(1)


def test_an_undocumented_success_of_several_kinds_is_not_guessed_at() -> None:
    with pytest.raises(APIStatusError):
        Service(httpx.Response(203, json={})).kit().tags.bulk_create(tags=[{"name": "a"}])


def test_how_long_it_took_is_known() -> None:
    error = error_of(httpx.Response(404, json={}))
    assert isinstance(error, NotFoundError)
    assert error.response.elapsed.total_seconds() == 0


def test_an_error_survives_being_copied_and_pickled() -> None:
    original = error_of(httpx.Response(404, json={"errors": ["Not Found"]}))
    assert str(copy.copy(original)) == str(original)
    error = pickle.loads(pickle.dumps(original))
    assert error.response is None
    assert type(error) is NotFoundError
    assert (error.status_code, error.errors, error.operation) == (404, ["Not Found"], "get_subscriber")
    assert "404" in str(error)


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        (b'{"errors": [["Nested", "list"], "flat"]}', ["Nested", "list", "flat"]),
        (b'{"errors": "a string"}', ["a string"]),
        (b'{"error": "invalid_grant", "error_description": "No."}', ["invalid_grant", "No."]),
        (b'{"errors": null}', []),
        (b'["not", "an", "object"]', []),
        (b"{broken", []),
        (b"\xff\xfe", []),
        (b"", []),
    ],
)
def test_messages_are_found_whatever_the_shape(body: bytes, messages: list[str]) -> None:
    error = error_of(httpx.Response(422, content=body))
    assert isinstance(error, UnprocessableEntityError)
    assert error.errors == messages


def test_plain_text_is_shown_and_html_is_described() -> None:
    assert "get_subscriber: 429: Retry later" in str(error_of(httpx.Response(429, text="Retry later")))
    html = error_of(httpx.Response(522, html="<html>" + "x" * 500))
    assert "506 bytes of text/html" in str(html)
    assert "xxx" not in str(html)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(200, html="<html>welcome</html>"), "20 bytes of text/html"),
        (httpx.Response(200, content=b""), "an empty body"),
        (httpx.Response(200, content=b'{"subscriber": {"id": 1'), "200 came with 23 bytes"),
        (httpx.Response(200, json=None), "200 came with"),
        (httpx.Response(200, json=[]), "200 came with"),
        (httpx.Response(200, json={}), "200 came with"),
        (httpx.Response(200, json={"subscriber": None}), "200 came with"),
        (httpx.Response(200, json={"subscriber": []}), "200 came with"),
        (httpx.Response(200, content=b'{"subscriber": "\xff"}'), "200 came with"),
        (httpx.Response(200, content=SUBSCRIBER % b'"\xff"'), "200 came with"),
        (httpx.Response(200, content=SUBSCRIBER % (b'"", "deep": ' + b"[" * 100_000)), "200 came with"),
    ],
)
def test_a_success_that_is_none(answer: httpx.Response, says: str) -> None:
    error = error_of(answer)
    assert isinstance(error, InvalidResponseError)
    assert says in str(error)
    assert error.status_code == 200


@given(st.binary(max_size=200), st.sampled_from([200, 201, 204, 302, 404, 422, 500, 599]))
def test_no_body_brings_anything_but_a_kit_error(body: bytes, status: int) -> None:
    assert isinstance(error_of(httpx.Response(status, content=body)), KitError)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["subscribers", "pagination", "id", "state", "fields", "errors"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(json_values, st.sampled_from([200, 404]))
def test_no_json_brings_anything_but_a_page_or_a_kit_error(body: object, status: int) -> None:
    try:
        page = Service(httpx.Response(status, json=body)).kit(max_retries=0).subscribers.list().first_page()
    except KitError:
        return
    assert isinstance(page.items, list)
