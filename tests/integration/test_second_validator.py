"""The second validator finds what is against the document, and the fixture around each test reports it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from kit_client import Kit
from kit_mock import KitMock
from tests.contract.document import BehaviourName, Document
from tests.second_validator import Exchange, SecondValidator, is_unknown

ROOT = Path(__file__).parents[2]
JSON = "application/json"
SUBSCRIBER: dict[str, Any] = {
    "id": 7,
    "first_name": None,
    "email_address": "ada@example.com",
    "state": "active",
    "created_at": "2026-03-02T09:30:00Z",
    "fields": {"last_name": None},
}
PAGINATION = {
    "has_previous_page": False,
    "has_next_page": False,
    "start_cursor": "Wzdd",
    "end_cursor": "Wzdd",
    "per_page": 500,
}
PAGE = {"subscribers": [SUBSCRIBER], "pagination": PAGINATION}
KEY = ("X-Kit-Api-Key", "key")
TOKEN = ("Authorization", "Bearer token")


@pytest.fixture(scope="module")
def validator() -> SecondValidator:
    return SecondValidator(Document().raw)


@pytest.mark.parametrize("behaviour", ["current", "reference"])
def test_the_documents_are_valid(behaviour: BehaviourName) -> None:
    assert list(OpenAPIV31SpecValidator(Document(behaviour).raw).iter_errors()) == []


def exchange(
    method: str = "GET",
    target: str = "/v4/subscribers",
    sent: Any = b"",
    *,
    media_type: str | None = None,
    credential: tuple[str, str] | None = KEY,
    status: int = 200,
    came: Any = PAGE,
    came_as: str | None = f"{JSON}; charset=utf-8",
) -> Exchange:
    path, _, query = target.partition("?")
    sent_headers = (("Content-Type", media_type),) if media_type else ()
    return Exchange(
        method=method,
        path=path,
        query=query,
        request_headers=(*sent_headers, *((credential,) if credential else ())),
        request_body=sent if isinstance(sent, bytes) else json.dumps(sent).encode(),
        status=status,
        response_headers=(("Content-Type", came_as),) if came_as else (),
        response_body=came if isinstance(came, bytes) else json.dumps(came).encode(),
    )


def page(**change: Any) -> dict[str, Any]:
    return {**PAGE, "subscribers": [{**SUBSCRIBER, **change}]}


@pytest.mark.parametrize(
    "good",
    [
        exchange(),
        exchange(credential=TOKEN),
        exchange(target="/v4/subscribers?status=all&per_page=1000&include=location,tags&created_after=2026-03-02"),
        exchange(status=429, came=b"Retry later", came_as="text/plain; charset=utf-8"),
        exchange(status=502, came=b"<html>", came_as="text/html"),
        exchange(status=422, came={"errors": ["a", ["b", "c"]]}),
        exchange("DELETE", "/v4/tags/1/subscribers/2", status=204, came=b"", came_as=None),
    ],
    ids=str,
)
def test_what_is_documented_passes(validator: SecondValidator, good: Exchange) -> None:
    assert validator.request_problems(good) == []
    assert validator.answer_problems(good) == []


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (exchange(came={"subscribers": []}), "'pagination' is a required property"),
        (exchange(came=page(state="asleep")), r"\$\.subscribers\[0\]\.state: 'asleep' is not one of"),
        (exchange(came=page(created_at="yesterday")), r"created_at: 'yesterday' is not a 'date-time'"),
        (exchange(came=page(email_address="ada")), r"email_address: 'ada' is not a 'email'"),
        (exchange(came=page(id="7")), r"id: '7' is not of type 'integer'"),
        (exchange(came=page(email_address=None)), r"email_address: None is not of type 'string'"),
        (exchange(came=page(fields={"last_name": 5})), r"last_name: 5 is not of type 'string', 'null'"),
        (exchange(came=b"{"), "DataValidationError"),
        (exchange(came=b""), "MissingData"),
        (exchange(came_as="text/html"), "mimetype not found: text/html"),
        (exchange(came_as=None), "MissingData|mimetype not found"),
        (exchange(status=299), "Unknown response http status: 299"),
        (exchange(status=404), "Unknown response http status: 404"),
        (exchange(status=422, came={"error": "no"}), "'errors' is a required property"),
        (exchange(status=429, came={"errors": []}), "mimetype not found: application/json"),
        (exchange("DELETE", "/v4/tags/1/subscribers/2", status=204, came=b"{}"), "a body came with 204"),
    ],
)
def test_a_wrong_answer_is_found(validator: SecondValidator, bad: Exchange, problem: str) -> None:
    found = "\n".join(validator.answer_problems(bad))
    assert re.search(problem, found), found or "nothing was found"


def create(sent: Any) -> Exchange:
    return exchange("POST", sent=sent, media_type=JSON)


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (exchange(target="/v4/subscribers?per_page=0"), "per_page"),
        (exchange(target="/v4/subscribers?per_page=many"), "per_page"),
        (exchange(target="/v4/subscribers?sort_order=up"), "sort_order"),
        (exchange(target="/v4/subscribers?include=tags,mood"), "include"),
        (exchange(target="/v4/subscribers?created_after=2026-02-30"), "created_after"),
        (exchange(target="/v4/subscribers/0"), "id at"),
        (exchange(credential=None), "Security"),
        (exchange("GET", "/v4/purchases", credential=KEY), "Security"),
        (create({}), "'email_address' is a required property"),
        (create({"email_address": "a@b.c", "state": "asleep"}), "state"),
        (create(b"{"), "RequestBodyValidationError"),
        (create(b""), "MissingRequiredRequestBody"),
        (
            exchange("POST", sent=b"email_address=a", media_type="application/x-www-form-urlencoded"),
            "mimetype not found",
        ),
    ],
)
def test_a_wrong_request_is_found(validator: SecondValidator, bad: Exchange, problem: str) -> None:
    found = "\n".join(validator.request_problems(bad))
    assert re.search(problem, found), found or "nothing was found"


def test_what_the_document_does_not_have_is_no_problem_of_an_answer(validator: SecondValidator) -> None:
    for method, target in (("GET", "/v4/moods"), ("PATCH", "/v4/tags"), ("GET", "/_mock/")):
        assert is_unknown(validator.answer_problems(exchange(method, target)))
    assert not is_unknown(validator.answer_problems(exchange(status=299)))


def test_each_exchange_of_a_test_is_seen(kit_mock: KitMock, exchanges: list[tuple[str, Exchange]]) -> None:
    with Kit(access_token=kit_mock.access_token, transport=kit_mock.transport) as kit:
        kit.tags.create(name="One")
        kit.tags.list().first_page()
    with Kit(access_token=kit_mock.access_token, base_url=kit_mock.url) as kit:
        kit.account.get()
    seen = [str(exchange) for _, exchange in exchanges]
    assert seen == ["POST /v4/tags -> 201", "GET /v4/tags -> 200", "GET /v4/account -> 200"]


LIARS = """
import pytest
from kit_client import Kit
from kit_mock import KitMock
from kit_mock.service.app import App
from msgspec.structs import replace

