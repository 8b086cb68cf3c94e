"""Broadcasts: drafts and scheduled ones, what an update changes, and that what was sent stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.caller import Caller
from tests.contract.state import State
from tests.contract.world import World

pytestmark = pytest.mark.operations(
    "create_broadcast", "update_broadcast", "delete_broadcast", "get_broadcast", "list_broadcasts"
)
_NULL = ("preview_text", "published_at", "send_at", "thumbnail_alt", "thumbnail_url")


@pytest.fixture
def state(world: World) -> State:
    return State(world)


def _later(**more: float) -> str:
    return (datetime.now(UTC) + timedelta(days=30, **more)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _full(world: World) -> dict[str, Any]:
    return {
        "subject": world.name("issue"),
        "content": "<p>Zoë 🦊</p>",
        "description": "The description",
        "preview_text": "The preview",
        "public": True,
        "published_at": "2023-02-17T08:00:00Z",
        "send_at": None,
        "email_address": None,
        "thumbnail_alt": "A book",
        "thumbnail_url": "https://example.com/book.png",
        "subscriber_filter": [{"all": [{"type": "tag", "ids": [world.some("tag")]}]}],
    }


def test_a_draft_is_kept(caller: Caller, world: World, state: State) -> None:
    """A broadcast has all that it was made with, in the answer, by itself and in its list. (reference)"""
    body = _full(world)
    with state.nothing_else("broadcast", new=1):
        answer = caller.call("create_broadcast", body=body | {"email_template_id": world.template()}, expect=201)
    made = answer.json["broadcast"]
    if made | body != made or made["email_template"]["id"] != world.template():
        raise answer.broken(f"a broadcast with {body}")
    state.expect(answer, "broadcast", made["id"], **made)
    caller.call("delete_broadcast", {"id": made["id"]}, expect=204)


def test_a_draft_needs_little(caller: Caller, world: World, state: State) -> None:
    """A draft has null for what wasn't given, and goes to everybody. (seen)"""
    made = world.new_broadcast()
    answer = caller.call("get_broadcast", {"id": made["id"]}, expect=200)
    shown = answer.json["broadcast"]
    if any(shown[name] is not None for name in _NULL):
        raise answer.broken(f"null as {', '.join(_NULL)}")
    if shown["subscriber_filter"] != [{"all": [{"type": "all_subscribers"}]}] or shown["public"]:
        raise answer.broken("a broadcast to everybody, and not public")


@pytest.mark.behaviour("current")
def test_a_status_follows_from_the_date(caller: Caller, world: World) -> None:
    """A broadcast is a draft without a date, scheduled with one to come, and a draft again without. (later docs)"""
    made = world.new_broadcast()
    for send_at, status in ((None, "draft"), (_later(), "scheduled"), (None, "draft")):
        answer = caller.call("update_broadcast", {"id": made["id"]}, body={"send_at": send_at}, expect=200)
        shown = answer.json["broadcast"]
        if shown["status"] != status or shown["send_at"] != send_at:
            raise answer.broken(f"{status}, with send_at {send_at}")
    if not isinstance(shown.get("publication_id"), int) or "public_url" not in shown:
        raise answer.broken("publication_id and public_url")


@pytest.mark.parametrize("name", [*_NULL, "subject", "content", "description", "public", "subscriber_filter"])
def test_an_update_changes_what_it_names(caller: Caller, world: World, state: State, name: str) -> None:
    """An update changes the value that it has, and nothing else of it or of another broadcast. (seen)"""
    made = world.new_broadcast(
        **{key: value for key, value in _full(world).items() if key not in ("public", "published_at")}
    )
    before = state.get("broadcast", made["id"])
    values: dict[str, Any] = {
        "public": True,
        "published_at": "2023-03-18T09:00:00Z",
        "send_at": _later(),
        "thumbnail_url": "https://example.com/other.png",
        "subscriber_filter": [{"any": [{"type": "segment", "ids": [world.some("segment")]}]}],
    }
    value = values.get(name, "<p>changed</p>")
    with state.nothing_else("broadcast", made["id"]):
        answer = caller.call("update_broadcast", {"id": made["id"]}, body={name: value}, expect=200)
    follow = {"public": ("published_at", "public_url"), "send_at": ("status",), "published_at": ("public_url",)}
    expected = {key: old for key, old in before.items() if key not in follow.get(name, ())} | {name: value}
    if answer.json["broadcast"] | expected != answer.json["broadcast"]:
        raise answer.broken(f"{name} changed and the rest as it was")
    state.expect(answer, "broadcast", made["id"], **expected)


