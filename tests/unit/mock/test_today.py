"""What the service gained since Kit's reference: new fields, parameters, statuses and events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from kit_mock import Clock, KitMock, KitMockError
from tests.unit.mock.conftest import START, client

REFERRER = "https://blog.example.com/post?utm_source=radio&utm_campaign=spring&utm_term="
SEED: dict[str, Any] = {
    "custom_fields": [{"label": "City"}],
    "tags": [{"name": "Newsletter"}, {"name": "Customer"}],
    "forms": [{"name": "Sign up"}],
    "sequences": [
        {
            "name": "Welcome",
            "email_template": "Text Only",
            "send_days": ["monday", "friday"],
            "send_hour": 9,
            "time_zone": "Asia/Kolkata",
            "exclude_subscriber_sources": [{"type": "tag", "ids": ["Customer"]}],
            "email_count": 3,
            "stats": {"recipients": 200, "opens": 120, "clicks": 30, "bounces": 2},
        },
        {"name": "Empty", "active": False},
    ],
    "subscribers": [
        {
            "email_address": "ada@example.com",
            "created_at": "2023-01-01",
            "tags": ["Newsletter", "Customer"],
            "forms": [{"name": "Sign up", "referrer": REFERRER}],
            "sequences": ["Welcome"],
            "location": {"city": "London", "latitude": 51.5, "timezone": "Europe/London"},
            "sent": 10,
            "opens": 9,
            "clicks": 1,
        },
        {
            "email_address": "bob@example.com",
            "created_at": "2023-01-03",
            "tags": ["Newsletter"],
            "attribution": {"source_type": "import", "source_name": "Old list", "source_mechanism_id": 7},
            "sent": 20,
            "opens": 2,
            "clicks": 2,
        },
        {"email_address": "cy@example.com", "created_at": "2023-01-02"},
        {
            "email_address": "dora@example.com",
            "created_at": "2023-01-04",
            "state": "cancelled",
            "cancelled_at": "2023-02-01",
            "tags": ["Newsletter"],
            "sequences": ["Welcome"],
        },
        {
            "email_address": "eve@example.com",
            "created_at": "2023-01-05",
            "state": "cancelled",
            "cancelled_at": "2023-01-20",
        },
    ],
    "broadcasts": [
        {"subject": "Draft"},
        {"subject": "Later", "content": "x", "send_at": "2023-03-01"},
        {"subject": "Sent", "content": "x", "public": True, "send_at": "2023-02-01", "recipients": 4, "opens": 3},
        {"subject": "Stopped", "content": "x", "send_at": "2023-01-15", "aborted": True, "recipients": 1},
    ],
}


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock(clock=Clock(START), seed=SEED, behaviour="current") as mock:
        yield mock


@pytest.fixture
def reference() -> Iterator[httpx.Client]:
    with (
        KitMock(clock=Clock(START), seed=SEED, behaviour="reference") as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        yield http


def names(http: httpx.Client, path: str, key: str = "email_address") -> list[str]:
    response = http.get(path)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = next(value for value in response.json().values() if isinstance(value, list))
    return [item[key].partition("@")[0] for item in items]


def test_an_account_tells_its_time_zone_with_daylight_saving_time() -> None:
    with (
        KitMock(clock=Clock(START), seed={"timezone": "Europe/Paris"}, behaviour="current") as mock,
        client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http,
    ):
        winter = http.get("/v4/account").json()["account"]["timezone"]
        mock.clock.set(datetime(2023, 7, 1, tzinfo=UTC))
        summer = http.get("/v4/account").json()["account"]["timezone"]
        stats = http.get("/v4/account/growth_stats?starting=2023-03-26&ending=2023-03-26").json()["stats"]
    assert winter == {"name": "Europe/Paris", "friendly_name": "Paris", "utc_offset": "+01:00"}
    assert summer["utc_offset"] == "+02:00"
    assert (stats["starting"], stats["ending"]) == ("2023-03-26T00:00:00+01:00", "2023-03-26T23:59:59+02:00")


@pytest.mark.parametrize(
    ("given", "offset"), [({"utc_offset": "+05:45"}, "+05:45"), ({"utc_offset": -210}, "-03:30"), ({}, "-05:00")]
)
def test_a_time_zone_may_be_an_offset(given: dict[str, Any], offset: str) -> None:
    with (
        KitMock(clock=Clock(START), seed=given, behaviour="current") as mock,
        client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http,
    ):
        assert http.get("/v4/account").json()["account"]["timezone"]["utc_offset"] == offset


@pytest.mark.parametrize(
    ("seed", "message"),
    [
        ({"timezone": "Europe/Atlantis"}, "timezone must be the IANA name of a time zone"),
        ({"timezone": "../etc/passwd"}, "timezone must be the IANA name of a time zone"),
        ({"timezone": "Europe"}, "timezone must be the IANA name of a time zone"),
        ({"timezone": "Europe/Paris", "utc_offset": "+01:00"}, "utc_offset follows from the timezone"),
        ({"plan": {"interval": 5}}, "plan.interval must be a text"),
        ({"plan": {"price": "5"}}, "plan.price isn't known"),
        ({"sending_addresses": [{"from_name": "A"}]}, "sending_addresses[0] has no email_address"),
        ({"sequences": [{"name": "A", "send_days": ["today"]}]}, "send_days[0] must be one of monday"),
        ({"sequences": [{"name": "A", "send_hour": 24}]}, "send_hour must be a whole number from 0 to 23"),
        ({"sequences": [{"name": "A", "stats": {"unsubscribers": 1}}]}, "stats.unsubscribers isn't known"),
        (
            {"sequences": [{"name": "A", "exclude_subscriber_sources": [{"type": "tag", "ids": [9]}]}]},
            "ids[0] isn't the id of one of the account's tags",
        ),
        ({"subscribers": [{"email_address": "a@b.cc", "sent": 1, "opens": 2}]}, "opens can't be more than sent"),
        ({"subscribers": [{"email_address": "a@b.cc", "location": {"latitude": 91}}]}, "latitude must be a number"),
        ({"subscribers": [{"email_address": "a@b.cc", "attribution": {"who": "x"}}]}, "attribution.who isn't known"),
        ({"broadcasts": [{"aborted": True}]}, "aborted goes with a `send_at` that has passed"),
    ],
)
def test_a_seed_with_an_impossible_value_is_refused_in_words(seed: dict[str, Any], message: str) -> None:
    with pytest.raises(KitMockError) as caught:
        KitMock(clock=Clock(START), seed=seed)
    assert message in str(caught.value)


def test_an_account_tells_its_user_plan_and_addresses() -> None:
    seed = {
        "id": 22,
        "plan_type": "creator_pro",
        "subscriber_limit": 500,
        "plan": {"interval": "year", "on_trial": True, "trial_lapse_date": "2023-03-01"},
        "sending_addresses": [{"email_address": "hello@example.com", "from_name": "Hello", "is_default": True}],
    }
    with (
        KitMock(clock=Clock(START), seed=seed, behaviour="current") as mock,
        client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http,
    ):
        body = http.get("/v4/account").json()
    assert body["user"]["id"] == 22
    assert body["account"]["plan"] == {
        "plan_type": "creator_pro",
        "interval": "year",
        "subscriber_limit": 500,
        "on_trial": True,
        "trial_lapse_date": "2023-03-01",
        "renews_at": None,
        "cancels_at": None,
    }
    (address,) = body["account"]["sending_addresses"]
    assert (address["email_address"], address["is_default"], address["is_verified"]) == (
        "hello@example.com",
        True,
        False,
    )


def test_email_stats_have_rates(kit: httpx.Client) -> None:
    stats = kit.get("/v4/account/email_stats").json()["stats"]
    assert (stats["sent"], stats["open_rate"], stats["bounce_rate"]) == (5, 60.0, 0.0)


def test_a_subscriber_tells_location_and_date_of_cancellation(kit: httpx.Client) -> None:
    ada, dora = (kit.get(f"/v4/subscribers/{number}").json()["subscriber"] for number in (1, 4))
    assert (ada["canceled_at"], ada["location"]["city"], ada["location"]["country"]) == (None, "London", None)
    assert dora["canceled_at"] == "2023-02-01T00:00:00Z"


def test_lists_of_subscribers_include_what_is_asked_for(kit: httpx.Client) -> None:
    _, bob, ada = kit.get("/v4/subscribers?include=tags, attribution").json()["subscribers"]
    assert [tag["name"] for tag in ada["tags"]] == ["Newsletter", "Customer"]
    assert ada["attribution"]["referrer"] == REFERRER
    assert (ada["attribution"]["utm_source"], ada["attribution"]["utm_term"]) == ("radio", None)
    assert (ada["attribution"]["source_type"], ada["attribution"]["source_name"]) == ("form", "Sign up")
    assert (bob["attribution"]["source_type"], bob["attribution"]["source_mechanism_id"]) == ("import", 7)
    assert ada.keys() - {"tags", "attribution"} == kit.get("/v4/subscribers").json()["subscribers"][0].keys()
    dora = kit.get("/v4/subscribers?status=cancelled&include=canceled_at,location").json()["subscribers"][1]
    assert (dora["canceled_at"], dora["location"]["city"]) == ("2023-02-01T00:00:00Z", None)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("include=canceled_at", "The status param must be `cancelled` if include has `canceled_at`"),
        ("include=canceled_at&status=all", "The status param must be `cancelled` if include has `canceled_at`"),
        ("sort_field=canceled_at", "The status param must be `cancelled` if sort_field is `canceled_at`"),
        ("include=birthday", "must be one of attribution, tags, location, canceled_at"),
        ("include=tags,birthday", "must be one of attribution, tags, location, canceled_at"),
        ("sort_field=engagement", "must be one of id, created_at"),
        ("email_address=ada@example.com,bob", "Email address is invalid"),
    ],
)
def test_lists_of_subscribers_refuse_what_they_cannot_do(kit: httpx.Client, query: str, message: str) -> None:
    response = kit.get(f"/v4/subscribers?{query}")
    assert response.status_code == 422
    assert message in response.text


def test_several_addresses_find_several_subscribers(kit: httpx.Client) -> None:
    found = names(kit, "/v4/subscribers?email_address=ADA@example.com,nobody@example.com, bob@example.com,")
    assert found == ["bob", "ada"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("created_at", ["bob", "cy", "ada"]),
        ("engagement__sent", ["bob", "ada", "cy"]),
        ("engagement__opens", ["ada", "bob", "cy"]),
        ("engagement__clicks", ["bob", "ada", "cy"]),
        ("engagement__open_rate", ["ada", "bob", "cy"]),
        ("engagement__click_rate", ["bob", "ada", "cy"]),
        ("canceled_at&status=cancelled", ["dora", "eve"]),
        ("cancelled_at&status=cancelled", ["dora", "eve"]),
    ],
)
def test_subscribers_sort_by_the_new_fields(kit: httpx.Client, sort: str, expected: list[str]) -> None:
    assert names(kit, f"/v4/subscribers?sort_field={sort}") == expected
    assert names(kit, f"/v4/subscribers?sort_field={sort}&sort_order=asc") == expected[::-1]
    walked, cursor = [], ""
    for _ in expected:
        page = kit.get(f"/v4/subscribers?sort_field={sort}&per_page=1{cursor and f'&after={quote(cursor)}'}").json()
        walked.append(page["subscribers"][0]["email_address"].partition("@")[0])
        cursor = page["pagination"]["end_cursor"]
    assert walked == expected


def test_sending_and_clicking_count_for_the_sort(kit: httpx.Client, mock: KitMock) -> None:
    kit.post("/v4/broadcasts", json={"subject": "x", "content": "x", "send_at": "2023-02-17T11:43:55Z"})
    mock.fire("link_click", subscriber_id=3, initiator_value="https://example.com/")
    by_rate = kit.get("/v4/subscribers?sort_field=engagement__click_rate&sort_order=desc&per_page=1")
    assert by_rate.json()["subscribers"][0]["email_address"] == "cy@example.com"


@pytest.mark.parametrize("path", ["subscribers", "tags/1/subscribers", "forms/1/subscribers"])
def test_slim_lists_leave_out_fields(kit: httpx.Client, path: str) -> None:
    slim, whole = (kit.get(f"/v4/{path}?slim={value}").json()["subscribers"][0] for value in ("true", "false"))
    assert whole.keys() - slim.keys() == {"fields"}


def test_slim_broadcasts_leave_out_the_large_fields(kit: httpx.Client) -> None:
    slim, whole = (kit.get(f"/v4/broadcasts?slim={value}").json()["broadcasts"][0] for value in ("true", "false"))
    left_out = {"content", "public_url", "email_address", "email_template", "subscriber_filter"}
    assert whole.keys() - slim.keys() == left_out


def test_broadcasts_tell_status_and_publication(kit: httpx.Client) -> None:
    draft, later, sent, stopped = (kit.get(f"/v4/broadcasts/{number}").json()["broadcast"] for number in range(1, 5))
    assert [found["status"] for found in (draft, later, sent, stopped)] == [
        "draft",
        "scheduled",
        "completed",
        "aborted",
    ]
    assert len({found["publication_id"] for found in (draft, later, sent, stopped)}) == 4
    assert draft["public_url"] is None
    assert sent["public_url"].startswith("https://")
    for number, found in enumerate((draft, later, sent, stopped), 1):
        stats = kit.get(f"/v4/broadcasts/{number}/stats").json()["broadcast"]["stats"]
        assert stats["status"] == found["status"]


def test_broadcasts_are_filtered_by_status_and_date(kit: httpx.Client) -> None:
    for status, subject in (("draft", "Draft"), ("scheduled", "Later"), ("completed", "Sent"), ("aborted", "Stopped")):
        assert names(kit, f"/v4/broadcasts?status={status}", "subject") == [subject]
    assert names(kit, "/v4/broadcasts?status=sending", "subject") == []
    now = {"subject": "Now", "content": "x", "send_at": "2023-02-17T11:43:55Z"}
    assert kit.post("/v4/broadcasts", json=now).status_code == 201
    assert names(kit, "/v4/broadcasts?status=sending", "subject") == ["Now"]
    assert names(kit, "/v4/broadcasts?sent_after=2023-01-31", "subject") == ["Now", "Sent"]
    between = "sent_after=2023-01-10&sent_before=2023-02-02"
    assert names(kit, f"/v4/broadcasts?{between}", "subject") == ["Stopped", "Sent"]
    assert kit.get("/v4/broadcasts?status=lost").status_code == 422
    assert kit.get("/v4/broadcasts?sent_after=soon").status_code == 422


def test_stats_of_broadcasts_end_after_five_years(kit: httpx.Client, mock: KitMock) -> None:
    mock.clock.set(datetime(2026, 10, 14, 23, 59, tzinfo=UTC))
    assert kit.get("/v4/broadcasts/3/stats").status_code == 200
    mock.clock.set(datetime(2028, 1, 20, tzinfo=UTC))
    assert kit.get("/v4/broadcasts/3/stats").status_code == 200
    assert kit.get("/v4/broadcasts/4/stats").status_code == 400
    assert kit.get("/v4/broadcasts/1/stats").status_code == 200


def test_broadcast_stats_tell_opens_and_the_rate_of_unsubscribes(kit: httpx.Client) -> None:
    stats = kit.get("/v4/broadcasts/3/stats").json()["broadcast"]["stats"]
    assert (stats["emails_opened"], stats["unsubscribe_rate"]) == (3, 0.0)


def test_lists_include_how_many_active_subscribers_there_are(kit: httpx.Client) -> None:
    customer, newsletter = kit.get("/v4/tags?include=subscriber_count").json()["tags"]
    assert (customer["subscriber_count"], newsletter["subscriber_count"]) == (1, 2)
    (form,) = kit.get("/v4/forms?include=subscriber_count").json()["forms"]
    assert form["subscriber_count"] == 1
    assert "subscriber_count" not in kit.get("/v4/tags").json()["tags"][0]
    assert kit.get("/v4/tags?include=stats").status_code == 422


def test_a_form_keeps_the_referrer_of_the_first_time(kit: httpx.Client) -> None:
    for status, referrer in ((201, REFERRER), (200, "https://other.example.com/")):
        body = {"email_address": "bob@example.com", "referrer": referrer}
        response = kit.post("/v4/forms/1/subscribers", json=body)
        assert response.status_code == status
        shown = response.json()["subscriber"]
        assert shown["referrer"] == REFERRER
        assert shown["referrer_utm_parameters"]["campaign"] == "spring"
    assert kit.post("/v4/forms/1/subscribers/3").json()["subscriber"]["referrer"] is None
    listed = {one["email_address"]: one["referrer"] for one in kit.get("/v4/forms/1/subscribers").json()["subscribers"]}
    assert listed == {"ada@example.com": REFERRER, "bob@example.com": REFERRER, "cy@example.com": None}
    (cy,) = kit.get("/v4/subscribers?include=attribution&email_address=cy@example.com").json()["subscribers"]
    assert cy["attribution"]["source_name"] == "Sign up"


@pytest.mark.parametrize("referrer", ["http://[", "", "not a url", "https://example.com/?utm_source=%ff&utm_source=b"])
def test_any_text_can_be_a_referrer(kit: httpx.Client, referrer: str) -> None:
    response = kit.post("/v4/forms/1/subscribers/2", json={"referrer": referrer})
    assert (response.status_code, response.json()["subscriber"]["referrer"]) == (201, referrer)


def test_sequences_tell_how_they_are_sent(kit: httpx.Client) -> None:
    empty, welcome = kit.get("/v4/sequences").json()["sequences"]
    assert (welcome["send_days"], welcome["send_hour"], welcome["time_zone"]) == (
        ["monday", "friday"],
        9,
        "Asia/Kolkata",
    )
    assert welcome["exclude_subscriber_sources"] == [{"type": "tag", "ids": [2]}]
    assert (welcome["email_count"], welcome["subscriber_count"], welcome["active"]) == (3, 1, True)
    assert (empty["active"], empty["time_zone"], len(empty["send_days"])) == (False, "America/New_York", 7)


def test_sequences_include_stats(kit: httpx.Client) -> None:
    empty, welcome = (found["stats"] for found in kit.get("/v4/sequences?include=stats").json()["sequences"])
    assert (welcome["unsubscribers"], welcome["open_rate"], welcome["click_to_open_rate"]) == (1, 60.0, 25.0)
    assert (welcome["complaints"], welcome["complaint_rate"]) == (None, None)
    assert (empty["unsubscribers"], empty["recipients"]) == (0, None)


def test_purchases_tell_buyer_and_source(oauth: httpx.Client) -> None:
    product = {"name": "Book", "quantity": 1, "unit_price": 5}
    body = {"transaction_id": "T-1", "email_address": "bob@example.com", "currency": "USD", "products": [product]}
    for lines in (1, 2):
        purchase = oauth.post("/v4/purchases", json={"purchase": body}).json()["purchase"]
        assert (purchase["subscriber_id"], purchase["source"]) == (2, "api")
        assert [(line["pid"], line["lid"]) for line in purchase["products"]] == [(None, None)] * lines


def test_bulk_subscribers_can_have_a_state(oauth: httpx.Client) -> None:
    items = [{"email_address": "new@example.com", "state": "inactive"}, {"email_address": None}, {}]
    result = oauth.post("/v4/bulk/subscribers", json={"subscribers": items}).json()
    assert [found["state"] for found in result["subscribers"]] == ["inactive"]
    assert len(result["failures"]) == 2


def test_webhooks_tell_of_custom_fields(oauth: httpx.Client, mock: KitMock) -> None:
    event: dict[str, Any]
    for event in ({"name": "custom_field.field_created"}, {"name": "custom_field.field_deleted"}):
        assert oauth.post("/v4/webhooks", json={"target_url": "http://127.0.0.1:9/", "event": event}).status_code == 201
    event = {"name": "custom_field.field_value_updated", "custom_field_id": 1}
    created = oauth.post("/v4/webhooks", json={"target_url": "http://127.0.0.1:9/", "event": event}).json()["webhook"]
    assert created["event"] == {"name": "field_value_updated", "custom_field_id": 1}

    assert oauth.post("/v4/custom_fields", json={"label": "Size"}).status_code == 201
    assert oauth.post("/v4/bulk/custom_fields", json={"custom_fields": [{"label": "Hat"}]}).status_code == 200
    for fields in ({"city": "Paris"}, {"city": "Paris", "size": "9"}, {"city": ""}):
        oauth.put("/v4/subscribers/1", json={"email_address": "ada@example.com", "fields": fields})
    assert oauth.delete("/v4/custom_fields/2").status_code == 204
    told = [(delivery.event, next(iter(delivery.payload))) for delivery in mock.deliveries]
    assert told == [
        ("field_created", "custom_field"),
        ("field_created", "custom_field"),
        ("field_value_updated", "subscriber"),
        ("field_value_updated", "subscriber"),
        ("field_deleted", "custom_field"),
    ]
    for name, arguments in (
        ("field_created", {"custom_field_id": 1}),
        ("custom_field.field_deleted", {"custom_field_id": 3}),
    ):
        (delivery,) = mock.fire(name, **arguments)
        assert delivery.payload["custom_field"]["id"] == arguments["custom_field_id"]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"name": "custom_field.field_value_updated"}, "Event custom field id can't be blank"),
        ({"name": "custom_field.field_value_updated", "custom_field_id": 9}, "Custom field does not exist"),
        ({"name": "custom_field.tag_add"}, "Event name must be one of"),
        ({}, "`event` and `target` parameters must be provided"),
    ],
)
def test_a_webhook_of_no_custom_field_is_refused(kit: httpx.Client, event: dict[str, Any], message: str) -> None:
    response = kit.post("/v4/webhooks", json={"target_url": "https://app.example.com/", "event": event})
    assert response.status_code == 422
    assert message in response.text


def test_a_locked_webhook_stays(kit: httpx.Client, mock: KitMock) -> None:
    webhook = mock.webhooks.add("subscriber_activate", "https://app.example.com/", locked=True)
    response = kit.delete(f"/v4/webhooks/{webhook['id']}")
    assert (response.status_code, response.json()) == (422, {"errors": ["Unable to destroy the webhook."]})
    assert len(kit.get("/v4/webhooks").json()["webhooks"]) == 1


NEW_NAMES = {
    *("attribution", "canceled_at", "location", "tags", "publication_id", "public_url", "status", "timezone", "plan"),
    *("sending_addresses", "open_rate", "bounce_rate", "emails_opened", "unsubscribe_rate", "subscriber_count"),
    *("referrer", "referrer_utm_parameters", "send_days", "stats", "email_count", "subscriber_id", "source"),
}


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("account", set()),
        ("account/email_stats", {"stats"}),
        ("subscribers?include=tags,attribution,location&slim=true", set()),
        ("subscribers/1", set()),
        ("broadcasts?status=draft&slim=true", set()),
        ("broadcasts/3", set()),
        ("broadcasts/3/stats", {"stats", "status", "open_rate"}),
        ("forms?include=subscriber_count", set()),
        ("forms/1/subscribers?slim=1", set()),
        ("tags?include=subscriber_count", {"tags"}),
        ("sequences?include=stats", set()),
    ],
)
def test_the_reference_has_none_of_the_new_fields(reference: httpx.Client, path: str, kept: set[str]) -> None:
    def keys(value: Any) -> set[str]:
        if isinstance(value, list):
            return {key for item in value for key in keys(item)}
        return set(value) | {key for item in value.values() for key in keys(item)} if isinstance(value, dict) else set()

    response = reference.get(f"/v4/{path}")
    assert response.status_code == 200, response.text
    assert keys(response.json()) & NEW_NAMES == kept


def test_the_reference_refuses_the_new_values(reference: httpx.Client) -> None:
    assert reference.get("/v4/subscribers?sort_field=engagement__sent").status_code == 422
    event = {"name": "custom_field.field_created"}
    response = reference.post("/v4/webhooks", json={"target_url": "https://app.example.com/", "event": event})
    assert response.status_code == 422
    response = reference.post("/v4/bulk/tags/subscribers", json={"taggings": [{"tag_id": 1, "subscriber_id": None}]})
    assert response.json() == {"errors": ["Taggings 0 subscriber id can't be blank"]}
    body = {"email_address": "bob@example.com", "referrer": REFERRER}
    assert "referrer" not in reference.post("/v4/forms/1/subscribers", json=body).json()["subscriber"]
