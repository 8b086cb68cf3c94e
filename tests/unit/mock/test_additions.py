"""What tests put into an account from Python."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock, KitMockError
from tests.unit.mock.conftest import START, client

NOW = "2023-02-17T11:43:55Z"
PRODUCT = {"name": "Book", "pid": "book", "lid": "a", "quantity": 2, "unit_price": 9.5}


def listed(kit: httpx.Client, path: str) -> list[dict[str, Any]]:
    body = kit.get(path).json()
    found: list[dict[str, Any]] = next(value for name, value in body.items() if name != "pagination")
    return found


def test_each_kind_is_shown_as_the_api_shows_it(mock: KitMock, kit: httpx.Client, oauth: httpx.Client) -> None:
    assert mock.tags.add("Newsletter") == {"id": 1, "name": "Newsletter", "created_at": NOW}
    assert mock.custom_fields.add("Last name") == {
        "id": 1,
        "name": "ck_field_1_last_name",
        "key": "last_name",
        "label": "Last name",
    }
    form = mock.forms.add("Sign up", type="hosted", status="archived", format="modal")
    assert (form["type"], form["format"], form["archived"]) == ("hosted", "modal", True)
    sequence = mock.sequences.add("Welcome", repeat=True, created_at="2023-01-01")
    assert sequence == {
        "id": 1,
        "name": "Welcome",
        "hold": False,
        "repeat": True,
        "created_at": "2023-01-01T00:00:00Z",
        "updated_at": "2023-01-01T00:00:00Z",
        "email_address": None,
        "email_template_id": None,
        "send_days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        "send_hour": 11,
        "time_zone": "America/New_York",
        "active": True,
        "exclude_subscriber_sources": [],
        "email_count": 0,
        "subscriber_count": 0,
    }
    segment = mock.segments.add("Readers", id=51)
    assert segment == {"id": 51, "name": "Readers", "created_at": NOW}
    template = mock.email_templates.add("Plain", category="Starting point")
    assert template == {"id": 9, "name": "Plain", "is_default": False, "category": "Starting point"}
    ada = mock.subscribers.add(
        email_address="ada@example.com",
        first_name="Ada",
        fields={"Last name": "Lovelace"},
        tags=["newsletter"],
        forms=[form["id"]],
        sequences=["Welcome"],
        segments=[{"id": 51, "added_at": date(2023, 2, 17)}],
        created_at="2023-02-01",
    )
    assert ada == {
        "id": 1,
        "first_name": "Ada",
        "email_address": "ada@example.com",
        "state": "active",
        "created_at": "2023-02-01T00:00:00Z",
        "fields": {"last_name": "Lovelace"},
        "canceled_at": None,
        "location": dict.fromkeys(("city", "state", "country", "latitude", "longitude", "timezone")),
    }
    broadcast = mock.broadcasts.add(
        subject="Sent",
        content="<p>Done</p>",
        send_at=datetime(2023, 2, 16, tzinfo=UTC),
        email_template="plain",
        subscriber_filter=[{"all": [{"type": "tag", "ids": ["Newsletter"]}]}],
        opens=1,
    )
    assert (broadcast["published_at"], broadcast["email_template"]["id"]) == ("2023-02-16T00:00:00Z", 9)
    purchase = mock.purchases.add(transaction_id="order-1", email_address="ada@example.com", products=[PRODUCT], tax=1)
    assert (purchase["total"], purchase["currency"], purchase["transaction_time"]) == (20.0, "USD", NOW)

    webhook = mock.webhooks.add("subscriber.product_purchase", "http://127.0.0.1:9/bought", product="BOOK")
    assert webhook["event"] == {"name": "product_purchase", "product_id": 1}
    tagged = mock.webhooks.add("tag_add", "http://127.0.0.1:9/tagged", tag="Newsletter", id=4)
    assert (tagged["id"], tagged["event"]) == (4, {"name": "tag_add", "tag_id": 1})

    # And to requests they are what they are to Python.
    for path, one in (
        ("/v4/tags", mock.tags.all()[0]),
        ("/v4/custom_fields", mock.custom_fields.all()[0]),
        ("/v4/forms?status=archived", form),
        ("/v4/sequences", {**sequence, "subscriber_count": 1}),
        ("/v4/segments", segment),
        ("/v4/email_templates", template),
        ("/v4/subscribers", ada),
        ("/v4/broadcasts", broadcast),
        ("/v4/webhooks", tagged),
    ):
        shown = listed(kit, path)[0]
        # Ada came after the sequence, and what is read by id tells more than the list.
        shown |= {"subscriber_count": 0} if one is sequence else {}
        assert shown == {name: one[name] for name in shown}
    assert listed(oauth, "/v4/purchases") == mock.purchases.all() == [purchase]
    for path in ("/v4/tags/1/subscribers", f"/v4/forms/{form['id']}/subscribers", "/v4/sequences/1/subscribers"):
        assert [found["email_address"] for found in listed(kit, path)] == ["ada@example.com"]
    assert kit.get("/v4/broadcasts/1/stats").json()["broadcast"]["stats"]["open_rate"] == 100


def test_it_is_no_request() -> None:
    with KitMock(clock=Clock(START), rate_limit=1) as limited:
        for number in range(3):
            limited.tags.add(f"Tag {number}")
        assert len(limited.tags.all()) == 3
        assert limited.requests == ()
        with client(limited, **{"X-Kit-Api-Key": limited.api_key}) as http:
            assert http.get("/v4/tags").status_code == 200


def test_it_meets_no_fault(mock: KitMock) -> None:
    mock.fail_next(status=503)
    assert mock.tags.add("Newsletter")["id"] == 1
    assert len(mock.faults) == 1


def test_a_reset_or_restored_mock_takes_more(mock: KitMock) -> None:
    mock.tags.add("Newsletter")
    snapshot = mock.snapshot()
    mock.reset()
    assert mock.subscribers.add("ada@example.com")["id"] == 1
    mock.restore(snapshot)
    assert mock.subscribers.add("bob@example.com", tags=["Newsletter"])["id"] == 1
    assert [found["email_address"] for found in mock.subscribers.all()] == ["bob@example.com"]


def test_from_several_threads(mock: KitMock, kit: httpx.Client) -> None:
    def add(number: int) -> int:
        assert kit.post("/v4/tags", json={"name": f"Posted {number}"}).status_code == 201
        id_: int = mock.tags.add(f"Added {number}")["id"]
        return id_

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(add, range(40)))
    assert len(ids) == 40
    assert len(mock.tags.all()) == 80


def test_no_webhook_tells_of_it(mock: KitMock) -> None:
    mock.webhooks.add("subscriber.subscriber_activate", "http://127.0.0.1:9")
    mock.subscribers.add("ada@example.com")
    assert mock.deliveries == ()


def test_it_goes_by_the_clock(mock: KitMock, kit: httpx.Client) -> None:
    mock.advance(days=1)
    assert mock.tags.add("Tomorrow")["created_at"] == "2023-02-18T11:43:55Z"
    mock.subscribers.add("ada@example.com")
    id_ = mock.broadcasts.add(subject="Soon", content="x", send_at="2023-02-18T12:00:00Z")["id"]
    mock.advance(hours=1)
    stats = kit.get(f"/v4/broadcasts/{id_}/stats").json()["broadcast"]["stats"]
    assert (stats["status"], stats["recipients"]) == ("completed", 1)


def test_all_are_shown_whatever_their_state_the_newest_first(mock: KitMock) -> None:
    mock.subscribers.add("ada@example.com", state="cancelled", cancelled_at=datetime(2023, 2, 17, tzinfo=UTC))
    mock.subscribers.add("bob@example.com", state="bounced")
    mock.forms.add("Old", status="trashed")
    mock.forms.add("New")
    assert [found["state"] for found in mock.subscribers.all()] == ["bounced", "cancelled"]
    assert [found["name"] for found in mock.forms.all()] == ["New", "Old"]
    for _ in range(1200):
        mock.segments.add("Same")
    assert len(mock.segments.all()) == 1200


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (date(1969, 12, 31), "1969-12-31T00:00:00Z"),
        (datetime(2023, 2, 16, 10, 30), "2023-02-16T10:30:00Z"),
        (datetime(2023, 2, 16, 10, 30, tzinfo=timezone(timedelta(hours=2))), "2023-02-16T08:30:00Z"),
        ("2023-02-16 10:30", "2023-02-16T10:30:00Z"),
    ],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise(mock: KitMock, moment: str | date, shown: str) -> None:
    assert mock.tags.add("Newsletter", created_at=moment)["created_at"] == shown


def test_a_new_default_template_takes_over(mock: KitMock) -> None:
    mock.email_templates.add("Mine", is_default=True)
    assert [found["name"] for found in mock.email_templates.all() if found["is_default"]] == ["Mine"]
    assert mock.broadcasts.add()["email_template"]["name"] == "Mine"
    with pytest.raises(KitMockError):
        mock.email_templates.add(" ", is_default=True)
    assert [found["name"] for found in mock.email_templates.all() if found["is_default"]] == ["Mine"]


def test_another_account() -> None:
    seed = {"accounts": [{"id": 3, "name": "First"}, {"id": 7, "name": "Second", "api_keys": ["kit_second"]}]}
    with KitMock(seed=seed, clock=Clock(START)) as several:
        first = several.tags.add("Newsletter")
        second = several.tags.add("Newsletter", account_id=7)
        several.subscribers.add("ada@example.com", tags=["Newsletter"], account_id=7)
        assert (several.tags.all(), several.subscribers.all()) == ([first], [])
        with client(several, **{"X-Kit-Api-Key": "kit_second"}) as http:
            assert len(listed(http, f"/v4/tags/{second['id']}/subscribers")) == 1
        with pytest.raises(KitMockError, match=r"tags\[0\] isn't the id of one of the account's tags"):
            several.subscribers.add("bob@example.com", tags=[first["id"]], account_id=7)
        with pytest.raises(KitMockError, match=r"^tags\.add: account_id 99 isn't that of an account$"):
            several.tags.add("x", account_id=99)
        with pytest.raises(KitMockError, match=r"^tags\.all: account_id 99 isn't"):
            several.tags.all(account_id=99)


@pytest.mark.parametrize(
    ("add", "problem"),
    [
        (lambda mock: mock.tags.add("NEWSLETTER"), "tags.add: it is refused: Name has already been taken"),
        (lambda mock: mock.tags.add("New", id=1), "tags.add: it has a taken id"),
        (lambda mock: mock.tags.add("New", id=0), "tags.add: id must be a whole number from 1"),
        (lambda mock: mock.tags.add(""), "tags.add: name can't be blank"),
        (lambda mock: mock.tags.add({1, 2}), "tags.add: name can't be a set"),
        (lambda mock: mock.custom_fields.add("x", key="No Key"), "custom_fields.add: key must be of a-z"),
        (lambda mock: mock.forms.add("x", embed_url="nowhere"), "forms.add: embed_url is no valid URL"),
        (lambda mock: mock.sequences.add("x", hold="yes"), "sequences.add: hold must be true or false"),
        (lambda mock: mock.subscribers.add("nobody"), "subscribers.add: email_address is no valid e-mail address"),
        (lambda mock: mock.subscribers.add("ADA@example.com"), "subscribers.add: it has a taken email_address"),
        (
            lambda mock: mock.subscribers.add("b@example.com", tags=["Newsletter", "None"]),
            "subscribers.add: tags[1] isn't the name of one of the account's tags",
        ),
        (
            lambda mock: mock.subscribers.add("b@example.com", tags=["Newsletter", 1]),
            "subscribers.add: tags[1] stands there already",
        ),
        (lambda mock: mock.subscribers.add("b@example.com", tags="Newsletter"), "subscribers.add: tags must be a list"),
        (
            lambda mock: mock.subscribers.add("b@example.com", tags=[{"name": "Newsletter", "taged_at": "2023-01-01"}]),
            "subscribers.add: tags[0].taged_at isn't known: did you mean tagged_at?",
        ),
        (
            lambda mock: mock.subscribers.add("b@example.com", fields={"none": "x"}),
            "subscribers.add: fields.none isn't the key or label of one of the account's custom fields",
        ),
        (
            lambda mock: mock.subscribers.add("b@example.com", state="gone"),
            "subscribers.add: state must be one of active, bounced",
        ),
        (
            lambda mock: mock.subscribers.add("b@example.com", created_at="01/01/2023"),
            "subscribers.add: created_at must be a day, 2023-02-17, or a time, 2023-02-17T11:43:55Z",
        ),
        (lambda mock: mock.broadcasts.add(opens=3), "broadcasts.add: opens goes with a `send_at` that has passed"),
        (
            lambda mock: mock.purchases.add(transaction_id="1", email_address="b@example.com", products=[PRODUCT]),
            "purchases.add: email_address isn't that of one of the account's subscribers",
        ),
        (
            lambda mock: mock.purchases.add(transaction_id="1", email_address="ada@example.com", products=[]),
            "purchases.add: it is refused: Products cannot be blank",
        ),
        (lambda mock: mock.webhooks.add("tagged", "http://127.0.0.1:9"), "webhooks.add: event must be one of"),
        (lambda mock: mock.webhooks.add("tag_add", "http://127.0.0.1:9"), "webhooks.add: it has no tag"),
        (
            lambda mock: mock.webhooks.add("tag_add", "http://127.0.0.1:9", tag="None"),
            "webhooks.add: tag isn't the name of one of the account's tags",
        ),
    ],
)
def test_what_a_seed_could_not_hold_is_refused_and_changes_nothing(
    mock: KitMock, add: Callable[[KitMock], object], problem: str
) -> None:
    mock.tags.add("Newsletter")
    mock.subscribers.add("ada@example.com")
    with pytest.raises(KitMockError) as caught:
        add(mock)
    assert str(caught.value).startswith(problem)
    kinds = (
        mock.tags,
        mock.custom_fields,
        mock.forms,
        mock.sequences,
        mock.subscribers,
        mock.broadcasts,
        mock.webhooks,
    )
    assert [len(kind.all()) for kind in kinds] == [1, 0, 0, 0, 1, 0, 0]
