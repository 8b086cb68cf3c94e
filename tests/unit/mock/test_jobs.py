"""Bulk operations of more than 100 items: queued, run two seconds later, told to `callback_url`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from kit_mock.endpoints import bulk_jobs
from tests.unit.mock.bulk_routes import ROUTES, send
from tests.unit.mock.conftest import START, client
from tests.unit.mock.receiver import Receiver, listening

SEED: dict[str, Any] = {
    "tags": [{"id": 1, "name": "Tag 3"}],
    "forms": [{"id": 1, "name": "Sign up"}],
    "custom_fields": [{"id": 1, "label": "Label 5"}],
    "subscribers": [
        {"id": n, "email_address": f"reader{n}@example.com", "state": "inactive", "tags": ["Tag 3"][n % 2 :]}
        for n in range(1, 21)
    ],
    "access_tokens": ["second"],
}
ACCEPTED: tuple[int, Any] = (202, {})


def items(name: str, count: int) -> list[dict[str, Any]]:
    """As many different items, of which some exist already and some are wrong."""
    match name:
        case "subscribers":
            found: list[dict[str, Any]] = [{"email_address": "nobody", "first_name": None}]
            found += ({"email_address": f"reader{n}@example.com", "first_name": f"R {n}"} for n in range(count - 2))
            return [*found, {"email_address": None, "first_name": "X"}]
        case "tags":
            return [{"name": f"Tag {n}"} for n in range(count - 1)] + [{"name": " "}]
        case "taggings" | "untaggings":
            return [{"tag_id": 1, "subscriber_id": n} for n in range(count)]
        case "deletions":
            return [{"id": n} for n in range(count)]
        case "field_values":
            return [{"subscriber_id": n, "subscriber_custom_field_id": 1, "value": f"V {n}"} for n in range(count)]
        case "additions":
            return [{"form_id": 1, "subscriber_id": n} for n in range(count)]
        case _:
            return [{"label": f"Label {n}"} for n in range(count - 1)] + [{}]


def post(http: httpx.Client, name: str, body: list[dict[str, Any]], **more: Any) -> tuple[int, Any]:
    response = send(http, name, body, **more)
    return response.status_code, response.json()


def state(http: httpx.Client) -> list[Any]:
    """All that bulk operations can change."""
    paths = ["subscribers?status=all", "tags?", "custom_fields?"]
    paths += (f"{owner}/1/subscribers?status=all" for owner in ("tags", "forms"))
    return [http.get(f"/v4/{path}&per_page=1000").json() for path in paths]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


@pytest.fixture
def seeded() -> Iterator[KitMock]:
    with KitMock(clock=Clock(START), seed=SEED) as mock:
        yield mock


@pytest.fixture
def http(seeded: KitMock) -> Iterator[httpx.Client]:
    with client(seeded, Authorization=f"Bearer {seeded.access_token}") as http:
        yield http


@pytest.mark.parametrize("count", [101, 1000])
@pytest.mark.parametrize("name", ROUTES)
def test_a_job_does_two_seconds_later_what_a_small_request_does_at_once(
    seeded: KitMock, http: httpx.Client, receiver: Receiver, name: str, count: int
) -> None:
    before = state(http)
    assert post(http, name, items(name, count), callback_url=f"{receiver.url}/done?job=1") == ACCEPTED
    seeded.advance(seconds=1)
    assert state(http) == before
    assert seeded.deliver() == ()

    seeded.advance(seconds=1)
    after = state(http)
    assert after != before
    (delivery,) = seeded.deliver()
    assert (delivery.state, delivery.event, delivery.webhook_id) == ("delivered", ROUTES[name].operation_id, None)
    (received,) = receiver.received
    assert received.path == "/done?job=1"
    assert received.headers["content-type"].startswith("application/json")

    # The same in small requests, on a mock whose clock shows what it did when the job was due.
    whole: dict[str, Any] = {}
    with (
        KitMock(clock=Clock(START), seed=SEED) as other,
        client(other, Authorization=f"Bearer {other.access_token}") as small,
    ):
        other.advance(seconds=2)
        for at in range(0, count, 100):
            status, part = post(small, name, items(name, count)[at : at + 100])
            assert status == 200
            for key, found in part.items():
                whole.setdefault(key, []).extend(found)
        assert state(small) == after
    assert received.body.keys() == whole.keys()
    for key, found in received.body.items():
        assert sorted(found, key=repr) == sorted(whole[key], key=repr)
    assert received.body["failures"]

    seeded.advance(days=1)
    seeded.deliver()
    assert len(receiver.received) == 1, "a job runs once, and is told once"
    assert state(http) == after


def test_failures_are_in_the_callback(http: httpx.Client, seeded: KitMock, receiver: Receiver) -> None:
    body: list[dict[str, Any]] = [{"name": f"New {n}"} for n in range(99)]
    body += [{"name": "tag 3"}, {"name": None}]
    assert post(http, "tags", body, callback_url=receiver.url) == ACCEPTED
    seeded.advance(seconds=2)
    seeded.deliver()
    found = receiver.received[0].body
    assert [each["name"] for each in found["tags"]] == [*(f"New {n}" for n in range(99)), "Tag 3"]
    assert found["tags"][0] == {"id": 2, "name": "New 0", "created_at": "2023-02-17T11:43:57Z"}
    assert found["failures"] == [
        {"tag": {"id": None, "name": None, "created_at": None}, "errors": ["Name can't be blank"]},
    ]


@pytest.mark.parametrize("more", [{}, {"callback_url": None}])
def test_without_a_callback_url_nothing_is_sent(http: httpx.Client, seeded: KitMock, more: dict[str, Any]) -> None:
    assert post(http, "tags", items("tags", 101), **more) == ACCEPTED
    seeded.advance(seconds=2)
    assert seeded.deliver() == ()
    assert len(http.get("/v4/tags").json()["tags"]) == 100


def test_with_a_real_clock_nobody_has_to_ask(receiver: Receiver) -> None:
    with KitMock() as mock, client(mock, Authorization=f"Bearer {mock.access_token}") as http:
        receiver.arrived.clear()
        assert post(http, "tags", items("tags", 101), callback_url=receiver.url) == ACCEPTED
        assert receiver.arrived.wait(10)
        assert len(receiver.received[0].body["tags"]) == 100


def test_timestamps_are_those_of_the_moment_it_was_due(http: httpx.Client, seeded: KitMock) -> None:
    assert post(http, "tags", items("tags", 101)) == ACCEPTED
    seeded.advance(hours=3)
    found = http.get("/v4/tags").json()["tags"]
    assert {each["created_at"] for each in found if each["id"] != 1} == {"2023-02-17T11:43:57Z"}


def test_what_was_due_first_is_done_first(http: httpx.Client, seeded: KitMock) -> None:
    body = [{"email_address": f"new{n}@example.com", "first_name": None} for n in range(101)]
    for second in (1, 3):
        broadcast = {"subject": "A", "content": "B", "send_at": f"2023-02-17T11:43:{55 + second}Z"}
        assert http.post("/v4/broadcasts", json=broadcast).status_code == 201
    assert post(http, "subscribers", body) == ACCEPTED
    seeded.advance(hours=1)
    recipients = [http.get(f"/v4/broadcasts/{id_}/stats").json()["broadcast"]["stats"]["recipients"] for id_ in (1, 2)]
    assert recipients == [0, 101]


def test_jobs_run_in_the_order_of_their_requests(http: httpx.Client, seeded: KitMock, receiver: Receiver) -> None:
    for path in ("first", "second"):
        assert post(http, "tags", items("tags", 101), callback_url=f"{receiver.url}/{path}") == ACCEPTED
    seeded.advance(seconds=2)
    seeded.deliver()
    assert receiver.paths == ["/first", "/second"]
    first, second = (each.body for each in receiver.received)
    assert first == second, "they existed by then"
    assert {each["created_at"] for each in first["tags"]} == {"2023-02-17T11:43:55Z", "2023-02-17T11:43:57Z"}


def test_jobs_take_turns(http: httpx.Client, seeded: KitMock, receiver: Receiver) -> None:
    for path, count in (("long", 1200), ("short", 101), ("middle", 600)):
        assert post(http, "tags", items("tags", count), callback_url=f"{receiver.url}/{path}") == ACCEPTED
    seeded.advance(seconds=2)
    seeded.deliver()
    assert receiver.paths == ["/short", "/middle", "/long"]


def test_what_comes_again_in_a_long_job_has_one_result(http: httpx.Client, seeded: KitMock, receiver: Receiver) -> None:
    people = [{"email_address": f"new{n}@example.com", "first_name": None} for n in range(1100)]
    again = {"email_address": "NEW3@example.com", "first_name": "Ada"}
    assert post(http, "subscribers", [*people, again, {"email_address": "?"}], callback_url=receiver.url) == ACCEPTED
    taggings = [{"tag_id": 1, "subscriber_id": n % 20 + 1} for n in range(1100)]
    assert post(http, "taggings", taggings, callback_url=receiver.url) == ACCEPTED
    seeded.advance(seconds=2)
    seeded.deliver()
    first, second = sorted((each.body for each in receiver.received), key=lambda body: len(body["failures"]))[::-1]
    assert [each["email_address"] for each in first["subscribers"]] == [each["email_address"] for each in people]
    assert [each["first_name"] for each in first["subscribers"][:5]] == [None, None, None, "Ada", None]
    assert [each["errors"] for each in first["failures"]] == [["Email address is invalid"]]
    assert [each["id"] for each in second["subscribers"]] == [*range(1, 21)]


def test_a_later_moment_waits_for_all_of_a_job_when_the_clock_is_moved(http: httpx.Client, seeded: KitMock) -> None:
    people = [{"email_address": f"new{n}@example.com", "first_name": None} for n in range(1300)]
    assert post(http, "subscribers", people) == ACCEPTED
    broadcast = {"subject": "A", "content": "B", "send_at": "2023-02-17T11:43:58Z"}
    assert http.post("/v4/broadcasts", json=broadcast).status_code == 201
    seeded.clock.advance(hours=1)  # It is done when the mock is next used.
    assert http.get("/v4/broadcasts/1/stats").json()["broadcast"]["stats"]["recipients"] == 1300


@pytest.mark.parametrize(
    ("name", "wrong", "error"),
    [
        (
            "subscribers",
            {"email_address": [5], "first_name": None},
            "Subscribers 101 email address must be a string or null",
        ),
        ("tags", {"name": {}}, "Tags 101 name must be a string"),
        ("taggings", {"tag_id": 1}, "Taggings 101 subscriber id can't be blank"),
        ("taggings", {"tag_id": 1, "subscriber_id": 2**63}, "Taggings subscriber id is out of range"),
        ("custom_fields", {"label": [5]}, "Custom fields 101 label must be a string"),
    ],
)
def test_what_is_wrong_with_all_of_it_is_told_at_once(
    http: httpx.Client, seeded: KitMock, name: str, wrong: dict[str, Any], error: str
) -> None:
    before = state(http)
    body = [*items(name, 101), wrong]
    status, answer = post(http, name, body, callback_url="http://127.0.0.1:9/")
    assert status == 422
    assert error in answer["errors"]
    seeded.advance(hours=1)
    assert state(http) == before
    assert seeded.deliver() == ()


def test_webhooks_fire_as_if_it_were_small(http: httpx.Client, seeded: KitMock, receiver: Receiver) -> None:
    event = {"name": "subscriber.subscriber_activate"}
    assert http.post("/v4/webhooks", json={"target_url": f"{receiver.url}/hook", "event": event}).status_code == 201
    body = [{"email_address": f"new{n}@example.com", "first_name": None} for n in range(101)]
    assert post(http, "subscribers", body, callback_url=f"{receiver.url}/done") == ACCEPTED
    assert seeded.deliver() == ()
    seeded.advance(seconds=2)
    seeded.deliver(timeout=30)
    assert sorted(receiver.paths) == ["/done"] + ["/hook"] * 101


def test_a_job_survives_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    db = tmp_path / "mock.db"
    with (
        KitMock(db=db, clock=Clock(START)) as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as http,
    ):
        assert post(http, "tags", items("tags", 101), callback_url=receiver.url) == ACCEPTED
    clock = Clock(START)
    clock.advance(minutes=1)
    with KitMock(db=db, clock=clock) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        mock.deliver()
        assert [each.body["failures"][0]["errors"] for each in receiver.received] == [["Name can't be blank"]]
        assert len(http.get("/v4/tags").json()["tags"]) == 100
    with KitMock(db=db, clock=clock) as mock:
        mock.advance(days=1)
        mock.deliver()
    assert len(receiver.received) == 1


def test_a_job_that_fails_is_dropped_and_harms_nobody_else(
    http: httpx.Client,
    seeded: KitMock,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(call: Any) -> dict[str, Any]:
        call.store.write("DELETE FROM tags")
        raise ZeroDivisionError

    monkeypatch.setitem(bulk_jobs._runs, "bulk_create_tags", broken)
    tags = http.get("/v4/tags").json()
    assert post(http, "tags", items("tags", 101), callback_url=f"{receiver.url}/tags") == ACCEPTED
    assert post(http, "custom_fields", items("custom_fields", 101), callback_url=f"{receiver.url}/fields") == ACCEPTED
    seeded.advance(seconds=2)
    assert http.get("/v4/tags").json() == tags, "nothing of what it did is left"
    assert len(http.get("/v4/custom_fields").json()["custom_fields"]) == 100
    seeded.deliver()
    assert receiver.paths == ["/fields"]
    assert [record.message for record in caplog.records] == ["fault in the mock, bulk job 1 is dropped"]
    caplog.clear()
    seeded.advance(days=1)
    assert http.get("/v4/account").status_code == 200
    assert caplog.records == []
