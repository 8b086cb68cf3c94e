"""Kit's rules for broadcasts: drafts, schedules, filters, sending and its stats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock
from kit_mock.rules.behaviours import BehaviourName
from tests.unit.mock.conftest import START, Create, client

NOW = "2023-02-17T11:43:55Z"
LATER = "2023-02-17T12:43:55Z"
EVERYBODY = [{"all": [{"type": "all_subscribers"}]}]
ONE_GROUP = "Only a single filter group is supported. Use one of `all`, `any`, or `none`."
LETTER = {"subject": "Hello", "content": "<p>Hi</p>"}


def create(kit: httpx.Client, **body: Any) -> dict[str, Any]:
    response = kit.post("/v4/broadcasts", json=body)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()["broadcast"]
    assert kit.get(f"/v4/broadcasts/{found['id']}").json() == response.json()
    return found


def stats(kit: httpx.Client, id_: int = 1) -> dict[str, Any]:
    body = kit.get(f"/v4/broadcasts/{id_}/stats").json()
    assert body["broadcast"]["id"] == id_
    found: dict[str, Any] = body["broadcast"]["stats"]
    return found


def test_an_empty_body_makes_a_draft(kit: httpx.Client) -> None:
    assert create(kit) == {
        "id": 1,
        "created_at": NOW,
        "subject": None,
        "preview_text": None,
        "description": None,
        "content": None,
        "public": False,
        "published_at": None,
        "send_at": None,
        "thumbnail_alt": None,
        "thumbnail_url": None,
        "email_address": None,
        "email_template": {"id": 6, "name": "Text Only"},
        "subscriber_filter": EVERYBODY,
        "publication_id": 1000001,
        "status": "draft",
        "public_url": None,
    }
    assert stats(kit) == {
        "recipients": 0,
        "open_rate": 0,
        "emails_opened": 0,
        "click_rate": 0,
        "unsubscribe_rate": 0,
        "unsubscribes": 0,
        "total_clicks": 0,
        "show_total_clicks": False,
        "status": "draft",
        "progress": 0,
        "open_tracking_disabled": False,
        "click_tracking_disabled": False,
    }


def test_everything_reads_back(kit: httpx.Client) -> None:
    given = {
        **LETTER,
        "preview_text": "Pleased to meet you!",
        "description": "Intro",
        "public": True,
        "published_at": "2023-02-18T01:00:00+01:00",
        "send_at": "2023-02-20T09:30:00.5",
        "thumbnail_alt": "A cat",
        "thumbnail_url": "https://example.com/cat.png",
        "email_address": "ada@example.com",
        "subscriber_filter": [{"any": [{"type": "tag", "ids": [31, 32]}], "all": None, "none": []}],
    }
    assert create(kit, **given, email_template_id=2) == {
        **given,
        "id": 1,
        "created_at": NOW,
        "published_at": "2023-02-18T00:00:00Z",
        "send_at": "2023-02-20T09:30:00Z",
        "email_template": {"id": 2, "name": "Classic"},
        "subscriber_filter": [{"any": [{"type": "tag", "ids": [31, 32]}]}],
        "publication_id": 1000001,
        "status": "scheduled",
        "public_url": None,
    }


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"email_template_id": 3}, ["Email template not found"]),
        ({"email_template_id": 2**80}, ["Email template not found"]),
        (
            {"subscriber_filter": [{"all": [{"type": "tag", "ids": [1]}], "none": [{"type": "tag", "ids": [2]}]}]},
            [ONE_GROUP],
        ),
        ({"subscriber_filter": [{"all": [{"type": "tag", "ids": [1]}]}] * 2}, [ONE_GROUP]),
        (
            {
                "email_template_id": 99,
                "subscriber_filter": [{"all": [{"type": "tag", "ids": [1]}]}, {"any": [{"type": "tag", "ids": [1]}]}],
            },
            ["Email template not found", ONE_GROUP],
        ),
        ({"subscriber_filter": [{"any": [{"type": "segment"}]}]}, ["Subscriber filter 0 any 0 ids can't be blank"]),
        ({"subscriber_filter": [{"any": [{"type": "tag", "ids": []}]}]}, ["Subscriber filter ids can't be blank"]),
        (
            {"subscriber_filter": [{"any": [{"type": "tag", "ids": [2**70]}]}]},
            ["Subscriber filter ids is out of range"],
        ),
        (
            {"subscriber_filter": [{"all": [{"type": "form", "ids": [1]}]}]},
            ["Subscriber filter 0 all 0 type must be one of segment, tag"],
        ),
        ({"send_at": "tomorrow"}, ["Send at is not a valid ISO8601 timestamp"]),
        (
            {"send_at": 5, "published_at": "2023-13-01"},
            ["Published at is not a valid ISO8601 timestamp", "Send at is not a valid ISO8601 timestamp"],
        ),
        ({"send_at": LATER}, ["Subject can't be blank", "Content can't be blank"]),
        ({"send_at": LATER, "subject": " ", "content": "Hi"}, ["Subject can't be blank"]),
        ({"subject": [5]}, ["Subject must be a string or null"]),
        ({"email_address": "ada"}, ["Email address is invalid"]),
    ],
)
def test_what_is_wrong_is_422(kit: httpx.Client, body: dict[str, Any], errors: list[str]) -> None:
    create(kit)
    for response in (kit.post("/v4/broadcasts", json=body), kit.put("/v4/broadcasts/1", json=body)):
        assert (response.status_code, response.json()) == (422, {"errors": errors})
    assert len(kit.get("/v4/broadcasts").json()["broadcasts"]) == 1


def test_no_body_at_all_is_422(kit: httpx.Client) -> None:
    create(kit)
    for response in (kit.post("/v4/broadcasts"), kit.put("/v4/broadcasts/1")):
        assert (response.status_code, response.json()) == (422, {"errors": ["The request body can't be blank"]})


def test_update_takes_any_subset(kit: httpx.Client) -> None:
    created = create(kit, **LETTER, description="Intro", email_template_id=2)
    response = kit.put("/v4/broadcasts/1", json={"subject": "Bye"})
    assert (response.status_code, response.json()) == (200, {"broadcast": {**created, "subject": "Bye"}})
    response = kit.put("/v4/broadcasts/1", json={"description": None, "email_template_id": None})
    assert response.json()["broadcast"]["description"] is None
    assert response.json()["broadcast"]["email_template"] == {"id": 6, "name": "Text Only"}
    assert kit.put("/v4/broadcasts/1", json={}).json() == response.json() == kit.get("/v4/broadcasts/1").json()


def test_the_template_is_one_of_the_account() -> None:
    accounts = [
        {"api_keys": ["a"], "email_templates": [{"id": 10, "name": "Plain", "is_default": True}]},
        {"api_keys": ["b"], "email_templates": [{"name": "Other"}, {"id": 20, "name": "Own", "is_default": True}]},
    ]
    with KitMock(seed={"accounts": accounts}) as mock, client(mock, **{"X-Kit-Api-Key": "b"}) as kit:
        assert create(kit)["email_template"] == {"id": 20, "name": "Own"}
        assert kit.post("/v4/broadcasts", json={"email_template_id": 10}).status_code == 422


def test_lists_are_newest_first_and_the_accounts_own(kit: httpx.Client, mock: KitMock) -> None:
    for subject in ("one", "two", "three"):
        create(kit, subject=subject)
    page = kit.get("/v4/broadcasts", params={"per_page": 2, "include_total_count": "true"}).json()
    assert [found["id"] for found in page["broadcasts"]] == [3, 2]
    assert page["pagination"]["total_count"] == 3
    rest = kit.get("/v4/broadcasts", params={"after": page["pagination"]["end_cursor"]}).json()
    assert [found["subject"] for found in rest["broadcasts"]] == ["one"]


def test_what_does_not_exist_is_404(kit: httpx.Client) -> None:
    for response in (
        kit.get("/v4/broadcasts/1"),
        kit.get("/v4/broadcasts/1/stats"),
        kit.put("/v4/broadcasts/1", json={"email_template_id": 99}),
        kit.delete("/v4/broadcasts/1"),
    ):
        assert (response.status_code, response.json()) == (404, {"errors": ["Not Found"]})


def test_accounts_do_not_see_each_others() -> None:
    accounts = [{"api_keys": ["a"]}, {"api_keys": ["b"]}]
    with (
        KitMock(seed={"accounts": accounts}) as mock,
        client(mock, **{"X-Kit-Api-Key": "a"}) as a,
        client(mock, **{"X-Kit-Api-Key": "b"}) as b,
    ):
        create(a)
        assert b.get("/v4/broadcasts").json()["broadcasts"] == []
        for path in ("/v4/broadcasts/1", "/v4/broadcasts/1/stats"):
            assert b.get(path).status_code == 404
        assert b.put("/v4/broadcasts/1", json={}).status_code == 404
        assert b.delete("/v4/broadcasts/1").status_code == 404
        assert a.get("/v4/broadcasts/1").status_code == 200


def test_an_account_without_permission_may_only_read(tmp_path: Path) -> None:
    path = tmp_path / "kit.db"
    with KitMock(db=path) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        create(kit)
    expected = {"errors": ["You do not have sufficient permissions to access this resource. Please contact support."]}
    for argument in (False, None):  # None leaves it as it is.
        mock = KitMock(db=path, can_broadcast=argument)
        with mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
            for response in (
                kit.post("/v4/broadcasts", json={"email_template_id": 99}),
                kit.put("/v4/broadcasts/2", json={}),
                kit.delete("/v4/broadcasts/1"),
            ):
                assert (response.status_code, response.json()) == (403, expected)
            assert kit.get("/v4/broadcasts/1").status_code == 200
            assert stats(kit)["status"] == "draft"
    with KitMock(db=path, can_broadcast=True) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert kit.delete("/v4/broadcasts/1").status_code == 204


def test_a_deleted_one_is_gone_and_its_id_is_not_used_again(kit: httpx.Client, mock: KitMock) -> None:
    create(kit, **LETTER, send_at=LATER)
    response = kit.delete("/v4/broadcasts/1")
    assert (response.status_code, response.content) == (204, b"")
    assert kit.delete("/v4/broadcasts/1").status_code == 404
    mock.advance(hours=2)
    assert create(kit)["id"] == 2


def test_a_scheduled_one_is_sent_when_the_clock_reaches_it(
    kit: httpx.Client, mock: KitMock, subscriber: Create
) -> None:
    for name in ("ada", "bob", "eve"):
        subscriber(f"{name}@example.com")
    subscriber("old@example.com", state="inactive")
    created = create(kit, **LETTER, send_at=LATER)
    assert (created["send_at"], created["published_at"]) == (LATER, None)
    mock.advance(minutes=59, seconds=59)
    assert (stats(kit)["status"], stats(kit)["recipients"], stats(kit)["progress"]) == ("scheduled", 0, 0)
    assert kit.put("/v4/broadcasts/1", json={"subject": "Changed"}).status_code == 200
    # Who counts is who is there when sending begins.
    kit.post("/v4/subscribers/3/unsubscribe")
    mock.advance(seconds=16)
    assert (stats(kit)["status"], stats(kit)["recipients"], stats(kit)["progress"]) == ("sending", 2, 25)
    kit.post("/v4/subscribers/2/unsubscribe")
    assert kit.get("/v4/broadcasts/1").json()["broadcast"]["published_at"] == LATER
    mock.advance(seconds=45)
    assert (stats(kit)["status"], stats(kit)["recipients"], stats(kit)["progress"]) == ("completed", 2, 100)
    expected = {**created, "subject": "Changed", "published_at": LATER, "status": "completed"}
    assert kit.get("/v4/broadcasts/1").json()["broadcast"] == expected


def test_a_clock_that_jumps_past_it_completes_it(kit: httpx.Client, mock: KitMock, subscriber: Create) -> None:
    subscriber()
    create(kit, **LETTER, send_at=LATER)
    mock.advance(days=3)
    assert (stats(kit)["status"], stats(kit)["recipients"]) == ("completed", 1)
    assert kit.get("/v4/broadcasts").json()["broadcasts"][0]["published_at"] == LATER


def test_who_comes_after_the_moment_of_sending_is_no_recipient(
    kit: httpx.Client, mock: KitMock, subscriber: Create
) -> None:
    subscriber("ada@example.com")
    create(kit, **LETTER, send_at=LATER)
    mock.advance(hours=2)
    subscriber("late@example.com")
    assert stats(kit)["recipients"] == 1


@pytest.mark.parametrize("send_at", [NOW, "2020-01-01", "2023-02-17 11:43:55"])
def test_a_moment_that_has_passed_sends_at_once(kit: httpx.Client, subscriber: Create, send_at: str) -> None:
    subscriber()
    create(kit, **LETTER, send_at=send_at)
    create(kit, **LETTER)
    assert kit.put("/v4/broadcasts/2", json={"send_at": send_at}).status_code == 200
    for id_ in (1, 2):
        found = stats(kit, id_)
        assert (found["status"], found["recipients"], found["progress"]) == ("sending", 1, 0)


@pytest.mark.parametrize(("seconds", "status"), [(0, "sending"), (3600, "completed")])
def test_once_sending_it_cannot_be_changed_or_deleted(
    kit: httpx.Client, mock: KitMock, seconds: int, status: str
) -> None:
    created = create(kit, **LETTER, send_at=NOW)
    mock.advance(seconds=seconds)
    for response in (
        kit.put("/v4/broadcasts/1", json={"subject": "Changed"}),
        kit.put("/v4/broadcasts/1", json={"public": False}),
        kit.delete("/v4/broadcasts/1"),
    ):
        assert (response.status_code, response.json()) == (422, {"errors": ["Broadcast is already sending."]})
    assert kit.get("/v4/broadcasts/1").json()["broadcast"] == {**created, "status": status}


@pytest.mark.parametrize("body", [{"send_at": None}, {"public": False}])
def test_back_to_a_draft(kit: httpx.Client, mock: KitMock, body: dict[str, Any]) -> None:
    create(kit, **LETTER, public=True, send_at=LATER)
    assert kit.put("/v4/broadcasts/1", json=body).json()["broadcast"]["send_at"] is None
    mock.advance(days=1)
    assert stats(kit)["status"] == "draft"


def test_what_was_read_can_be_sent_back(kit: httpx.Client) -> None:
    created = create(kit, **LETTER, public=False, send_at=LATER)
    template = created.pop("email_template")
    # All but one thing: a request says by null what an answer calls `all_subscribers`.
    changed = {**created, "email_template_id": template["id"], "subscriber_filter": None, "subject": "New"}
    response = kit.put("/v4/broadcasts/1", json=changed)
    assert response.json()["broadcast"] == {**created, "email_template": template, "subject": "New"}


def test_a_public_draft_is_published(kit: httpx.Client, mock: KitMock) -> None:
    assert create(kit, public=True)["published_at"] == NOW
    assert create(kit, public=True, published_at=LATER)["published_at"] == LATER
    assert create(kit, **LETTER, public=True, send_at=LATER)["published_at"] is None
    create(kit)
    mock.advance(hours=1)
    assert kit.put("/v4/broadcasts/4", json={"public": True}).json()["broadcast"]["published_at"] == LATER


def test_a_post_that_is_a_draft_again_is_published_anew(kit: httpx.Client, mock: KitMock) -> None:
    create(kit, public=True)
    mock.advance(hours=1)
    assert kit.put("/v4/broadcasts/1", json={"public": False}).json()["broadcast"]["published_at"] is None
    assert kit.put("/v4/broadcasts/1", json={"public": True}).json()["broadcast"]["published_at"] == LATER


def test_progress_begins_at_nothing_whatever_the_clock(kit: httpx.Client, mock: KitMock) -> None:
    create(kit, **LETTER, send_at=NOW)
    mock.clock.set(START - timedelta(days=1))
    assert (stats(kit)["status"], stats(kit)["progress"]) == ("sending", 0)


@pytest.fixture
def crowd() -> Iterator[httpx.Client]:
    """1 has tags 1 and 2, 2 has tag 1 and is in segment 1, 3 is in segment 1, 4 in nothing; 5, with all, has gone."""
    memberships: list[dict[str, list[int]]] = [
        {"tags": [1, 2]},
        {"tags": [1], "segments": [1]},
        {"segments": [1]},
        {},
        {"tags": [1, 2], "segments": [1]},
    ]
    seed = {
        "tags": [{"name": "first"}, {"name": "second"}],
        "segments": [{"name": "London"}, {"name": "Paris"}],
        "subscribers": [
            {"email_address": f"{number}@example.com", "state": "active" if number < 5 else "bounced", **kinds}
            for number, kinds in enumerate(memberships, 1)
        ],
    }
    with KitMock(clock=Clock(START), seed=seed) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        yield kit


def tags(*ids: int) -> dict[str, Any]:
    return {"type": "tag", "ids": list(ids)}


def segments(*ids: int) -> dict[str, Any]:
    return {"type": "segment", "ids": list(ids)}


@pytest.mark.parametrize(
    ("subscriber_filter", "recipients"),
    [
        (None, 4),
        ([], 4),
        ([{}], 4),
        ([{"all": [tags(1)]}], 2),
        ([{"all": [tags(1, 2)]}], 1),
        ([{"all": [tags(1), tags(2, 2)]}], 1),
        ([{"all": [tags(1), segments(1)]}], 1),
        ([{"all": [segments(1, 2)]}], 0),
        ([{"any": [tags(2), segments(1)]}], 3),
        ([{"any": [tags(1, 2)]}], 2),
        ([{"any": [segments(2)]}], 0),
        ([{"any": [tags(77, -1)]}], 0),
        ([{"none": [tags(1)]}], 2),
        ([{"none": [tags(2), segments(1)]}], 1),
        ([{"none": [tags(77)]}], 4),
    ],
)
def test_filters_choose_the_recipients(crowd: httpx.Client, subscriber_filter: Any, recipients: int) -> None:
    created = create(crowd, **LETTER, send_at=NOW, subscriber_filter=subscriber_filter)
    assert stats(crowd)["recipients"] == recipients
    groups = [group for group in subscriber_filter or () if group]
    assert created["subscriber_filter"] == (groups or EVERYBODY)


@pytest.mark.parametrize("behaviour", ["reference", "current"])
@pytest.mark.parametrize(
    ("subscriber_filter", "recipients"),
    [
        (EVERYBODY, 2),
        ([{"any": [{"type": "all_subscribers"}]}], 2),
        ([{"none": [{"type": "all_subscribers"}]}], 0),
        ([{"all": [{"type": "all_subscribers"}, tags(1)]}], 1),
    ],
)
def test_requests_cannot_name_all_subscribers_but_a_broadcast_may_have_them(
    behaviour: BehaviourName, subscriber_filter: Any, recipients: int
) -> None:
    with (
        KitMock(clock=Clock(START), behaviour=behaviour) as mock,
        client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit,
    ):
        mock.tags.add("first")
        mock.subscribers.add("ada@example.com", tags=["first"])
        mock.subscribers.add("bob@example.com")
        mock.broadcasts.add(subject="News", content="Hello", send_at=START, subscriber_filter=subscriber_filter)
        assert kit.get("/v4/broadcasts/1").json()["broadcast"]["subscriber_filter"] == subscriber_filter
        assert stats(kit)["recipients"] == recipients
        mock.broadcasts.add(subject="A draft")
        body = {**LETTER, "subscriber_filter": subscriber_filter}
        for response in (kit.post("/v4/broadcasts", json=body), kit.put("/v4/broadcasts/2", json=body)):
            assert response.status_code == 422
            assert any(error.endswith("type must be one of segment, tag") for error in response.json()["errors"])


def test_the_accounts_email_stats_count_what_was_sent_in_90_days(
    kit: httpx.Client, mock: KitMock, subscriber: Create
) -> None:
    def sent() -> int:
        found: int = kit.get("/v4/account/email_stats").json()["stats"]["sent"]
        return found

    subscriber("ada@example.com")
    subscriber("bob@example.com")
    create(kit, **LETTER, send_at=NOW)
    create(kit, **LETTER)
    create(kit, **LETTER, send_at="2023-02-27T11:43:55Z")
    assert sent() == 2
    mock.advance(days=10)
    assert sent() == 4
    mock.advance(days=81)
    assert sent() == 2
    mock.advance(days=10)
    assert sent() == 0


def test_rates_are_percentages_of_the_recipients() -> None:
    numbers = {"opens": 2, "clickers": 1, "clicks": 5, "unsubscribes": 1}
    seed = {
        "subscribers": [{"email_address": f"{name}@example.com"} for name in ("ada", "bob", "eve")],
        "broadcasts": [{**LETTER, "send_at": NOW, **numbers}],
    }
    with KitMock(clock=Clock(START), seed=seed) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        found = stats(kit)
        assert (found["open_rate"], found["click_rate"]) == (66.67, 33.33)
        assert (found["total_clicks"], found["show_total_clicks"], found["unsubscribes"]) == (5, True, 1)
        totals = kit.get("/v4/account/email_stats").json()["stats"]
        assert (totals["sent"], totals["opened"], totals["clicked"]) == (3, 2, 1)


def test_clicks_and_unsubscribes_count_for_the_last_broadcast_that_was_received(
    kit: httpx.Client, mock: KitMock, subscriber: Create, tag: Create
) -> None:
    for name in ("ada", "bob", "eve"):
        subscriber(f"{name}@example.com")
    tag("Readers")
    kit.post("/v4/tags/1/subscribers/1")
    create(kit, **LETTER, send_at=NOW)
    create(kit, **LETTER, send_at=LATER, subscriber_filter=[{"all": [{"type": "tag", "ids": [1]}]}])
    create(kit, **LETTER, send_at="2023-02-17T20:00:00Z")
    create(kit, **LETTER)
    mock.advance(hours=2)
    subscriber("late@example.com")
    link = {"initiator_value": "https://example.com/"}
    for who in (1, 1, 2, 4):  # Ada got the second, Bob the first, and the last nothing yet.
        mock.fire("link_click", subscriber_id=who, **link)
    kit.post("/v4/subscribers/1/unsubscribe")
    kit.post("/v4/subscribers/1/unsubscribe")
    kit.post("/v4/subscribers/4/unsubscribe")
    mock.fire("subscriber_unsubscribe", subscriber_id=3)

    def numbers(id_: int) -> tuple[int, float, float, int]:
        found = stats(kit, id_)
        return found["total_clicks"], found["click_rate"], found["open_rate"], found["unsubscribes"]

    assert numbers(1) == (1, 33.33, 33.33, 1)
    assert numbers(2) == (2, 100.0, 100.0, 1)
    assert numbers(3) == numbers(4) == (0, 0.0, 0.0, 0)


def test_no_more_click_than_there_are_recipients() -> None:
    seed = {
        "subscribers": [{"email_address": "ada@example.com"}],
        "broadcasts": [{**LETTER, "send_at": NOW, "opens": 1, "clickers": 1, "clicks": 2}],
    }
    with KitMock(clock=Clock(START), seed=seed) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        mock.fire("link_click", subscriber_id=1, initiator_value="https://example.com/")
        found = stats(kit)
    assert (found["total_clicks"], found["click_rate"], found["open_rate"]) == (3, 100.0, 100.0)


def test_a_file_that_was_closed_sends_what_fell_due_meanwhile(tmp_path: Path) -> None:
    mock = KitMock(db=tmp_path / "kit.db", clock=Clock(START))
    with mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        kit.post("/v4/subscribers", json={"email_address": "ada@example.com"})
        create(kit, **LETTER, send_at=LATER)
    clock = Clock(START)
    clock.advance(days=1)
    mock = KitMock(db=tmp_path / "kit.db", clock=clock)
    with mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert (stats(kit)["status"], stats(kit)["recipients"]) == ("completed", 1)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
moments = st.sampled_from(
    [NOW, LATER, "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-01:00", "2016-12-31T23:59:60Z"]
)
parts = st.fixed_dictionaries(
    {"type": st.sampled_from(["tag", "segment", "all_subscribers"])},
    optional={"ids": st.lists(st.integers() | st.sampled_from([1, 1.0, 1e300]), max_size=3)},
)
groups = st.dictionaries(st.sampled_from(["all", "any", "none"]), st.none() | st.lists(parts, max_size=3), max_size=2)
bodies = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("subject", "public", "thumbnail_url", "email_template_id"), anything),
        **dict.fromkeys(("send_at", "published_at"), moments | anything),
        "subscriber_filter": st.lists(groups, max_size=2) | anything,
    },
)


@given(created=bodies, changed=bodies)
def test_whatever_is_sent_is_taken_or_refused(created: dict[str, Any], changed: dict[str, Any]) -> None:
    with KitMock(clock=Clock(START)) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        kit.post("/v4/broadcasts", json=LETTER)
        assert kit.put("/v4/broadcasts/1", json=changed).status_code in {200, 422}
        assert kit.post("/v4/broadcasts", json={**LETTER, **created}).status_code in {201, 422}
        mock.advance(hours=2)
        for found in kit.get("/v4/broadcasts").json()["broadcasts"]:
            assert kit.get(f"/v4/broadcasts/{found['id']}/stats").status_code == 200
