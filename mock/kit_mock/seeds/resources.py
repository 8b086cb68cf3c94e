"""How each resource of a seed becomes rows."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence

import msgspec

from kit_mock.resources import forms
from kit_mock.resources.custom_fields import key_of
from kit_mock.seeds.fields import Item, as_text
from kit_mock.seeds.source import Node
from kit_mock.seeds.target import Resource, Seeding, TargetAccount

STATES = ("active", "bounced", "cancelled", "complained", "inactive")


def _add_custom_field(seeding: Seeding, account: TargetAccount, item: Item) -> None:
    label = item.required_text("label")
    wanted = item.text("key")
    if wanted is not None and wanted != key_of(wanted):
        item.required("key").refuse(f"must be of a-z, 0-9 and underscores, such as {key_of(wanted)}")
    created_at = seeding.created_at(item)
    values = {"account_id": account.id, "label": label, "folded_label": label.casefold(), "created_at": created_at}
    key = wanted or _free_key(seeding, account, key_of(label))
    values["locked"] = item.boolean("locked") or False
    id_ = seeding.insert(item, "custom_fields", {**values, "key": key, "name": ""})
    name = item.text("name") or f"ck_field_{id_}_{key}"
    seeding.store.write("UPDATE custom_fields SET name = ? WHERE id = ?", (name, id_))
    for text in (key, label):
        if id_ not in account.names.setdefault("custom fields", {}).get(text.casefold(), []):
            account.remember("custom fields", id_, text, created_at)


def _free_key(seeding: Seeding, account: TargetAccount, wanted: str) -> str:
    sql = "SELECT 1 FROM custom_fields WHERE account_id = ? AND key = ?"
    for key in itertools.chain([wanted], (f"{wanted}_{number}" for number in itertools.count(2))):
        if seeding.store.row(sql, (account.id, key)) is None:
            break
    return key


def _add_tag(seeding: Seeding, account: TargetAccount, item: Item) -> None:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    values = {"account_id": account.id, "name": name, "folded_name": name.casefold(), "created_at": created_at}
    account.remember("tags", seeding.insert(item, "tags", values), name, created_at)


def _add_form(seeding: Seeding, account: TargetAccount, item: Item) -> None:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    values = {
        "account_id": account.id,
        "name": name,
        "created_at": created_at,
        "type": item.choice("type", forms.TYPES) or "embed",
        "format": item.text_or_null("format"),
        "status": item.choice("status", forms.STATUSES) or "active",
        "uid": item.text("uid") or "",
        "embed_url": item.uri("embed_url") or "",
        "embed_js": item.uri("embed_js") or "",
    }
    id_ = seeding.insert(item, "forms", values)
    # What follows from the id looks like Kit's and is the same in every run.
    uid = values["uid"] or hashlib.sha256(f"form {id_}".encode()).hexdigest()[:10]
    embed_url = values["embed_url"] or f"https://forms.example.com/{uid}"
    embed_js = values["embed_js"] or f"{embed_url}/index.js"
    with seeding.naming(item.node):
        sql = "UPDATE forms SET uid = ?, embed_url = ?, embed_js = ? WHERE id = ?"
        seeding.store.write(sql, (uid, embed_url, embed_js, id_))
    account.remember("forms", id_, name, created_at)


def _add_sequence(seeding: Seeding, account: TargetAccount, item: Item) -> None:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    values = {
        "account_id": account.id,
        "name": name,
        "created_at": created_at,
        "hold": item.boolean("hold") or False,
        "repeat": item.boolean("repeat") or False,
    }
    account.remember("sequences", seeding.insert(item, "sequences", values), name, created_at)


def _add_segment(seeding: Seeding, account: TargetAccount, item: Item) -> None:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    values = {"account_id": account.id, "name": name, "created_at": created_at}
    account.remember("segments", seeding.insert(item, "segments", values), name, created_at)


def _add_email_template(seeding: Seeding, account: TargetAccount, item: Item) -> None:
    is_default = item.boolean("is_default") or False
    sql = "SELECT 1 FROM email_templates WHERE account_id = ? AND is_default"
    if is_default and seeding.store.row(sql, (account.id,)) is not None:
        item.required("is_default").refuse("is true of another template already")
    values = {
        "account_id": account.id,
        "name": item.required_text("name"),
        "is_default": is_default,
        "category": item.text("category") or "HTML",
    }
    seeding.insert(item, "email_templates", values)


def _add_subscriber(seeding: Seeding, account: TargetAccount, item: Item) -> None:
    item.required("email_address")
    memberships = [
        (kind, node, *_membership(account, kind, node)) for kind in _MEMBERSHIPS for node in item.items(kind)
    ]
    updated_at, cancelled_at = item.moment("updated_at"), item.moment("cancelled_at")
    dates = [(item.get("updated_at"), updated_at), (item.get("cancelled_at"), cancelled_at)]
    created_at = _creation(seeding, item, [*dates, *((node, at) for _, node, _, at in memberships)])
    updated_at = created_at if updated_at is None else updated_at
    state = item.choice("state", STATES) or "active"
    if state == "cancelled":
        cancelled_at = updated_at if cancelled_at is None else cancelled_at
    elif cancelled_at is not None:
        item.required("cancelled_at").refuse("goes with the state `cancelled` alone")
    values = {
        "account_id": account.id,
        "email_address": item.email_address("email_address"),
        "first_name": item.text_or_null("first_name"),
        "state": state,
        "created_at": created_at,
        "updated_at": updated_at,
        "cancelled_at": cancelled_at,
        "field_values": _field_values(account, item),
    }
    id_ = seeding.insert(item, "subscribers", values)
    for kind, node, owner, at in memberships:
        table, column, _ = _MEMBERSHIPS[kind]
        # A membership without a date began as early as it could.
        at = max(created_at, account.dates[kind][owner]) if at is None else at
        seeding.row(node, table, {column: owner, "subscriber_id": id_, "at": at})


def _creation(seeding: Seeding, item: Item, dates: Sequence[tuple[Node | None, int | None]]) -> int:
    """When a subscriber was created, who has these other dates, none of which can be earlier."""
    created_at = item.moment("created_at")
    if created_at is None:
        return min([seeding.now, *(date for _, date in dates if date is not None)])
    for node, date in dates:
        if node is not None and date is not None and date < created_at:
            node.refuse("has a date before the subscriber's created_at")
    return created_at


# Table, column and date of what subscribers belong to.
_MEMBERSHIPS = {
    "tags": ("tag_subscribers", "tag_id", "tagged_at"),
    "forms": ("form_subscribers", "form_id", "added_at"),
    "sequences": ("sequence_subscribers", "sequence_id", "added_at"),
    "segments": ("segment_subscribers", "segment_id", "added_at"),
}


def _membership(account: TargetAccount, kind: str, node: Node) -> tuple[int, int | None]:
    """What a node refers to, and since when: a name, an id, or an object with either and a date."""
    stamp = _MEMBERSHIPS[kind][2]
    if not isinstance(node.value, dict):
        return account.find(kind, node), None
    item = Item.of(node, ("id", "name", stamp))
    reference = item.get("id") or item.get("name")
    if reference is None or ("id" in node.value and "name" in node.value):
        node.refuse("must have an id or a name")
    return account.find(kind, reference), item.moment(stamp)


def _field_values(account: TargetAccount, item: Item) -> str | None:
    node = item.get("fields")
    if node is None or node.value is None:
        return None
    if not isinstance(node.value, dict):
        node.refuse("must be an object, with keys and values")
    values = {}
    for key, value in node.value.items():
        ids = account.names.get("custom fields", {}).get(key.casefold(), [])
        if not ids:
            value.refuse("isn't the key or label of one of the account's custom fields")
        if value.value is not None and (text := as_text(value, blank=True)):
            values[str(ids[0])] = text
    return msgspec.json.encode(values).decode() if values else None


RESOURCES = {
    "custom_fields": Resource(("id", "label", "key", "name", "created_at", "locked"), _add_custom_field),
    "tags": Resource(("id", "name", "created_at"), _add_tag),
    "forms": Resource(
        ("id", "name", "created_at", "type", "format", "status", "uid", "embed_url", "embed_js"), _add_form
    ),
    "sequences": Resource(("id", "name", "hold", "repeat", "created_at"), _add_sequence),
    "segments": Resource(("id", "name", "created_at"), _add_segment),
    "email_templates": Resource(("id", "name", "is_default", "category"), _add_email_template),
    "subscribers": Resource(
        (
            *("id", "email_address", "first_name", "state", "created_at", "updated_at", "cancelled_at", "fields"),
            *_MEMBERSHIPS,
        ),
        _add_subscriber,
    ),
}
