"""Imports whose answers differ from the document, or tell things in a way of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kit_client.bulk import Outcome
from kit_client.webhooks import parse

from .bulk_service import BulkService
from .test_bulk_import import people, run

ODD: list[Any] = [None, "bad", 5, ["x"]]
Change = Callable[[dict[str, Any]], None]


class Changing(BulkService):
    """Changes answers to certain requests, once for each set of items, or always."""

    def __init__(self, change: Change, *paths: str, always: bool = False) -> None:
        super().__init__()
        self._change, self._paths, self._always = change, paths, always
        self._changed: set[bytes] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = super().__call__(request)
        if request.url.path not in self._paths:
            return answer
        with self.lock:
            if request.content in self._changed and not self._always:
                return answer
            self._changed.add(request.content)
        body = json.loads(answer.content)
        self._change(body)
        return httpx.Response(answer.status_code, json=body)


def results(body: dict[str, Any]) -> list[Any]:
    found: list[Any] = body["subscribers"] if "subscribers" in body else body["custom_field_values"]
    return found


BULK = ["subscribers", "tags/subscribers", "forms/subscribers", "custom_fields/subscribers"]


@pytest.mark.parametrize("path", BULK)
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("place", ["results", "failures"])
@pytest.mark.parametrize("is_async", [False, True])
def test_an_item_with_something_odd_in_its_place_is_sent_again(path: str, odd: Any, place: str, is_async: bool) -> None:
    def change(body: dict[str, Any]) -> None:
        results(body).pop()
        (results(body) if place == "results" else body["failures"]).append(odd)

    service = Changing(change, f"/v4/bulk/{path}")
    service.fields[1] = "Company"
    rows = [{**row, "company": "X"} for row in people(150)]
    pairs = run(service, rows, is_async=is_async, tags=[1], forms=[2], fields=["company"])
    assert all(outcome.ok and outcome.subscriber for _, outcome in pairs), pairs
    assert len(pairs) == len(service.tagged) == len(service.added) == len(service.values) == 150


@pytest.mark.parametrize("path", BULK)
def test_items_of_which_nothing_is_ever_told_fail(path: str) -> None:
    def change(body: dict[str, Any]) -> None:
        body.update({name: [None] for name in body})

    service = Changing(change, f"/v4/bulk/{path}", always=True)
    service.fields[1] = "Company"
    rows = [{**row, "company": "X"} for row in people(150)]
    pairs = run(service, rows, is_async=False, tags=[1], forms=[2], fields=["company"])
    assert all("the service didn't say what became of it" in outcome.errors[0] for _, outcome in pairs)
    assert service.requests[f"POST /v4/bulk/{path}"] <= 2 * 15


@pytest.mark.parametrize("odd", [*ODD, {}, {"id": "7"}])
def test_one_subscriber_of_an_answer_that_is_odd_is_sent_again(odd: Any) -> None:
    def change(body: dict[str, Any]) -> None:
        body["subscriber"] = odd

    service = Changing(change, "/v4/subscribers")
    with service.kit(api_key="test-key") as kit:
        pairs = list(kit.bulk.import_subscribers(people(3), fallback="single", tags=[1]))
    assert all(outcome.ok for _, outcome in pairs)
    assert len(service.tagged) == 3


@pytest.mark.parametrize("odd", [*ODD, {}, {"id": None}, {"id": 7, "name": None, "label": None, "key": []}])
def test_something_odd_in_a_list_of_tags_or_fields_is_passed_over(odd: Any) -> None:
    def change(body: dict[str, Any]) -> None:
        for name in {"tags", "custom_fields"} & body.keys():
            body[name].append(odd)

    service = Changing(change, "/v4/tags", "/v4/custom_fields")
    service.tags[1], service.fields[1] = "VIP", "Company"
    pairs = run(service, [{**people(1)[0], "company": "X"}], is_async=False, tags=["vip"], fields=["company"])
    assert pairs[0][1].ok
    assert (service.tagged, service.values) == ({(1, 1)}, {(1, 1): "X"})


def rewritten(address: str) -> str:
    """As a service may show it that drops what follows a plus sign."""
    return address.partition("+")[0] + "@example.com"


@pytest.mark.parametrize("count", [1, 16, 100, 150])
@pytest.mark.parametrize(
    ("address", "show"),
    [
        ("p{}@münchen.example", lambda address: address.encode("idna").decode()),
        ("p{}@xn--mnchen-3ya.example", lambda address: address.replace("xn--mnchen-3ya", "München")),
        ("p{}+list@example.com", rewritten),
    ],
)
def test_rows_whose_addresses_the_service_writes_in_its_own_way_are_saved(
    count: int, address: str, show: Callable[[str], str]
) -> None:
    def change(body: dict[str, Any]) -> None:
        for each in results(body):
            local, _, domain = each["email_address"].partition("@")
            shown = show(domain) if "+" not in local else ""
            each["email_address"] = f"{local}@{shown}" if shown else show(each["email_address"])

    service = Changing(change, "/v4/bulk/subscribers", always=True)
    rows = [{"email_address": address.format(number)} for number in range(count)]
    pairs = run(service, rows, is_async=False)
    assert all(outcome.ok for _, outcome in pairs)
    ids = {row["email_address"]: outcome.subscriber.id for row, outcome in pairs if outcome.subscriber}
    assert ids == {each["email_address"]: each["id"] for each in service.people.values()}


def test_ways_to_write_a_domain_are_one_address() -> None:
    service = BulkService()
    rows = [
        {"email_address": f"ada@{domain}"}
        for domain in ("münchen.example", "xn--mnchen-3ya.example", "MÜNCHEN.example")
    ]
    pairs = run(service, rows, is_async=False)
    assert sorted((outcome.index, outcome.duplicate_of) for _, outcome in pairs) == [(1, None), (2, 1), (3, 1)]


def test_a_tag_that_does_not_exist_costs_no_other_tag() -> None:
    service = BulkService()
    pairs = run(service, people(250), is_async=False, tags=[1, 2, 999], forms=[3, 998])
    assert {outcome.errors for _, outcome in pairs} <= {
        ("tag 999: It does not exist", "form 998: It does not exist"),
        ("form 998: It does not exist", "tag 999: It does not exist"),
    }
    assert len(service.tagged) == 2 * 250
    assert len(service.added) == 250


CALLBACK = {"id": 9, "first_name": None, "state": "active", "created_at": "2024-02-29T12:30:00Z"}


@pytest.mark.parametrize("body_of", [lambda body: body, json.dumps, lambda body: parse(json.dumps(body).encode())])
def test_a_callback_tells_nothing_of_rows_that_are_not_in_it(body_of: Callable[[Any], Any]) -> None:
    rows = [{"email_address": "ada@example.com"}, {"email_address": "Bob@Bücher.example"}]
    with BulkService().kit() as kit:

        def match(*subscribers: Any, failures: Any = ()) -> dict[int, Outcome]:
            body = {"subscribers": list(subscribers), "failures": list(failures)}
            return {outcome.index: outcome for _, outcome in kit.bulk.match_callback(body_of(body), rows)}

        stranger = {**CALLBACK, "email_address": "eve@else.example"}
        bob = {**CALLBACK, "email_address": "bob@xn--bcher-kva.example"}
        assert [each.ok for each in match(stranger).values()] == [False, False]
        found = match(bob, stranger)
        assert (found[1].ok, found[2].ok) == (False, True)
        for odd in ODD:
            found = match(bob, odd)
            assert found[1].errors == ("the service didn't say what became of it",)
            found = match(bob, failures=[odd])
            assert (found[1].ok, found[2].ok) == (False, True)


@pytest.mark.parametrize("body_of", [lambda body: body, json.dumps, lambda body: parse(json.dumps(body).encode())])
@pytest.mark.parametrize("nobody", [{}, {"first_name": None}])
def test_a_failure_without_a_name_is_that_of_the_row_without_one(
    body_of: Callable[[Any], Any], nobody: dict[str, Any]
) -> None:
    rows = [{"email_address": "ada@example.com", "first_name": "Ada"}, {"email_address": "bob@example.com"}]
    failures = [{"subscriber": {"first_name": "Ada"}, "errors": ["A"]}, {"subscriber": nobody, "errors": ["B"]}]
    with BulkService().kit() as kit:
        matched = kit.bulk.match_callback(body_of({"subscribers": [], "failures": failures}), rows)
        assert {outcome.index: outcome.errors for _, outcome in matched} == {1: ("A",), 2: ("B",)}
