"""Webhooks: set up, listed, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock, KitMockError
from tests.unit.mock.conftest import START, client

TARGET = "https://app.example.com/kit/events"

SEED: dict[str, Any] = {
    "accounts": [
        {
            "id": 7,
            "api_keys": ["own"],
            "tags": [{"id": 31, "name": "Newsletter"}],
            "forms": [{"id": 42, "name": "Sign up"}],
            "sequences": [{"id": 53, "name": "Welcome"}],
            "subscribers": [{"email_address": "ada@example.com"}],
            "purchases": [
                {
                    "transaction_id": "t1",
                    "email_address": "ada@example.com",
                    "currency": "USD",
                    "status": "paid",
                    "products": [{"name": "Book", "pid": "b1", "lid": "1", "quantity": 1, "unit_price": 5}],
                }
            ],
        },
        {"id": 8, "api_keys": ["other"], "tags": [{"id": 32, "name": "Theirs"}]},
    ]
}


@pytest.fixture
def seeded() -> Iterator[KitMock]:
    with KitMock(clock=Clock(START), seed=SEED) as mock:
        yield mock


@pytest.fixture
def own(seeded: KitMock) -> Iterator[httpx.Client]:
    with client(seeded, **{"X-Kit-Api-Key": "own"}) as http:
        yield http


def create(kit: httpx.Client, name: str, target_url: str = TARGET, **parameters: Any) -> httpx.Response:
    return kit.post("/v4/webhooks", json={"target_url": target_url, "event": {"name": name, **parameters}})


@pytest.mark.parametrize(
    ("name", "given", "shown"),
    [
        ("subscriber.subscriber_activate", {}, {"initiator_value": None}),
        ("subscriber.subscriber_unsubscribe", {}, {"initiator_value": None}),
        ("subscriber.subscriber_bounce", {}, {"initiator_value": None}),
        ("subscriber.subscriber_complain", {}, {"initiator_value": None}),
        ("subscriber.form_subscribe", {"form_id": 42}, {"form_id": 42}),
        ("subscriber.course_subscribe", {"course_id": 53}, {"sequence_id": 53}),
        ("subscriber.course_subscribe", {"sequence_id": 53}, {"sequence_id": 53}),
        ("subscriber.course_complete", {"course_id": 53, "sequence_id": 53}, {"sequence_id": 53}),
        ("subscriber.link_click", {"initiator_value": "https://x.test/a?b"}, {"initiator_value": "https://x.test/a?b"}),
        ("subscriber.product_purchase", {"product_id": 1}, {"product_id": 1}),
        ("subscriber.tag_add", {"tag_id": 31}, {"tag_id": 31}),
        ("subscriber.tag_remove", {"tag_id": 31, "form_id": None}, {"tag_id": 31}),
        ("purchase.purchase_create", {}, {"initiator_value": None}),
    ],
)
def test_every_event_can_be_told(own: httpx.Client, name: str, given: dict[str, Any], shown: dict[str, Any]) -> None:
    response = create(own, name, **given)
    assert response.status_code == 201, response.text
    expected = {"id": 1, "account_id": 7, "event": {"name": name.partition(".")[2], **shown}, "target_url": TARGET}
    assert response.json() == {"webhook": expected}
    assert own.get("/v4/webhooks").json()["webhooks"] == [expected]


MISSING = "`event` and `target` parameters must be provided"


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (None, MISSING),
        ("tag_add", "Event must be an object"),
        ({}, MISSING),
        ({"name": " "}, "Event name can't be blank"),
        ({"name": "subscriber.tag_add"}, "Event tag id can't be blank"),
        ({"name": "subscriber.tag_add", "tag_id": None, "form_id": 42}, "Event tag id can't be blank"),
        ({"name": "subscriber.tag_add", "tag_id": "31a"}, "Event tag id must be an integer"),
        ({"name": "subscriber.tag_add", "tag_id": True}, "Event tag id must be an integer"),
        ({"name": "subscriber.tag_add", "tag_id": 33}, "Tag does not exist"),
        ({"name": "subscriber.tag_add", "tag_id": 32}, "Tag does not exist"),  # another account's
        ({"name": "subscriber.tag_remove", "tag_id": 10**30}, "Tag does not exist"),
        ({"name": "subscriber.form_subscribe"}, "Event form id can't be blank"),
        ({"name": "subscriber.form_subscribe", "form_id": 31}, "Form does not exist"),
        ({"name": "subscriber.course_subscribe"}, "Event course id can't be blank"),
        ({"name": "subscriber.course_complete", "course_id": 1}, "Sequence does not exist"),
        (
            {"name": "subscriber.course_complete", "course_id": 53, "sequence_id": 54},
            "Event course id and Event sequence id can't differ",
        ),
        ({"name": "subscriber.product_purchase"}, "Event product id can't be blank"),
        ({"name": "subscriber.product_purchase", "product_id": 9}, "Product does not exist"),
        ({"name": "subscriber.link_click"}, "Event initiator value can't be blank"),
        ({"name": "subscriber.link_click", "initiator_value": ""}, "Event initiator value can't be blank"),
        (
            {"name": "subscriber.link_click", "initiator_value": "example.com"},
            "Event initiator value is invalid. Use an http or https URL.",
        ),
        (
            {"name": "subscriber.link_click", "initiator_value": 5},
            "Event initiator value is invalid. Use an http or https URL.",
        ),
    ],
)
def test_what_is_no_event_is_422(own: httpx.Client, event: Any, message: str) -> None:
    response = own.post("/v4/webhooks", json={"target_url": TARGET, "event": event})
    assert (response.status_code, response.json()) == (422, {"errors": [message]})
    assert own.get("/v4/webhooks").json()["webhooks"] == []


@pytest.mark.parametrize(
    ("name", "unused", "error"),
    [
        ("subscriber.subscriber_bounce", {"form_id": -1}, "Event form id is out of range"),
        ("subscriber.subscriber_bounce", {"product_id": 0}, "Event product id is out of range"),
        ("subscriber.link_click", {"tag_id": 2**63}, "Event tag id is out of range"),
        ("purchase.purchase_create", {"course_id": "-9"}, "Event course id is out of range"),
        ("subscriber.tag_remove", {"sequence_id": 10**30}, "Event sequence id is out of range"),
        ("subscriber.tag_remove", {"form_id": "42b"}, "Event form id must be an integer"),
        ("subscriber.form_subscribe", {"tag_id": 1.5}, "Event tag id must be an integer"),
        ("subscriber.tag_add", {"initiator_value": ["x"]}, "Event initiator value must be a string"),
        ("subscriber.subscriber_activate", {"initiator_value": {}}, "Event initiator value must be a string"),
    ],
)
def test_what_an_event_does_not_need_is_checked_too(
    own: httpx.Client, name: str, unused: dict[str, Any], error: str
) -> None:
    used = {"tag_id": 31, "form_id": 42, "initiator_value": "https://x.test/"}
    response = create(own, name, **{**used, **unused})
    assert (response.status_code, response.json()) == (422, {"errors": [error]})
    assert own.get("/v4/webhooks").json()["webhooks"] == []


@pytest.mark.parametrize(
    "unused",
    [{"form_id": 2**63 - 1}, {"form_id": "999"}, {"product_id": None}, {"initiator_value": 5}, {"course_id": 7.0}],
)
def test_what_an_event_does_not_need_need_not_exist(own: httpx.Client, unused: dict[str, Any]) -> None:
    response = create(own, "subscriber.tag_add", tag_id="31", **unused)
    assert response.json()["webhook"]["event"] == {"name": "tag_add", "tag_id": 31}


@pytest.mark.parametrize("name", ["tag_add", "subscriber.tag_added", "purchase.tag_add", ["subscriber.tag_add"], 7])
def test_an_unknown_event_is_told_which_there_are(own: httpx.Client, name: Any) -> None:
    response = create(own, name)
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error.startswith("Event name must be one of subscriber.subscriber_activate, ")
    assert error.endswith(", custom_field.field_value_updated")


@pytest.mark.parametrize(
    "target_url",
    [
        *("", None, 5, "app.example.com", "/events", "ftp://app.example.com", "http://", "http:///x"),
        *(
            "http://app.example.com:x",
            "http://app.example.com:0/",
            "http://app.example.com:65536/",
            "https://127.0.0.1:75000/",
            "http://exa mple.com",
            "http://0177.0.0.1/",
            "javascript:alert(1)",
            "http://[::1",
        ),
    ],
)
def test_what_is_no_url_is_422(own: httpx.Client, target_url: Any) -> None:
    event = {"name": "subscriber.subscriber_activate"}
    response = own.post("/v4/webhooks", json={"target_url": target_url, "event": event})
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error.startswith("Target url ") if target_url else error == MISSING


@pytest.mark.parametrize(("port", "status"), [(0, 422), (1, 201), (65_535, 201), (65_536, 422), (10**9, 422)])
def test_a_port_has_sixteen_bits(own: httpx.Client, port: int, status: int) -> None:
    url = f"http://127.0.0.1:{port}/"
    event = {"name": "subscriber.link_click", "initiator_value": url}
    for target, link in ((url, "http://app.example.com/"), ("http://app.example.com/", url)):
        given = {"target_url": target, "event": {**event, "initiator_value": link}}
        assert own.post("/v4/webhooks", json=given).status_code == status


def test_all_that_is_wrong_is_told(own: httpx.Client) -> None:
    response = own.post("/v4/webhooks", json={"target_url": "/hook", "event": {"name": "x"}})
    assert response.status_code == 422
    assert [error.partition(" ")[0] for error in response.json()["errors"]] == ["Target", "Event"]


def test_by_the_reference_there_is_no_sequence_id() -> None:
    with KitMock(seed=SEED, behaviour="reference") as mock, client(mock, **{"X-Kit-Api-Key": "own"}) as kit:
        response = create(kit, "subscriber.course_complete", sequence_id=53)
        assert (response.status_code, response.json()) == (422, {"errors": ["Event course id can't be blank"]})
        response = create(kit, "subscriber.course_complete", course_id=53, sequence_id=54)
        assert response.json()["webhook"]["event"] == {"name": "course_complete", "sequence_id": 53}


def test_by_the_reference_each_missing_part_is_told() -> None:
    with KitMock(behaviour="reference") as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        response = kit.post("/v4/webhooks", json={})
    assert (response.status_code, response.json()) == (
        422,
        {"errors": ["Target url can't be blank", "Event can't be blank"]},
    )


def test_the_list_comes_in_pages(own: httpx.Client) -> None:
    for _ in range(3):
        assert create(own, "subscriber.subscriber_activate").status_code == 201
    page = own.get("/v4/webhooks", params={"per_page": 2, "include_total_count": "true"}).json()
    assert [found["id"] for found in page["webhooks"]] == [3, 2]
    assert page["pagination"]["total_count"] == 3
    page = own.get("/v4/webhooks", params={"after": page["pagination"]["end_cursor"]}).json()
    assert [found["id"] for found in page["webhooks"]] == [1]


def test_deleting(own: httpx.Client) -> None:
    create(own, "subscriber.subscriber_activate")
    assert own.delete("/v4/webhooks/1").status_code == 204
    assert own.get("/v4/webhooks").json()["webhooks"] == []
    response = own.delete("/v4/webhooks/1")
    assert (response.status_code, response.json()) == (404, {"errors": ["Not Found"]})


def test_another_accounts_webhook_is_404(seeded: KitMock, own: httpx.Client) -> None:
    create(own, "subscriber.subscriber_activate")
    with client(seeded, **{"X-Kit-Api-Key": "other"}) as other:
        assert other.get("/v4/webhooks").json()["webhooks"] == []
        assert other.delete("/v4/webhooks/1").status_code == 404
    assert len(own.get("/v4/webhooks").json()["webhooks"]) == 1


def seeded_with(webhooks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    account = {**SEED["accounts"][0], "webhooks": webhooks}
    with (
        KitMock(clock=Clock(START), seed=account) as mock,
        client(mock, **{"X-Kit-Api-Key": "own"}) as kit,
    ):
        found: list[dict[str, Any]] = kit.get("/v4/webhooks").json()["webhooks"]
        assert mock.deliveries == ()
        return found[::-1]


def test_webhooks_of_a_seed() -> None:
    found = seeded_with(
        [
            {"id": 90, "event": "subscriber.tag_add", "tag": "newsletter", "target_url": TARGET},
            {"id": 91, "event": "form_subscribe", "form": 42, "target_url": TARGET, "created_at": "2021-02-03"},
            {"id": 92, "event": "course_complete", "sequence": "Welcome", "target_url": TARGET},
            {"id": 93, "event": "product_purchase", "product": "b1", "target_url": TARGET},
            {"id": 94, "event": "link_click", "link": "https://x.test/", "target_url": TARGET},
            {"event": "subscriber_activate", "target_url": "http://localhost:1"},
            {"event": "purchase.purchase_create", "target_url": "http://localhost:1"},
        ]
    )
    assert [each["id"] for each in found] == [90, 91, 92, 93, 94, 95, 96]
    assert [each["event"] for each in found] == [
        {"name": "tag_add", "tag_id": 31},
        {"name": "form_subscribe", "form_id": 42},
        {"name": "course_complete", "sequence_id": 53},
        {"name": "product_purchase", "product_id": 1},
        {"name": "link_click", "initiator_value": "https://x.test/"},
        {"name": "subscriber_activate", "initiator_value": None},
        {"name": "purchase_create", "initiator_value": None},
    ]


@pytest.mark.parametrize(
    ("webhook", "reason"),
    [
        ({"event": "subscriber_activate"}, "webhooks[0] has no target_url"),
        ({"target_url": TARGET}, "webhooks[0] has no event"),
        ({"event": "tagged", "target_url": TARGET}, "webhooks[0].event must be one of subscriber_activate, "),
        ({"event": "tag_add", "target_url": TARGET}, "webhooks[0] has no tag"),
        ({"event": "tag_add", "tag": "Old", "target_url": TARGET}, "webhooks[0].tag isn't the name of one"),
        ({"event": "tag_add", "tag": 31, "form": 42, "target_url": TARGET}, "webhooks[0].form isn't what tag_add is"),
        (
            {"event": "link_click", "link": "x", "target_url": TARGET},
            "webhooks[0] is refused: Event initiator value is invalid",
        ),
        ({"event": "product_purchase", "product": "b2", "target_url": TARGET}, "webhooks[0].product isn't the name"),
        (
            {"event": "subscriber_activate", "target_url": "ftp://x.test"},
            "webhooks[0] is refused: Target url is invalid",
        ),
        ({"event": "subscriber_activate", "target_url": TARGET, "url": 1}, "webhooks[0].url isn't known"),
    ],
)
def test_a_bad_webhook_of_a_seed_is_refused(webhook: dict[str, Any], reason: str) -> None:
    with pytest.raises(KitMockError) as raised:
        seeded_with([webhook])
    assert reason in str(raised.value)
