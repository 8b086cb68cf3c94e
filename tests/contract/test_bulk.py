"""Bulk operations: every item is dealt with once, failures are told, large requests become jobs that call back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from tests.contract.caller import Answer, Caller
from tests.contract.receiver import Receiver
from tests.contract.state import State
from tests.contract.world import World

_MOST = 100
_JOB_SECONDS = 12.0
_QUIET_SECONDS = 0.5


@attrs.frozen
class Bulk:
    """A bulk operation that makes things of one kind: its items, its results, and what tells them apart."""

    operation: str
    items: str
    kind: str
    field: str
    make: Callable[[World], dict[str, Any]]

    def send(self, caller: Caller, items: list[dict[str, Any]], expect: int, **more: object) -> Answer:
        """Send items."""
        return caller.call(self.operation, body={self.items: items, **more}, expect=expect)

    def results(self, body: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the results of an answer by what tells them apart."""
        return {row[self.field]: row for row in body[self.items]}


def _bulk(*values: Any) -> Any:
    made = Bulk(*values)
    about = pytest.mark.operations(made.operation, f"list_{made.kind}s")
    return pytest.param(made, id=made.operation, marks=about)


_FIELDS = _bulk(
    "bulk_create_custom_fields", "custom_fields", "custom_field", "label", lambda world: {"label": world.name("field")}
)
_TAGS = _bulk("bulk_create_tags", "tags", "tag", "name", lambda world: {"name": world.name("tag")})
_SUBSCRIBERS = _bulk(
    "bulk_create_subscribers", "subscribers", "subscriber", "email_address",
    lambda world: {"email_address": world.email(), "first_name": "Ada"},
)  # fmt: skip


@pytest.fixture(params=[_FIELDS, _TAGS, _SUBSCRIBERS])
def bulk(request: pytest.FixtureRequest, caller: Caller, world: World) -> Bulk:
    found: Bulk = request.param
    world.usual(found.operation)  # Skips the test if it can't be called.
    return found


@pytest.fixture
def state(world: World) -> State:
    return State(world)


def _check_kept(answer: Answer, bulk: Bulk, state: State, items: list[dict[str, Any]], body: dict[str, Any]) -> None:
    """Hold that each item has one result, which is what the list shows."""
    results, rows = bulk.results(body), state.listed(bulk.kind)
    if len(body[bulk.items]) != len(items) or results.keys() != {item[bulk.field] for item in items}:
        raise answer.broken(
            f"a result for each of {len(items)} items, once", f"{len(body[bulk.items])}: {sorted(results)[:5]}"
        )
    for item in items:
        result = results[item[bulk.field]]
        row = rows.get(result["id"], {})
        common = {name: value for name, value in result.items() if name in row}
        if any(row.get(name) != value for name, value in {**item, **common}.items()):
            raise answer.broken(f"{item} in the list, with id {result['id']}", str(row or "nothing"))
        if "created_at" not in result:
            raise answer.broken("created_at of each result")


@pytest.mark.parametrize("count", [1, 3, _MOST])
def test_items_are_kept(caller: Caller, world: World, state: State, bulk: Bulk, count: int) -> None:
    """Up to 100 items are a 200 with a result for each, in any order, and all are kept. (reference; order: seen)"""
    items = [bulk.make(world) for _ in range(count)]
    with state.nothing_else(bulk.kind, new=count, ignore="fields"):
        answer = bulk.send(caller, items, expect=200)
    if answer.json["failures"]:
        raise answer.broken("no failures")
    _check_kept(answer, bulk, state, items, answer.json)


def test_failures_are_told(caller: Caller, world: World, state: State, bulk: Bulk) -> None:
    """What is wrong with an item is a failure, and stops none of the others. (reference)"""
    good = [bulk.make(world) for _ in range(2)]
    bad = [
        {**bulk.make(world), bulk.field: text} for text in (("nobody", "@") if bulk.kind == "subscriber" else ("", " "))
    ]
    with state.nothing_else(bulk.kind, new=2, ignore="fields"):
        answer = bulk.send(caller, [good[0], bad[0], good[1], bad[1]], expect=200)
    failures = answer.json["failures"]
    if len(failures) != len(bad) or not all(each["errors"] and each[bulk.kind] is not None for each in failures):
        raise answer.broken(f"{len(bad)} failures with what is wrong", str(failures))
    message = "Email address is invalid" if bulk.kind == "subscriber" else f"{bulk.field.capitalize()} can't be blank"
    if any(each["errors"] != [message] or each[bulk.kind].get("id") is not None for each in failures):
        raise answer.broken(f"failures without an id and with {message!r}", str(failures))
    _check_kept(answer, bulk, state, good, answer.json)


