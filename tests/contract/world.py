"""What a run works with: things that the account has, and those that the run makes, under a prefix of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pytest

from tests.contract.caller import Caller, ContractError
from tests.contract.document import Document

_LARGEST_PAGE = 1000
_OWNERS_TRIED = 10
_UNUSED_URL = "https://hooks.example.com"


@attrs.frozen
class Request:
    """The parameters and the body of a request of some operation."""

    path: Mapping[str, int] = attrs.field(factory=dict)
    query: Mapping[str, object] = attrs.field(factory=dict)
    body: Any = None


class World:
    """Finds and makes what requests are about. Names and addresses that it makes begin with `prefix`."""

    def __init__(self, caller: Caller, prefix: str) -> None:
        self.caller = caller
        self.prefix = prefix
        self._numbers = itertools.count(1)
        self._found: dict[str, int] = {}
        self._filled: set[str] = set()
        self._deletions: list[tuple[str, int]] = []
        self.left: list[str] = []
        """What the API has no way to delete."""

    def name(self, what: str = "x") -> str:
        """Return a name that nothing else has."""
        return f"{self.prefix} {what} {next(self._numbers)}"

    def email(self) -> str:
        """Return an address that nobody else has."""
        return f"{self.prefix}-{next(self._numbers)}@example.com"

    # -------------------- What the account has

    def rows(self, kind: str, **query: object) -> list[dict[str, Any]]:
        """Return the first page of a kind, as large as pages can be."""
        operation, name = f"list_{kind}s", f"{kind}s"
        self._needs(operation)
        found: list[dict[str, Any]] = self.caller.call(
            operation, query={"per_page": _LARGEST_PAGE} | query, expect=200
        ).json[name]
        return found

    def some(self, kind: str) -> int:
        """Return the id of one that is there all the while and that no test changes: made by the run if it may.

        Skips the test if there is none.
        """
        if kind not in self._found:
            make = {
                "broadcast": self.new_broadcast,
                "custom_field": self.new_custom_field,
                "purchase": self.new_purchase,
                "subscriber": self.new_subscriber,
                "tag": self.new_tag,
                "webhook": self.new_webhook,
            }.get(kind)
            if make is not None and not self.caller.server.read_only:
                self._found[kind] = make()["id"]
            else:
                rows = self.rows(kind)
                if not rows:
                    pytest.skip(f"the account has no {kind.replace('_', ' ')}")
                self._found[kind] = rows[0]["id"]
        return self._found[kind]

    def owner(self, operation_id: str, parameter: str, least: int) -> int:
        """Return the id of what a list belongs to: the one in the account with the most items, or one that was filled."""
        key = f"{operation_id} {parameter}"
        if key not in self._found:
            self._found[key] = max(
                self._owners(parameter), key=lambda id_: self._size(operation_id, parameter, id_, least)
            )
        return self._found[key]

    def _owners(self, parameter: str) -> list[int]:
        kind = parameter.removesuffix("_id")
        return [self.some(kind), *(row["id"] for row in self.rows(kind)[:_OWNERS_TRIED])]

    def _size(self, operation_id: str, parameter: str, id_: int, least: int) -> int:
        query = {"per_page": least} | everything(self.caller.document, operation_id)
        body = self.caller.call(operation_id, {parameter: id_}, query=query, expect=200).json
        return len(next(items for name, items in body.items() if name != "pagination"))

    def fill(self, operation_id: str, least: int) -> None:
        """Make things until a list has that many, if the run may change the account."""
        if self.caller.server.read_only or operation_id in self._filled:
            return
        self._filled.add(operation_id)
        self._needs(operation_id)
        fill = _FILLED.get(operation_id)
        if fill is not None:
            for _ in range(least):
                fill(self)

    def template(self) -> int:
        """Return the id of an email template that a broadcast can use: the default one, or the first."""
        rows = self.rows("email_template")
        if not rows:
            pytest.skip("the account has no email template")
        found: int = next((row["id"] for row in rows if row["is_default"]), rows[0]["id"])
        return found

    # -------------------- What the run makes

    def new_subscriber(self, **values: object) -> dict[str, Any]:
        """Make a subscriber."""
        body = {"email_address": self.email(), "first_name": "Ada"} | values
        found = self._made("create_subscriber", body, "subscriber")
        self.left.append(f"subscriber {found['email_address']}")
        return found

    def new_tag(self, **values: object) -> dict[str, Any]:
        """Make a tag."""
        found = self._made("create_tag", {"name": self.name("tag")} | values, "tag")
        self.left.append(f"tag {found['name']}")
        return found

    def new_custom_field(self, **values: object) -> dict[str, Any]:
        """Make a custom field."""
        found = self._made("create_custom_field", {"label": self.name("field")} | values, "custom_field")
        self._deletions.append(("delete_custom_field", found["id"]))
        return found

    def new_broadcast(self, **values: object) -> dict[str, Any]:
        """Make a draft."""
        body = {"subject": self.name("issue"), "content": "<p>Hello</p>", "description": "A test", "public": False}
        found = self._made("create_broadcast", body | values, "broadcast")
        self._deletions.append(("delete_broadcast", found["id"]))
        return found

    def purchase(self, **values: object) -> dict[str, Any]:
        """Return the fields of a purchase that nothing is wrong with."""
        product = {"name": "A book", "pid": "P-1", "lid": "L-2", "quantity": 1, "unit_price": 12.5}
        return {
            "transaction_id": self.name("T"),
            "email_address": self.email(),
            "currency": "USD",
            "products": [product],
        } | values

    def new_purchase(self, **values: object) -> dict[str, Any]:
        """Make a purchase."""
        found = self._made("create_purchase", {"purchase": self.purchase(**values)}, "purchase")
        self.left.append(f"purchase {found['transaction_id']}")
        return found

    def new_webhook(self, **values: object) -> dict[str, Any]:
        """Make a webhook whose target is nobody's, unless `values` has one."""
        body = {
            "target_url": f"{_UNUSED_URL}/{next(self._numbers)}",
            "event": {"name": "subscriber.subscriber_unsubscribe"},
        } | values
        found = self._made("create_webhook", body, "webhook")
        self._deletions.append(("delete_webhook", found["id"]))
        return found

    def _made(self, operation: str, body: object, envelope: str) -> dict[str, Any]:
        self._needs(operation)
        if self.caller.server.read_only:
            pytest.skip(f"{operation} changes the account, and the run may only read")
        answer = self.caller.call(operation, body=body, expect=201, why="for something new")
        found: dict[str, Any] = answer.json[envelope]
        return found

    def _needs(self, operation: str) -> None:
        if not self.caller.can_call(self.caller.document.operations[operation]):
            pytest.skip(f"{operation} takes an access token, and none was given")

    def clean_up(self) -> list[str]:
        """Delete the things that a run has made, and return those that can't be deleted."""
        for operation, id_ in reversed(self._deletions):
            try:
                self.caller.call(operation, {"id": id_}, expect=(204, 404))
            except ContractError:
                self.left.append(f"{operation.removeprefix('delete_')} {id_}")
        self._deletions.clear()
        return self.left

    # -------------------- Requests that nothing is wrong with

    def usual(self, operation_id: str) -> Request:
        """Return a request of an operation that succeeds, made anew for each call. Skips the test if there can't be one."""
        operation = self.caller.document.operations[operation_id]
        self._needs(operation_id)
        if not operation.is_read and self.caller.server.read_only:
            pytest.skip(f"{operation_id} changes the account, and the run may only read")
        make = _REQUESTS.get(operation_id)
        if make is not None:
            return make(self)
        return Request({name: self.some(_kind(operation_id, name)) for name in operation.in_path})


