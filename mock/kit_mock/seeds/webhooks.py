"""Webhooks of a seed."""

from __future__ import annotations

from kit_mock.model import webhooks
from kit_mock.model.account import Account
from kit_mock.model.event_names import EVENTS, Subject
from kit_mock.seeds.fields import Item, as_text
from kit_mock.seeds.target import Resource, Seeding, TargetAccount, given

_SUBJECTS = {subject.noun: subject for subject in EVENTS.values() if subject is not None}


def _add_webhook(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    """Add a webhook. Its event's subject is named as in `tag: Newsletter`, and a product by its `pid`."""
    at_creation = seeding.account(account, seeding.created_at(item))
    event = _event(at_creation, item)
    about = _subject(account, item, event, EVENTS[event])
    columns = given(id=item.id(), locked=item.boolean("locked"))
    return webhooks.create(at_creation, event, about, item.required_text("target_url"), columns).id


def _event(account: Account, item: Item) -> str:
    node, known = item.required("event"), webhooks.known_events(account)
    if isinstance(node.value, str) and node.value in known:
        return known[node.value]
    return item.choice("event", known.values()) or ""


def _subject(account: TargetAccount, item: Item, event: str, subject: Subject | None) -> int | str | None:
    for noun, other in _SUBJECTS.items():
        node = item.get(noun)
        if node is not None and other is not subject:
            node.refuse(f"isn't what {event} is about")
    if subject is None:
        return None
    node = item.required(subject.noun)
    if subject.table is None:
        return as_text(node, blank=True)
    return account.find(subject.table.replace("_", " "), node)


RESOURCES = {"webhooks": Resource(("id", "event", *_SUBJECTS, "target_url", "created_at", "locked"), _add_webhook)}
