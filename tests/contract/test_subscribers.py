"""What writes do to subscribers: upserts, updates, unsubscribing, custom field values."""

from __future__ import annotations

import pytest

from tests.contract.caller import Caller
from tests.contract.state import State
from tests.contract.world import World

pytestmark = pytest.mark.operations("create_subscriber", "update_subscriber", "unsubscribe_subscriber")
_STATES = ("active", "bounced", "cancelled", "complained", "inactive")
_MANY = 11


@pytest.fixture
def state(world: World) -> State:
    return State(world)


@pytest.mark.operations("get_subscriber", "list_subscribers")
def test_a_new_subscriber_is_kept(caller: Caller, world: World, state: State) -> None:
    """A new address makes a subscriber, active, with the values that were sent. (reference)"""
    field = world.new_custom_field()
    for name in ("Ada", "Zoë 🦊", None):
        address = world.email()
        body = {"email_address": address, "first_name": name, "fields": {field["key"]: "x"}}
        with state.nothing_else("subscriber", new=1):
            answer = caller.call("create_subscriber", body=body, expect=201, why="for a new address")
        made = answer.json["subscriber"]
        values = {"email_address": address, "first_name": name, "state": "active"}
        if made | values != made or made["fields"].get(field["key"]) != "x":
            raise answer.broken(f"a subscriber with {values} and the value of the field")
        found = state.expect(answer, "subscriber", made["id"], **values)
        if {key: found[key] for key in made} != made:
            raise answer.broken("the same subscriber when it is read", str(found))


@pytest.mark.parametrize("given", _STATES)
def test_a_new_subscriber_has_the_state_that_was_sent(caller: Caller, world: World, state: State, given: str) -> None:
    """`state` is that of a new subscriber. (reference)"""
    answer = caller.call("create_subscriber", body={"email_address": world.email(), "state": given}, expect=201)
    state.expect(answer, "subscriber", answer.json["subscriber"]["id"], state=given, first_name=None)


def test_a_known_address_is_updated(caller: Caller, world: World, state: State) -> None:
    """A known address, in any case, is a 200: the name changes, the state and what isn't sent stay. (reference)"""
    field, other = world.new_custom_field(), world.new_custom_field()
    known = world.new_subscriber(fields={field["key"]: "kept", other["key"]: "old"})
    caller.call("unsubscribe_subscriber", {"id": known["id"]}, expect=204)
    for address in (known["email_address"], known["email_address"].upper()):
        body = {"email_address": address, "first_name": "Grace", "state": "active", "fields": {other["key"]: "new"}}
        with state.nothing_else("subscriber", known["id"]):
            answer = caller.call("create_subscriber", body=body, expect=200, why="for a known address")
        if answer.json["subscriber"]["id"] != known["id"]:
            raise answer.broken(f"subscriber {known['id']}")
        found = state.expect(answer, "subscriber", known["id"], first_name="Grace", state="cancelled")
        if (found["fields"][field["key"]], found["fields"][other["key"]]) != ("kept", "new"):
            raise answer.broken("one value changed and the other kept", str(found["fields"]))
    answer = caller.call("create_subscriber", body={"email_address": known["email_address"]}, expect=200)
    state.expect(answer, "subscriber", known["id"], first_name="Grace", created_at=known["created_at"])


@pytest.mark.operations("get_subscriber")
@pytest.mark.parametrize("name", ["first_name", "email_address"])
def test_an_update_changes_what_it_names(caller: Caller, world: World, state: State, name: str) -> None:
    """An update changes the values that it has, and nothing else. (reference)"""
    field = world.new_custom_field()
    known = world.new_subscriber(fields={field["key"]: "kept"})
    # By the reference the address can't be left out.
    body = {"email_address": known["email_address"]} if caller.server.behaviour == "reference" else {}
    body[name] = world.email() if name == "email_address" else "Grace"
    with state.nothing_else("subscriber", known["id"]):
        answer = caller.call("update_subscriber", {"id": known["id"]}, body=body, expect=200)
    expected = {key: known[key] for key in ("first_name", "email_address", "state", "created_at", "fields")} | body
    if answer.json["subscriber"] | expected != answer.json["subscriber"]:
        raise answer.broken(f"an answer with {expected}")
    state.expect(answer, "subscriber", known["id"], **expected)