def everything(document: Document, operation_id: str) -> dict[str, object]:
    """Return the query that makes a list leave nothing out."""
    status = document.operations[operation_id].query.get("status")
    return {"status": "all"} if status is not None and "all" in status.schema.get("enum", ()) else {}


def _kind(operation_id: str, parameter: str) -> str:
    """Return what a parameter of the path names."""
    if parameter != "id":
        return parameter.removesuffix("_id")
    words = operation_id.split("_")
    if words[-1] == "subscriber":
        return "subscriber"
    return "custom_field" if "custom" in words else words[1]


def _by_email(owner: str) -> Callable[[World], Request]:
    return lambda world: Request(
        {f"{owner}_id": world.some(owner)}, body={"email_address": world.new_subscriber()["email_address"]}
    )


def _by_id(owner: str) -> Callable[[World], Request]:
    return lambda world: Request({f"{owner}_id": world.some(owner), "id": world.new_subscriber()["id"]})


def _tagged(world: World) -> tuple[int, dict[str, Any]]:
    tag, subscriber = world.some("tag"), world.new_subscriber()
    world.caller.call("tag_subscriber", {"tag_id": tag, "id": subscriber["id"]}, expect=201)
    return tag, subscriber


def _untag(world: World) -> Request:
    tag, subscriber = _tagged(world)
    return Request({"tag_id": tag, "id": subscriber["id"]})


def _untag_by_email(world: World) -> Request:
    tag, subscriber = _tagged(world)
    return Request({"tag_id": tag}, body={"email_address": subscriber["email_address"]})


def _untag_in_bulk(world: World) -> Request:
    tag, subscriber = _tagged(world)
    return Request(body={"taggings": [{"tag_id": tag, "subscriber_id": subscriber["id"]}]})


