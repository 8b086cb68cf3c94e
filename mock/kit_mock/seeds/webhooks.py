"""The webhooks of an account of a seed."""

from __future__ import annotations

from kit_mock.model.event_names import EVENTS, REQUESTED, Subject
from kit_mock.outbox import allowed_hosts
from kit_mock.seeds.fields import Item, as_text
from kit_mock.seeds.source import Node
from kit_mock.seeds.target import Resource, Seeding, TargetAccount

_SUBJECTS = {subject.noun: subject for subject in EVENTS.values() if subject is not None}


def _add_webhook(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    """A webhook. What its event is about is named as in `tag: Newsletter`; a product by its `pid`."""
    event = _event(item)
    values = {
        "account_id": account.id,
        "event": event,
        "subject": _subject(account, item, event, EVENTS[event]),
        "target_url": _url(item.required("target_url")),
        "created_at": seeding.created_at(item),
        "locked": item.boolean("locked") or False,
    }
    return seeding.insert(item, "webhooks", values)


def _event(item: Item) -> str:
    node = item.required("event")
    if isinstance(node.value, str) and node.value in REQUESTED:
        return REQUESTED[node.value]
    return item.choice("event", EVENTS) or ""


def _subject(account: TargetAccount, item: Item, event: str, subject: Subject | None) -> int | str | None:
    for noun, other in _SUBJECTS.items():
        node = item.get(noun)
        if node is not None and other is not subject:
            node.refuse(f"isn't what {event} is about")
    if subject is None:
        return None
    node = item.required(subject.noun)
    return _url(node) if subject.table is None else account.find(subject.table.replace("_", " "), node)


def _url(node: Node) -> str:
    text = as_text(node)
    if not allowed_hosts.is_web_url(text):
        node.refuse("is no http or https URL")
    return text


RESOURCES = {"webhooks": Resource(("id", "event", *_SUBJECTS, "target_url", "created_at", "locked"), _add_webhook)}
