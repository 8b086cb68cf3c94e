"""Bulk operations of up to 100 items."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from tests.unit.mock.bulk_routes import ROUTES, send
from tests.unit.mock.conftest import START, Create, client

NOW = "2023-02-17T11:43:55Z"
# An item that fits every operation.
GOOD = {
    "id": 1,
    "tag_id": 1,
    "subscriber_id": 1,
    "form_id": 1,
    "subscriber_custom_field_id": 1,
    "name": "A",
    "label": "A",
    "email_address": "a@example.com",
    "first_name": "A",
    "value": "A",
}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("subscribers", "No subscribers included for processing"),
        ("tags", "No tags included for processing"),
        ("taggings", "No taggings included for processing"),
        ("custom_fields", "No custom fields included for processing"),
        ("untaggings", "No taggings included for processing"),
        ("deletions", "No tags included for processing"),
        ("field_values", "No custom field values included for processing"),
        ("additions", "No additions included for processing"),
    ],
)
@pytest.mark.parametrize("items", [None, [], {}, "x", 3])
def test_nothing_to_do_is_422(oauth: httpx.Client, name: str, message: str, items: Any) -> None:
    route = ROUTES[name]
    for body in ({route.field: items}, {}):
        response = oauth.request(route.method, route.path, json=body)
        assert (response.status_code, response.json()) == (422, {"errors": [message]})


@pytest.mark.parametrize("name", ROUTES)
def test_items_must_be_objects(oauth: httpx.Client, name: str) -> None:
    response = send(oauth, name, ["x"])
    assert response.status_code == 422
    assert response.json()["errors"][0].endswith(" 0 must be an object")


@pytest.mark.parametrize("name", ROUTES)
def test_a_bad_callback_url_is_422(oauth: httpx.Client, name: str) -> None:
    invalid = "Callback url is invalid"
    wrong: list[tuple[Any, str]] = [
        ([5], "Callback url must be a string or null"),
        (5, invalid),
        ("there", invalid),
        ("", invalid),
    ]
    wrong += [
        (url, invalid)
        for url in (
            "ftp://app.example.com/",
            "mailto:ada@example.com",
            "http://",
            "http:/here",
            "http://localhost:65536/",
        )
    ]
    for url, error in wrong:
        for items in ([GOOD], [GOOD] * 101):
            response = send(oauth, name, items, callback_url=url)
            assert (response.status_code, response.json()) == (422, {"errors": [error]}), url


@pytest.mark.parametrize("name", ROUTES)
def test_up_to_a_hundred_are_dealt_with_at_once(oauth: httpx.Client, mock: KitMock, name: str) -> None:
    items = [{**GOOD, "name": str(n), "label": str(n)} for n in range(100)]
    response = send(oauth, name, items, callback_url="http://127.0.0.1:9/")
    assert response.status_code == 200
    assert response.json()["failures"] is not None
    mock.advance(minutes=1)
    assert mock.deliveries == (), "the answer is the result"


def test_subscribers(oauth: httpx.Client, mock: KitMock, subscriber: Create) -> None:
    subscriber("ada@example.com", first_name="Ada", state="inactive")
    mock.advance(hours=1)
    items = [
        {"first_name": "Countess", "email_address": "ADA@example.com"},
        {"first_name": "Bob", "email_address": "bob@example.com"},
        {"first_name": None, "email_address": "cy@example.com"},
        {"first_name": "Robert", "email_address": "bob@example.com"},
        {"first_name": "Nobody", "email_address": "nobody"},
        {"email_address": None},
    ]
    response = send(oauth, "subscribers", items, callback_url=None)
    assert response.status_code == 200
    later = "2023-02-17T12:43:55Z"
    invalid = {"email_address": None, "state": "active", "created_at": None}
    assert response.json() == {
        "subscribers": [
            {
                "id": 1,
                "first_name": "Countess",
                "email_address": "ada@example.com",
                "state": "inactive",
                "created_at": NOW,
            },
            {
                "id": 2,
                "first_name": "Robert",
                "email_address": "bob@example.com",
                "state": "active",
                "created_at": later,
            },
            {"id": 3, "first_name": None, "email_address": "cy@example.com", "state": "active", "created_at": later},
        ],
        "failures": [
            {"subscriber": {"first_name": "Nobody", **invalid}, "errors": ["Email address is invalid"]},
            {"subscriber": {"first_name": None, **invalid}, "errors": ["Email address is invalid"]},
        ],
    }


def test_tags(oauth: httpx.Client, tag: Create) -> None:
    existing = tag("Existing")
    items = [{"name": "A"}, {"name": "existing"}, {"name": " B "}, {"name": "b"}, {"name": ""}, {}, {"name": None}]
    response = send(oauth, "tags", items)
    assert response.status_code == 200
    none = {"id": None, "name": None, "created_at": None}
    assert response.json() == {
        "tags": [{"id": 2, "name": "A", "created_at": NOW}, existing, {"id": 3, "name": "B", "created_at": NOW}],
        "failures": [
            {"tag": {**none, "name": ""}, "errors": ["Name can't be blank"]},
            {"tag": none, "errors": ["Name can't be blank"]},
            {"tag": none, "errors": ["Name can't be blank"]},
        ],
    }


def test_custom_fields(oauth: httpx.Client, field: Create) -> None:
    existing = field("Last name")
    items = [{"label": "City"}, {"label": "LAST NAME"}, {"label": "last-name"}, {"label": " "}, {"label": None}]
    response = send(oauth, "custom_fields", items)
    assert response.status_code == 200
    none = dict.fromkeys(("id", "name", "key", "label", "created_at"))
    assert response.json() == {
        "custom_fields": [
            {"id": 2, "name": "ck_field_2_city", "key": "city", "label": "City", "created_at": NOW},
            {**existing, "created_at": NOW},
            {"id": 3, "name": "ck_field_3_last_name_2", "key": "last_name_2", "label": "last-name", "created_at": NOW},
        ],
        "failures": [
            {"custom_field": {**none, "label": " "}, "errors": ["Label can't be blank"]},
            {"custom_field": none, "errors": ["Label can't be blank"]},
        ],
    }


def test_taggings(oauth: httpx.Client, mock: KitMock, subscriber: Create, tag: Create) -> None:
    ada = subscriber()
    tag("A")
    tag("B")
    oauth.post("/v4/tags/1/subscribers/1")
    mock.advance(hours=1)
    pairs = [(1, 1), (2, 1), (2, 1), (3, 1), (1, 2), (9, 2**63 - 1), (-1, 0)]
    items = [{"tag_id": tag_id, "subscriber_id": subscriber_id} for tag_id, subscriber_id in pairs]
    response = send(oauth, "taggings", items)
    assert response.status_code == 200
    shown = {name: ada[name] for name in ("id", "first_name", "email_address", "created_at")}
    no_tag, no_subscriber = "Tag does not exist", "Subscriber does not exist"
    assert response.json() == {
        "subscribers": [{**shown, "tagged_at": NOW}, {**shown, "tagged_at": "2023-02-17T12:43:55Z"}],
        "failures": [
            {"tagging": {"tag_id": None, "subscriber_id": 1}, "errors": [no_tag]},
            {"tagging": {"tag_id": 1, "subscriber_id": None}, "errors": [no_subscriber]},
            {"tagging": {"tag_id": None, "subscriber_id": None}, "errors": [no_subscriber, no_tag]},
            {"tagging": {"tag_id": None, "subscriber_id": None}, "errors": [no_subscriber, no_tag]},
        ],
    }
    assert [found["id"] for found in oauth.get("/v4/subscribers/1/tags").json()["tags"]] == [2, 1]


@pytest.mark.parametrize(
    ("name", "item", "error"),
    [
        ("taggings", {"subscriber_id": 1}, "Taggings 1 tag id can't be blank"),
        ("taggings", {"tag_id": "1x", "subscriber_id": 1}, "Taggings 1 tag id must be an integer or null"),
        ("taggings", {"tag_id": 1, "subscriber_id": True}, "Taggings 1 subscriber id must be an integer or null"),
        ("taggings", {"tag_id": 1, "subscriber_id": 1.5}, "Taggings 1 subscriber id must be an integer or null"),
        ("taggings", {"tag_id": 1, "subscriber_id": 2**63}, "Taggings subscriber id is out of range"),
        ("untaggings", {"tag_id": 1, "subscriber_id": [1]}, "Taggings 1 subscriber id must be an integer or null"),
        ("untaggings", {"tag_id": -(2**63), "subscriber_id": 1}, "Taggings tag id is out of range"),
        ("deletions", {"id": None}, "Tags 1 id can't be blank"),
        ("deletions", {"id": 2**63}, "Tags id is out of range"),
        ("additions", {"subscriber_id": 1}, "Additions 1 form id can't be blank"),
        ("additions", {**GOOD, "referrer": {}}, "Additions 1 referrer must be a string or null"),
        ("additions", {**GOOD, "form_id": 2**63}, "Additions form id is out of range"),
        (
            "field_values",
            {**GOOD, "subscriber_custom_field_id": 2**63},
            "Custom field values subscriber custom field id is out of range",
        ),
        ("field_values", {**GOOD, "value": None}, "Custom field values 1 value can't be blank"),
        ("tags", {"name": ["a"]}, "Tags 1 name must be a string"),
        ("custom_fields", {"label": {}}, "Custom fields 1 label must be a string"),
        (
            "subscribers",
            {"email_address": {}, "first_name": "A"},
            "Subscribers 1 email address must be a string or null",
        ),
        (
            "subscribers",
            {"email_address": "b@example.com", "first_name": ["A"]},
            "Subscribers 1 first name must be a string or null",
        ),
    ],
)
def test_a_wrong_type_refuses_all_of_the_request(
    oauth: httpx.Client, subscriber: Create, tag: Create, name: str, item: dict[str, Any], error: str
) -> None:
    subscriber()
    tag()
    response = send(oauth, name, [GOOD, item])
    assert (response.status_code, response.json()) == (422, {"errors": [error]})
    assert oauth.get("/v4/tags/1/subscribers").json()["subscribers"] == []
    assert len(oauth.get("/v4/tags").json()["tags"]) == 1
    assert len(oauth.get("/v4/subscribers").json()["subscribers"]) == 1
    assert oauth.get("/v4/custom_fields").json()["custom_fields"] == []


@pytest.mark.parametrize("name", ["tag_id", "subscriber_id"])
def test_an_id_that_is_null_is_a_failure_today_and_refused_by_the_reference(name: str) -> None:
    seed: dict[str, Any] = {"tags": [{"name": "A"}], "subscribers": [{"email_address": "ada@example.com"}]}
    items = [{"tag_id": 1, "subscriber_id": 1}, {"tag_id": 1, "subscriber_id": 1, name: None}]
    label = name.removesuffix("_id").capitalize()
    failure = {"tagging": items[1], "errors": [f"{label} does not exist"]}
    with (
        KitMock(clock=Clock(START), seed=seed) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        answer = send(http, "taggings", items)
        assert (answer.status_code, answer.json()["failures"]) == (200, [failure])
    with (
        KitMock(clock=Clock(START), seed=seed, behaviour="reference") as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        answer = send(http, "taggings", items)
        expected = f"Taggings 1 {name.replace('_', ' ')} can't be blank"
        assert (answer.status_code, answer.json()) == (422, {"errors": [expected]})
