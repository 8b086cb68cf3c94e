"""Custom fields, tags, forms, sequences, segments and email templates of a seed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from kit_mock.model import custom_fields, email_templates, forms, segments, sequences, tags
from kit_mock.model.account import Account
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.seeds.fields import Item, as_choice, as_json
from kit_mock.seeds.node import Node
from kit_mock.seeds.target import Resource, Seeding, TargetAccount, given

_Named = email_templates.EmailTemplate | forms.Form | segments.Segment | sequences.Sequence | tags.Tag

_SOURCES = {"tag": "tags", "form": "forms", "sequence": "sequences", "segment": "segments"}


def _add_custom_field(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    label, created_at, key = item.required_text("label"), seeding.created_at(item), item.text("key")
    if key is not None and key != custom_fields.key_of(key):
        item.required("key").refuse(f"must be of a-z, 0-9 and underscores, such as {custom_fields.key_of(key)}")
    columns = given(id=item.id(), key=key, name=item.text("name"), locked=item.boolean("locked"))
    field = custom_fields.create(seeding.account(account, created_at), label, columns)
    for text in {field.key.casefold(), label.casefold()}:
        account.remember("custom fields", field.id, text, created_at)
    return field.id


def _add_named(
    kind: str,
    create: Callable[[Account, str, dict[str, Any]], _Named],
    seeding: Seeding,
    account: TargetAccount,
    item: Item,
    **columns: Any,
) -> int:
    """Add a thing that the rest of the seed can refer to by its name."""
    name, created_at = item.required_text("name"), seeding.created_at(item)
    created = create(seeding.account(account, created_at), name, given(id=item.id(), **columns))
    account.remember(kind, created.id, name, created_at)
    return created.id


def _add_form(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    return _add_named(
        "forms",
        forms.create,
        seeding,
        account,
        item,
        type=item.choice("type", forms.TYPES),
        format=item.text_or_null("format"),
        status=item.choice("status", forms.STATUSES),
        uid=item.text("uid"),
        embed_url=item.uri("embed_url"),
        embed_js=item.uri("embed_js"),
    )


def _add_sequence(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    template, sources = item.get("email_template"), item.items("exclude_subscriber_sources")
    days = [as_choice(node, sequences.DAYS) for node in item.items("send_days")]
    return _add_named(
        "sequences",
        sequences.create,
        seeding,
        account,
        item,
        updated_at=item.moment("updated_at"),
        hold=item.boolean("hold"),
        repeat=item.boolean("repeat"),
        email_address=item.email_address("email_address"),
        email_template_id=None if template is None else account.find("email templates", template),
        send_days=as_json(days) if days else None,
        send_hour=item.integer("send_hour", 0, 23),
        time_zone=item.timezone("time_zone"),
        active=item.boolean("active"),
        exclude_subscriber_sources=as_json([_source(account, node) for node in sources]),
        email_count=item.integer("email_count", 0, LARGEST_ID),
        stats=as_json(_sequence_stats(item)),
    )


def _add_email_template(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    is_default, category = item.boolean("is_default"), item.text("category")
    create = email_templates.create
    return _add_named("email templates", create, seeding, account, item, is_default=is_default, category=category)


def _source(account: TargetAccount, node: Node) -> dict[str, Any]:
    """Read a source of subscribers whom a sequence leaves out: a type, such as `tag`, and ids or names."""
    item = Item.of(node, ("type", "ids"))
    item.required("type")
    kind = item.choice("type", _SOURCES) or ""
    return {"type": kind, "ids": [account.find(_SOURCES[kind], each) for each in item.items("ids")]}


def _sequence_stats(item: Item) -> dict[str, int]:
    node = item.get("stats")
    if node is None:
        return {}
    stats = Item.of(node, sequences.STATS)
    return given(**{name: stats.integer(name, 0, LARGEST_ID) for name in sequences.STATS})


RESOURCES = {
    "custom_fields": Resource(("id", "label", "key", "name", "created_at", "locked"), _add_custom_field),
    "tags": Resource(("id", "name", "created_at"), partial(_add_named, "tags", tags.create)),
    "forms": Resource(
        ("id", "name", "created_at", "type", "format", "status", "uid", "embed_url", "embed_js"), _add_form
    ),
    "segments": Resource(("id", "name", "created_at"), partial(_add_named, "segments", segments.create)),
    "email_templates": Resource(("id", "name", "is_default", "category"), _add_email_template),
    "sequences": Resource(
        (
            *("id", "name", "hold", "repeat", "created_at", "updated_at", "email_address", "email_template"),
            *("send_days", "send_hour", "time_zone", "active", "exclude_subscriber_sources", "email_count", "stats"),
        ),
        _add_sequence,
    ),
}