def test_a_name_can_be_taken_away(caller: Caller, world: World, state: State) -> None:
    """A null as `first_name` takes the name away, in an update and in an upsert. (chosen)"""
    for operation in ("update_subscriber", "create_subscriber"):
        known = world.new_subscriber()
        path = {"id": known["id"]} if operation == "update_subscriber" else {}
        body = {"email_address": known["email_address"], "first_name": None}
        answer = caller.call(operation, path, body=body, expect=200)
        state.expect(answer, "subscriber", known["id"], first_name=None)


@pytest.mark.behaviour("current")
def test_an_empty_update_changes_nothing(caller: Caller, world: World, state: State) -> None:
    """`{}` is an update that changes nothing. (seen)"""
    known = world.new_subscriber()
    with state.nothing_else("subscriber"):
        caller.call("update_subscriber", {"id": known["id"]}, body={}, expect=200)


@pytest.mark.behaviour("reference")
def test_an_update_needs_the_address(caller: Caller, world: World) -> None:
    """An update without the address is a 422. (reference)"""
    known = world.new_subscriber()
    caller.call("update_subscriber", {"id": known["id"]}, body={"first_name": "Grace"}, expect=422)


def test_an_address_belongs_to_one(caller: Caller, world: World, state: State) -> None:
    """An address of another subscriber, in any case, is refused; one's own in another case isn't. (reference)"""
    one, other = world.new_subscriber(), world.new_subscriber()
    for address in (other["email_address"], other["email_address"].upper()):
        with state.nothing_else("subscriber"):
            caller.call("update_subscriber", {"id": one["id"]}, body={"email_address": address}, expect=422)
    body = {"email_address": one["email_address"].upper()}
    caller.call("update_subscriber", {"id": one["id"]}, body=body, expect=200)


def test_a_refused_write_changes_nothing(caller: Caller, world: World, state: State) -> None:
    """A request that is refused leaves everything as it was. (reference)"""
    known = world.new_subscriber()
    with state.nothing_else("subscriber"):
        caller.call("create_subscriber", body={"email_address": "nobody", "first_name": "X"}, expect=422)
        body = {"email_address": "nobody", "first_name": "X"}
        caller.call("update_subscriber", {"id": known["id"]}, body=body, expect=422)


def test_unsubscribing_cancels(caller: Caller, world: World, state: State) -> None:
    """Unsubscribing makes the state `cancelled`, once and for all, of that subscriber alone. (reference)"""
    known = world.new_subscriber()
    for _ in range(2):
        with state.nothing_else("subscriber", known["id"]):
            answer = caller.call("unsubscribe_subscriber", {"id": known["id"]}, expect=204)
        state.expect(answer, "subscriber", known["id"], state="cancelled", first_name=known["first_name"])
    if caller.server.behaviour == "current" and not state.get("subscriber", known["id"]).get("canceled_at"):
        raise answer.broken("canceled_at of a cancelled subscriber")


# -------------------- Custom field values


def test_values_are_kept_by_key(caller: Caller, world: World, state: State) -> None:
    """`fields` has every field of the account by its key, with the subscriber's value or null. (seen)"""
    one, other = world.new_custom_field(), world.new_custom_field()
    known = world.new_subscriber(fields={one["key"]: "a"})
    answer = caller.call("get_subscriber", {"id": known["id"]}, expect=200)
    keys = {row["key"] for row in state.listed("custom_field").values()}
    if (
        known["fields"].keys() != keys
        or known["fields"][one["key"]] != "a"
        or known["fields"][other["key"]] is not None
    ):
        raise answer.broken(f"values by the keys {sorted(keys)}", str(known["fields"]))
    body = {"email_address": known["email_address"], "fields": {other["key"]: "b"}}
    answer = caller.call("update_subscriber", {"id": known["id"]}, body=body, expect=200)
    fields = known["fields"] | {other["key"]: "b"}
    state.expect(answer, "subscriber", known["id"], fields=fields)
    for nothing in (None, ""):
        body["fields"] = {one["key"]: nothing}
        answer = caller.call("update_subscriber", {"id": known["id"]}, body=body, expect=200)
        state.expect(answer, "subscriber", known["id"], fields=fields | {one["key"]: None})


