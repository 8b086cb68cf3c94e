"""The subscribers of an account.

Chosen where the API says nothing: an explicit null as `first_name` clears it, a field that is left out stays;
`updated_at` moves when a value really changes, not when a tag does; a subscriber of any state can be unsubscribed; the
account's limit is asked for by bulk requests alone, as no other operation has an answer for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kit_mock.endpoints import bulk, custom_fields, people
from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.model import events, field_values, sending, values
from kit_mock.model.field_values import FieldSet
from kit_mock.protocol.errors import Refusal, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp

# Rows that are sorted faster than a page of them is found in an account of a million.
_FEW = 5000
# What `sort_field` orders by. A rate is a whole number, in millionths, as cursors hold whole numbers.
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
_OF_CANCELLED = ("cancelled_at", "canceled_at")


@operation("list_subscribers", judges=["email_address"])
def list_subscribers(call: Call) -> Reply:
    """Answer GET /v4/subscribers: active ones by id descending, unless filters and sort say otherwise."""
    sort = call.query.get("sort_field", "id")
    include = call.query.get("include", ())
    if call.query.get("status") != "cancelled":
        if sort in _OF_CANCELLED:
            raise unprocessable(f"The status param must be `cancelled` if sort_field is `{sort}`")
        if "canceled_at" in include:
            raise unprocessable("The status param must be `cancelled` if include has `canceled_at`")
    listing = Listing(
        columns=f"{people.COLUMNS}, {people.DETAILS}" if include else people.COLUMNS,
        source="subscribers s",
        key="s.id",
        since="s.created_at",
        sort=_SORTS[sort],
        descending=call.query.get("sort_order", "desc") == "desc",
    )
    listing.narrow("s.account_id = ?", call.account_id)
    people.narrow_to_status(call, listing)
    if "email_address" in call.query:
        addresses = _addresses(call, call.query["email_address"])
        listing.narrow(f"s.email_address IN ({', '.join('?' * len(addresses))})", *addresses)
    if sort in _OF_CANCELLED:
        listing.narrow("s.cancelled_at IS NOT NULL")
    for name in ("created", "updated"):
        _narrow_to_dates(call, listing, name)
    return Reply(200, page(call, listing, "subscribers", lambda rows: people.listed(call, rows)))


def _addresses(call: Call, text: str) -> list[str]:
    """Return the addresses of the filter, today several separated by commas. Raises Refusal 422 for one that is none."""
    given = [part for part in text.split(",") if part.strip()] if call.behaviour.today_fields else [text]
    found = [values.email_address(part) for part in given or [text]]
    if None in found:
        raise unprocessable(values.EMAIL_INVALID)
    return [address for address in found if address is not None]


@operation("get_subscriber")
def get_subscriber(call: Call) -> Reply:
    """Answer GET /v4/subscribers/{id}, with the date of cancellation and the location."""
    row = people.by_id(call, call.path["id"])
    sql = f"SELECT {people.DETAILS} FROM subscribers s WHERE s.id = ?"
    told = people.details(*(call.store.row(sql, (row[0],)) or ()))
    shown = people.shown(row, FieldSet.of(call))
    return Reply(200, {"subscriber": {**shown, "canceled_at": told["canceled_at"], "location": told["location"]}})


@operation("create_subscriber", judges=["email_address"])
def create_subscriber(call: Call) -> Reply:
    """POST /v4/subscribers, an upsert: 201 for a new subscriber, 200 for a known one, who keeps their state.

    With more than 10 custom fields it is a 202 that doesn't show their new values yet; they are there on the next read.
    """
    email_address = _email_address(call)
    given = field_values.given(call)
    row = people.by_email(call, email_address)
    if row is None:
        state = call.body.get("state") or "active"
        id_ = _create(call, email_address, call.body.get("first_name"), state)
        row = people.by_id(call, id_)
        status = 201
    else:
        people.update(call, row, first_name=call.body.get("first_name", row[1]))
        status = 200
    reply = _with_fields(call, status, row[0], given)
    if status == 201 and row[3] == "active":
        events.fire(call, "subscriber_activate", subscriber_id=row[0])
    return reply


@operation("update_subscriber", judges=["email_address"])
def update_subscriber(call: Call) -> Reply:
    """PUT /v4/subscribers/{id}: 200, or 202 with more than 10 custom fields. What is left out stays.

    By the reference, the address can't be left out.
    """
    row = people.by_id(call, call.path["id"])
    is_kept = call.behaviour.partial_update and "email_address" not in call.body
    email_address = row[2] if is_kept else _email_address(call)
    given = field_values.given(call)
    other = people.by_email(call, email_address)
    if other is not None and other[0] != row[0]:
        raise unprocessable("Email address has already been taken")
    people.update(call, row, email_address=email_address, first_name=call.body.get("first_name", row[1]))
    return _with_fields(call, 200, row[0], given)


@operation("unsubscribe_subscriber")
def unsubscribe_subscriber(call: Call) -> Reply:
    """POST /v4/subscribers/{id}/unsubscribe: the state becomes `cancelled`; a second time changes nothing."""
    row = people.by_id(call, call.path["id"])
    _cancel(call, row)
    return Reply(204)


@operation("list_subscriber_tags")
def list_subscriber_tags(call: Call) -> Reply:
    """GET /v4/subscribers/{subscriber_id}/tags, the newest tag first, whenever it was given."""
    people.by_id(call, call.path["subscriber_id"])
    listing = Listing(
        columns="m.tag_id, t.name, m.at",
        source="tag_subscribers m CROSS JOIN tags t ON t.id = m.tag_id",
        key="m.tag_id",
        since="m.at",
    )
    listing.narrow("m.subscriber_id = ?", call.path["subscriber_id"])
    return Reply(
        200,
        page(
            call,
            listing,
            "tags",
            lambda rows: [{"id": id_, "name": name, "tagged_at": timestamp(at)} for id_, name, at in rows],
        ),
    )


def _check_limit(call: Call, items: bulk.Items) -> None:
    """Raises Refusal 403 if the new addresses are more than the account has room for.

    What counts are its active subscribers and, once each, the valid addresses that none of its subscribers has.
    """
    limit = call.store.value("SELECT subscriber_limit FROM accounts WHERE id = ?", (call.account_id,))
    if limit is None:
        return
    given = {found.lower(): found for item in items if (found := values.email_address(item.get("email_address")))}
    new = sum(people.by_email(call, found) is None for found in given.values())
    sql = "SELECT count(*) FROM subscribers WHERE account_id = ? AND state = 'active'"
    if new and call.store.value(sql, (call.account_id,)) + new > limit:
        raise Refusal(403, ("This request would exceed your subscriber limit",))


@bulk.operation(
    "bulk_create_subscribers", "subscribers", judges_in_items=["email_address", "first_name"], check=_check_limit
)
def bulk_create_subscribers(call: Call, items: bulk.Items) -> dict[str, Any]:
    """POST /v4/bulk/subscribers: an upsert of each; what is wrong with one doesn't stop the others.

    An address that is there twice has one result.
    """
    saved: dict[int, None] = {}
    failures = []
    for item in items:
        first_name = item.get("first_name")
        email_address = values.email_address(item.get("email_address"))
        if email_address is None:
            failed = {
                "first_name": first_name,
                "email_address": None,
                "state": "active",
                "created_at": None,
            }
            failures.append({"subscriber": failed, "errors": [values.EMAIL_INVALID]})
            continue
        row = people.by_email(call, email_address)
        if row is None:
            state = item.get("state") or "active"
            id_ = _create(call, email_address, first_name, state)
            if state == "active":
                events.fire(call, "subscriber_activate", subscriber_id=id_)
        else:
            id_ = row[0]
            people.update(call, row, first_name=item.get("first_name", row[1]))
        saved[id_] = None
    rows = (people.by_id(call, id_) for id_ in saved)
    subscribers = {
        r[0]: {"id": r[0], "first_name": r[1], "email_address": r[2], "state": r[3], "created_at": timestamp(r[4])}
        for r in rows
    }
    return {"subscribers": subscribers, "failures": failures}


def _narrow_to_dates(call: Call, listing: Listing, name: str) -> None:
    """A date filter. SQLite may use its index, and sort what it finds, only if that isn't much.

    Otherwise it has to walk in the order of the page, which soon fills from many matches. The unary plus tells it so.
    """
    filters = people.date_filters(call, name)
    column = f"s.{name}_at"
    if filters and column != listing.sort:
        probe = Listing(listing.columns, listing.source, where=list(listing.where), arguments=list(listing.arguments))
        for relation, moment in filters:
            probe.narrow(f"{column} {relation} ?", moment)
        if probe.count(call, limit=_FEW) == _FEW:
            column = f"+{column}"
    for relation, moment in filters:
        listing.narrow(f"{column} {relation} ?", moment)


def _email_address(call: Call) -> str:
    email_address = values.email_address(call.body.get("email_address"))
    if email_address is None:
        raise unprocessable(values.EMAIL_INVALID)
    return email_address


def _create(call: Call, email_address: str, first_name: str | None, state: str) -> int:
    return call.store.insert(
        "INSERT INTO subscribers"
        " (account_id, email_address, first_name, state, created_at, updated_at, cancelled_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            call.account_id,
            email_address,
            first_name,
            state,
            call.now,
            call.now,
            call.now if state == "cancelled" else None,
        ),
    )


def _cancel(call: Call, row: people.Row) -> None:
    if row[3] != "cancelled":
        sending.unsubscribed(call.store, row[0], call.now)
        people.update(call, row, state="cancelled", cancelled_at=call.now)
        events.fire(call, "subscriber_unsubscribe", subscriber_id=row[0])


def _with_fields(call: Call, status: int, id_: int, given: dict[str, str | None]) -> Reply:
    """Write custom field values and answer with the subscriber: as it is, or with many values as it was (202).

    What the account has no field for is ignored; today each is named in `warnings`, in words of our own.
    """
    row = people.by_id(call, id_)
    warnings = []
    if given:
        custom_fields.set_values(call, row, given)
        if call.behaviour.unknown_fields_warn:
            unknown = FieldSet.of(call).unknown(given)
            warnings = [f"Custom field {name!r} does not exist and was ignored" for name in unknown]
    if len(given) > field_values.SYNCHRONOUS:
        return _one(call, 202, row, warnings)
    return _one(call, status, people.by_id(call, id_), warnings)


def _one(call: Call, status: int, row: people.Row, warnings: Sequence[str] = ()) -> Reply:
    found: dict[str, Any] = {"subscriber": people.shown(row, FieldSet.of(call))}
    return Reply(status, found | {"warnings": warnings} if warnings else found)
