"""The endpoints of subscribers."""

from __future__ import annotations

from typing import Any

import attrs

from kit_mock.endpoints import bulk, rendering
from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, date_filters, page
from kit_mock.model import accounts, representations, subscribers, values
from kit_mock.model.account import Account
from kit_mock.model.field_values import FieldSet
from kit_mock.model.subscriber_rows import COLUMNS, Subscriber
from kit_mock.protocol.errors import Refusal, not_found, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation_messages import at_most
from kit_mock.state.clock import timestamp

_FEW = 5000
"""As many rows are sorted faster than a page of them is found among a million subscribers."""
_MANY = 50_000
"""As many ids are searched in the time of a page. Exports in windows of dates have fewer in each window."""
# Rates are in millionths, since cursors hold whole numbers.
_SORTS = {
    "id": None,
    "created_at": "s.created_at",
    "updated_at": "s.updated_at",
    "cancelled_at": "s.cancelled_at",
    "canceled_at": "s.cancelled_at",
    "engagement__sent": "s.sent",
    "engagement__opens": "s.opens",
    "engagement__clicks": "s.clicks",
    "engagement__open_rate": "(1000000 * s.opens / max(s.sent, 1))",
    "engagement__click_rate": "(1000000 * s.clicks / max(s.sent, 1))",
}
_MOST_FIELDS = 140
_SYNCHRONOUS_FIELDS = 10
"""With more, the answer is a 202 that shows the values from before."""
_IN_FULL = f"SELECT {rendering.IN_FULL} FROM subscribers s WHERE s.account_id = ? AND s.id = ?"
_OF_CANCELLED = ("cancelled_at", "canceled_at")


@operation("list_subscribers", unchecked=["email_address"])
def list_subscribers(call: Call) -> Reply:
    """Answer GET /v4/subscribers. Without `status` and `sort_field`, active ones by id descending."""
    sort = call.query.get("sort_field", "id")
    include = call.query.get("include", ())
    if call.query.get("status") != "cancelled":
        if sort in _OF_CANCELLED:
            raise unprocessable(f"The status param must be `cancelled` if sort_field is `{sort}`")
        if "canceled_at" in include:
            raise unprocessable("The status param must be `cancelled` if include has `canceled_at`")
    listing = Listing(
        tuple,
        columns=rendering.IN_FULL if include else COLUMNS,
        source="subscribers s",
        key="s.id",
        since="s.created_at",
        sort=_SORTS[sort],
        descending=call.query.get("sort_order", "desc") == "desc",
    )
    listing.narrow("s.account_id = ?", call.account.id)
    rendering.narrow_to_status(call, listing)
    if "email_address" in call.query:
        addresses = _addresses(call, call.query["email_address"])
        listing.narrow(f"s.email_address IN ({', '.join('?' * len(addresses))})", *addresses)
    if sort in _OF_CANCELLED:
        listing.narrow("s.cancelled_at IS NOT NULL")
    for name in ("created", "updated"):
        _narrow_to_dates(call, listing, name)
    return page(call, listing, "subscribers", lambda rows: rendering.listed(call, rows))


def _addresses(call: Call, text: str) -> list[str]:
    """Return the addresses of the filter, today several with commas between. Raises Refusal 422 for an invalid one."""
    given = [part for part in text.split(",") if part.strip()] if call.account.behaviour.today_fields else [text]
    found = [values.email_address(part) for part in given or [text]]
    if None in found:
        raise unprocessable(values.EMAIL_INVALID)
    return [address for address in found if address is not None]


@operation("get_subscriber")
def get_subscriber(call: Call) -> Reply:
    """Answer GET /v4/subscribers/{id}, with the date of cancellation and the location."""
    return Reply(200, {"subscriber": render(call.account, call.path["id"])})


