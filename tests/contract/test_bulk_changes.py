"""Bulk operations that change what there is: untagging, deleting tags, field values, forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from tests.contract.caller import Answer, Caller
from tests.contract.receiver import Receiver
from tests.contract.state import State
from tests.contract.test_bulk import called_back, wait_for
from tests.contract.world import World

_MOST = 100
_NOBODY = 2**40
_REFERRER = "https://example.com/?utm_source=radio"
Item = dict[str, Any]


@attrs.frozen
class Change:
    """A bulk operation: what holds its items, its results and the item of a failure."""

    operation: str
    items: str
    results: str | None
    failed: str
    prepare: Callable[[World], list[Item]]
    """Makes three things to be changed, and returns their items."""
    is_done: Callable[[World, State, Item], bool]
    """Whether an item has had its effect."""
    missing: dict[str, str]
    """The ids that an item can be wrong about, and the message for each."""
    kept: tuple[str, ...] = ()
    """The ids that a failure shows though there is nothing that has them."""

    def send(self, caller: Caller, items: list[Item], expect: int, **more: object) -> Answer:
        """Send items."""
        return caller.call(self.operation, body={self.items: items, **more}, expect=expect)

    def bad(self, good: Item) -> list[tuple[Item, list[str], Item]]:
        """Return an item for each id that it can be wrong about, with its errors, and as the failure shows it."""
        found = []
        for name, message in self.missing.items():
            item = {**good, name: _NOBODY}
            found.append((item, [message], item if name in self.kept else {**item, name: None}))
        return found


def _taggings(world: World) -> list[Item]:
    tag, ids = world.new_tag()["id"], [world.new_subscriber()["id"] for _ in range(3)]
    for id_ in ids:
        world.caller.call("tag_subscriber", {"tag_id": tag, "id": id_}, expect=201)
    return [{"tag_id": tag, "subscriber_id": id_} for id_ in ids]


def _values(world: World) -> list[Item]:
    fields, subscribers = [[make()["id"] for _ in range(2)] for make in (world.new_custom_field, world.new_subscriber)]
    pairs = [(subscribers[0], fields[0]), (subscribers[0], fields[1]), (subscribers[1], fields[0])]
    return [
        {"subscriber_id": subscriber, "subscriber_custom_field_id": field, "value": world.name("value")}
        for subscriber, field in pairs
    ]


def _has_value(world: World, state: State, item: Item) -> bool:
    keys = {row["id"]: row["key"] for row in world.rows("custom_field")}
    fields = state.get("subscriber", item["subscriber_id"])["fields"]
    return bool(fields[keys[item["subscriber_custom_field_id"]]] == item["value"])


def _additions(world: World) -> list[Item]:
    form, ids = world.some("form"), [world.new_subscriber()["id"] for _ in range(3)]
    return [{"form_id": form, "subscriber_id": id_, "referrer": _REFERRER} for id_ in ids]


def _is_added(world: World, state: State, item: Item) -> bool:
    row = state.members("form", item["form_id"]).get(item["subscriber_id"])
    return row is not None and row["referrer"] == item["referrer"]


_NO_SUBSCRIBER = {"subscriber_id": "Subscriber does not exist"}
_CHANGES = [
    Change(
        operation="bulk_untag_subscribers",
        items="taggings",
        results=None,
        failed="tagging",
        prepare=_taggings,
        is_done=lambda world, state, item: item["tag_id"] not in state.tags_of(item["subscriber_id"]),
        missing={**_NO_SUBSCRIBER, "tag_id": "Tag does not exist"},
    ),
    Change(
        operation="bulk_delete_tags",
        items="tags",
        results=None,
        failed="tag",
        prepare=lambda world: [{"id": world.new_tag()["id"]} for _ in range(3)],
        is_done=lambda world, state, item: item["id"] not in state.listed("tag"),
        missing={"id": "Tag does not exist"},
        kept=("id",),
    ),
    Change(
        operation="bulk_update_custom_field_values",
        items="custom_field_values",
        results="custom_field_values",
        failed="custom_field_value",
        prepare=_values,
        is_done=_has_value,
        missing={**_NO_SUBSCRIBER, "subscriber_custom_field_id": "Custom field does not exist"},
        kept=("subscriber_custom_field_id",),
    ),
    Change(
        operation="bulk_add_form_subscribers",
        items="additions",
        results="subscribers",
        failed="subscription",
        prepare=_additions,
        is_done=_is_added,
        missing={**_NO_SUBSCRIBER, "form_id": "Form does not exist"},
    ),
]


@pytest.fixture(
    params=[pytest.param(each, id=each.operation, marks=pytest.mark.operations(each.operation)) for each in _CHANGES]
)
def change(request: pytest.FixtureRequest, caller: Caller, world: World) -> Change:
    found: Change = request.param
    world.usual(found.operation)  # Skips the test if it can't be called.
    return found


@pytest.fixture
def state(world: World) -> State:
    return State(world)


def _check(answer: Answer, change: Change, body: dict[str, Any], done: int, failures: list[Any]) -> None:
    """Hold that there is a result for each item that was done, if there are results, and exactly these failures."""
    if body.keys() != {"failures", *([change.results] if change.results else [])}:
        raise answer.broken(f"{change.results or 'no results'} and failures", str(sorted(body)))
    if change.results and len(body[change.results]) != done:
        raise answer.broken(f"{done} results", str(body[change.results])[:300])
    shown = [(each[change.failed], each["errors"]) for each in body["failures"]]
    if sorted(shown, key=str) != sorted(failures, key=str):
        raise answer.broken(f"the failures {failures}", str(shown))


def _check_done(answer: Answer, change: Change, world: World, state: State, items: list[Item]) -> None:
    for item in items:
        if not change.is_done(world, state, item):
            raise answer.broken(f"the effect of {item} afterwards")


def test_changes_are_made_and_what_cannot_be_is_a_failure(
    caller: Caller, world: World, state: State, change: Change
) -> None:
    """Each item that can be done is done, and what names nothing is a failure and stops none of the others. (later docs)"""
    items = change.prepare(world)
    bad = change.bad(items[0])
    answer = change.send(caller, [items[0], *(item for item, _, _ in bad), items[1]], expect=200)
    _check(answer, change, answer.json, 2, [(shown, errors) for _, errors, shown in bad])
    _check_done(answer, change, world, state, items[:2])
    if change.is_done(world, state, items[2]):
        raise answer.broken(f"no effect of {items[2]}, which wasn't sent")


def test_changes_can_be_repeated(caller: Caller, world: World, state: State, change: Change) -> None:
    """The same items again change nothing more; deleted tags are failures then. (chosen)"""
    items = change.prepare(world)
    for again in (False, True):
        answer = change.send(caller, items, expect=200)
        gone = [(item, ["Tag does not exist"]) for item in items] if again and change.failed == "tag" else []
        _check(answer, change, answer.json, 3, gone)
        _check_done(answer, change, world, state, items)


def test_nothing_to_change_is_refused(caller: Caller, change: Change) -> None:
    """A request without items is a 422 that says so. (later docs)"""
    answer = change.send(caller, [], expect=422)
    message = f"No {change.items.replace('_', ' ')} included for processing"
    if answer.errors != [message]:
        raise answer.broken(f"the message {message!r}")


def test_more_than_100_changes_become_a_job(caller: Caller, world: World, state: State, change: Change) -> None:
    """More than 100 items are a 202; later they are done, and the result is posted once to the callback. (later docs)"""
    items = change.prepare(world)
    item, errors, shown = change.bad(items[0])[0]
    with Receiver() as receiver:
        url = receiver.url()
        answer = change.send(caller, [*items, *[item] * (_MOST - 2)], expect=202, callback_url=url)
        if answer.json != {}:
            raise answer.broken("an empty object")
        wait_for(lambda: all(change.is_done(world, state, each) for each in items))
        _check_done(answer, change, world, state, items)
        found = called_back(caller, answer, receiver, url)
        _check(answer, change, found, 3, [(shown, errors)] * (_MOST - 2))


@pytest.mark.behaviour("current")
@pytest.mark.operations("bulk_update_custom_field_values", "get_subscriber")
def test_an_empty_value_takes_the_value_away(caller: Caller, world: World, state: State) -> None:
    """An empty value takes the subscriber's away; of two values for the same field the last one stays. (chosen)"""
    world.usual("bulk_update_custom_field_values")
    items = _values(world)[:2]
    caller.call("bulk_update_custom_field_values", body={"custom_field_values": items}, expect=200)
    body = [{**items[0], "value": ""}, {**items[1], "value": "first"}, {**items[1], "value": "last"}]
    answer = caller.call("bulk_update_custom_field_values", body={"custom_field_values": body}, expect=200)
    fields = state.get("subscriber", items[0]["subscriber_id"])["fields"]
    keys = {row["id"]: row["key"] for row in world.rows("custom_field")}
    left = [fields[keys[item["subscriber_custom_field_id"]]] for item in items]
    if left != [None, "last"]:
        raise answer.broken("the values null and 'last' afterwards", str(left))
    results = [row["value"] for row in answer.json["custom_field_values"]]
    if sorted(results) != ["", "last"]:
        raise answer.broken("a result for each field, with its last value", str(results))


@pytest.mark.behaviour("current")
@pytest.mark.operations("bulk_add_form_subscribers", "list_form_subscribers")
def test_who_is_added_in_bulk_is_shown_as_in_the_list(caller: Caller, world: World, state: State) -> None:
    """A result has what the form's list has of the subscriber; the first referrer stays. (later docs; referrer: chosen)"""
    world.usual("bulk_add_form_subscribers")
    items = _additions(world)
    for referrer in (_REFERRER, "https://example.com/other"):
        body = {"additions": [{**item, "referrer": referrer} for item in items]}
        answer = caller.call("bulk_add_form_subscribers", body=body, expect=200)
        listed = state.members("form", items[0]["form_id"])
        for row in answer.json["subscribers"]:
            common = {name: listed[row["id"]][name] for name in row if name in listed[row["id"]]}
            if row != common or row["referrer"] != _REFERRER:
                raise answer.broken(f"{listed[row['id']]}, but for state and fields", str(row))
