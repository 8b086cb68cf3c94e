"""Broadcasts and purchases of a seed."""

from __future__ import annotations

from typing import Any

import attrs

from kit_mock.model import audience, broadcasts, products, purchase_input, purchases, subscribers
from kit_mock.model.purchase_input import AMOUNTS, Line
from kit_mock.protocol.casts import Caster
from kit_mock.seeds.fields import Item, as_integer, as_text
from kit_mock.seeds.node import Node
from kit_mock.seeds.target import Resource, Seeding, TargetAccount, errors_at, given
from kit_mock.state.schema import LARGEST_COUNT, LARGEST_GIVEN_ID

_TEXTS = ("subject", "preview_text", "description", "content", "thumbnail_alt")
_NUMBERS = ("recipients", "opens", "clickers", "clicks", "unsubscribes")
_KINDS = {"tag": "tags", "segment": "segments"}
_LINES = {"items": {"properties": {"quantity": {"type": "integer"}, "unit_price": {"type": "number"}}}}
_NUMBERS_OF_PURCHASE = Caster(
    lambda schema: schema,
    {
        "properties": {
            **{name: {"type": ["number", "null"]} for name in AMOUNTS},
            "shipping": {"type": ["integer", "null"]},
            "products": _LINES,
        }
    },
)
"""Reads the numbers of a purchase as the service does: "12.50" is one."""


def _add_broadcast(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    """Add a broadcast. One whose `send_at` has passed was sent then, and was created then if it has no `created_at`."""
    created_at, send_at = item.moment("created_at"), item.moment("send_at")
    is_sent = send_at is not None and send_at <= seeding.now
    if created_at is None:
        created_at = seeding.now if send_at is None else min(seeding.now, send_at)
    template = item.get("email_template")
    values = {
        **{name: item.text_or_null(name) for name in _TEXTS},
        "public": item.boolean("public") or False,
        "published_at": item.moment("published_at"),
        "send_at": send_at,
        "thumbnail_url": item.uri("thumbnail_url"),
        "email_address": item.email_address("email_address"),
        "email_template_id": None if template is None else account.find("email templates", template),
        "subscriber_filter": _filter(account, item),
    }
    told = _told(item, is_sent=is_sent)
    at_creation = seeding.account(account, created_at)
    return broadcasts.create(at_creation, values, columns=given(id=item.id()), present=seeding.now, stats=told).id


def _told(item: Item, *, is_sent: bool) -> dict[str, int]:
    """Return the numbers that a seed gives of a broadcast that was sent, by column."""
    told: dict[str, int] = {}
    for name in _NUMBERS:
        node = item.get(name)
        if node is not None:
            told[name] = as_integer(node, 0, LARGEST_COUNT)
    if item.boolean("aborted"):
        told["aborted"] = True
    if told and not is_sent:
        item.required(next(iter(told))).refuse("goes with a `send_at` that has passed")
    return told


def _filter(account: TargetAccount, item: Item) -> list[dict[str, list[dict[str, Any]]]]:
    """Read a `subscriber_filter` as the API has it, but with ids or names."""
    groups = [Item.of(node, audience.GROUPS) for node in item.items("subscriber_filter")]
    return [
        {name: [_part(account, part) for part in group.items(name)] for name in audience.GROUPS} for group in groups
    ]


def _part(account: TargetAccount, node: Node) -> dict[str, Any]:
    item = Item.of(node, ("type", "ids"))
    item.required("type")
    kind = item.choice("type", (*_KINDS, "all_subscribers"))
    if kind not in _KINDS:
        if (ids := item.get("ids")) is not None:
            ids.refuse("goes with a tag or a segment alone")
        return {"type": kind}
    return {"type": kind, "ids": [account.find(_KINDS[kind], id_) for id_ in item.items("ids")]}


def _add_purchase(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    """Add a purchase by one of the account's subscribers."""
    at_present = seeding.account(account)
    item.moment("transaction_time")  # Read here too, since this error names the line.
    lines = [Item.of(node, _LINE) for node in item.items("products")]
    purchase = purchase_input.read(at_present, _NUMBERS_OF_PURCHASE.cast(_plain(item.node)))
    buyer = subscribers.by_email(at_present, purchase.email_address)
    if buyer is None:
        item.required("email_address").refuse("isn't that of one of the account's subscribers")
    columns = given(id=item.id(), source=item.text("source"), created_at=0)
    id_ = purchases.create(at_present, buyer, purchase, columns)
    for line_item, line in zip(lines, purchase.lines, strict=True):
        purchases.add_line(at_present, id_, line, _product(seeding, account, line_item, line))
    return id_


def _product(seeding: Seeding, account: TargetAccount, item: Item, line: Line) -> int:
    """Return the id of a line's product. The first line with a product creates it."""
    node, at_present = item.get("product_id"), seeding.account(account)
    wanted = {} if node is None else {"id": as_integer(node, 1, LARGEST_GIVEN_ID)}
    found = products.find(at_present, line)
    if found is None:
        with errors_at(item.node if node is None else node):
            found = products.create(at_present, line, wanted)
        account.remember("products", found, line.pid or line.name, seeding.now)
    elif node is not None and wanted["id"] != found:
        node.refuse(f"is another than {found}, which the product with this pid has already")
    return found


def _plain(node: Node) -> Any:
    """Return a node as JSON in a request has it."""
    if isinstance(node.value, dict):
        return {name: _plain(inner) for name, inner in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(inner) for inner in node.value]
    return as_text(node, blank=True) if isinstance(node.value, str) else node.value


_LINE = ("product_id", *attrs.fields_dict(Line))

RESOURCES = {
    "broadcasts": Resource(
        (
            *("id", "created_at", *_TEXTS, "public", "published_at", "send_at", "thumbnail_url", "email_address"),
            *("email_template", "subscriber_filter", "aborted", *_NUMBERS),
        ),
        _add_broadcast,
    ),
    "purchases": Resource(
        (
            *("id", "transaction_id", "status", "email_address", "currency", "transaction_time", *AMOUNTS),
            *("source", "products"),
        ),
        _add_purchase,
    ),
}
