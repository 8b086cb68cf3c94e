"""Subscribers of a seed, and their memberships."""

from __future__ import annotations

from collections.abc import Sequence

from kit_mock.model import memberships, origins, subscribers
from kit_mock.model.field_values import FieldSet
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.seeds.fields import Item, as_json, as_text
from kit_mock.seeds.node import Node
from kit_mock.seeds.target import Resource, Seeding, TargetAccount, given
from kit_mock.state.schema import LARGEST_COUNT

# Kind, node, id of what the subscriber belongs to, date and referrer.
Membership = tuple[str, Node, int, int | None, str | None]


def _add_subscriber(seeding: Seeding, account: TargetAccount, item: Item) -> int:
    item.required("email_address")
    belongs_to = [_membership(account, kind, node) for kind in _STAMPS for node in item.items(kind)]
    updated_at, cancelled_at = item.moment("updated_at"), item.moment("cancelled_at")
    dates = [(item.get("updated_at"), updated_at), (item.get("cancelled_at"), cancelled_at)]
    created_at = _creation(seeding, item, [*dates, *((node, at) for _, node, _, at, _ in belongs_to)])
    updated_at = created_at if updated_at is None else updated_at
    state = item.choice("state", subscribers.STATES) or "active"
    if state == "cancelled":
        cancelled_at = updated_at if cancelled_at is None else cancelled_at
    elif cancelled_at is not None:
        item.required("cancelled_at").refuse("goes with the state `cancelled` alone")
    columns = {
        **given(id=item.id()),
        **_engagement(item),
        "attribution": _attribution(item),
        "location": _location(item),
        "updated_at": updated_at,
        "cancelled_at": cancelled_at,
    }
    at_creation = seeding.account(account, created_at)
    subscriber = subscribers.create(
        at_creation,
        item.email_address("email_address") or "",
        first_name=item.text_or_null("first_name"),
        state=state,
        fields=_fields(account, item, FieldSet.of(at_creation)),
        columns=columns,
    )
    for kind, node, owner, at, referrer in belongs_to:
        # Without a date, it began once both were there.
        at = max(created_at, account.dates[kind][owner]) if at is None else at
        if not memberships.KINDS[kind].put(seeding.account(account, at), owner, subscriber, referrer):
            node.refuse("stands there already")
    attribution = item.get("attribution")
    if attribution is not None and attribution.value is None:
        seeding.store.update_row("subscribers", subscriber.id, {"attribution": None})
    return subscriber.id


def _engagement(item: Item) -> dict[str, int]:
    found = {name: item.integer(name, 0, LARGEST_COUNT) or 0 for name in subscribers.ENGAGEMENT}
    for name in ("opens", "clicks"):
        if found[name] > found["sent"]:
            item.required(name).refuse("can't be more than sent")
    return found


def _attribution(item: Item) -> str | None:
    """Return the subscriber's origin as JSON; None leaves it to the first form that they are added to."""
    node = item.get("attribution")
    if node is None or node.value is None:
        return None
    inner = Item.of(node, origins.ATTRIBUTION)
    number = "source_mechanism_id"
    texts = {name: inner.text_or_null(name) for name in origins.ATTRIBUTION if name != number}
    utm = {f"utm_{name}": value for name, value in origins.utm_parameters(texts["referrer"]).items()}
    return as_json({**utm, **given(**texts), number: inner.integer(number, 0, LARGEST_ID)})


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
    """Return when a subscriber was created: none of their other `dates` can be earlier, and the first is the default."""
    created_at = item.moment("created_at")
    if created_at is None:
        return min([seeding.now, *(date for _, date in dates if date is not None)])
    for node, date in dates:
        if node is not None and date is not None and date < created_at:
            node.refuse("has a date before the subscriber's created_at")
    return created_at


_STAMPS = {"tags": "tagged_at", "forms": "added_at", "sequences": "added_at", "segments": "added_at"}
"""The name of the date of each kind of membership."""


def _membership(account: TargetAccount, kind: str, node: Node) -> Membership:
    """Read a membership: a name, an id, or an object with one of these, a date and, for forms, a referrer."""
    stamp = _STAMPS[kind]
    if not isinstance(node.value, dict):
        return kind, node, account.find(kind, node), None, None
    item = Item.of(node, ("id", "name", stamp, "referrer") if kind == "forms" else ("id", "name", stamp))
    reference = item.get("id") or item.get("name")
    if reference is None or ("id" in node.value and "name" in node.value):
        node.refuse("must have an id or a name")
    return kind, node, account.find(kind, reference), item.moment(stamp), item.text_or_null("referrer")


def _fields(account: TargetAccount, item: Item, known: FieldSet) -> dict[str, str | None]:
    """Return the values of custom fields by key. A seed names a field by its key or label, in any case."""
    node = item.get("fields")
    if node is None or node.value is None:
        return {}
    if not isinstance(node.value, dict):
        node.refuse("must be an object, with keys and values")
    found: dict[str, str | None] = {}
    for name, value in node.value.items():
        ids = account.names.get("custom fields", {}).get(name.casefold(), [])
        if not ids:
            value.refuse("isn't the key or label of one of the account's custom fields")
        key = known.keys[str(ids[0])]
        if key in found:
            value.refuse(f"is the field {key}, which stands there already")
        found[key] = None if value.value is None else as_text(value, blank=True)
    return found


RESOURCES = {
    "subscribers": Resource(
        (
            *("id", "email_address", "first_name", "state", "created_at", "updated_at", "cancelled_at", "fields"),
            *("attribution", "location", *subscribers.ENGAGEMENT),
            *_STAMPS,
        ),
        _add_subscriber,
    ),
}