def test_what_exists_is_told_apart(caller: Caller, world: World, state: State, bulk: Bulk) -> None:
    """What exists is a result; a tag or field is a failure by the reference. Nothing is made twice. (seen, reference)"""
    first, new = bulk.make(world), bulk.make(world)
    known = bulk.results(bulk.send(caller, [first], expect=200).json)[first[bulk.field]]
    again = {**first, bulk.field: first[bulk.field].upper()}
    if bulk.kind == "subscriber":
        again["first_name"] = "Grace"
    with state.nothing_else(bulk.kind, known["id"], new=1, ignore="fields"):
        answer = bulk.send(caller, [again, new], expect=200)
    ids = {row["id"] for row in answer.json[bulk.items]}
    if caller.server.behaviour == "current" or bulk.kind == "subscriber":
        if answer.json["failures"] or known["id"] not in ids or len(ids) != 2:
            raise answer.broken("two results, one of them what exists")
    else:
        taken = f"{bulk.field.capitalize()} has already been taken"
        failures = answer.json["failures"]
        if [(each[bulk.kind]["id"], each["errors"]) for each in failures] != [(known["id"], [taken])] or len(ids) != 1:
            raise answer.broken(f"a failure with {known['id']} and {taken!r}, and one result", str(answer.json))
    if bulk.kind == "subscriber":
        state.expect(answer, "subscriber", known["id"], first_name="Grace", email_address=first["email_address"])


def test_the_same_item_twice_is_one(caller: Caller, world: World, state: State, bulk: Bulk) -> None:
    """An item that is there twice makes one thing. (chosen)"""
    item = bulk.make(world)
    with state.nothing_else(bulk.kind, new=1, ignore="fields"):
        answer = bulk.send(caller, [item, item], expect=200)
    if len(answer.json[bulk.items]) != 1:
        raise answer.broken("one result")


def test_nothing_is_refused(caller: Caller, bulk: Bulk) -> None:
    """A request without items is a 422 that says so. (reference)"""
    answer = bulk.send(caller, [], expect=422)
    message = f"No {bulk.items.replace('_', ' ')} included for processing"
    if answer.errors != [message]:
        raise answer.broken(f"the message {message!r}")


def test_more_than_100_items_become_a_job(caller: Caller, world: World, state: State, bulk: Bulk) -> None:
    """101 items are a 202 without content; later all are there, and the result is posted once to the callback. (reference)"""
    items = [bulk.make(world) for _ in range(_MOST)]
    bad = {**bulk.make(world), bulk.field: "nobody" if bulk.kind == "subscriber" else " "}
    with Receiver() as receiver:
        url = receiver.url()
        with state.nothing_else(bulk.kind, new=_MOST, ignore="fields"):
            answer = bulk.send(caller, [*items, bad], expect=202, callback_url=url)
            if answer.json != {}:
                raise answer.broken("an empty object")
            wait_for(
                lambda: (
                    len({row[bulk.field] for row in state.listed(bulk.kind).values()} & _names(bulk, items)) == _MOST
                )
            )
            body = called_back(caller, answer, receiver, url)
        _check_kept(answer, bulk, state, items, state_of(body, bulk, answer))
        if len(body["failures"]) != 1 or not body["failures"][0]["errors"]:
            raise answer.broken("one failure in the callback", str(body["failures"]))


def _names(bulk: Bulk, items: list[dict[str, Any]]) -> set[str]:
    return {item[bulk.field] for item in items}


