"""Tours of names, of subscribers, and of memberships."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from tests.mutants.exchange import Answer, Request
from tests.mutants.truth import Truth

Tour = Generator[Request, Answer, None]


def _named(operation: str, field: str, reads: str) -> Callable[[Truth], Tour]:
    def tour(truth: Truth) -> Tour:
        for name in ("Team spirit", "Team spirit", "TEAM SPIRIT", "Straße 2"):
            yield truth.request(operation, body={field: name})
            yield truth.request(reads)

    return tour


def _renamed(operation: str, id_: int, field: str, names: tuple[str, ...], reads: str) -> Callable[[Truth], Tour]:
    def tour(truth: Truth) -> Tour:
        for name in names:
            yield truth.request(operation, {"id": id_}, {field: name})
            yield truth.request(reads)

    return tour


def _upserts(truth: Truth) -> Tour:
    bodies: tuple[dict[str, Any], ...] = (
        {"email_address": "ada@example.com", "first_name": "Augusta", "fields": {"Team": "A"}},
        {"email_address": "ADA@example.com"},
        {"email_address": "dee@example.com", "first_name": "Dee Dee"},
        {"email_address": "bob@example.com", "state": "cancelled"},
        {"email_address": "dee@example.com", "state": "active"},
        {"email_address": "ada@example.com", "fields": {"unheard": "x", "Last name": "King"}},
        {"email_address": "many@example.com", "fields": {f"field {number}": "x" for number in range(10)}},
        {"email_address": "most@example.com", "fields": {f"field {number}": "x" for number in range(11)}},
    )
    for body in bodies:
        yield truth.request("create_subscriber", body=body)
        yield truth.request("list_subscribers", query={"status": "all"})
        yield truth.request("list_custom_fields")


def _updates(truth: Truth) -> Tour:
    bodies: tuple[dict[str, Any], ...] = (
        {"fields": {"Team": "A"}},
        {"email_address": "augusta@example.com"},
        {"email_address": "bob@example.com"},
        {"fields": {"unheard": "x", "Last name": "King"}},
        {"first_name": "Augusta"},
        {"fields": {f"field {number}": "x" for number in range(10)}},
        {"fields": {f"field {number}": "x" for number in range(11)}},
        {},
    )
    for body in bodies:
        yield truth.request("update_subscriber", {"id": 101}, body)
        yield truth.request("get_subscriber", {"id": 101})
        yield truth.request("list_custom_fields")


def _members(by_id: str, by_email: str, owner: str, id_: int) -> Callable[[Truth], Tour]:
    path = f"{owner}_id"
    owners = {"tag": (31, 32, 33), "form": (41, 43), "sequence": (51, 52)}[owner]

    def tour(truth: Truth) -> Tour:
        for address in ("flo@example.com", "dee@example.com", "ada@example.com", "ADA@example.com", "new@example.com"):
            referrer = {"referrer": "https://example.com/"} if owner == "form" else {}
            yield truth.request(by_email, {path: id_}, {"email_address": address, **referrer})
            yield truth.request("list_subscribers", query={"status": "all"})
            for each in owners:
                yield truth.request(f"list_{owner}_subscribers", {path: each}, query={"status": "all"})
        yield truth.request(by_id, {path: owners[0], "id": 101})
        made = yield truth.request("create_subscriber", body={"email_address": "fresh@example.com"})
        fresh = made.json["subscriber"]["id"]
        for subscriber in (fresh, 103, 102, 102):
            yield truth.request(by_id, {path: id_, "id": subscriber}, referrer or None)
            yield truth.request("get_subscriber", {"id": subscriber})
            for each in owners:
                yield truth.request(f"list_{owner}_subscribers", {path: each}, query={"status": "all"})

    return tour


def _untagging(truth: Truth) -> Tour:
    for tag in (32, 32, 31):
        yield truth.request("untag_subscriber", {"tag_id": tag, "id": 101})
        yield truth.request("list_subscriber_tags", {"subscriber_id": 101})
        yield truth.request("get_subscriber", {"id": 101})


def _untagging_by_email(truth: Truth) -> Tour:
    for address in ("BOB@example.com", "bob@example.com", "ada@example.com"):
        yield truth.request("untag_subscriber_by_email", {"tag_id": 32}, {"email_address": address})
        yield truth.request("list_tag_subscribers", {"tag_id": 32}, query={"status": "all"})
        yield truth.request("list_subscriber_tags", {"subscriber_id": 102})
        yield truth.request("get_subscriber", {"id": 102})


def _unsubscribing(truth: Truth) -> Tour:
    for subscriber in (101, 101, 104):
        yield truth.request("unsubscribe_subscriber", {"id": subscriber})
        yield truth.request("get_subscriber", {"id": subscriber})
        yield truth.request("list_subscribers")
        yield truth.request("list_subscriber_tags", {"subscriber_id": subscriber})


def _listing_forms(truth: Truth) -> Tour:
    for subscriber in (102, 101):
        yield truth.request("list_forms", query={"include": "subscriber_count"})
        yield truth.request("add_form_subscriber", {"form_id": 43, "id": subscriber})
    yield truth.request("list_forms", query={"include": "subscriber_count"})


def _listing_sequences(truth: Truth) -> Tour:
    for subscriber in (106, 101):
        yield truth.request("list_sequences")
        yield truth.request("add_sequence_subscriber", {"sequence_id": 52, "id": subscriber})
    yield truth.request("list_sequences")


def _listing_members(owner: str, id_: int, subscriber: int) -> Callable[[Truth], Tour]:
    add = "tag_subscriber" if owner == "tag" else f"add_{owner}_subscriber"

    def tour(truth: Truth) -> Tour:
        members = truth.request(f"list_{owner}_subscribers", {f"{owner}_id": id_}, query={"status": "all"})
        yield members
        yield truth.request(add, {f"{owner}_id": id_, "id": subscriber})
        yield members

    return tour


TOURS: dict[str, Callable[[Truth], Tour]] = {
    "create_tag": _named("create_tag", "name", "list_tags"),
    "create_custom_field": _named("create_custom_field", "label", "list_custom_fields"),
    "update_tag": _renamed("update_tag", 34, "name", ("Customer", "NOBODY HAS IT", "Somebody"), "list_tags"),
    "update_custom_field": _renamed("update_custom_field", 3, "label", ("Last name", "The Crew"), "list_custom_fields"),
    "create_subscriber": _upserts,
    "update_subscriber": _updates,
    "tag_subscriber": _members("tag_subscriber", "tag_subscriber_by_email", "tag", 33),
    "tag_subscriber_by_email": _members("tag_subscriber", "tag_subscriber_by_email", "tag", 33),
    "add_form_subscriber": _members("add_form_subscriber", "add_form_subscriber_by_email", "form", 43),
    "add_form_subscriber_by_email": _members("add_form_subscriber", "add_form_subscriber_by_email", "form", 43),
    "add_sequence_subscriber": _members("add_sequence_subscriber", "add_sequence_subscriber_by_email", "sequence", 52),
    "add_sequence_subscriber_by_email": _members(
        "add_sequence_subscriber", "add_sequence_subscriber_by_email", "sequence", 52
    ),
    "untag_subscriber": _untagging,
    "untag_subscriber_by_email": _untagging_by_email,
    "unsubscribe_subscriber": _unsubscribing,
    "get_subscriber": _updates,
    "list_forms": _listing_forms,
    "list_sequences": _listing_sequences,
    "list_form_subscribers": _listing_members("form", 43, 101),
    "list_sequence_subscribers": _listing_members("sequence", 52, 101),
}
"""By operation, what shows the rules that it has to follow."""
