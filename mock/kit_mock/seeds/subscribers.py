"""How the subscribers of a seed become rows, with what they belong to."""

from __future__ import annotations

from collections.abc import Sequence

from kit_mock.model import origins
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.seeds.fields import Item, as_json, as_text
from kit_mock.seeds.source import Node
from kit_mock.seeds.target import Resource, Seeding, TargetAccount

STATES = ("active", "bounced", "cancelled", "complained", "inactive")
ENGAGEMENT = ("sent", "opens", "clicks")
"""Numbers of messages, which lists can be sorted by."""

# Kind, node, id of the owner, date and referrer.
Membership = tuple[str, Node, int, int | None, str | None]


def _add_subscriber(seeding: Seeding, account: TargetAccount, item: Item) -> None:
    item.required("email_address")
    memberships = [_membership(account, kind, node) for kind in _MEMBERSHIPS for node in item.items(kind)]
    updated_at, cancelled_at = item.moment("updated_at"), item.moment("cancelled_at")
    dates = [(item.get("updated_at"), updated_at), (item.get("cancelled_at"), cancelled_at)]
    created_at = _creation(seeding, item, [*dates, *((node, at) for _, node, _, at, _ in memberships)])
    updated_at = created_at if updated_at is None else updated_at
    state = item.choice("state", STATES) or "active"
    if state == "cancelled":
        cancelled_at = updated_at if cancelled_at is None else cancelled_at
    elif cancelled_at is not None:
        item.required("cancelled_at").refuse("goes with the state `cancelled` alone")
    values = {
        **_engagement(item),
        "account_id": account.id,
        "attribution": _attribution(seeding, item, memberships),
        "location": _location(item),
        "email_address": item.email_address("email_address"),
        "first_name": item.text_or_null("first_name"),
        "state": state,
        "created_at": created_at,
        "updated_at": updated_at,
        "cancelled_at": cancelled_at,
        "field_values": _field_values(account, item),
    }
    id_ = seeding.insert(item, "subscribers", values)
    for kind, node, owner, at, referrer in memberships:
        table, column, _ = _MEMBERSHIPS[kind]
        # A membership without a date began as early as it could.
        at = max(created_at, account.dates[kind][owner]) if at is None else at
        row = {column: owner, "subscriber_id": id_, "at": at}
        seeding.row(node, table, {**row, "referrer": referrer} if kind == "forms" else row)


def _engagement(item: Item) -> dict[str, int]:
    found = {name: item.integer(name, 0, LARGEST_ID) or 0 for name in ENGAGEMENT}
    for name in ("opens", "clicks"):
        if found[name] > found["sent"]:
            item.required(name).refuse("can't be more than sent")
    return found


def _attribution(seeding: Seeding, item: Item, memberships: Sequence[Membership]) -> str | None:
    """Where a subscriber came from: as the seed has it, or else their first form."""
    node = item.get("attribution")
    if node is None:
        for kind, _, owner, _, referrer in memberships:
            if kind == "forms":
                name = seeding.store.value("SELECT name FROM forms WHERE id = ?", (owner,))
                return origins.of_form(name, referrer)
        return None
    if node.value is None:
        return None
    inner = Item.of(node, origins.ATTRIBUTION)
    number = "source_mechanism_id"
    texts = {name: inner.text_or_null(name) for name in origins.ATTRIBUTION if name != number}
    utm = {f"utm_{name}": value for name, value in origins.utm_parameters(texts["referrer"]).items()}
    given = {name: value for name, value in texts.items() if value is not None}
    return as_json({**utm, **given, number: inner.integer(number, 0, LARGEST_ID)})


def _location(item: Item) -> str | None:
    node = item.get("location")
    if node is None or node.value is None:
        return None
    inner = Item.of(node, origins.LOCATION)
    return as_json(
        {
            **{name: inner.text_or_null(name) for name in ("city", "state", "country")},
            "latitude": inner.number("latitude", -90, 90),
            "longitude": inner.number("longitude", -180, 180),
            "timezone": inner.timezone("timezone"),
        }
    )


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


def _membership(account: TargetAccount, kind: str, node: Node) -> Membership:
    """What a node refers to, and since when: a name, an id, or an object with either, a date and, of forms, a referrer."""
    stamp = _MEMBERSHIPS[kind][2]
    if not isinstance(node.value, dict):
        return kind, node, account.find(kind, node), None, None
    item = Item.of(node, ("id", "name", stamp, "referrer") if kind == "forms" else ("id", "name", stamp))
    reference = item.get("id") or item.get("name")
    if reference is None or ("id" in node.value and "name" in node.value):
        node.refuse("must have an id or a name")
    return kind, node, account.find(kind, reference), item.moment(stamp), item.text_or_null("referrer")


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
    return as_json(values) if values else None


RESOURCES = {
    "subscribers": Resource(
        (
            *("id", "email_address", "first_name", "state", "created_at", "updated_at", "cancelled_at", "fields"),
            *("attribution", "location", *ENGAGEMENT),
            *_MEMBERSHIPS,
        ),
        _add_subscriber,
    ),
}