def state_of(body: dict[str, Any], bulk: Bulk, answer: Answer) -> dict[str, Any]:
    """Return the body of a callback, if it has what the body of a 200 has."""
    if body.keys() != {bulk.items, "failures"}:
        raise answer.broken(f"a callback with {bulk.items} and failures", str(sorted(body)))
    return body


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds, at most as long as a job may take."""
    end = time.monotonic() + _JOB_SECONDS
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)


def called_back(caller: Caller, answer: Answer, receiver: Receiver, url: str) -> dict[str, Any]:
    """Return what was posted to the callback. Skips the test if nothing comes and the server is another machine's."""
    if not receiver.wait(url, 1, _JOB_SECONDS) and not caller.server.is_on_this_machine:
        pytest.skip("nothing was posted to the callback: the server may not reach this machine")
    time.sleep(_QUIET_SECONDS)
    received = receiver.at(url)
    if len(received) != 1 or received[0].method != "POST" or received[0].media_type != "application/json":
        raise answer.broken("one POST of JSON to the callback", str(received))
    found: dict[str, Any] = received[0].json
    return found


# -------------------- Taggings


@pytest.mark.operations("bulk_tag_subscribers", "list_tag_subscribers")
@pytest.mark.parametrize("count", [1, 3])
def test_taggings_are_kept(caller: Caller, world: World, state: State, count: int) -> None:
    """Each tagging that can be done is done, also the second time, and what can't be is a failure. (reference, later docs)"""
    world.usual("bulk_tag_subscribers")
    tag, subscribers = world.new_tag()["id"], [world.new_subscriber() for _ in range(count)]
    good = [{"tag_id": tag, "subscriber_id": each["id"]} for each in subscribers]
    missing = [{"tag_id": tag, "subscriber_id": 2**40}, {"tag_id": 2**40, "subscriber_id": subscribers[0]["id"]}]
    for _ in range(2):
        answer = caller.call("bulk_tag_subscribers", body={"taggings": [*missing[:1], *good, *missing[1:]]}, expect=200)
        if sorted(row["id"] for row in answer.json["subscribers"]) != sorted(each["id"] for each in subscribers):
            raise answer.broken(f"a result for each of {count} taggings")
        if state.members("tag", tag).keys() != {each["id"] for each in subscribers}:
            raise answer.broken(f"the tag with {count} subscribers", str(sorted(state.members("tag", tag))))
        shown = [(each["tagging"], each["errors"]) for each in answer.json["failures"]]
        gone = {"subscriber_id": None, "tag_id": None} if caller.server.behaviour == "current" else {}
        expected = [
            (missing[0] | {key: gone[key] for key in ("subscriber_id",) if key in gone}, ["Subscriber does not exist"]),
            (missing[1] | {key: gone[key] for key in ("tag_id",) if key in gone}, ["Tag does not exist"]),
        ]
        if sorted(shown, key=str) != sorted(expected, key=str):
            raise answer.broken(f"the failures {expected}", str(shown))
        for row in answer.json["subscribers"]:
            if row.get("tagged_at") != state.members("tag", tag)[row["id"]]["tagged_at"]:
                raise answer.broken("tagged_at as the list has it")
    answer = caller.call("bulk_tag_subscribers", body={"taggings": []}, expect=422)
    if answer.errors != ["No taggings included for processing"]:
        raise answer.broken("the message 'No taggings included for processing'")


@pytest.mark.operations("bulk_tag_subscribers", "list_tag_subscribers")
def test_more_than_100_taggings_become_a_job(caller: Caller, world: World, state: State) -> None:
    """101 taggings are a 202; later all are done, and the result is posted once to the callback. (reference)"""
    world.usual("bulk_tag_subscribers")
    tag, ids = world.new_tag()["id"], [world.new_subscriber()["id"] for _ in range(3)]
    taggings = [{"tag_id": tag, "subscriber_id": ids[number % 3]} for number in range(_MOST)]
    body = {"taggings": [*taggings[:_MOST], {"tag_id": tag, "subscriber_id": 2**40}]}
    with Receiver() as receiver:
        url = receiver.url()
        answer = caller.call("bulk_tag_subscribers", body={**body, "callback_url": url}, expect=202)
        if answer.json != {}:
            raise answer.broken("an empty object")
        wait_for(lambda: len(state.members("tag", tag)) == len(ids))
        if state.members("tag", tag).keys() != set(ids):
            raise answer.broken(f"the tag with the subscribers {ids}", str(sorted(state.members("tag", tag))))
        found = called_back(caller, answer, receiver, url)
        results = {row["id"] for row in found.get("subscribers", ())}
        if found.keys() != {"subscribers", "failures"} or results != set(ids) or len(found["failures"]) != 1:
            raise answer.broken("a callback with all results and one failure", str(found)[:300])
