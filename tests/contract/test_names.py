"""Tags and custom fields: names that are unique without regard to case, and what updates and deletions do."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from tests.contract.caller import Answer, Caller
from tests.contract.state import State
from tests.contract.world import World


@attrs.frozen
class Named:
    """A resource whose things have unique names."""

    kind: str
    label: str

    def create(self, caller: Caller, text: object, expect: int | None = None) -> Answer:
        """Send a request to create one."""
        return caller.call(f"create_{self.kind}", body={self.label: text}, expect=expect)

    def update(self, caller: Caller, id_: int, text: object, expect: int | None = None) -> Answer:
        """Send a request to give one another name."""
        return caller.call(f"update_{self.kind}", {"id": id_}, body={self.label: text}, expect=expect)

    def make(self, world: World) -> dict[str, Any]:
        """Make one."""
        return world.new_tag() if self.kind == "tag" else world.new_custom_field()


@pytest.fixture
def state(world: World) -> State:
    return State(world)


@pytest.fixture(
    params=[
        pytest.param(
            Named("tag", "name"), id="tag", marks=pytest.mark.operations("create_tag", "update_tag", "list_tags")
        ),
        pytest.param(
            Named("custom_field", "label"),
            id="custom_field",
            marks=pytest.mark.operations("create_custom_field", "update_custom_field", "list_custom_fields"),
        ),
    ]
)
def named(request: pytest.FixtureRequest) -> Named:
    found: Named = request.param
    return found


def _other_case(text: str) -> str:
    return text.swapcase()


def test_a_new_name_is_kept(caller: Caller, world: World, state: State, named: Named) -> None:
    """A new name makes one, and is shown as it was sent, without white space around it. (reference; the latter: chosen)"""
    for text in (world.name(), f"  {world.name('Zoë 🦊')} "):
        with state.nothing_else(named.kind, new=1):
            answer = named.create(caller, text, expect=201)
        made = answer.json[named.kind]
        if made[named.label] != text.strip():
            raise answer.broken(f"{named.label} {text.strip()!r}")
        state.expect(answer, named.kind, made["id"], **made)


def test_a_known_name_makes_nothing(caller: Caller, world: World, state: State, named: Named) -> None:
    """A name that exists, in any case, is a 200 with what exists today, and by the reference a 422. (seen)"""
    known = named.make(world)
    for text in (known[named.label], _other_case(known[named.label])):
        with state.nothing_else(named.kind):
            answer = named.create(caller, text, expect=200 if caller.server.behaviour == "current" else 422)
        if answer.status == 200 and answer.json[named.kind] != known:
            raise answer.broken(f"{known}")
        taken = f"{named.label.capitalize()} has already been taken"
        if answer.status == 422 and answer.errors != [taken]:
            raise answer.broken(f"the message {taken!r}")


def test_a_blank_name_is_refused(caller: Caller, world: World, state: State, named: Named) -> None:
    """A blank name is a 422 that says so, in creating and in updating. (reference)"""
    known = named.make(world)
    message = f"{named.label.capitalize()} can't be blank"
    for text in ("", "   "):
        with state.nothing_else(named.kind):
            answers = (named.create(caller, text, expect=422), named.update(caller, known["id"], text, expect=422))
        for answer in answers:
            if answer.errors != [message]:
                raise answer.broken(f"the message {message!r}")


def test_a_name_can_be_changed(caller: Caller, world: World, state: State, named: Named) -> None:
    """An update changes the name of that one alone. (reference)"""
    known = named.make(world)
    for text in (world.name("changed"), _other_case(world.name("changed"))):
        with state.nothing_else(named.kind, known["id"]):
            answer = named.update(caller, known["id"], text, expect=200)
        if answer.json[named.kind] | {named.label: text, "id": known["id"]} != answer.json[named.kind]:
            raise answer.broken(f"{named.label} {text!r} and id {known['id']}")
        state.expect(answer, named.kind, known["id"], **answer.json[named.kind])


def test_a_name_of_another_is_refused(caller: Caller, world: World, state: State, named: Named) -> None:
    """An update to another's name, in any case, is a 422; one's own name in another case is taken. (reference; chosen)"""
    known, other = named.make(world), named.make(world)
    for text in (other[named.label], _other_case(other[named.label])):
        with state.nothing_else(named.kind):
            named.update(caller, known["id"], text, expect=422)
    for text in (known[named.label], _other_case(known[named.label])):
        answer = named.update(caller, known["id"], text, expect=200)
        state.expect(answer, named.kind, known["id"], **{named.label: text})


@pytest.mark.operations("create_custom_field", "update_custom_field")
def test_keys_are_made_from_labels(caller: Caller, world: World) -> None:
    """A key is the label in lower case with underscores, and is remade with it; the name of a field stays. (reference)"""
    label = world.name("Shoe SIZE, (EU)")
    made = caller.call("create_custom_field", body={"label": label}, expect=201)
    field = made.json["custom_field"]
    expected = "_".join("".join(c if c.isalnum() else " " for c in label.lower()).split())
    if field["key"] != expected or field["name"] != f"ck_field_{field['id']}_{expected}":
        raise made.broken(f"key {expected} and name ck_field_{field['id']}_{expected}")
    answer = caller.call("update_custom_field", {"id": field["id"]}, body={"label": f"{label} two"}, expect=200)
    changed = answer.json["custom_field"]
    if (changed["key"], changed["name"]) != (f"{expected}_two", field["name"]):
        raise answer.broken(f"key {expected}_two and name {field['name']}")
    caller.call("delete_custom_field", {"id": field["id"]}, expect=204)


@pytest.mark.operations("create_custom_field")
def test_keys_are_unique(caller: Caller, world: World) -> None:
    """Labels that would have the same key get keys that differ. (chosen)"""
    label = world.name("same")
    one, other = (world.new_custom_field(label=text) for text in (label, f"{label}!"))
    if one["key"] == other["key"]:
        raise caller.call("list_custom_fields").broken("two keys", one["key"])


@pytest.mark.operations("delete_custom_field")
def test_a_deleted_field_is_gone(caller: Caller, world: World, state: State) -> None:
    """A deleted field is in no list, can't be deleted again, and its label is free. (reference)"""
    known = world.new_custom_field()
    with state.nothing_else("custom_field", known["id"]):
        answer = caller.call("delete_custom_field", {"id": known["id"]}, expect=204)
    state.expect_none(answer, "custom_field", known["id"])
    caller.call("delete_custom_field", {"id": known["id"]}, expect=404)
    caller.call("update_custom_field", {"id": known["id"]}, body={"label": world.name()}, expect=404)
    again = world.new_custom_field(label=known["label"])
    if again["id"] == known["id"]:
        raise answer.broken("another id for a new field", str(again["id"]))


@pytest.mark.operations("delete_custom_field")
def test_a_locked_field_stays(caller: Caller, state: State) -> None:
    """A field that can't be deleted is a 422, and stays. (reference)"""
    locked = [row["label"] for row in (caller.server.account or {}).get("custom_fields", ()) if row.get("locked")]
    if not locked:
        pytest.skip("no locked field is known (--account)")
    id_ = next(row["id"] for row in state.listed("custom_field").values() if row["label"] == locked[0])
    with state.nothing_else("custom_field"):
        caller.call("delete_custom_field", {"id": id_}, expect=422)
