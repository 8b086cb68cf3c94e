"""`kit-client doctor`: reads everything, changes nothing, and says what is wrong."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from kit_cli.document import operations
from kit_mock import KitMock

from .conftest import Cli

READABLE = {name for name, each in operations().items() if each.method == "GET"}


@pytest.fixture
def full(mock: KitMock) -> KitMock:
    """An account that has one of everything that lists lead to."""
    mock.subscribers.add(email_address="ada@example.com")
    mock.tags.add(name="a")
    mock.forms.add(name="a")
    mock.sequences.add(name="a")
    mock.broadcasts.add(subject="a")
    mock.purchases.add(
        email_address="ada@example.com",
        transaction_id="1",
        products=[{"name": "a", "pid": "1", "lid": "1", "quantity": 1, "unit_price": 1}],
    )
    return mock


def page(**more: Any) -> dict[str, Any]:
    """A page of tags with one that differs."""
    ends = {"has_previous_page": False, "has_next_page": False, "start_cursor": None, "end_cursor": None}
    tag = {"id": 1, "name": "a", "created_at": "2026-01-01T00:00:00Z"}
    return {"tags": [{**tag, **more}], "pagination": {**ends, "per_page": 25}}


def verdicts(data: dict[str, Any]) -> dict[str, str]:
    return {each["operation"]: each["verdict"] for each in data["operations"]}


def test_every_operation_that_reads_is_read_and_nothing_else(
    cli: Cli, full: KitMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KIT_API_KEY")
    monkeypatch.setenv("KIT_ACCESS_TOKEN", full.access_token)
    outcome = cli("doctor", "--json")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.data["ok"] is True
    assert verdicts(outcome.data) == dict.fromkeys(READABLE, "ok")
    assert {request.method for request in full.requests} == {"GET"}
    assert len(full.requests) == len(READABLE)


def test_what_a_key_may_not_read_and_what_is_empty_is_told(cli: Cli, mock: KitMock) -> None:
    outcome = cli("doctor", "--json")
    assert outcome.status == 0
    remarks = {each["operation"]: each["remark"] for each in outcome.data["operations"] if each["verdict"] != "ok"}
    assert remarks["list_purchases"] == "takes OAuth only"
    assert remarks["get_purchase"] == "/v4/purchases could not be read"
    assert remarks["get_broadcast"] == "/v4/broadcasts is empty"


def test_versions_place_credentials_limit_and_clock_are_told(cli: Cli, mock: KitMock) -> None:
    data = cli("doctor", "--json").data
    assert set(data["versions"]) == {"kit-client", "document", "python", "httpx", "msgspec"}
    assert (data["base_url"], data["credentials"]) == (mock.url, "by an API key of the environment")
    assert data["rate_limit"] == {"limit": 120, "window": 60.0}
    assert abs(data["clock_skew_seconds"]) < 30


def test_what_differs_from_the_document_is_told(cli: Cli, full: KitMock) -> None:
    full.fail_next("list_tags", status=200, body=page(hue=3))
    outcome = cli("doctor", "--json")
    assert outcome.status == 0  # new fields break nothing
    assert verdicts(outcome.data)["list_tags"] == "new fields"
    full.fail_next("list_tags", status=200, body=page(name=5))
    outcome = cli("doctor")
    assert outcome.status == 1
    assert "tags[].name: a number came" in outcome.out
    assert outcome.out.endswith("Something is wrong: list_tags\n")
    assert outcome.err == ""  # not logged as well


@pytest.mark.parametrize(
    ("fault", "verdict", "status"),
    [
        ({"status": 403}, "not allowed", 0),
        ({"status": 404}, "failed", 1),
        ({"status": 502, "html": True, "times": 2}, "failed", 1),
        ({"status": 200, "body": "<html>"}, "failed", 1),
        ({"reset": "before", "times": 2}, "failed", 1),
    ],
)
def test_what_fails_is_told_and_the_rest_read(
    cli: Cli, full: KitMock, fault: dict[str, Any], verdict: str, status: int
) -> None:
    full.fail_next("list_tags", **fault)
    outcome = cli("doctor", "--json")
    assert outcome.status == status
    found = verdicts(outcome.data)
    assert found["list_tags"] == verdict
    assert found["list_forms"] == "ok"
    # Where an id of a tag is needed, none is known.
    of_tags = {name for name in READABLE if operations()[name].path.startswith("/v4/tags")}
    assert of_tags == {name for name, each in found.items() if each != "ok" and "purchase" not in name}


def test_a_service_that_refuses_the_key_is_asked_once(cli: Cli, mock: KitMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_API_KEY", "kit_wrong")
    outcome = cli("doctor", "--json")
    assert outcome.status == 1
    assert verdicts(outcome.data) == {**dict.fromkeys(READABLE, "not tried"), "get_account": "failed"}
    assert len(mock.requests) == 1
    assert "kit_wrong" not in outcome.out + outcome.err


def test_a_service_that_is_away_is_told(cli: Cli, mock: KitMock) -> None:
    mock.close()
    outcome = cli("doctor")
    assert outcome.status == 1
    assert "connection failed" in outcome.out


def test_a_clock_that_is_wrong_is_told(cli: Cli, mock: KitMock, monkeypatch: pytest.MonkeyPatch) -> None:
    for date, status in (("Thu, 01 Jan 2099 00:00:00 GMT", 1), ("nonsense", 0)):
        monkeypatch.setattr("email.utils.parsedate_to_datetime", lambda _, date=date: parsedate_to_datetime(date))
        outcome = cli("doctor")
        assert outcome.status == status
        assert ("behind the service's: set it" in outcome.out) is bool(status)


def test_text_of_the_service_cannot_steer_a_terminal(cli: Cli, mock: KitMock) -> None:
    mock.fail_next("list_tags", status=404, body={"errors": ["\x1b[2J\x9b1m"]})
    out = cli("doctor").out
    assert all(line.replace("\t", " ").isprintable() for line in out.splitlines())
