"""Custom fields that are named twice, and rows that are not sent for what they have in them."""

from __future__ import annotations

from typing import Any

import pytest

from kit_client.bulk import Outcome

from .bulk_service import BulkService
from .test_bulk_import import run


def service_with_fields() -> BulkService:
    service = BulkService()
    service.fields.update({1: "Company", 2: "Plan Name"})
    return service


def outcomes(service: BulkService, rows: list[dict[str, Any]], **arguments: Any) -> dict[int, Outcome]:
    return {outcome.index: outcome for _, outcome in run(service, rows, is_async=False, **arguments)}


@pytest.mark.parametrize(
    "fields",
    [
        {"A": "Plan Name", "B": "plan_name"},
        {"A": "company", "B": 1},
        {"A": 2, "B": "PLAN NAME "},
        {"A": 1, "B": "New", "C": "COMPANY"},
    ],
)
@pytest.mark.parametrize("create_missing", [False, True])
def test_two_columns_that_are_one_custom_field_are_refused(fields: dict[str, Any], create_missing: bool) -> None:
    service = service_with_fields()
    row = {"email_address": "ada@example.com", "A": "first", "B": "second", "C": "third"}
    last = list(fields)[-1]
    with pytest.raises(ValueError, match=f"fields: columns 'A' and '{last}' are one custom field"):
        run(service, [row], is_async=False, fields=fields, create_missing=create_missing)
    assert not service.sent
    assert len(service.fields) == 2


def test_two_columns_that_would_be_one_new_field_are_refused_at_once() -> None:
    service = BulkService()
    with pytest.raises(ValueError, match="fields: columns 'A' and 'B' are both ' colour'"):
        run(service, [], is_async=False, fields={"A": "Colour", "B": " colour"}, create_missing=True)
    assert not service.requests


def test_an_attribute_and_a_custom_field_of_its_name_are_two() -> None:
    service = BulkService()
    row = {"email_address": "ada@example.com", "S": "active", "state": "CA"}
    run(service, [row], is_async=False, fields={"S": "state", "state": "State"}, create_missing=True)
    assert service.values == {(1, 1): "CA"}


@pytest.mark.parametrize(
    "fields", [{"Company": "x", "company": "y"}, {"company": "x", 1: "y"}, {"Plan Name": "x", "plan_name": "y", 1: "z"}]
)
def test_a_row_with_two_values_for_one_field_fails(fields: dict[Any, str]) -> None:
    service = service_with_fields()
    rows: list[dict[str, Any]] = [
        {"email_address": "ada@example.com", "fields": fields},
        {"email_address": "bob@example.com"},
    ]
    found = outcomes(service, rows)
    assert "is a custom field that the row has another value for" in found[1].errors[0]
    assert found[2].ok
    assert set(service.sent) == {"bob@example.com"}


def test_a_row_may_say_the_same_twice_and_a_named_column_wins() -> None:
    service = service_with_fields()
    twice = {"email_address": "ada@example.com", "fields": {"Company": "x", "company": " x "}}
    named = {"email_address": "bob@example.com", "Firm": "named", "fields": {"company": "other"}}
    assert outcomes(service, [{**twice, "Firm": None}, named], fields={"Firm": "COMPANY"})[1].ok
    assert sorted(service.values.values()) == ["named", "x"]


BAD: list[dict[str, Any]] = [
    {"fields": {"Nope": "x"}},
    {"fields": {"Company": "x", "company": "y"}},
    {"fields": {None: "x"}},
    {"fields": {("a",): "x"}},
    {"fields": {1.5: "x"}},
    {"fields": {-1: "x", "company": "y"}},
    {"fields": {0: "x"}},
    {"fields": {True: "x"}},
    {"fields": ["x"]},
    {"state": "nowhere"},
    {"first_name": ["Ada"]},
]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("fallback", [None, "single"])
def test_a_row_that_was_not_sent_is_no_reason_not_to_send_another(bad: dict[str, Any], fallback: str | None) -> None:
    service = service_with_fields()
    rows = [{"email_address": "ada@example.com", **each} for each in (bad, {"first_name": "Ada"}, {})]
    with service.kit(**({"api_key": "test-key"} if fallback else {})) as kit:
        pairs = list(kit.bulk.import_subscribers(rows, fallback=fallback))  # type: ignore[arg-type]
    found = {outcome.index: outcome for _, outcome in pairs}
    assert (found[1].ok, found[1].duplicate_of, found[1].subscriber) == (False, None, None)
    assert found[2].ok
    assert found[3].duplicate_of == 2
    assert service.sent["ada@example.com"] == 1
