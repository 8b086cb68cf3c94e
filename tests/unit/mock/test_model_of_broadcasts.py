"""One model makes broadcasts, whoever asks: a request, `add` or a seed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock
from tests.unit.mock.conftest import START, client
from tests.unit.mock.three_ways import by_add, by_request, by_seed

SEED = {
    "tags": [{"name": "Newsletter"}, {"name": "Other"}],
    "segments": [{"name": "Readers"}],
    "subscribers": [
        {"email_address": "ada@example.com", "tags": [1], "created_at": "2022-01-01"},
        {"email_address": "bob@example.com", "segments": [1], "created_at": "2022-01-01"},
        {"email_address": "eve@example.com", "tags": [1, 2], "segments": [1], "created_at": "2022-01-01"},
        {"email_address": "old@example.com", "tags": [1], "state": "cancelled", "created_at": "2022-01-01"},
    ],
}
STATUSES = ("draft", "scheduled", "sending", "completed", "aborted")


def iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def look(kit: httpx.Client) -> Any:
    return kit.get("/v4/broadcasts/1").json(), kit.get("/v4/broadcasts/1/stats").json()


texts = st.sampled_from(["", " ", "x", " Hello ", "\n"]) | st.text(max_size=5)
near = st.integers(-100_000, 100_000) | st.sampled_from([-60, -59, -1, 0, 1])
moments = near.map(lambda seconds: START + timedelta(seconds=seconds))
parts = st.one_of(
    st.fixed_dictionaries({"type": st.just("tag"), "ids": st.lists(st.sampled_from([1, 2]), max_size=2)}),
    st.fixed_dictionaries({"type": st.just("segment"), "ids": st.lists(st.just(1), max_size=1)}),
)
groups = st.dictionaries(st.sampled_from(["all", "any", "none"]), st.lists(parts, max_size=2), max_size=2)
values = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("subject", "content"), texts | st.just("x")),
        **dict.fromkeys(("preview_text", "description", "thumbnail_alt"), texts),
        "public": st.booleans(),
        "published_at": moments.map(iso),
        "send_at": moments.map(iso),
        "thumbnail_url": st.sampled_from(["https://example.com/cat.png", "cat.png", ""]),
        "email_address": st.sampled_from(["ada@example.com", "ada"]),
        "email_template": st.integers(1, 7),
        "subscriber_filter": st.lists(groups, max_size=2),
    },
)


@given(item=values, age=st.none() | st.integers(0, 100_000))
@example(item={"subject": "x", "public": True}, age=None)
@example(item={"subject": " ", "content": " ", "send_at": iso(START)}, age=None)
@example(item={"subject": "x", "content": "x", "send_at": iso(START - timedelta(days=1))}, age=None)
@example(item={"subject": "x", "content": "x", "send_at": iso(START - timedelta(days=1))}, age=3_600)
def test_a_request_add_and_a_seed_make_the_same_broadcast(item: dict[str, Any], age: int | None) -> None:
    sent_at = datetime.fromisoformat(item["send_at"]) if "send_at" in item else START
    created_at = min(START, sent_at) if age is None else START - timedelta(seconds=age)
    body = {("email_template_id" if name == "email_template" else name): value for name, value in item.items()}
    if age is not None:
        item = {**item, "created_at": iso(created_at)}
    expected = by_request(SEED, "/v4/broadcasts", body, look, at=created_at)
    assert by_add(SEED, "broadcasts", item, look) == expected
    assert by_seed(SEED, "broadcasts", item, look) == expected


broadcasts = st.lists(
    st.fixed_dictionaries(
        {"subject": st.just("x"), "content": st.just("x")}, optional={"send_at": near, "aborted": st.booleans()}
    ),
    max_size=5,
)


@given(items=broadcasts, later=st.integers(0, 120))
def test_the_filter_by_status_finds_what_shows_that_status(items: list[dict[str, Any]], later: int) -> None:
    for item in items:
        if "send_at" in item:
            item["aborted"] = item.get("aborted", False) and item["send_at"] <= 0
            item["send_at"] = iso(START + timedelta(seconds=item["send_at"]))
        else:
            item.pop("aborted", None)
    with (
        KitMock(clock=Clock(START), seed={"broadcasts": items}) as mock,
        client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit,
    ):
        mock.advance(seconds=later)
        listed = kit.get("/v4/broadcasts").json()["broadcasts"]
        for status in STATUSES:
            found = kit.get("/v4/broadcasts", params={"status": status}).json()["broadcasts"]
            assert found == [each for each in listed if each["status"] == status]
        for each in listed:
            assert (
                kit.get(f"/v4/broadcasts/{each['id']}/stats").json()["broadcast"]["stats"]["status"] == each["status"]
            )
