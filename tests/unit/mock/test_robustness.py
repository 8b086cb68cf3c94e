"""The mock never fails by itself, and says so properly if the document and its answers ever disagree."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.protocol.document import default_path, load
from tests.unit.mock.conftest import START, client

OPERATIONS = list(load().operations.values())

texts = st.text(max_size=8) | st.sampled_from(
    [
        "ada@example.com",
        "bob@example.com",
        "City",
        "city",
        "active",
        "all",
        "cancelled",
        "2023-02-17",
        "WzFd",
        "5",
        "#fff",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.integers(0, 3) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    *("email_address", "first_name", "state", "fields", "name", "label", "colors", "callback_url"),
    *("subscribers", "tags", "taggings", "custom_fields"),
]
items = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("email_address", "first_name", "name", "label", "tag_id", "subscriber_id"), values),
)
bodies = st.dictionaries(st.sampled_from(NAMES), st.lists(items, max_size=3) | values, max_size=4)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    operation = draw(st.sampled_from(OPERATIONS))
    path = operation.path
    for name in operation.path_names:
        path = path.replace(f"{{{name}}}", draw(st.sampled_from(["1", "2", "3", "0", "x"])))
    query = {parameter.name: texts for parameter in operation.query}
    request: dict[str, Any] = {
        "method": operation.method,
        "url": path,
        "params": draw(st.fixed_dictionaries({}, optional=query)),
    }
    kind = draw(st.sampled_from(["json", "form", "raw", "none"]))
    if kind == "json":
        content = json.dumps(draw(bodies)).encode()
        return {**request, "content": content, "headers": {"Content-Type": "application/json"}}
    if kind == "form":
        return {**request, "data": {"email_address": draw(texts)}}
    if kind == "raw":
        return {**request, "content": draw(st.binary(max_size=20)), "headers": {"Content-Type": "application/json"}}
    return request


@settings(max_examples=300)
@given(sequence=st.lists(requests(), max_size=12))
def test_no_request_makes_it_fail(sequence: list[dict[str, Any]]) -> None:
    with (
        KitMock(clock=Clock(START)) as mock,
        httpx.Client(
            transport=mock.transport,
            base_url="https://kit.test",
            headers={"Authorization": f"Bearer {mock.access_token}"},
        ) as http,
    ):
        for request in sequence:
            response = http.request(**request)
            # 500 is what an answer against the document becomes, so this checks the shape of every answer too.
            assert response.status_code in {200, 201, 202, 204, 400, 404, 415, 422, 501}, response.text
            if response.status_code >= 400:
                answer = response.json()
                # OAuth's errors have a shape of their own.
                errors = [answer["error"]] if request["url"].startswith("/oauth/") else answer["errors"]
                assert all(isinstance(error, str) and error for error in errors)
                assert errors


@pytest.mark.parametrize("path", ["/v4/tags/{}/subscribers", "/v4/subscribers/{}", "/_mock/snapshots/{}"])
@pytest.mark.parametrize("id_", ["0" * 29 + "1" + "9" * 20, "0" * 30, "1" * 5000, "9223372036854775808", "\u0661"])
def test_what_is_no_id_is_a_404(path: str, id_: str) -> None:
    with KitMock() as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        method = "DELETE" if path.startswith("/_mock/") else "GET"
        assert http.request(method, path.format(id_)).status_code == 404


@pytest.mark.parametrize("depth", [60, 300, 900, 5000])
def test_json_that_is_nested_deeply_is_no_fault(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    with KitMock() as mock, client(mock, Authorization=f"Bearer {mock.access_token}") as http:
        for operation in OPERATIONS:
            path = re.sub(r"\{\w+\}", "1", operation.path)
            for content in (f'{{"x": {nested}}}', f'{{"fields": {nested}, "name": {nested}, "tags": {nested}}}'):
                headers = {"Content-Type": "application/json"}
                answer = http.request(
                    operation.method, path, content=content, headers=headers
                )  # `client` looks for 500.
        answer = http.post("/v4/tags", content=f'{{"x": {nested}}}', headers={"Content-Type": "application/json"})
    assert answer.status_code == (422 if depth == 60 else 400)
    assert ("nested too deeply" in answer.text) == (depth > 60)


def test_of_many_wrong_items_the_first_are_named_by_their_numbers() -> None:
    taggings: list[Any] = [{"tag_id": 1, "subscriber_id": 1}] * 2500
    taggings[7] = {"tag_id": "x", "subscriber_id": 1}
    taggings[2100] = {"tag_id": 1}
    with KitMock() as mock, client(mock, Authorization=f"Bearer {mock.access_token}") as http:
        answer = http.post("/v4/bulk/tags/subscribers", json={"taggings": taggings, "callback_url": [5]})
        told = answer.json()["errors"]
        assert answer.status_code == 422
        assert sorted(told) == [
            "Callback url must be a string or null",
            "Taggings 2100 subscriber id can't be blank",
            "Taggings 7 tag id must be an integer or null",
        ]
        answer = http.post("/v4/bulk/tags/subscribers", json={"taggings": [1] * 20_000})
        assert (answer.status_code, len(answer.json()["errors"])) == (422, 100)


def test_a_form_with_too_many_fields_is_a_400() -> None:
    with KitMock() as mock, client(mock) as http:
        answer = http.post("/oauth/token", data={str(number): "" for number in range(1001)})
    assert answer.status_code == 400
    assert "more than 1000 fields" in answer.text


def test_the_mock_and_the_client_share_the_document_only() -> None:
    program = """if True:
        import sys, kit_mock, kit_mock.cli, kit_mock.adapters.server
        kit_mock.KitMock().close()
        print(sorted({name.partition(".")[0] for name in sys.modules} & {"kit_api", "kit_client"}))
    """
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (result.stdout, result.stderr) == ("[]\n", "")


def changed_document(folder: Path, **account: Any) -> Path:
    """The document, with other properties required of an account."""
    document = json.loads(default_path().read_text(encoding="utf-8"))
    document["components"]["schemas"]["Account"] |= account
    path = folder / "openapi.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_an_answer_against_the_document_is_a_500_without_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with KitMock(document=changed_document(tmp_path, required=["planet"])) as mock:
        headers = {"X-Kit-Api-Key": mock.api_key}
        with httpx.Client(transport=mock.transport, base_url="https://kit.test", headers=headers) as http:
            response = http.get("/v4/account")
            assert response.status_code == 500
            assert response.json() == {
                "errors": ["Internal Server Error in kit-mock: an answer that the document doesn't allow"]
            }
            assert "planet" in caplog.text
            assert http.get("/v4/tags").status_code == 200
        assert mock.requests[0].status == 500


@pytest.fixture
def failing(tmp_path: Path) -> Iterator[tuple[KitMock, httpx.Client]]:
    """A mock that fails to create a broadcast, and calls to it."""
    # The document allows what the code doesn't expect: a filter that is no list.
    document = json.loads(default_path().read_text(encoding="utf-8"))
    document["components"]["schemas"]["CreateBroadcastRequest"] = {"type": "object"}
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with KitMock(document=path) as mock:
        headers = {"X-Kit-Api-Key": mock.api_key}
        with httpx.Client(transport=mock.transport, base_url="https://kit.test", headers=headers) as http:
            yield mock, http


FAILURE = {"subject": "News", "subscriber_filter": 5}


def test_a_fault_of_the_mock_is_a_500_that_undoes_and_is_logged(
    failing: tuple[KitMock, httpx.Client], caplog: pytest.LogCaptureFixture
) -> None:
    mock, http = failing
    with caplog.at_level(logging.ERROR, "kit_mock"):
        response = http.post("/v4/broadcasts", json=FAILURE)
    assert response.status_code == 500
    assert response.json() == {"errors": ["Internal Server Error in kit-mock: TypeError"]}
    assert "Traceback" in caplog.text
    assert response.headers["X-Request-Id"] in caplog.text
    assert mock.api_key not in caplog.text
    assert http.get("/v4/broadcasts").json()["broadcasts"] == []


def test_a_fault_of_the_mock_is_not_hidden_by_one_that_was_injected(failing: tuple[KitMock, httpx.Client]) -> None:
    mock, http = failing
    mock.fail_next(status=503, effect=True)
    assert http.post("/v4/broadcasts", json=FAILURE).status_code == 500
    assert mock.requests[-1].fault == "status 503 after the effect"
    assert mock.requests[-1].credential == "API key 1, ***_key"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot read the document"),
        (b"{", "isn't a usable OpenAPI document"),
        (b"[]", "isn't a usable OpenAPI document"),
        (b"{}", "isn't a usable OpenAPI document"),
        (b'{"paths": {}}', "isn't a usable OpenAPI document"),
        (b'{"paths": {"/a": {"get": {}}}}', "isn't a usable OpenAPI document"),
    ],
)
def test_a_bad_document_is_refused_in_one_line(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "document.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KitMockError, match=reason) as caught:
        KitMock(document=path)
    assert "\n" not in str(caught.value)


def test_a_document_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    first = load(changed_document(tmp_path))
    assert load(tmp_path / "openapi.json") is first
    assert load(changed_document(tmp_path, required=["planet"])) is not first
