"""Cursors: what walking through pages yields, in either direction."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit_mock import Clock, KitMock
from tests.unit.mock.conftest import START, Create, client

Item = dict[str, Any]


def walk(kit: httpx.Client, path: str, name: str, **params: Any) -> list[list[Item]]:
    """All pages, forward; each is checked for what its `pagination` says."""
    pages: list[list[Item]] = []
    after: dict[str, str] = {}
    while True:
        response = kit.get(path, params={**params, **after})
        assert response.status_code == 200, response.text
        items, pagination = response.json()[name], response.json()["pagination"]
        assert pagination["has_previous_page"] is bool(pages)
        assert pagination["per_page"] == params.get("per_page", 500)
        assert len(items) <= pagination["per_page"]
        pages.append(items)
        if not items:
            assert (pagination["start_cursor"], pagination["end_cursor"]) == (None, None)
        if not pagination["has_next_page"]:
            return pages
        assert len(items) == pagination["per_page"]
        after = {"after": pagination["end_cursor"]}


def walk_back(kit: httpx.Client, path: str, name: str, before: str, **params: Any) -> list[list[Item]]:
    """All pages from a cursor back to the start of the list, the one nearest to the start first."""
    pages: list[list[Item]] = []
    while True:
        response = kit.get(path, params={**params, "before": before})
        items, pagination = response.json()[name], response.json()["pagination"]
        assert pagination["has_next_page"] is True
        pages.insert(0, items)
        if not pagination["has_previous_page"]:
            return pages
        before = pagination["start_cursor"]


STATES = st.sampled_from(["active", "bounced", "cancelled", "complained", "inactive"])


@settings(max_examples=60)
@given(
    states=st.lists(STATES, max_size=25),
    updates=st.lists(st.integers(0, 24), max_size=25),
    status=st.sampled_from(["active", "cancelled", "all"]),
    sort_field=st.sampled_from(["id", "updated_at"]),
    sort_order=st.sampled_from(["asc", "desc"]),
    per_page=st.integers(1, 30),
)
def test_a_walk_yields_everyone_once_and_in_order(
    states: list[str], updates: list[int], status: str, sort_field: str, sort_order: str, per_page: int
) -> None:
    clock = Clock(START)
    with KitMock(clock=clock) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        updated = []
        for number, state in enumerate(states):
            kit.post("/v4/subscribers", json={"email_address": f"{number}@example.com", "state": state})
            updated.append(clock.epoch())
            mock.advance(seconds=number % 2)  # every other one within the same second
        for number in updates:
            mock.advance(seconds=number % 3)
            body = {"email_address": f"{number}@example.com", "first_name": str(mock.advance(seconds=1))}
            if number < len(states) and kit.post("/v4/subscribers", json=body).status_code == 200:
                updated[number] = clock.epoch()
        expected = [number for number, state in enumerate(states) if status in {"all", state}]
        expected.sort(
            key=lambda number: (updated[number] if sort_field == "updated_at" else 0, number),
            reverse=sort_order == "desc",
        )
        params: dict[str, Any] = {
            "status": status,
            "sort_field": sort_field,
            "sort_order": sort_order,
            "per_page": per_page,
        }
        pages = walk(kit, "/v4/subscribers", "subscribers", **params)
        assert [item["id"] - 1 for items in pages for item in items] == expected
        count = kit.get("/v4/subscribers", params={**params, "include_total_count": "true"}).json()["pagination"]
        assert count["total_count"] == len(expected)
        if len(pages) > 1:
            *_, last = (
                kit.get("/v4/subscribers", params={**params, "per_page": len(expected) - 1}).json()["pagination"],
            )
            end = kit.get("/v4/subscribers", params={**params, "after": last["end_cursor"]}).json()["pagination"]
            back = walk_back(kit, "/v4/subscribers", "subscribers", end["start_cursor"], **params)
            assert [item["id"] - 1 for items in back for item in items] == expected[:-1]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v4/tags", "tags"),
        ("/v4/custom_fields", "custom_fields"),
        ("/v4/tags/1/subscribers", "subscribers"),
        ("/v4/subscribers/1/tags", "tags"),
    ],
)
@pytest.mark.parametrize("per_page", [1, 2, 3, 7, 8])
def test_every_list_has_pages(
    kit: httpx.Client, subscriber: Create, tag: Create, field: Create, path: str, name: str, per_page: int
) -> None:
    for number in range(1, 8):
        subscriber(f"{number}@example.com")
        tag(f"Tag {number}")
        field(f"Field {number}")
        kit.post(f"/v4/tags/1/subscribers/{number}")
        kit.post(f"/v4/tags/{number}/subscribers/1")
    pages = walk(kit, path, name, per_page=per_page)
    assert [item["id"] for items in pages for item in items] == [7, 6, 5, 4, 3, 2, 1]
    assert len(pages) == -(-7 // per_page)


def test_before_the_second_page_is_the_first(kit: httpx.Client, tag: Create) -> None:
    for number in range(1, 8):
        tag(str(number))
    first = kit.get("/v4/tags", params={"per_page": 3}).json()
    second = kit.get("/v4/tags", params={"per_page": 3, "after": first["pagination"]["end_cursor"]}).json()
    again = kit.get("/v4/tags", params={"per_page": 3, "before": second["pagination"]["start_cursor"]}).json()
    assert again == first
    assert again["pagination"]["has_next_page"] is True
    assert again["pagination"]["has_previous_page"] is False


def test_cursors_are_padded_base64_of_a_json_array(kit: httpx.Client, subscriber: Create) -> None:
    subscriber()
    pagination = kit.get("/v4/subscribers").json()["pagination"]
    assert pagination == {
        "has_previous_page": False,
        "has_next_page": False,
        "start_cursor": "WzFd",
        "end_cursor": "WzFd",
        "per_page": 500,
    }
    pagination = kit.get("/v4/subscribers", params={"sort_field": "updated_at"}).json()["pagination"]
    assert base64.b64decode(pagination["end_cursor"]) == b"[1676634235,1]"


def test_an_empty_list_has_no_cursors(kit: httpx.Client) -> None:
    assert kit.get("/v4/tags", params={"include_total_count": "true"}).json()["pagination"] == {
        "has_previous_page": False,
        "has_next_page": False,
        "start_cursor": None,
        "end_cursor": None,
        "per_page": 500,
        "total_count": 0,
    }


def test_after_the_last_item_is_an_empty_page(kit: httpx.Client, tag: Create) -> None:
    tag()
    found = kit.get("/v4/tags", params={"after": "WzFd"}).json()
    assert found["tags"] == []
    assert found["pagination"]["has_previous_page"] is True
    assert found["pagination"]["has_next_page"] is False
    assert (found["pagination"]["start_cursor"], found["pagination"]["end_cursor"]) == (None, None)


@pytest.mark.parametrize("value", [False, "false"])
def test_the_total_is_counted_only_on_demand(kit: httpx.Client, value: Any) -> None:
    pagination = kit.get("/v4/tags", params={"include_total_count": value}).json()["pagination"]
    assert "total_count" not in pagination


def test_a_list_that_changes_is_walked_without_gaps(kit: httpx.Client, tag: Create) -> None:
    for number in range(1, 7):
        tag(str(number))
    first = kit.get("/v4/tags", params={"per_page": 3}).json()
    tag("new")
    second = kit.get("/v4/tags", params={"per_page": 3, "after": first["pagination"]["end_cursor"]}).json()
    assert [found["id"] for found in second["tags"]] == [3, 2, 1]


@pytest.mark.parametrize("name", ["after", "before"])
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "WzFd=",
        "WzE0MV0",  # the padding is missing
        "WzE0MV0=x",
        "W10=",  # []
        "WzEsMl0=",  # [1,2]: of another list
        "WyJhIl0=",  # ["a"]
        "W3RydWVd",  # [true]
        "W251bGxd",  # [null]
        "MQ==",  # 1
        "eyJhIjoxfQ==",  # {"a":1}
        "Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OV0=",  # [9999999999999999999999]
        "é",
    ],
)
def test_a_malformed_cursor_is_422(kit: httpx.Client, name: str, cursor: str) -> None:
    response = kit.get("/v4/tags", params={name: cursor})
    assert response.status_code == 422
    assert response.json() == {"errors": [f"{name.capitalize()} is not a valid cursor"]}


def test_only_one_cursor_at_a_time(kit: httpx.Client) -> None:
    assert kit.get("/v4/tags", params={"after": "WzFd", "before": "WzFd"}).status_code == 422


@pytest.mark.parametrize(
    ("per_page", "error"),
    [
        ("0", "Per page must be at least 1"),
        ("-5", "Per page must be at least 1"),
        ("1001", "Per page must be at most 1000"),
        ("9" * 30, "Per page must be at most 1000"),
        ("ten", "Per page must be an integer"),
        ("1.5", "Per page must be an integer"),
        ("\u0663", "Per page must be an integer"),
    ],
)
def test_a_bad_page_size_is_422(kit: httpx.Client, per_page: str, error: str) -> None:
    response = kit.get("/v4/tags", params={"per_page": per_page})
    assert (response.status_code, response.json()) == (422, {"errors": [error]})


def test_several_faults_are_told_at_once(kit: httpx.Client) -> None:
    response = kit.get("/v4/subscribers", params={"per_page": 0, "status": "x", "sort_order": "yes"})
    assert response.status_code == 422
    assert len(response.json()["errors"]) == 3
    assert "Sort order must be one of asc, desc" in response.json()["errors"]