def test_moments_are_shown_in_utc(caller: Caller, world: World) -> None:
    """A date with another offset is the same moment in UTC. (chosen)"""
    moment = datetime.fromisoformat(_later())
    elsewhere = moment.astimezone(datetime.strptime("-0530", "%z").tzinfo).isoformat()
    made = world.new_broadcast(send_at=elsewhere)
    if datetime.fromisoformat(made["send_at"]) != moment:
        raise caller.call("get_broadcast", {"id": made["id"]}).broken(f"send_at {moment}", made["send_at"])


def test_a_scheduled_broadcast_needs_subject_and_content(caller: Caller, world: World, state: State) -> None:
    """A broadcast with a date and without a subject or content is refused. (chosen)"""
    with state.nothing_else("broadcast"):
        for name in ("subject", "content"):
            body = {"subject": "Hello", "content": "<p>Hello</p>", "send_at": _later(), name: ""}
            caller.call("create_broadcast", body=body, expect=422)


def test_one_filter_group_is_taken(caller: Caller, world: World, state: State) -> None:
    """Each of `all`, `any` and `none` reads back, two of them are refused, and so are filters without ids. (later docs)"""
    part = {"type": "tag", "ids": [world.some("tag")]}
    for group in ("all", "any", "none"):
        made = world.new_broadcast(subscriber_filter=[{group: [part]}])
        if made["subscriber_filter"] != [{group: [part]}]:
            raise caller.call("get_broadcast", {"id": made["id"]}).broken(f"the filter by {group}")
    with state.nothing_else("broadcast"):
        for given in (
            [{"all": [part], "any": [part]}],
            [{"all": [part]}, {"any": [part]}],
            [{"all": [{"type": "tag", "ids": []}]}],
        ):
            caller.call("create_broadcast", body={"subject": "x", "subscriber_filter": given}, expect=422)
            caller.call("update_broadcast", {"id": made["id"]}, body={"subscriber_filter": given}, expect=422)


def test_an_unknown_template_is_refused(caller: Caller, world: World, state: State) -> None:
    """A template that the account doesn't have is a 422. (reference)"""
    made = world.new_broadcast()
    with state.nothing_else("broadcast"):
        caller.call("create_broadcast", body={"subject": "x", "email_template_id": 2**40}, expect=422)
        caller.call("update_broadcast", {"id": made["id"]}, body={"email_template_id": 2**40}, expect=422)


def test_a_deleted_broadcast_is_gone(caller: Caller, world: World, state: State) -> None:
    """A deleted broadcast is neither in its list nor by itself, and can't be changed or deleted again. (reference)"""
    made = world.new_broadcast()
    with state.nothing_else("broadcast", made["id"]):
        answer = caller.call("delete_broadcast", {"id": made["id"]}, expect=204)
    state.expect_none(answer, "broadcast", made["id"])
    caller.call("delete_broadcast", {"id": made["id"]}, expect=404)
    caller.call("update_broadcast", {"id": made["id"]}, body={"subject": "x"}, expect=404)
    caller.call("get_broadcast_stats", {"id": made["id"]}, expect=404)


def test_what_was_sent_stays(caller: Caller, state: State) -> None:
    """A broadcast that was sent can't be changed or deleted: 422. (reference)"""
    now = datetime.now(UTC)
    sent = [
        id_
        for id_, row in state.listed("broadcast").items()
        if row["send_at"] is not None and datetime.fromisoformat(row["send_at"]) < now
    ]
    if not sent or not caller.server.account:
        pytest.skip("the account has no broadcast that was sent and may be tried at (--account)")
    with state.nothing_else("broadcast"):
        caller.call("update_broadcast", {"id": sent[0]}, body={"subject": "changed"}, expect=422)
        caller.call("delete_broadcast", {"id": sent[0]}, expect=422)


@pytest.mark.operations("get_broadcast_stats")
def test_stats_are_those_of_the_account(caller: Caller) -> None:
    """The numbers of a broadcast are those that are known of it. (reference)"""
    known = [row for row in (caller.server.account or {}).get("broadcasts", ()) if "recipients" in row]
    if not known:
        pytest.skip("no numbers of a broadcast are known (--account)")
    for row in known:
        answer = caller.call("get_broadcast_stats", {"id": row["id"]}, expect=200)
        stats = answer.json["broadcast"]["stats"]
        expected = {
            "recipients": row["recipients"],
            "open_rate": 100 * row["opens"] / row["recipients"],
            "click_rate": 100 * row["clickers"] / row["recipients"],
            "unsubscribes": row["unsubscribes"],
            "total_clicks": row["clicks"],
            "status": "completed",
        }
        if stats | expected != stats or answer.json["broadcast"]["id"] != row["id"]:
            raise answer.broken(f"broadcast {row['id']} with {expected}")
        if caller.server.behaviour == "current" and (
            stats.get("emails_opened") != row["opens"]
            or stats.get("unsubscribe_rate") != 100 * row["unsubscribes"] / row["recipients"]
        ):
            raise answer.broken(f"emails_opened {row['opens']} and the rate of unsubscribes")
