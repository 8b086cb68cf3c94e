"""How each resource of a seed becomes rows."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from kit_mock.endpoints import forms, sequences
from kit_mock.endpoints.custom_fields import key_of
from kit_mock.model import tags
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.seeds.fields import Item, as_json, as_text
from kit_mock.seeds.source import Node
from kit_mock.seeds.target import Resource, Seeding, TargetAccount, id_columns

_SOURCES = {"tag": "tags", "form": "forms", "sequence": "sequences", "segment": "segments"}


def _add_custom_field(seeding: Seeding, account: TargetAccount, item: Item) -> int:
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
    return id_


def _free_key(seeding: Seeding, account: TargetAccount, wanted: str) -> str:
    sql = "SELECT 1 FROM custom_fields WHERE account_id = ? AND key = ?"
    for key in itertools.chain([wanted], (f"{wanted}_{number}" for number in itertools.count(2))):
        if seeding.store.row(sql, (account.id, key)) is None:
            break
    return key


def _add_tag(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    with seeding.naming(item.node):
        tag = tags.create(seeding.account(account, created_at), name, id_columns(item))
    account.remember("tags", tag.id, name, created_at)
    return tag.id


def _add_form(seeding: Seeding, account: TargetAccount, item: Item) -> int:
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
    return id_


def _add_sequence(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    updated_at, template, active = item.moment("updated_at"), item.get("email_template"), item.boolean("active")
    send_hour, sources = item.integer("send_hour", 0, 23), item.items("exclude_subscriber_sources")
    values = {
        "account_id": account.id,
        "name": name,
        "created_at": created_at,
        "updated_at": created_at if updated_at is None else updated_at,
        "hold": item.boolean("hold") or False,
        "repeat": item.boolean("repeat") or False,
        "email_address": item.email_address("email_address"),
        "email_template_id": None if template is None else account.find("email templates", template),
        "send_days": as_json(_send_days(item)),
        "send_hour": sequences.SEND_HOUR if send_hour is None else send_hour,
        "time_zone": item.timezone("time_zone"),
        "active": True if active is None else active,
        "exclude_subscriber_sources": as_json([_source(account, node) for node in sources]),
        "email_count": item.integer("email_count", 0, LARGEST_ID) or 0,
        "stats": as_json(_sequence_stats(item)),
    }
    id_ = seeding.insert(item, "sequences", values)
    account.remember("sequences", id_, name, created_at)
    return id_


def _send_days(item: Item) -> list[str]:
    days = [as_text(node) for node in item.items("send_days")]
    for node in item.items("send_days"):
        if node.value not in sequences.DAYS:
            node.refuse(f"must be one of {', '.join(sequences.DAYS)}")
    return days or list(sequences.DAYS)


def _source(account: TargetAccount, node: Node) -> dict[str, Any]:
    """Whose subscribers a sequence leaves out: a type, such as `tag`, and ids or names."""
    item = Item.of(node, ("type", "ids"))
    item.required("type")
    kind = item.choice("type", _SOURCES) or ""
    return {"type": kind, "ids": [account.find(_SOURCES[kind], each) for each in item.items("ids")]}


def _sequence_stats(item: Item) -> dict[str, int]:
    node = item.get("stats")
    if node is None:
        return {}
    stats = Item.of(node, sequences.STATS)
    found = {name: stats.integer(name, 0, LARGEST_ID) for name in sequences.STATS}
    return {name: value for name, value in found.items() if value is not None}


def _add_segment(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    values = {"account_id": account.id, "name": name, "created_at": created_at}
    id_ = seeding.insert(item, "segments", values)
    account.remember("segments", id_, name, created_at)
    return id_


def _add_email_template(seeding: Seeding, account: TargetAccount, item: Item) -> int:
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
    return seeding.insert(item, "email_templates", values)


RESOURCES = {
    "custom_fields": Resource(("id", "label", "key", "name", "created_at", "locked"), _add_custom_field),
    "tags": Resource(("id", "name", "created_at"), _add_tag),
    "forms": Resource(
        ("id", "name", "created_at", "type", "format", "status", "uid", "embed_url", "embed_js"), _add_form
    ),
    "segments": Resource(("id", "name", "created_at"), _add_segment),
    "email_templates": Resource(("id", "name", "is_default", "category"), _add_email_template),
    "sequences": Resource(
        (
            *(
                "id",
                "name",
                "hold",
                "repeat",
                "created_at",
                "updated_at",
                "email_address",
                "email_template",
                "send_days",
            ),
            *("send_hour", "time_zone", "active", "exclude_subscriber_sources", "email_count", "stats"),
        ),
        _add_sequence,
    ),
}