def ask(mock, **arguments):
    Kit(access_token=mock.access_token, transport=mock.transport, **arguments).subscribers.create(email_address="a@b.c")

def lie(monkeypatch, change):
    honest = App._dispatch
    monkeypatch.setattr(App, "_dispatch", lambda app, *rest: change(honest(app, *rest)))

def test_honest(kit_mock):
    ask(kit_mock)

def test_other_type(kit_mock, monkeypatch):
    lie(monkeypatch, lambda answer: replace(answer, body=answer.body.replace(b'"active"', b"true")))
    ask(kit_mock)

def test_other_status(kit_mock, monkeypatch):
    lie(monkeypatch, lambda answer: replace(answer, status=203))
    ask(kit_mock)

def test_bad_request(kit_mock):
    kit_mock.transport.handle_request(Request("POST", "http://kit.test/v4/tags", json={"name": 5}, headers=HEADERS))

@pytest.mark.undocumented_requests("on purpose")
def test_bad_request_on_purpose(kit_mock):
    kit_mock.transport.handle_request(Request("POST", "http://kit.test/v4/tags", json={"name": 5}, headers=HEADERS))

from httpx import Request
HEADERS = {"X-Kit-Api-Key": "kit_test_key"}
"""


def test_the_fixture_fails_a_test_whose_exchange_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "test_liars.py").write_text(LIARS, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "tests.integration.conftest", "-p", "no:cacheprovider", "-rE"]
    made = subprocess.run(
        [*command, "-n", "0", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
    )
    output = made.stdout + made.stderr
    assert "5 passed, 3 errors" in output, output
    failed = {line.partition("::")[2].partition(" ")[0] for line in output.splitlines() if line.startswith("ERROR")}
    assert failed == {"test_other_type", "test_other_status", "test_bad_request"}
    assert "POST /v4/subscribers -> 203: ResponseNotFound" in output


def test_an_exchange_shows_no_secret() -> None:
    assert "token" not in repr(exchange(credential=TOKEN)).lower()
