"""Webhooks: each event is told once to each webhook that is about it, with the documented body, and to no other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from tests.contract.caller import Answer, Caller
from tests.contract.receiver import Received, Receiver
from tests.contract.state import State
from tests.contract.world import World

_SECONDS = 4.0
_QUIET_SECONDS = 0.25
# Where the document describes what is told of an event, by the beginning of its name.
_BODIES = {"subscriber": "subscriberEvent", "custom_field": "customFieldEvent", "purchase": "purchaseCreated"}


@attrs.frozen
class Event:
    """An event, what makes it happen, and what a webhook says that it is about.

    `happen` makes it happen and returns the id of the subscriber, or of the purchase or field.
    """

    name: str
    operation: str
    happen: Callable[[World, dict[str, int]], int]
    parameter: str | None = None

    @property
    def shown_as(self) -> str:
        """Its name in answers."""
        return self.name.partition(".")[2]


def _add(operation: str, owner: str) -> Callable[[World, dict[str, int]], int]:
    def happen(world: World, about: dict[str, int]) -> int:
        id_: int = world.new_subscriber()["id"]
        world.caller.call(operation, {f"{owner}_id": about["id"], "id": id_}, expect=201)
        return id_

    return happen


def _untag(world: World, about: dict[str, int]) -> int:
    id_ = _add("tag_subscriber", "tag")(world, about)
    world.caller.call("untag_subscriber", {"tag_id": about["id"], "id": id_}, expect=204)
    return id_


def _unsubscribe(world: World, about: dict[str, int]) -> int:
    id_: int = world.new_subscriber()["id"]
    world.caller.call("unsubscribe_subscriber", {"id": id_}, expect=204)
    world.caller.call("unsubscribe_subscriber", {"id": id_}, expect=204)  # Which changes nothing.
    return id_


def _activate(world: World, about: dict[str, int]) -> int:
    known = world.new_subscriber()
    # A known address is no new subscriber.
    world.caller.call("create_subscriber", body={"email_address": known["email_address"]}, expect=200)
    id_: int = known["id"]
    return id_


def _change_value(world: World, about: dict[str, int]) -> int:
    field = next(row for row in world.rows("custom_field") if row["id"] == about["id"])
    known = world.new_subscriber()
    body = {"email_address": known["email_address"], "fields": {field["key"]: "x"}}
    world.caller.call("update_subscriber", {"id": known["id"]}, body=body, expect=200)
    world.caller.call("update_subscriber", {"id": known["id"]}, body=body, expect=200)  # Which changes nothing.
    id_: int = known["id"]
    return id_


def _delete_field(world: World, about: dict[str, int]) -> int:
    id_: int = world.new_custom_field()["id"]
    world.caller.call("delete_custom_field", {"id": id_}, expect=204)
    return id_


_EVENTS = [
    Event("subscriber.subscriber_activate", "create_subscriber", _activate),
    Event("subscriber.subscriber_unsubscribe", "unsubscribe_subscriber", _unsubscribe),
    Event("subscriber.tag_add", "tag_subscriber", _add("tag_subscriber", "tag"), "tag_id"),
    Event("subscriber.tag_remove", "untag_subscriber", _untag, "tag_id"),
    Event("subscriber.form_subscribe", "add_form_subscriber", _add("add_form_subscriber", "form"), "form_id"),
    Event(
        "subscriber.course_subscribe",
        "add_sequence_subscriber",
        _add("add_sequence_subscriber", "sequence"),
        "course_id",
    ),
    Event("purchase.purchase_create", "create_purchase", lambda world, about: int(world.new_purchase()["id"])),
    Event(
        "custom_field.field_created", "create_custom_field", lambda world, about: int(world.new_custom_field()["id"])
    ),
    Event("custom_field.field_deleted", "delete_custom_field", _delete_field),
    Event("custom_field.field_value_updated", "update_subscriber", _change_value, "custom_field_id"),
]


def _impossible(world: World, about: dict[str, int]) -> int:
    raise NotImplementedError("no request makes this happen")


_NOT_BY_REQUESTS = [
    Event("subscriber.subscriber_bounce", "create_webhook", _impossible),
    Event("subscriber.subscriber_complain", "create_webhook", _impossible),
    Event("subscriber.course_complete", "create_webhook", _impossible, "course_id"),
]
"""Events that requests can only ask to be told of."""


def _param(event: Event) -> Any:
    marks = [pytest.mark.operations("create_webhook", "delete_webhook", "list_webhooks", event.operation)]
    if event.name.startswith("custom_field."):
        marks.append(pytest.mark.behaviour("current"))
    return pytest.param(event, id=event.shown_as, marks=marks)


@pytest.mark.parametrize("event", [_param(event) for event in _EVENTS])
def test_an_event_is_told_once(caller: Caller, world: World, event: Event) -> None:
    """An event is one POST to each webhook that is about it, with the documented body; after deletion none. (later docs)"""
    about, other = _subjects(world, event)
    with Receiver() as receiver:
        urls = {name: receiver.url() for name in ("mine", "of another", "deleted")}
        mine = _webhook(world, event, urls["mine"], about)
        if event.parameter is not None and other:
            _webhook(world, event, urls["of another"], other)
        deleted = _webhook(world, event, urls["deleted"], about)
        answer = caller.call("delete_webhook", {"id": deleted["id"]}, expect=204)
        if mine["event"]["name"] != event.shown_as:
            raise answer.broken(f"the event {event.shown_as}", str(mine))
        id_ = event.happen(world, about)
        received = receiver.wait(urls["mine"], 1, _SECONDS)
        if not received and not caller.server.is_on_this_machine:
            pytest.skip("nothing was delivered: the server may not reach this machine")
        time.sleep(_QUIET_SECONDS)
        _check(caller, event, answer, receiver, urls, id_)
        caller.call("delete_webhook", {"id": mine["id"]}, expect=204)


def _check(caller: Caller, event: Event, answer: Answer, receiver: Receiver, urls: dict[str, str], id_: int) -> None:
    received = receiver.at(urls["mine"])
    if len(received) != 1:
        raise answer.broken(f"one delivery of {event.name}", f"{len(received)}")
    for name in ("of another", "deleted"):
        if receiver.at(urls[name]):
            raise answer.broken(f"no delivery of {event.name} to a webhook that is {name}", "one")
    _check_body(caller, event, answer, received[0], id_)


def _check_body(caller: Caller, event: Event, answer: Answer, received: Received, id_: int) -> None:
    if received.method != "POST" or received.media_type != "application/json":
        raise answer.broken("a POST of JSON", f"{received.method} of {received.media_type}")
    body, document = received.json, caller.document
    webhook = document.raw["webhooks"][
        _BODIES["subscriber" if event.shown_as == "field_value_updated" else event.name.partition(".")[0]]
    ]
    schema = document.resolve(webhook["post"]["requestBody"])["content"]["application/json"]["schema"]
    if problems := document.problems(schema, body):
        raise answer.broken(f"a body of {event.name} that fits its schema", "; ".join(problems[:3]))
    inner = body.get("subscriber", body.get("custom_field", body))
    if inner["id"] != id_:
        raise answer.broken(f"a body about {id_}", str(inner["id"]))
    if "subscriber" in body:
        shown = caller.call("get_subscriber", {"id": id_}, expect=200).json["subscriber"]
        wrong = {name for name, value in inner.items() if shown[name] != value and name != "fields"}
        if wrong or not {"first_name", "email_address", "state", "created_at", "fields"} <= inner.keys():
            raise answer.broken(f"the subscriber as they are: {shown}", str(inner))


def _subjects(world: World, event: Event) -> tuple[dict[str, int], dict[str, int]]:
    """Return the subject of an event, and another of the same kind if there is one."""
    match event.parameter:
        case None:
            return {}, {}
        case "tag_id":
            return {"id": world.new_tag()["id"]}, {"id": world.new_tag()["id"]}
        case "custom_field_id":
            return {"id": world.new_custom_field()["id"]}, {"id": world.new_custom_field()["id"]}
        case _:
            kind = "form" if event.parameter == "form_id" else "sequence"
            rows = world.rows(kind)
            if not rows:
                pytest.skip(f"the account has no {kind}")
            return {"id": rows[0]["id"]}, {"id": rows[1]["id"]} if len(rows) > 1 else {}


def _webhook(world: World, event: Event, url: str, about: dict[str, int]) -> dict[str, Any]:
    subject = {event.parameter: about["id"]} if event.parameter else {}
    return world.new_webhook(target_url=url, event={"name": event.name, **subject})


# -------------------- Webhooks as things


@pytest.mark.operations("create_webhook", "list_webhooks", "delete_webhook")
@pytest.mark.parametrize("event", [_param(event) for event in (*_EVENTS, *_NOT_BY_REQUESTS)])
def test_a_webhook_is_kept(caller: Caller, world: World, event: Event) -> None:
    """A webhook is listed with its event, what that is about, and its target, until it is deleted. (reference)"""
    state, (about, _) = State(world), _subjects(world, event)
    subject = {event.parameter: about["id"]} if event.parameter else {}
    # Null is as good as absent, in a parameter of another event.
    others = {} if event.parameter == "course_id" else {"course_id": None}
    body = {
        "target_url": f"https://hooks.example.com/{world.name('x').replace(' ', '-')}",
        "event": {"name": event.name, **subject, **others},
    }
    with state.nothing_else("webhook", new=1):
        answer = caller.call("create_webhook", body=body, expect=201)
    made = answer.json["webhook"]
    shown = {"sequence_id" if name == "course_id" else name: value for name, value in subject.items()}
    if made["target_url"] != body["target_url"] or made["event"] | {"name": event.shown_as, **shown} != made["event"]:
        raise answer.broken(f"{event.shown_as} with {shown} to {body['target_url']}")
    state.expect(answer, "webhook", made["id"], **made)
    with state.nothing_else("webhook", made["id"]):
        answer = caller.call("delete_webhook", {"id": made["id"]}, expect=204)
    state.expect_none(answer, "webhook", made["id"])
    caller.call("delete_webhook", {"id": made["id"]}, expect=404)


@pytest.mark.operations("create_webhook")
def test_bad_webhooks_are_refused(caller: Caller, world: World) -> None:
    """A webhook about what doesn't exist, of an event without its subject, or to no URL is a 422. (chosen)"""
    state = State(world)
    url = "https://hooks.example.com/x"
    bad: list[dict[str, Any]] = [
        {"target_url": url, "event": {"name": "subscriber.tag_add", "tag_id": 2**40}},
        {"target_url": url, "event": {"name": "subscriber.form_subscribe", "form_id": 2**40}},
        {"target_url": url, "event": {"name": "subscriber.tag_add"}},
        {"target_url": url, "event": {"name": "tag_add", "tag_id": world.some("tag")}},
        {"target_url": "ftp://example.com/x", "event": {"name": "subscriber.subscriber_activate"}},
        {"target_url": " ", "event": {"name": "subscriber.subscriber_activate"}},
    ]
    with state.nothing_else("webhook"):
        for body in bad:
            caller.call("create_webhook", body=body, expect=422, why=f"for {body}")


@pytest.mark.behaviour("current")
@pytest.mark.operations("delete_webhook")
def test_a_locked_webhook_stays(caller: Caller, world: World) -> None:
    """A webhook that can't be deleted is a 422, and stays. (later docs)"""
    locked = [row["id"] for row in (caller.server.account or {}).get("webhooks", ()) if row.get("locked")]
    if not locked:
        pytest.skip("no locked webhook is known (--account)")
    with State(world).nothing_else("webhook"):
        caller.call("delete_webhook", {"id": locked[0]}, expect=422)
