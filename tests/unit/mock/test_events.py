"""Events: each is told on its act, once, and on no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from kit_mock.protocol.document import load
from tests.unit.mock.conftest import START, client
from tests.unit.mock.receiver import Receiver, listening

LINK = "https://letters.example.com/1"
NOW = "2023-02-17T11:43:55Z"
EVENTS: dict[str, dict[str, Any]] = {
    "subscriber_activate": {},
    "subscriber_unsubscribe": {},
    "subscriber_bounce": {},
    "subscriber_complain": {},
    "form_subscribe": {"form": 42},
    "course_subscribe": {"sequence": 53},
    "course_complete": {"sequence": 53},
    "link_click": {"link": LINK},
    "product_purchase": {"product": "b1"},
    "tag_add": {"tag": 31},
    "tag_remove": {"tag": 31},
    "purchase_create": {},
}


def line(pid: str, lid: str = "1") -> dict[str, Any]:
    return {"name": f"Book {pid}", "pid": pid, "lid": lid, "quantity": 1, "unit_price": 5}


def purchase(transaction_id: str, *products: dict[str, Any], email_address: str = "ada@example.com") -> dict[str, Any]:
    buyer = {"transaction_id": transaction_id, "email_address": email_address}
    return {**buyer, "currency": "USD", "status": "paid", "products": list(products)}


def seed(target: str) -> dict[str, Any]:
    """An account where every event, each about the first of its kind, is told to a path of its own."""
    return {
        "custom_fields": [{"label": "City"}],
        "tags": [{"id": 31, "name": "Newsletter"}, {"id": 32, "name": "Other"}],
        "forms": [{"id": 42, "name": "Sign up"}, {"id": 43, "name": "Other"}],
        "sequences": [{"id": 53, "name": "Welcome"}, {"id": 54, "name": "Other"}],
        "subscribers": [
            {"id": 1, "email_address": "ada@example.com", "first_name": "Ada", "fields": {"city": "London"}},
            {"id": 2, "email_address": "bob@example.com", "tags": [31], "forms": [42], "sequences": [53]},
            {"id": 3, "email_address": "eve@example.com", "state": "inactive"},
            {"id": 4, "email_address": "joe@example.com", "state": "cancelled"},
        ],
        "purchases": [purchase("t1", line("b1"), line("b2", "2"))],
        "webhooks": [{"event": name, **about, "target_url": f"{target}/{name}"} for name, about in EVENTS.items()],
    }


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def mock(receiver: Receiver) -> Iterator[KitMock]:
    with KitMock(clock=Clock(START), seed=seed(receiver.url)) as mock:
        yield mock


def told(mock: KitMock, receiver: Receiver) -> list[str]:
    """The events that were told so far, in the order of their queuing."""
    deliveries = mock.deliver()
    assert {each.state for each in deliveries} <= {"delivered"}
    assert [each.target_url.rpartition("/")[2] for each in deliveries] == [each.event for each in deliveries]
    assert sorted(receiver.paths) == sorted(f"/{each.event}" for each in deliveries)
    return [each.event for each in deliveries]


def create(kit: httpx.Client, email_address: str, **more: Any) -> httpx.Response:
    return kit.post("/v4/subscribers", json={"email_address": email_address, **more})


def test_a_seed_is_no_act(mock: KitMock, receiver: Receiver) -> None:
    assert told(mock, receiver) == []


def test_a_new_active_subscriber(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    body = create(kit, "new@example.com", first_name="New", fields={"city": "Paris"}).json()
    assert told(mock, receiver) == ["subscriber_activate"]
    (received,) = receiver.received
    assert received.body == body
    expected = {"id": 5, "first_name": "New", "email_address": "new@example.com", "state": "active"}
    assert received.body == {"subscriber": {**expected, "created_at": NOW, "fields": {"city": "Paris"}}}
    assert create(kit, "new@example.com", first_name="Newer").status_code == 200
    assert kit.put("/v4/subscribers/5", json={"email_address": "newest@example.com"}).status_code == 200
    assert told(mock, receiver) == ["subscriber_activate"]


def test_a_new_subscriber_of_another_state_is_not_active(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    assert create(kit, "new@example.com", state="inactive").status_code == 201
    assert told(mock, receiver) == []


def test_with_many_fields_the_delivery_has_their_values(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    assert (
        create(kit, "new@example.com", fields={"city": "Rome"} | {f"x{n}": "1" for n in range(10)}).status_code == 202
    )
    assert told(mock, receiver) == ["subscriber_activate"]
    assert receiver.received[0].body["subscriber"]["fields"] == {"city": "Rome"}


def test_what_is_refused_is_not_told(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    assert create(kit, "no address").status_code == 422
    assert kit.post("/v4/tags/31/subscribers/99").status_code == 404
    assert kit.post("/v4/tags/99/subscribers/1").status_code == 404
    assert told(mock, receiver) == []


def test_unsubscribing_is_told_once(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    for id_ in (1, 1, 4):
        assert kit.post(f"/v4/subscribers/{id_}/unsubscribe").status_code == 204
    assert told(mock, receiver) == ["subscriber_unsubscribe"]
    subscriber = receiver.received[0].body["subscriber"]
    assert (subscriber["id"], subscriber["state"], subscriber["fields"]) == (1, "cancelled", {"city": "London"})


@pytest.mark.parametrize(
    ("path", "event"),
    [
        ("/v4/tags/31/subscribers", "tag_add"),
        ("/v4/forms/42/subscribers", "form_subscribe"),
        ("/v4/sequences/53/subscribers", "course_subscribe"),
    ],
)
@pytest.mark.parametrize("by_email", [False, True])
def test_being_added_is_told_once(
    mock: KitMock, kit: httpx.Client, receiver: Receiver, path: str, event: str, by_email: bool
) -> None:
    def add(id_: int, email_address: str) -> int:
        if by_email:
            return kit.post(path, json={"email_address": email_address}).status_code
        return kit.post(f"{path}/{id_}").status_code

    assert add(1, "ada@example.com") == 201
    assert told(mock, receiver) == [event]
    assert receiver.received[0].body["subscriber"]["id"] == 1
    assert add(1, "ada@example.com") == add(2, "bob@example.com") == 200
    assert told(mock, receiver) == [event]


def test_what_nobody_asked_for_is_not_told(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    for path in ("tags/32", "forms/43", "sequences/54"):
        assert kit.post(f"/v4/{path}/subscribers/1").status_code == 201
    assert kit.delete("/v4/tags/32/subscribers/1").status_code == 204
    assert told(mock, receiver) == []


@pytest.mark.parametrize("by_email", [False, True])
def test_a_tag_that_is_removed(mock: KitMock, kit: httpx.Client, receiver: Receiver, by_email: bool) -> None:
    for id_, email_address in ((1, "ada@example.com"), (2, "bob@example.com"), (2, "bob@example.com")):
        if by_email:
            response = kit.delete("/v4/tags/31/subscribers", params={"email_address": email_address})
        else:
            response = kit.delete(f"/v4/tags/31/subscribers/{id_}")
        assert response.status_code == 204
    assert told(mock, receiver) == ["tag_remove"]
    assert receiver.received[0].body["subscriber"]["id"] == 2


def test_a_new_purchase(mock: KitMock, oauth: httpx.Client, receiver: Receiver) -> None:
    given = purchase("t2", line("b1"), line("b1", "2"), line("b3", "3"), email_address="new@example.com")
    body = oauth.post("/v4/purchases", json={"purchase": given}).json()
    assert told(mock, receiver) == ["subscriber_activate", "product_purchase", "purchase_create"]
    by_path = {each.path: each.body for each in receiver.received}
    assert by_path["/purchase_create"] == body["purchase"]
    assert by_path["/product_purchase"]["subscriber"]["email_address"] == "new@example.com"


def test_a_repeated_transaction_is_no_new_purchase(mock: KitMock, oauth: httpx.Client, receiver: Receiver) -> None:
    assert oauth.post("/v4/purchases", json={"purchase": purchase("t1", line("b2", "9"))}).status_code == 201
    assert told(mock, receiver) == []
    other = purchase("t1", line("b1", "9"), email_address="bob@example.com")
    assert oauth.post("/v4/purchases", json={"purchase": other}).status_code == 201
    assert told(mock, receiver) == ["product_purchase"]
    assert receiver.received[0].body["subscriber"]["email_address"] == "ada@example.com"


def test_bulk_subscribers(mock: KitMock, oauth: httpx.Client, receiver: Receiver) -> None:
    addresses = ["new@example.com", "ada@example.com", "joe@example.com", "nobody", "NEW@example.com"]
    body = {"subscribers": [{"email_address": address} for address in addresses]}
    assert oauth.post("/v4/bulk/subscribers", json=body).status_code == 200
    assert told(mock, receiver) == ["subscriber_activate"]
    assert receiver.received[0].body["subscriber"]["email_address"] == "new@example.com"


def test_bulk_taggings(mock: KitMock, oauth: httpx.Client, receiver: Receiver) -> None:
    pairs = [(31, 1), (31, 1), (31, 2), (32, 1), (31, 99)]
    body = {"taggings": [{"tag_id": tag, "subscriber_id": subscriber} for tag, subscriber in pairs]}
    assert oauth.post("/v4/bulk/tags/subscribers", json=body).status_code == 200
    assert told(mock, receiver) == ["tag_add"]
    assert receiver.received[0].body["subscriber"]["id"] == 1


def test_a_bulk_job_tells_what_it_does_and_calls_back(mock: KitMock, oauth: httpx.Client, receiver: Receiver) -> None:
    items = [{"email_address": f"new{number}@example.com"} for number in range(101)]
    body = {"subscribers": items, "callback_url": f"{receiver.url}/bulk_create_subscribers"}
    assert oauth.post("/v4/bulk/subscribers", json=body).status_code == 202
    assert told(mock, receiver) == []
    mock.advance(seconds=2)
    assert told(mock, receiver) == ["subscriber_activate"] * 101 + ["bulk_create_subscribers"]
    (result,) = (each.body for each in receiver.received if each.path == "/bulk_create_subscribers")
    assert (len(result["subscribers"]), result["failures"]) == (101, [])
    assert mock.deliveries[-1].webhook_id is None


def test_each_webhook_of_an_event_is_told(mock: KitMock, kit: httpx.Client, receiver: Receiver) -> None:
    event = {"name": "subscriber.tag_add", "tag_id": 31}
    body = {"target_url": f"{receiver.url}/tag_add", "event": event}
    assert kit.post("/v4/webhooks", json=body).json()["webhook"]["id"] == len(EVENTS) + 1
    kit.post("/v4/tags/31/subscribers/1")
    assert told(mock, receiver) == ["tag_add"] * 2
    assert [each.webhook_id for each in mock.deliveries] == [10, 13]
    assert kit.delete("/v4/webhooks/13").status_code == 204
    assert kit.delete("/v4/webhooks/10").status_code == 204
    kit.delete("/v4/tags/31/subscribers/1")
    kit.post("/v4/tags/31/subscribers/1")
    assert told(mock, receiver) == ["tag_add", "tag_add", "tag_remove"]


def test_another_account_is_not_told(receiver: Receiver) -> None:
    own = {**seed(receiver.url), "id": 1, "api_keys": ["own"]}
    with (
        KitMock(clock=Clock(START), seed={"accounts": [own, {"id": 2, "api_keys": ["other"]}]}) as mock,
        client(mock, **{"X-Kit-Api-Key": "other"}) as other,
    ):
        assert create(other, "new@example.com").status_code == 201
        assert told(mock, receiver) == []


@pytest.mark.parametrize(
    ("event", "subscriber_id", "state"),
    [
        ("subscriber_bounce", 1, "bounced"),
        ("subscriber.subscriber_bounce", 4, "bounced"),
        ("subscriber_complain", 1, "complained"),
        ("subscriber_activate", 3, "active"),  # by the confirmation email, say
        ("subscriber_activate", 4, "active"),
        ("subscriber_activate", 1, "active"),
        ("subscriber_unsubscribe", 1, "cancelled"),
    ],
)
def test_firing_what_changes_the_state(
    mock: KitMock, kit: httpx.Client, receiver: Receiver, event: str, subscriber_id: int, state: str
) -> None:
    mock.advance(hours=1)
    (queued,) = mock.fire(event, subscriber_id=subscriber_id)
    assert (queued.event, queued.state, queued.attempts) == (event.rpartition(".")[2], "waiting", 0)
    assert told(mock, receiver) == [queued.event]
    assert receiver.received[0].body["subscriber"]["state"] == state
    listed = kit.get("/v4/subscribers", params={"status": state, "sort_field": "updated_at"}).json()["subscribers"]
    assert subscriber_id in [found["id"] for found in listed]
    cancelled = kit.get("/v4/subscribers", params={"status": "cancelled", "sort_field": "cancelled_at"})
    assert (subscriber_id in [found["id"] for found in cancelled.json()["subscribers"]]) == (state == "cancelled")


@pytest.mark.parametrize(
    ("event", "about"),
    [
        ("link_click", {"initiator_value": LINK}),
        ("course_complete", {"course_id": 53}),
        ("course_complete", {"sequence_id": 53}),
        ("course_subscribe", {"sequence_id": 53}),
        ("form_subscribe", {"form_id": 42}),
        ("product_purchase", {"product_id": 1}),
        ("subscriber.tag_add", {"tag_id": 31}),
        ("tag_remove", {"tag_id": 31}),
    ],
)
def test_firing_what_leaves_no_trace(
    mock: KitMock, kit: httpx.Client, receiver: Receiver, event: str, about: dict[str, Any]
) -> None:
    before = kit.get("/v4/subscribers", params={"status": "all"}).json()
    (queued,) = mock.fire(event, subscriber_id=2, **about)
    assert told(mock, receiver) == [queued.event]
    assert receiver.received[0].body["subscriber"]["id"] == 2
    assert kit.get("/v4/subscribers", params={"status": "all"}).json() == before
    assert len(kit.get("/v4/tags/31/subscribers").json()["subscribers"]) == 1


def test_firing_a_purchase(mock: KitMock, oauth: httpx.Client, receiver: Receiver) -> None:
    mock.fire("purchase.purchase_create", purchase_id=1)
    assert told(mock, receiver) == ["purchase_create"]
    assert receiver.received[0].body == oauth.get("/v4/purchases/1").json()["purchase"]


def test_firing_what_nobody_asked_for(mock: KitMock, receiver: Receiver) -> None:
    assert mock.fire("link_click", subscriber_id=1, initiator_value=f"{LINK}?other") == ()
    assert mock.fire("tag_add", subscriber_id=1, tag_id=32) == ()
    assert told(mock, receiver) == []


@pytest.mark.parametrize(
    ("event", "arguments", "message"),
    [
        ("tagged", {}, "event: there is no 'tagged'; there are subscriber_activate, "),
        ("purchase.tag_add", {}, "event: there is no 'purchase.tag_add'"),
        ("subscriber_bounce", {}, "subscriber_id: it is missing"),
        ("subscriber_bounce", {"subscriber_id": 99}, "subscriber_id: there is no subscriber 99"),
        ("subscriber_bounce", {"subscriber_id": "1"}, "subscriber_id: '1' is no id"),
        ("subscriber_bounce", {"subscriber_id": 1, "tag_id": 31}, "tag_id: subscriber_bounce doesn't take it"),
        ("tag_add", {"subscriber_id": 1}, "tag_id: tag_add needs it"),
        ("tag_add", {"subscriber_id": 1, "form_id": 42}, "form_id: tag_add doesn't take it"),
        ("tag_add", {"subscriber_id": 1, "tag_id": 33}, "tag_id: Tag does not exist"),
        ("tag_add", {"subscriber_id": 1, "tag_id": 2**70}, "tag_id: "),
        ("course_complete", {"subscriber_id": 2}, "course_id or sequence_id: course_complete needs it"),
        ("course_complete", {"subscriber_id": 1, "course_id": 53}, "subscriber_id: subscriber 1 was not added"),
        ("course_complete", {"subscriber_id": 2, "course_id": 54}, "subscriber_id: subscriber 2 was not added"),
        ("course_complete", {"subscriber_id": 2, "course_id": 53, "sequence_id": 53}, "course_id and sequence_id: "),
        (
            "link_click",
            {"subscriber_id": 1, "initiator_value": "x"},
            "initiator_value: Event initiator value is invalid",
        ),
        ("product_purchase", {"subscriber_id": 1, "product_id": 9}, "product_id: Product does not exist"),
        ("purchase_create", {}, "purchase_id: purchase_create needs it"),
        ("purchase_create", {"purchase_id": 9}, "purchase_id: there is no purchase 9"),
        ("purchase_create", {"subscriber_id": 1, "purchase_id": 1}, "subscriber_id: purchase_create takes a"),
    ],
)
def test_what_cannot_be_fired(mock: KitMock, event: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        mock.fire(event, **arguments)
    assert mock.deliveries == ()


def test_payloads_are_as_the_document_has_them(mock: KitMock, receiver: Receiver) -> None:
    """Those of operations are held against it already, so deliveries must look like their answers."""
    mock.fire("tag_add", subscriber_id=1, tag_id=31)
    mock.fire("purchase_create", purchase_id=1)
    mock.deliver()
    operations = load().operations
    by_path = {each.path: each.body for each in receiver.received}
    assert operations["get_subscriber"].disagreement(200, by_path["/tag_add"]) is None
    assert operations["get_purchase"].disagreement(200, {"purchase": by_path["/purchase_create"]}) is None


def test_a_webhook_is_told_from_its_creation_to_its_deletion_however_often_its_event_came_before() -> None:
    with KitMock(clock=Clock(START)) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:

        def deliveries_of(email_address: str) -> int:
            before = len(mock.deliveries)
            assert create(http, email_address).status_code == 201
            return len(mock.deliveries) - before

        assert deliveries_of("first@example.com") == 0
        webhook = {"target_url": "https://app.example.com/hook", "event": {"name": "subscriber.subscriber_activate"}}
        id_ = http.post("/v4/webhooks", json=webhook).json()["webhook"]["id"]
        assert deliveries_of("second@example.com") == 1
        snapshot = mock.snapshot()
        assert http.delete(f"/v4/webhooks/{id_}").status_code == 204
        assert deliveries_of("third@example.com") == 0
        mock.restore(snapshot)
        assert deliveries_of("fourth@example.com") == 1