def test_unknown_fields_are_ignored(caller: Caller, world: World, state: State) -> None:
    """A value for a field that the account doesn't have is ignored; today a warning names it. (reference; warning: seen)"""
    name = world.name("nothing")
    for operation in ("create_subscriber", "update_subscriber"):
        known = world.new_subscriber()
        path = {"id": known["id"]} if operation == "update_subscriber" else {}
        body = {"email_address": known["email_address"], "fields": {name: "x"}}
        answer = caller.call(operation, path, body=body, expect=200)
        if name in answer.json["subscriber"]["fields"]:
            raise answer.broken("no field of that name")
        warnings = answer.json.get("warnings")
        if caller.server.behaviour == "reference" and warnings is not None:
            raise answer.broken("no warnings")
        if caller.server.behaviour == "current" and (not warnings or not any(name in text for text in warnings)):
            raise answer.broken("a warning that names the field")
        state.expect(answer, "subscriber", known["id"], fields=known["fields"])


def test_many_values_come_later(caller: Caller, world: World, state: State) -> None:
    """More than 10 values are a 202, and are there on the next read; 10 are a 201 or 200. (reference)"""
    field = world.new_custom_field()
    others = {f"{world.prefix} {number}": "x" for number in range(_MANY - 1)}
    ten = dict(list(others.items())[:-1]) | {field["key"]: "kept"}
    answer = caller.call("create_subscriber", body={"email_address": world.email(), "fields": ten}, expect=201)
    known = answer.json["subscriber"]
    given = {"email_address": known["email_address"], "fields": ten}
    caller.call("update_subscriber", {"id": known["id"]}, body=given, expect=200)
    eleven = others | {field["key"]: "kept"}
    for body in ({"email_address": world.email()}, {"email_address": known["email_address"]}):
        answer = caller.call("create_subscriber", body=body | {"fields": eleven}, expect=202)
        id_ = answer.json["subscriber"]["id"]
        if state.get("subscriber", id_)["fields"].get(field["key"]) != "kept":
            raise answer.broken("the value on the next read")
    answer = caller.call(
        "update_subscriber", {"id": id_}, body=body | {"fields": eleven | {field["key"]: "y"}}, expect=202
    )
    if state.get("subscriber", id_)["fields"].get(field["key"]) != "y":
        raise answer.broken("the value on the next read")


def test_more_values_than_an_account_can_have_are_refused(caller: Caller, world: World) -> None:
    """More than 140 values are a 422. (reference)"""
    known = world.new_subscriber()
    body = {"email_address": known["email_address"], "fields": {f"field_{number}": "x" for number in range(141)}}
    caller.call("create_subscriber", body=body, expect=422)
    caller.call("update_subscriber", {"id": known["id"]}, body=body, expect=422)


def test_values_follow_their_field(caller: Caller, world: World, state: State) -> None:
    """A renamed field keeps its values under the new key, and a deleted one takes them along. (reference; chosen)"""
    field, other = world.new_custom_field(), world.new_custom_field()
    known = world.new_subscriber(fields={field["key"]: "a", other["key"]: "b"})
    renamed = caller.call("update_custom_field", {"id": field["id"]}, body={"label": world.name("other")}, expect=200)
    key = renamed.json["custom_field"]["key"]
    fields = state.get("subscriber", known["id"])["fields"]
    if field["key"] in fields or fields.get(key) != "a" or fields[other["key"]] != "b":
        raise renamed.broken(f"the value under {key}", str(fields))
    answer = caller.call("delete_custom_field", {"id": field["id"]}, expect=204)
    fields = state.get("subscriber", known["id"])["fields"]
    if key in fields or fields[other["key"]] != "b":
        raise answer.broken(f"no value under {key}, and the other one kept", str(fields))
