"""How a seed makes custom fields, tags, forms, sequences, segments and email templates."""

from __future__ import annotations

from typing import Any

from kit_mock.model import custom_fields, email_templates, forms, segments, sequences, tags
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.seeds.fields import Item, as_json, as_text
from kit_mock.seeds.node import Node
from kit_mock.seeds.target import Resource, Seeding, TargetAccount, given, id_columns

_SOURCES = {"tag": "tags", "form": "forms", "sequence": "sequences", "segment": "segments"}


def _add_custom_field(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    label, created_at, key = item.required_text("label"), seeding.created_at(item), item.text("key")
    if key is not None and key != custom_fields.key_of(key):
        item.required("key").refuse(f"must be of a-z, 0-9 and underscores, such as {custom_fields.key_of(key)}")
    columns = given(id=item.id(), key=key, name=item.text("name"), locked=item.boolean("locked"))
    with seeding.naming(item.node):
        field = custom_fields.create(seeding.account(account, created_at), label, columns)
    for text in {field.key.casefold(), label.casefold()}:
        account.remember("custom fields", field.id, text, created_at)
    return field.id


def _add_tag(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    with seeding.naming(item.node):
        tag = tags.create(seeding.account(account, created_at), name, id_columns(item))
    account.remember("tags", tag.id, name, created_at)
    return tag.id


def _add_form(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    columns = given(
        id=item.id(),
        type=item.choice("type", forms.TYPES),
        format=item.text_or_null("format"),
        status=item.choice("status", forms.STATUSES),
        uid=item.text("uid"),
        embed_url=item.uri("embed_url"),
        embed_js=item.uri("embed_js"),
    )
    with seeding.naming(item.node):
        form = forms.create(seeding.account(account, created_at), name, columns)
    account.remember("forms", form.id, name, created_at)
    return form.id


def _add_sequence(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    template, sources = item.get("email_template"), item.items("exclude_subscriber_sources")
    days = _send_days(item)
    columns = given(
        id=item.id(),
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
    with seeding.naming(item.node):
        sequence = sequences.create(seeding.account(account, created_at), name, columns)
    account.remember("sequences", sequence.id, name, created_at)
    return sequence.id


def _send_days(item: Item) -> list[str]:
    days = [as_text(node) for node in item.items("send_days")]
    for node in item.items("send_days"):
        if node.value not in sequences.DAYS:
            node.refuse(f"must be one of {', '.join(sequences.DAYS)}")
    return days


def _source(account: TargetAccount, node: Node) -> dict[str, Any]:
    """Return whose subscribers a sequence leaves out: a type, such as `tag`, and ids. A seed may give names for them."""
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


def _add_segment(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    name, created_at = item.required_text("name"), seeding.created_at(item)
    with seeding.naming(item.node):
        segment = segments.create(seeding.account(account, created_at), name, id_columns(item))
    account.remember("segments", segment.id, name, created_at)
    return segment.id


def _add_email_template(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    name = item.required_text("name")
    columns = given(id=item.id(), is_default=item.boolean("is_default"), category=item.text("category"))
    with seeding.naming(item.node):
        template = email_templates.create(seeding.account(account), name, columns)
    account.remember("email templates", template.id, name, 0)
    return template.id


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
            *("id", "name", "hold", "repeat", "created_at", "updated_at", "email_address", "email_template"),
            *("send_days", "send_hour", "time_zone", "active", "exclude_subscriber_sources", "email_count", "stats"),
        ),
        _add_sequence,
    ),
}
