"""JSON and forms are both taken wherever a body is, a form with nested names; other media types aren't."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock
from kit_mock.protocol import form_bodies
from kit_mock.protocol.errors import Refusal
from kit_mock.status_coverage.recipe import SEED
from kit_mock.status_coverage.recipes import TABLE
from tests.unit.mock.conftest import START, client
from tests.unit.mock.document_fields import bodies

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
BODIES = bodies()
UNTAG = "/v4/tags/1/subscribers"


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock(clock=Clock(START), seed=SEED) as mock:
        yield mock


@pytest.fixture
def http(mock: KitMock) -> Iterator[httpx.Client]:
    with client(mock, Authorization=f"Bearer {mock.access_token}") as http:
        yield http


def usual(operation_id: str) -> tuple[str, str, Any]:
    """Method, path and body of a request that succeeds, or fails if that takes another one before it."""
    recipe = next(iter(TABLE[operation_id].values()))
    method, _, path = recipe.line.partition(" ")
    return method, path, dict(recipe.form) if recipe.form else recipe.body


def rails(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a form as Rails names them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from rails(inner, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for item in value:
            yield from rails(item, f"{name}[]")
    elif value is not None:
        yield name, str(value)


def php(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a form as PHP's http_build_query names them."""
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if pairs is None:
        if value is not None:
            yield name, str(int(value)) if isinstance(value, bool) else str(value)
        return
    for key, inner in pairs:
        yield from php(inner, f"{name}[{key}]" if name else key)


def shown(response: httpx.Response) -> tuple[int, Any]:
    return response.status_code, response.json() if response.content else None


@pytest.mark.parametrize("written", [rails, php])
@pytest.mark.parametrize("operation_id", BODIES)
def test_every_body_is_taken_as_json_and_as_a_form(
    mock: KitMock, http: httpx.Client, operation_id: str, written: Any
) -> None:
    method, path, body = usual(operation_id)
    start = mock.snapshot()
    expected = shown(http.request(method, path, json=body))
    assert expected[0] < 300 or operation_id == "create_token"
    for headers in (FORM, {}, {"Content-Type": "Application/X-WWW-Form-URLEncoded ; charset=utf-8"}):
        mock.restore(start)
        response = http.request(method, path, content=urlencode(list(written(body))), headers=headers)
        # A form has no null: what is left out instead can be what is missing.
        assert shown(response) == expected or "None" in str(body)


BROADCAST = {
    "subject": "Hello",
    "public": "0",
    "subscriber_filter": [
        {"any": [{"type": "tag", "ids": ["1", "2"]}, {"type": "segment", "ids": ["1"]}]},
    ],
}


@pytest.mark.parametrize("written", [rails, php])
def test_a_form_nests_lists_in_objects_in_lists(http: httpx.Client, written: Any) -> None:
    response = http.post("/v4/broadcasts", content=urlencode(list(written(BROADCAST))), headers=FORM)
    assert response.status_code == 201, response.text
    found = response.json()["broadcast"]
    assert found["subscriber_filter"] == [
        {"any": [{"type": "tag", "ids": [1, 2]}, {"type": "segment", "ids": [1]}]},
    ]


def test_fields_of_a_form_keep_their_names(http: httpx.Client) -> None:
    fields = {"email_address": "ada@example.com", "first_name": "Ada & Co", "fields[city]": "Zürich", "fields[0]": "x"}
    response = http.post("/v4/subscribers", data=fields)
    assert response.json()["subscriber"]["first_name"] == "Ada & Co"
    assert response.json()["subscriber"]["fields"]["city"] == "Zürich"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("a=1&a=2", {"a": "2"}),
        ("a[]=1&a[]=2&a[]=", {"a": ["1", "2", ""]}),
        ("a[b]=1&a[c][d]=2", {"a": {"b": "1", "c": {"d": "2"}}}),
        ("a[][b]=1&a[][c]=2&a[][b]=3", {"a": [{"b": "1", "c": "2"}, {"b": "3"}]}),
        ("a[][b][]=1&a[][b][]=2&a[][c]=3&a[][c]=4", {"a": [{"b": ["1", "2"], "c": "3"}, {"c": "4"}]}),
        ("a[][b][c]=1&a[][b][d]=2&a[][b][c]=3", {"a": [{"b": {"c": "1", "d": "2"}}, {"b": {"c": "3"}}]}),
        ("a[][]=1", {"a": [["1"]]}),
        ("a&b=&=c", {"a": "", "b": "", "": "c"}),
        ("a[=1&]=2&[]=3&[b]=4&a[b]c=5", {"a[": "1", "]": "2", "[]": "3", "[b]": "4", "a[b]c": "5"}),
        ("%61%5Bb%5D=%C3%A9+%2B", {"a": {"b": "é +"}}),
        ("[]", {"[]": ""}),
    ],
)
def test_names_of_a_form_are_read_as_rails_does(body: str, fields: dict[str, Any]) -> None:
    assert form_bodies.parse(body.encode()) == fields