def render(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's subscriber with that id in full. Raises Refusal 404."""
    row = account.store.row(_IN_FULL, (account.id, id_))
    if row is None:
        raise not_found()
    subscriber, extra = rendering.parts(row)
    (shown,) = representations.subscribers(account, [subscriber])
    details = rendering.details(extra)
    return {**shown, "canceled_at": details["canceled_at"], "location": details["location"]}


@operation("create_subscriber", unchecked=["email_address"])
def create_subscriber(call: Call) -> Reply:
    """Answer POST /v4/subscribers, an upsert: 201 for a new subscriber, 200 for a known one, who keeps their state.

    With more than 10 custom fields, 202 with the values from before; the next read has the new ones.
    """
    email_address = _email_address(call)
    fields = _fields(call)
    known = subscribers.by_email(call.account, email_address)
    if known is not None:
        first_name = call.body.get("first_name", known.first_name)
        updated = subscribers.update(call.account, known, first_name=first_name, fields=fields)
        return _with_fields(call, 200, updated, known.field_values, fields)
    created = subscribers.create(
        call.account,
        email_address,
        first_name=call.body.get("first_name"),
        state=call.body.get("state") or "active",
        fields=fields,
    )
    return _with_fields(call, 201, created, None, fields)


@operation("update_subscriber", unchecked=["email_address"])
def update_subscriber(call: Call) -> Reply:
    """Answer PUT /v4/subscribers/{id}: 200, or 202 with more than 10 custom fields.

    By the reference, the address is required.
    """
    known = subscribers.by_id(call.account, call.path["id"])
    is_kept = call.account.behaviour.partial_update and "email_address" not in call.body
    email_address = None if is_kept else _email_address(call)
    fields = _fields(call)
    first_name = call.body.get("first_name", known.first_name)
    updated = subscribers.update(call.account, known, email_address=email_address, first_name=first_name, fields=fields)
    return _with_fields(call, 200, updated, known.field_values, fields)


@operation("unsubscribe_subscriber")
def unsubscribe_subscriber(call: Call) -> Reply:
    """Answer POST /v4/subscribers/{id}/unsubscribe: 204, also for one who is cancelled already."""
    subscribers.unsubscribe(call.account, subscribers.by_id(call.account, call.path["id"]))
    return Reply(204)


@operation("list_subscriber_tags")
def list_subscriber_tags(call: Call) -> Reply:
    """Answer GET /v4/subscribers/{subscriber_id}/tags, by the id of the tag, descending."""
    id_ = subscribers.by_id(call.account, call.path["subscriber_id"]).id
    listing = Listing(
        tuple,
        columns="m.tag_id, t.name, m.at",
        source="tag_subscribers m CROSS JOIN tags t ON t.id = m.tag_id",
        key="m.tag_id",
        since="m.at",
    )
    listing.narrow("m.subscriber_id = ?", id_)

    def render_tags(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
        return [{"id": tag, "name": name, "tagged_at": timestamp(at)} for tag, name, at in rows]

    return page(call, listing, "tags", render_tags)


def _check_limit(call: Call, items: bulk.Items) -> None:
    """Raise Refusal 403 if the active subscribers and the new valid addresses together exceed the account's limit."""
    limit = accounts.details(call.account).subscriber_limit
    if limit is None:
        return
    sql = "SELECT count(*) FROM subscribers WHERE account_id = ? AND state = 'active'"
    room = limit - call.account.store.value(sql, (call.account.id,))
    if len(items) <= room:  # Avoids a look-up of each address, which blocks all other requests.
        return
    new: set[str] = set()
    for item in items:
        found = values.email_address(item.get("email_address"))
        if found is not None and found.lower() not in new and subscribers.by_email(call.account, found) is None:
            new.add(found.lower())
            if len(new) > room:
                raise Refusal(403, ("This request would exceed your subscriber limit",))


@bulk.operation(
    "bulk_create_subscribers", "subscribers", unchecked_in_items=["email_address", "first_name"], check=_check_limit
)
def bulk_create_subscribers(call: Call, items: bulk.Items) -> dict[str, Any]:
    """Answer POST /v4/bulk/subscribers, an upsert of each: a failure doesn't stop the other items.

    Several items with one address have one result.
    """
    saved: dict[int, Subscriber] = {}
    failures = []
    for item in items:
        first_name = item.get("first_name")
        email_address = values.email_address(item.get("email_address"))
        if email_address is None:
            failed = {"first_name": first_name, "email_address": None, "state": "active", "created_at": None}
            failures.append({"subscriber": failed, "errors": [values.EMAIL_INVALID]})
            continue
        found = subscribers.by_email(call.account, email_address)
        if found is None:
            state = item.get("state") or "active"
            found = subscribers.create(call.account, email_address, first_name=first_name, state=state)
        else:
            first_name = item.get("first_name", found.first_name)
            found = subscribers.update(call.account, found, first_name=first_name)
        saved[found.id] = found
    return {"subscribers": {id_: rendering.briefly(found) for id_, found in saved.items()}, "failures": failures}


def _span(call: Call, listing: Listing[Any]) -> tuple[int, int] | None:
    """Return the lowest and the highest id of a list. None if the list is empty or longer than `_MANY`."""
    ids = f"SELECT s.id AS id FROM {listing.source} WHERE {' AND '.join(listing.where)} LIMIT {_MANY}"
    sql = f"SELECT count(*), min(id), max(id) FROM ({ids})"
    # Cached, since each page of the list needs it.
    ((count, lowest, highest),) = call.account.store.cached_rows("subscribers", sql, (*listing.arguments,))
    return (lowest, highest) if 0 < count < _MANY else None


def _narrow_to_dates(call: Call, listing: Listing[Any], name: str) -> None:
    """Apply the filters `{name}_after` and `{name}_before`.

    Few matches are found by the index of the date and sorted. With many, it is faster to read in the order of the page,
    which soon is full; the unary plus keeps SQLite from using the index of the date. Matches between two dates may all be
    far from the start of that order: then only the span of their ids is read, unless they are too many.
    """
    filters = date_filters(call, name)
    column = f"s.{name}_at"
    if filters and column != listing.sort:
        probe = attrs.evolve(listing, where=[*listing.where], arguments=[*listing.arguments])
        probe.compare(column, filters)
        if probe.count(call, limit=_FEW) == _FEW:
            column = f"+{column}"
            if listing.sort is None and len(filters) > 1 and (span := _span(call, probe)):
                listing.narrow(f"{listing.key} BETWEEN ? AND ?", *span)
    listing.compare(column, filters)


def _email_address(call: Call) -> str:
    email_address = values.email_address(call.body.get("email_address"))
    if email_address is None:
        raise unprocessable(values.EMAIL_INVALID)
    return email_address


def _fields(call: Call) -> dict[str, str | None]:
    """Return the `fields` of the body, whose types are validated already. Raises Refusal 422 for too many."""
    fields: dict[str, str | None] = call.body.get("fields") or {}
    if len(fields) > _MOST_FIELDS:
        raise unprocessable(f"Fields {at_most(_MOST_FIELDS)}")
    return fields


def _with_fields(
    call: Call, status: int, subscriber: Subscriber, before: str | None, fields: dict[str, str | None]
) -> Reply:
    """Answer with a subscriber; if many values were set, with 202 and the values from before.

    Today, `warnings` names each unknown field. Kit's wording is not known.
    """
    if len(fields) > _SYNCHRONOUS_FIELDS:
        status, subscriber = 202, subscriber._replace(field_values=before)
    found: dict[str, Any] = {"subscriber": representations.subscriber(call.account, subscriber)}
    unknown = FieldSet.of(call.account).unknown(fields) if call.account.behaviour.unknown_fields_warn else []
    if unknown:
        found["warnings"] = [f"Custom field {name!r} does not exist and was ignored" for name in unknown]
    return Reply(status, found)
