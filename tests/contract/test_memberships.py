"""Who belongs to a tag, a form or a sequence: put in by id and by address, taken out, listed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from tests.contract.caller import Answer, Caller
from tests.contract.state import State
from tests.contract.world import World

_CLOCK_SKEW = timedelta(minutes=10)


@attrs.frozen
class Owner:
    """What subscribers belong to, and the operations that put them in."""

    kind: str
    verb: str

    @property
    def put(self) -> str:
        """The operation that adds by id. With the suffix `_by_email`, it adds by address."""
        return "tag_subscriber" if self.kind == "tag" else f"add_{self.kind}_subscriber"

    def add(self, caller: Caller, id_: int, subscriber: dict[str, Any], by: str, expect: int) -> Answer:
        """Add a subscriber by `id` or by `email`."""
        path = {f"{self.kind}_id": id_}
        if by == "id":
            return caller.call(self.put, path | {"id": subscriber["id"]}, expect=expect)
        address = subscriber["email_address"] if by == "email" else subscriber["email_address"].upper()
        return caller.call(f"{self.put}_by_email", path, body={"email_address": address}, expect=expect)


def _owner(kind: str, verb: str) -> Any:
    owner = Owner(kind, verb)
    about = (owner.put, f"{owner.put}_by_email", f"list_{kind}_subscribers")
    return pytest.param(owner, id=kind, marks=pytest.mark.operations(*about))


@pytest.fixture(params=[_owner("tag", "tagged"), _owner("form", "added"), _owner("sequence", "added")])
def owner(request: pytest.FixtureRequest) -> Owner:
    found: Owner = request.param
    return found


@pytest.fixture
def state(world: World) -> State:
    return State(world)


@pytest.mark.parametrize("by", ["id", "email", "email in another case"])
def test_a_subscriber_is_put_in(caller: Caller, world: World, state: State, owner: Owner, by: str) -> None:
    """Putting in is a 201, and a 200 again with the same date; the list has them once, and nobody else new. (reference)"""
    id_, subscriber = world.some(owner.kind), world.new_subscriber()
    before = state.members(owner.kind, id_)
    first = owner.add(caller, id_, subscriber, by, expect=201)
    second = owner.add(caller, id_, subscriber, by, expect=200)
    stamp = f"{owner.verb}_at"
    for answer in (first, second):
        shown = answer.json["subscriber"]
        if shown["id"] != subscriber["id"] or shown[stamp] != first.json["subscriber"][stamp]:
            raise answer.broken(f"subscriber {subscriber['id']} with {stamp} of the first time")
        if {name: shown[name] for name in subscriber} != subscriber:
            raise answer.broken(f"the subscriber as they are: {subscriber}")
    _check_recent(first, first.json["subscriber"][stamp])
    after = state.members(owner.kind, id_)
    if after.keys() - before.keys() != {subscriber["id"]} or before.keys() - after.keys():
        raise first.broken(f"one member more, {subscriber['id']}", str(sorted(after.keys() ^ before.keys())))
    if after[subscriber["id"]][stamp] != first.json["subscriber"][stamp]:
        raise first.broken(f"the same {stamp} in the list", str(after[subscriber["id"]]))


def _check_recent(answer: Answer, text: str) -> None:
    if abs(datetime.fromisoformat(text) - datetime.now(UTC)) > _CLOCK_SKEW:
        raise answer.broken("a date of now", text)


@pytest.mark.parametrize("by", ["id", "email"])
def test_an_inactive_subscriber_stays_as_they_are(
    caller: Caller, world: World, state: State, owner: Owner, by: str
) -> None:
    """Putting somebody in leaves their state, and lists show them under that state. (chosen)"""
    subscriber = world.new_subscriber()
    caller.call("unsubscribe_subscriber", {"id": subscriber["id"]}, expect=204)
    answer = owner.add(caller, world.some(owner.kind), subscriber, by, expect=201)
    state.expect(answer, "subscriber", subscriber["id"], state="cancelled")


def test_only_who_exists_is_put_in(caller: Caller, world: World, state: State, owner: Owner) -> None:
    """An address that nobody has is a 404, and makes no subscriber. (seen)"""
    with state.nothing_else("subscriber"):
        body = {"email_address": world.email()}
        caller.call(f"{owner.put}_by_email", {f"{owner.kind}_id": world.some(owner.kind)}, body=body, expect=404)


def test_others_have_nothing_of_it(caller: Caller, world: World, state: State, owner: Owner) -> None:
    """Putting in to one puts in to no other one. (reference)"""
    others = [id_ for id_ in (row["id"] for row in world.rows(owner.kind)) if id_ != world.some(owner.kind)][:3]
    subscriber = world.new_subscriber()
    answer = owner.add(caller, world.some(owner.kind), subscriber, "id", expect=201)
    for id_ in others:
        if subscriber["id"] in state.members(owner.kind, id_):
            raise answer.broken(f"no new member of {owner.kind} {id_}")


@pytest.mark.behaviour("current")
@pytest.mark.operations("add_form_subscriber", "add_form_subscriber_by_email", "list_form_subscribers")
@pytest.mark.parametrize("by", ["id", "email"])
def test_the_page_that_led_to_a_form_is_kept(caller: Caller, world: World, state: State, by: str) -> None:
    """`referrer` is kept with its UTM parameters, and says where a new subscriber came from. (later docs)"""
    form, subscriber = world.some("form"), world.new_subscriber()
    url = "https://example.com/page?utm_source=radio&utm_medium=air&utm_campaign=c&utm_term=t&utm_content=d"
    path: dict[str, object] = {"form_id": form}
    body: dict[str, object] = {"referrer": url}
    operation = "add_form_subscriber" if by == "id" else "add_form_subscriber_by_email"
    if by == "id":
        path["id"] = subscriber["id"]
    else:
        body["email_address"] = subscriber["email_address"]
    answer = caller.call(operation, path, body=body, expect=201)
    parameters = {"source": "radio", "medium": "air", "campaign": "c", "term": "t", "content": "d"}
    for shown in (answer.json["subscriber"], state.members("form", form)[subscriber["id"]]):
        if shown["referrer"] != url or shown["referrer_utm_parameters"] != parameters:
            raise answer.broken(f"referrer {url} and {parameters}", str(shown))


# -------------------- Tags alone


@pytest.mark.operations("untag_subscriber", "untag_subscriber_by_email")
@pytest.mark.parametrize("by", ["id", "email", "email in another case"])
def test_a_tag_is_taken_away(caller: Caller, world: World, state: State, by: str) -> None:
    """Untagging is a 204, takes that tag from that subscriber alone, and works again. (reference; again: chosen)"""
    tag, other_tag = world.new_tag()["id"], world.new_tag()["id"]
    one, other = world.new_subscriber(), world.new_subscriber()
    for tag_id in (tag, other_tag):
        for subscriber in (one, other):
            caller.call("tag_subscriber", {"tag_id": tag_id, "id": subscriber["id"]}, expect=201)
    address = one["email_address"] if by == "email" else one["email_address"].upper()
    for _ in range(2):
        if by == "id":
            answer = caller.call("untag_subscriber", {"tag_id": tag, "id": one["id"]}, expect=204)
        else:
            body = {"email_address": address}
            answer = caller.call("untag_subscriber_by_email", {"tag_id": tag}, body=body, expect=204)
        if state.members("tag", tag).keys() != {other["id"]} or state.members("tag", other_tag).keys() != {
            one["id"],
            other["id"],
        }:
            raise answer.broken("that tag taken from that subscriber alone", "another state")
        if state.tags_of(one["id"]) != {other_tag} or state.tags_of(other["id"]) != {tag, other_tag}:
            raise answer.broken("that tag taken from that subscriber alone", str(state.tags_of(one["id"])))
    state.expect(answer, "subscriber", one["id"], state="active")
    caller.call("tag_subscriber", {"tag_id": tag, "id": one["id"]}, expect=201, why="after it was taken away")


@pytest.mark.operations("untag_subscriber_by_email")
def test_nobody_is_untagged(caller: Caller, world: World) -> None:
    """Untagging by an address that nobody has is a 404. (reference)"""
    body = {"email_address": world.email()}
    caller.call("untag_subscriber_by_email", {"tag_id": world.some("tag")}, body=body, expect=404)


@pytest.mark.operations("list_subscriber_tags", "tag_subscriber")
def test_tags_of_a_subscriber_are_listed(caller: Caller, world: World, state: State) -> None:
    """A subscriber's tags are those that they were given, by name, and no other's. (reference)"""
    subscriber, tags = world.new_subscriber(), [world.new_tag() for _ in range(2)]
    if state.tags_of(subscriber["id"]):
        raise caller.call("list_subscriber_tags", {"subscriber_id": subscriber["id"]}).broken("no tags yet")
    stamps = {}
    for tag in tags:
        answer = caller.call("tag_subscriber", {"tag_id": tag["id"], "id": subscriber["id"]}, expect=201)
        stamps[tag["id"]] = answer.json["subscriber"]["tagged_at"]
    answer = caller.call("list_subscriber_tags", {"subscriber_id": subscriber["id"]}, expect=200)
    shown = {row["id"]: (row["name"], row.get("tagged_at", row.get("added_at"))) for row in answer.json["tags"]}
    if shown != {tag["id"]: (tag["name"], stamps[tag["id"]]) for tag in tags}:
        raise answer.broken(f"the tags {[tag['name'] for tag in tags]} with their dates")


@pytest.mark.operations("update_tag")
def test_a_renamed_tag_keeps_its_subscribers(caller: Caller, world: World, state: State) -> None:
    """A renamed tag has the same subscribers. (reference)"""
    tag, subscriber = world.new_tag(), world.new_subscriber()
    caller.call("tag_subscriber", {"tag_id": tag["id"], "id": subscriber["id"]}, expect=201)
    answer = caller.call("update_tag", {"id": tag["id"]}, body={"name": world.name("renamed")}, expect=200)
    if state.members("tag", tag["id"]).keys() != {subscriber["id"]}:
        raise answer.broken("the same subscribers afterwards", str(state.members("tag", tag["id"])))