_REQUESTS: dict[str, Callable[[World], Request]] = {
    "update_account_colors": lambda world: Request(
        body={"colors": world.caller.call("list_account_colors").json["colors"]}
    ),
    "create_broadcast": lambda world: Request(body={"subject": world.name("issue"), "content": "<p>Hello</p>"}),
    "update_broadcast": lambda world: Request(
        {"id": world.new_broadcast()["id"]}, body={"subject": world.name("issue")}
    ),
    "delete_broadcast": lambda world: Request({"id": world.new_broadcast()["id"]}),
    "create_custom_field": lambda world: Request(body={"label": world.name("field")}),
    "update_custom_field": lambda world: Request(
        {"id": world.new_custom_field()["id"]}, body={"label": world.name("field")}
    ),
    "delete_custom_field": lambda world: Request({"id": world.new_custom_field()["id"]}),
    "bulk_create_custom_fields": lambda world: Request(body={"custom_fields": [{"label": world.name("field")}]}),
    "add_form_subscriber_by_email": _by_email("form"),
    "add_form_subscriber": _by_id("form"),
    "create_purchase": lambda world: Request(body={"purchase": world.purchase()}),
    "add_sequence_subscriber_by_email": _by_email("sequence"),
    "add_sequence_subscriber": _by_id("sequence"),
    "create_subscriber": lambda world: Request(body={"email_address": world.email()}),
    "update_subscriber": lambda world: Request(
        {"id": world.some("subscriber")}, body={"email_address": world.email(), "first_name": "Grace"}
    ),
    "unsubscribe_subscriber": lambda world: Request({"id": world.new_subscriber()["id"]}),
    "bulk_create_subscribers": lambda world: Request(
        body={"subscribers": [{"email_address": world.email(), "first_name": "Ada"}]}
    ),
    "create_tag": lambda world: Request(body={"name": world.name("tag")}),
    "update_tag": lambda world: Request({"id": world.new_tag()["id"]}, body={"name": world.name("tag")}),
    "tag_subscriber_by_email": _by_email("tag"),
    "tag_subscriber": _by_id("tag"),
    "untag_subscriber_by_email": _untag_by_email,
    "untag_subscriber": _untag,
    "bulk_create_tags": lambda world: Request(body={"tags": [{"name": world.name("tag")}]}),
    "bulk_tag_subscribers": lambda world: Request(
        body={"taggings": [{"tag_id": world.some("tag"), "subscriber_id": world.new_subscriber()["id"]}]}
    ),
    "bulk_untag_subscribers": _untag_in_bulk,
    "bulk_delete_tags": lambda world: Request(body={"tags": [{"id": world.new_tag()["id"]}]}),
    "bulk_update_custom_field_values": lambda world: Request(
        body={
            "custom_field_values": [
                {
                    "subscriber_id": world.new_subscriber()["id"],
                    "subscriber_custom_field_id": world.some("custom_field"),
                    "value": "Paris",
                }
            ]
        }
    ),
    "bulk_add_form_subscribers": lambda world: Request(
        body={
            "additions": [
                {
                    "form_id": world.some("form"),
                    "subscriber_id": world.new_subscriber()["id"],
                    "referrer": "https://example.com/?utm_source=radio",
                }
            ]
        }
    ),
    "create_webhook": lambda world: Request(
        body={
            "target_url": f"{_UNUSED_URL}/{world.name('hook').replace(' ', '-')}",
            "event": {"name": "subscriber.subscriber_unsubscribe"},
        }
    ),
    "delete_webhook": lambda world: Request({"id": world.new_webhook()["id"]}),
}


def _fill_owned(owner: str) -> Callable[[World], object]:
    operation = f"{'tag' if owner == 'tag' else f'add_{owner}'}_subscriber"
    return lambda world: world.caller.call(
        operation, {f"{owner}_id": world.some(owner), "id": world.new_subscriber()["id"]}, expect=201
    )


def _fill_tags_of_a_subscriber(world: World) -> None:
    world.caller.call("tag_subscriber", {"tag_id": world.new_tag()["id"], "id": world.some("subscriber")}, expect=201)


# What there is too little of in a new account, and how the API makes more of it.
_FILLED: dict[str, Callable[[World], object]] = {
    "list_broadcasts": World.new_broadcast,
    "list_custom_fields": World.new_custom_field,
    "list_form_subscribers": _fill_owned("form"),
    "list_purchases": World.new_purchase,
    "list_sequence_subscribers": _fill_owned("sequence"),
    "list_subscriber_tags": _fill_tags_of_a_subscriber,
    "list_subscribers": World.new_subscriber,
    "list_tag_subscribers": _fill_owned("tag"),
    "list_tags": World.new_tag,
    "list_webhooks": World.new_webhook,
}
