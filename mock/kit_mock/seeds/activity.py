"""What an account of a seed has done: broadcasts and purchases."""

from __future__ import annotations

from typing import Any

import msgspec

from kit_mock.endpoints.purchase_input import AMOUNTS, read
from kit_mock.model import audience
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.seeds.fields import Item, as_integer, as_text
from kit_mock.seeds.source import Node
from kit_mock.seeds.target import Resource, Seeding, TargetAccount

_TEXTS = ("subject", "preview_text", "description", "content", "thumbnail_alt")
_NUMBERS = ("recipients", "opens", "clickers", "clicks", "unsubscribes")
_KINDS = {"tag": "tags", "segment": "segments"}
_GROUPS = ("all", "any", "none")


def _add_broadcast(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    """A broadcast is a draft, scheduled or, with a `send_at` that has passed, sent: to whom its filter finds now.

    Sent ones can have other numbers of their own, which nobody has a way to bring about through the API.
    """
    template = item.get("email_template")
    send_at = item.moment("send_at")
    found = {
        "created_at": seeding.created_at(item),
        **{name: item.text_or_null(name) for name in _TEXTS},
        "public": item.boolean("public") or False,
        "published_at": item.moment("published_at"),
        "send_at": send_at,
        "thumbnail_url": item.uri("thumbnail_url"),
        "email_address": item.email_address("email_address"),
    }
    chosen = _filter(account, item)
    is_aborted = item.boolean("aborted") or False
    if is_aborted and (send_at is None or send_at > seeding.now):
        item.required("aborted").refuse("goes with a `send_at` that has passed")
    if send_at is not None and not (found["subject"] and found["content"]):
        item.required("send_at").refuse("needs a subject and a content")
    numbers: dict[str, int] = {}
    for name in _NUMBERS:
        node = item.get(name)
        if node is not None:
            numbers[name] = as_integer(node, 0, LARGEST_ID)
            if send_at is None or send_at > seeding.now:
                node.refuse("goes with a `send_at` that has passed")
    values = {
        "account_id": account.id,
        **found,
        "aborted": is_aborted,
        "email_template_id": account.default_template
        if template is None
        else account.find("email templates", template),
        "subscriber_filter": msgspec.json.encode(chosen).decode(),
        **numbers,
    }
    if send_at is not None and send_at <= seeding.now:
        values["started_at"] = send_at
        values["published_at"] = send_at if found["published_at"] is None else found["published_at"]
        values.setdefault("recipients", audience.count(seeding.store, account.id, chosen))
    return seeding.insert(item, "broadcasts", values)


def _filter(account: TargetAccount, item: Item) -> audience.Filter:
    """The API's `subscriber_filter`, where names can stand for ids."""
    chosen: audience.Filter = []
    for node in item.items("subscriber_filter"):
        group = Item.of(node, _GROUPS)
        given = {name: [_part(account, part) for part in group.items(name)] for name in _GROUPS}
        chosen.append({name: parts for name, parts in given.items() if parts})
    problems = audience.problems(chosen)
    if problems:
        item.required("subscriber_filter").refuse(f"isn't one: {problems[0]}")
    return audience.normalized(chosen)


def _part(account: TargetAccount, node: Node) -> dict[str, Any]:
    item = Item.of(node, ("type", "ids"))
    item.required("type")
    kind = item.choice("type", (*_KINDS, "all_subscribers"))
    if kind not in _KINDS:
        return {"type": kind}
    return {"type": kind, "ids": [account.find(_KINDS[kind], id_) for id_ in item.items("ids")]}


def _add_purchase(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    """A purchase by one of the account's subscribers, with the rules that the API has for one."""
    moment = item.moment("transaction_time")
    lines = [Item.of(node, _LINE) for node in item.items("products")]
    not_read = ("id", "transaction_time", "source")
    plain = {name: _plain(node) for name, node in item.node.value.items() if name not in not_read}
    try:
        given = read(plain)
    except Refusal as refusal:
        item.node.refuse(f"isn't a purchase: {'; '.join(refusal.errors)}")
    store = seeding.store
    sql = "SELECT id FROM subscribers WHERE account_id = ? AND email_address = ?"
    subscriber = store.value(sql, (account.id, given.email_address))
    if subscriber is None:
        item.required("email_address").refuse("isn't that of one of the account's subscribers")
    values = {
        "account_id": account.id,
        "subscriber_id": subscriber,
        "transaction_id": given.transaction_id,
        "status": given.status,
        "source": item.text("source") or "api",
        "currency": given.currency,
        "transaction_time": seeding.now if moment is None else moment,
        **given.amounts,
    }
    id_ = seeding.insert(item, "purchases", values)
    for line_item, line in zip(lines, given.lines, strict=True):
        product = _product(seeding, account, line_item, line.pid, line.name)
        row = {"purchase_id": id_, "product_id": product, "name": line.name, "lid": line.lid}
        row |= {"quantity": line.quantity, "sku": line.sku, "unit_price": line.unit_price}
        seeding.row(line_item.node, "purchase_lines", row)
    return id_


def _product(seeding: Seeding, account: TargetAccount, item: Item, pid: str | None, name: str) -> int:
    """The id of the product of a line, which is made by the first line that has it."""
    node = item.get("product_id")
    wanted = None if node is None else as_integer(node, 1, LARGEST_ID)
    sql = "SELECT id FROM products WHERE account_id = ? AND pid IS ? AND (pid IS NOT NULL OR name = ?)"
    found: int | None = seeding.store.value(sql, (account.id, pid, name))
    if found is None:
        values = {"id": wanted, "account_id": account.id, "pid": pid, "name": name}
        found = seeding.row(item.node if node is None else node, "products", values)
        account.remember("products", found, pid or name, seeding.now)
    elif node is not None and wanted != found:
        node.refuse(f"is another than {found}, which the product with this pid has already")
    return found


def _plain(node: Node) -> Any:
    """A node as the JSON of a request would be."""
    if isinstance(node.value, dict):
        return {name: _plain(inner) for name, inner in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(inner) for inner in node.value]
    return as_text(node, blank=True) if isinstance(node.value, str) else node.value


_LINE = ("product_id", "name", "pid", "lid", "quantity", "sku", "unit_price")

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
