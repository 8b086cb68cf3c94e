"""Bulk operations that change what is there: field values, forms, untagging, and the deletion of tags."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from tests.unit.mock.bulk_routes import send
from tests.unit.mock.conftest import START, client

NOW = "2023-02-17T11:43:55Z"
LATER = "2023-02-17T12:43:55Z"
NOBODY = "Subscriber does not exist"
REFERRER = "https://blog.example.com/post?utm_source=radio"
UTM = {"source": "radio", "medium": None, "campaign": None, "term": None, "content": None}
TARGET = "https://app.example.com/hook"
SEED: dict[str, Any] = {
    "custom_fields": [{"id": 1, "label": "City"}, {"id": 2, "label": "Shoe size"}],
    "tags": [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}],
    "forms": [{"id": 1, "name": "Sign up"}, {"id": 2, "name": "Old", "status": "archived"}],
    "subscribers": [
        {
            "id": 1,
            "email_address": "ada@example.com",
            "first_name": "Ada",
            "tags": ["A", "B"],
            "fields": {"shoe_size": "38"},
        },
        {"id": 2, "email_address": "bob@example.com", "state": "cancelled", "tags": ["A"]},
    ],
    "webhooks": [
        {"event": "tag_remove", "tag": "A", "target_url": TARGET},
        {"event": "form_subscribe", "form": "Sign up", "target_url": TARGET},
        {"event": "field_value_updated", "custom_field": "City", "target_url": TARGET},
    ],
}


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock(clock=Clock(START), seed=SEED) as mock:
        mock.advance(hours=1)
        yield mock


@pytest.fixture
def other_account() -> dict[str, Any]:
    """Two accounts, of which the second has the tag, the form, the field and the subscriber with id 3."""
    theirs = {
        "access_tokens": ["theirs"],
        "custom_fields": [{"id": 3, "label": "Theirs"}],
        "tags": [{"id": 3, "name": "Theirs"}],
        "forms": [{"id": 3, "name": "Theirs"}],
        "subscribers": [{"id": 3, "email_address": "cy@example.com", "tags": ["Theirs"]}],
    }
    return {"accounts": [SEED, theirs]}


def told(mock: KitMock) -> list[tuple[str, int]]:
    """Which events were told, of whom."""
    return [(each.event, each.payload["subscriber"]["id"]) for each in mock.deliveries]


def value(subscriber: Any, field: int, text: str) -> dict[str, Any]:
    return {"subscriber_id": subscriber, "subscriber_custom_field_id": field, "value": text}


def test_field_values(oauth: httpx.Client, mock: KitMock) -> None:
    items = [
        *(value(1, 1, "Paris"), value(2, 2, "44"), value(1, 1, "London"), value(1, 2, "")),
        *(value(9, 1, "Oslo"), value(1, 9, "Oslo"), value(None, 2**63 - 1, "Oslo"), value(2, -1, "Oslo")),
    ]
    response = send(oauth, "field_values", items)
    no_field = "Custom field does not exist"
    assert (response.status_code, response.json()) == (
        200,
        {
            "custom_field_values": [value(1, 1, "London"), value(2, 2, "44"), value(1, 2, "")],
            "failures": [
                {"custom_field_value": value(None, 1, "Oslo"), "errors": [NOBODY]},
                {"custom_field_value": value(1, 9, "Oslo"), "errors": [no_field]},
                {"custom_field_value": value(None, 2**63 - 1, "Oslo"), "errors": [NOBODY, no_field]},
                {"custom_field_value": value(2, -1, "Oslo"), "errors": [no_field]},
            ],
        },
    )
    shown = [oauth.get(f"/v4/subscribers/{id_}").json()["subscriber"]["fields"] for id_ in (1, 2)]
    assert shown == [{"city": "London", "shoe_size": None}, {"city": None, "shoe_size": "44"}]
    updated = oauth.get("/v4/subscribers?status=all&updated_after=2023-02-17T12:00:00Z").json()["subscribers"]
    assert [each["id"] for each in updated] == [2, 1]
    assert told(mock) == [("field_value_updated", 1)] * 2, "one for each change"


def test_a_value_that_is_there_already_changes_nothing(oauth: httpx.Client, mock: KitMock) -> None:
    for _ in range(2):
        assert send(oauth, "field_values", [value(1, 1, "Paris")]).json()["failures"] == []
        mock.advance(hours=1)
    assert told(mock) == [("field_value_updated", 1)]
    assert oauth.get("/v4/subscribers?updated_after=2023-02-17T13:00:00Z").json()["subscribers"] == []


def test_forms(oauth: httpx.Client, mock: KitMock) -> None:
    pairs = [(1, 1, REFERRER), (1, 1, None), (2, 1, None), (1, 2, ""), (9, 1, "x"), (None, 9, None)]
    items: list[dict[str, Any]] = [
        {"form_id": form, "subscriber_id": subscriber, "referrer": referrer} for form, subscriber, referrer in pairs
    ]
    del items[2]["referrer"], items[5]["referrer"]
    response = send(oauth, "additions", items)
    ada = {"id": 1, "first_name": "Ada", "email_address": "ada@example.com", "created_at": NOW, "added_at": LATER}
    bob = {**ada, "id": 2, "first_name": None, "email_address": "bob@example.com"}
    nothing = dict.fromkeys(UTM)
    assert (response.status_code, response.json()) == (
        200,
        {
            "subscribers": [
                {**ada, "referrer": REFERRER, "referrer_utm_parameters": UTM},
                {**ada, "referrer": None, "referrer_utm_parameters": nothing},
                {**bob, "referrer": "", "referrer_utm_parameters": nothing},
            ],
            "failures": [
                {
                    "subscription": {"form_id": None, "subscriber_id": 1, "referrer": "x"},
                    "errors": ["Form does not exist"],
                },
                {
                    "subscription": {"form_id": None, "subscriber_id": None, "referrer": None},
                    "errors": [NOBODY, "Form does not exist"],
                },
            ],
        },
    )
    listed = oauth.get("/v4/forms/1/subscribers?status=all").json()["subscribers"]
    assert [(each["id"], each["referrer"], each["added_at"]) for each in listed] == [
        (2, "", LATER),
        (1, REFERRER, LATER),
    ]
    assert told(mock) == [("form_subscribe", 1), ("form_subscribe", 2)]
    (found,) = oauth.get("/v4/subscribers?include=attribution").json()["subscribers"]
    assert (found["attribution"]["source_name"], found["attribution"]["utm_source"]) == ("Sign up", "radio")

    mock.advance(hours=1)
    again = send(oauth, "additions", [{"form_id": 1, "subscriber_id": 1, "referrer": "https://other.example.com/"}])
    assert again.json() == {"subscribers": response.json()["subscribers"][:1], "failures": []}
    assert len(told(mock)) == 2


def test_untaggings(oauth: httpx.Client, mock: KitMock) -> None:
    pairs = [(1, 1), (1, 1), (2, 2), (1, 2), (9, 1), (2, 9), (None, None)]
    response = send(oauth, "untaggings", [{"tag_id": tag, "subscriber_id": id_} for tag, id_ in pairs])
    no_tag = "Tag does not exist"
    assert (response.status_code, response.json()) == (
        200,
        {
            "failures": [
                {"tagging": {"tag_id": None, "subscriber_id": 1}, "errors": [no_tag]},
                {"tagging": {"tag_id": 2, "subscriber_id": None}, "errors": [NOBODY]},
                {"tagging": {"tag_id": None, "subscriber_id": None}, "errors": [NOBODY, no_tag]},
            ]
        },
    )
    assert oauth.get("/v4/tags/1/subscribers?status=all").json()["subscribers"] == []
    assert [each["id"] for each in oauth.get("/v4/tags/2/subscribers").json()["subscribers"]] == [1]
    assert told(mock) == [("tag_remove", 1), ("tag_remove", 2)], "once for each who had it"


def test_deletions(oauth: httpx.Client, mock: KitMock) -> None:
    response = send(oauth, "deletions", [{"id": id_} for id_ in (1, 9, 1, -1)])
    failures = [{"tag": {"id": id_}, "errors": ["Tag does not exist"]} for id_ in (9, 1, -1)]
    assert (response.status_code, response.json()) == (200, {"failures": failures})
    assert [each["id"] for each in oauth.get("/v4/tags").json()["tags"]] == [2]
    assert oauth.get("/v4/tags/1/subscribers").status_code == 404
    assert [each["id"] for each in oauth.get("/v4/subscribers/1/tags").json()["tags"]] == [2]
    assert oauth.get("/v4/subscribers/2/tags").json()["tags"] == []
    assert told(mock) == []
    made = oauth.post("/v4/tags", json={"name": "A"})
    assert (made.status_code, made.json()["tag"]["id"]) == (201, 3), "the name is free, the id is not used again"


def test_a_broadcast_to_a_deleted_tag_reaches_nobody(oauth: httpx.Client, mock: KitMock) -> None:
    group = [{"all": [{"type": "tag", "ids": [1]}]}]
    draft = {"subject": "A", "content": "B", "subscriber_filter": group, "send_at": "2023-02-17T13:00:00Z"}
    assert oauth.post("/v4/broadcasts", json=draft).status_code == 201
    assert send(oauth, "deletions", [{"id": 1}]).json() == {"failures": []}
    mock.advance(hours=1)
    found = oauth.get("/v4/broadcasts/1").json()["broadcast"]
    assert found["subscriber_filter"] == group
    assert oauth.get("/v4/broadcasts/1/stats").json()["broadcast"]["stats"]["recipients"] == 0
    assert len(oauth.get("/v4/webhooks").json()["webhooks"]) == 3


@pytest.mark.parametrize(
    ("name", "item"),
    [
        ("field_values", value(3, 1, "x")),
        ("field_values", value(1, 3, "x")),
        ("additions", {"form_id": 1, "subscriber_id": 3}),
        ("additions", {"form_id": 3, "subscriber_id": 1}),
        ("untaggings", {"tag_id": 3, "subscriber_id": 3}),
        ("deletions", {"id": 3}),
    ],
)
def test_what_is_another_accounts_does_not_exist(
    other_account: dict[str, Any], name: str, item: dict[str, Any]
) -> None:
    with (
        KitMock(clock=Clock(START), seed=other_account) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
        client(mock, Authorization="Bearer theirs") as elsewhere,
    ):
        found = send(http, name, [item]).json()
        assert [len(each) for each in found.values()] == [0] * (len(found) - 1) + [1]
        (theirs,) = elsewhere.get("/v4/tags/3/subscribers").json()["subscribers"]
        assert (theirs["id"], theirs["fields"]) == (3, {"theirs": None})


def test_an_id_in_another_form_of_the_same_number_is_taken(oauth: httpx.Client) -> None:
    assert send(oauth, "untaggings", [{"tag_id": 1.0, "subscriber_id": "2"}]).json() == {"failures": []}
    found = send(oauth, "field_values", [value("1", 1, "x"), {**value(1, 0, "y"), "subscriber_custom_field_id": 2.0}])
    assert found.json()["custom_field_values"] == [value(1, 1, "x"), value(1, 2, "y")]
    assert send(oauth, "deletions", [{"id": 2.0}, {"id": "1"}]).json() == {"failures": []}
    assert oauth.get("/v4/tags").json()["tags"] == []