@pytest.mark.parametrize(
    "body", ["a=1&a[b]=2", "a[]=1&a[b]=2", "a[b]=1&a[]=2", "a[b]=1&a=2", "a[]=1&a=2", "a" + "[b]" * 40, "a&" * 1001]
)
def test_a_form_that_contradicts_itself_or_is_too_large_is_400(http: httpx.Client, body: str) -> None:
    response = http.post("/v4/tags", content=body, headers=FORM)
    assert (response.status_code, response.json()["errors"][0][:12]) == (400, "Bad Request:")


@given(st.lists(st.tuples(st.text("ab[]0=&%", max_size=8), st.text("a1&[]", max_size=3)), max_size=6))
def test_no_form_is_too_odd(pairs: list[tuple[str, str]]) -> None:
    for body in (urlencode(pairs), "&".join(f"{name}={value}" for name, value in pairs)):
        with contextlib.suppress(Refusal):  # A 400 in words.
            assert isinstance(form_bodies.parse(body.encode()), dict)


@pytest.mark.parametrize("operation_id", BODIES)
@pytest.mark.parametrize("media_type", ["multipart/form-data; boundary=x", "application/xml", "text/plain"])
def test_other_media_types_are_refused_and_what_is_taken_is_named(
    http: httpx.Client, operation_id: str, media_type: str
) -> None:
    method, path, body = usual(operation_id)
    response = http.request(method, path, content=json.dumps(body), headers={"Content-Type": media_type})
    if operation_id == "create_token":
        assert response.json()["error"] == "invalid_request"
    else:
        assert response.status_code == 415
    assert "application/json or application/x-www-form-urlencoded" in response.text


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "deflate", "zstd", "gzip, identity", " x "])
@pytest.mark.parametrize("media_type", [JSON, FORM])
def test_a_compressed_body_is_refused_in_words(
    http: httpx.Client, mock: KitMock, encoding: str, media_type: dict[str, str]
) -> None:
    content = gzip.compress(b'{"name": "a"}')
    response = http.post("/v4/tags", content=content, headers={**media_type, "Content-Encoding": encoding})
    assert response.status_code == 415
    assert response.json()["errors"] == [
        f"Unsupported Media Type: the body is encoded as {encoding.strip()}; send it without encoding"
    ]
    response = http.post("/_mock/faults", content=content, headers={**JSON, "Content-Encoding": encoding})
    assert (response.status_code, encoding.strip() in response.text) == (415, True)


@pytest.mark.parametrize("encoding", ["identity", "Identity", "", " "])
def test_an_identity_is_no_compression(http: httpx.Client, encoding: str) -> None:
    headers = {**JSON, "Content-Encoding": encoding}
    assert http.post("/v4/tags", content=b'{"name": "a"}', headers=headers).status_code == 201


@pytest.mark.parametrize(
    "request_",
    [
        {"data": {"email_address": "ada@example.com"}},
        {"json": {"email_address": "ada@example.com"}},
        {"params": {"email_address": "ada@example.com"}},
        {"params": {"email_address": "ada@example.com"}, "json": []},
        {"params": {"email_address": "ada@example.com"}, "json": {}},
        {"params": {"email_address": "ada@example.com"}, "json": {"email_address": None}},
        {"params": {"email_address": "ada@example.com"}, "content": b"[]"},
        {"params": {"email_address": "ada@example.com"}, "content": b"", "headers": JSON},
        {"params": {"email_address": "ada@example.com"}, "content": b"", "headers": FORM},
        {"params": {"email_address": "ada@example.com"}, "data": {"email_address": ""}},
        {"params": {"email_address": ""}, "data": {"email_address": "ada@example.com"}},
        {"params": {"email_address": "bob@example.com"}, "json": {"email_address": "ada@example.com"}},
    ],
)
def test_the_address_to_untag_comes_in_any_way(http: httpx.Client, request_: dict[str, Any]) -> None:
    assert [found["id"] for found in http.get(UNTAG).json()["subscribers"]] == [1]
    response = http.request("DELETE", UNTAG, **request_)
    assert response.status_code == 204, response.text
    assert http.get(UNTAG).json()["subscribers"] == []


def test_a_body_without_a_media_type_is_a_form(http: httpx.Client) -> None:
    assert http.post("/v4/tags", content=b"name=a").status_code == 201
    for headers in ({}, {"Content-Type": ""}, {"Content-Type": " "}):
        response = http.post("/v4/tags", content=b'{"name": "b"}', headers=headers)
        assert (response.status_code, response.json()) == (422, {"errors": ["Name can't be blank"]})
