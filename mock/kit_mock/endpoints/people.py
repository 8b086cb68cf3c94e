"""Subscribers as rows and as JSON: what the resources that deal with them share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from kit_mock.endpoints.handlers import Call
from kit_mock.endpoints.pagination import Listing
from kit_mock.model import origins, values
from kit_mock.model.field_values import FieldSet
from kit_mock.protocol.errors import not_found
from kit_mock.state.clock import timestamp

# What `shown` takes, of a table named s.
COLUMNS = "s.id, s.first_name, s.email_address, s.state, s.created_at, s.field_values"
# What `details` takes.
DETAILS = "s.cancelled_at, s.location, s.attribution"

WIDTH = COLUMNS.count(",") + 1

Row = Sequence[Any]


def shown(row: Row, fields: FieldSet) -> dict[str, Any]:
    """A row of COLUMNS as the API shows a subscriber."""
    id_, first_name, email_address, state, created_at, values = row
    return {
        "id": id_,
        "first_name": first_name,
        "email_address": email_address,
        "state": state,
        "created_at": timestamp(created_at),
        "fields": fields.shown(values),
    }


def all_shown(rows: Iterable[Row], fields: FieldSet) -> list[dict[str, Any]]:
    """What `shown` makes of each row, without a call for each: a page is mostly this."""
    without = fields.shown(None)
    return [
        {
            "id": id_,
            "first_name": first_name,
            "email_address": email_address,
            "state": state,
            "created_at": timestamp(created_at),
            "fields": fields.shown(values) if values else without,
        }
        for id_, first_name, email_address, state, created_at, values in rows
    ]


def listed(call: Call, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows of COLUMNS and, with `include`, DETAILS as a list shows them: with `include`, and without `fields` if slim."""
    include = call.query.get("include", ())
    found = all_shown([row[:WIDTH] for row in rows] if include else rows, FieldSet.of(call))
    if include:
        tags = _tags(call, [row[0] for row in rows]) if "tags" in include else {}
        for one, row in zip(found, rows, strict=True):
            told = {**details(*row[WIDTH:]), "tags": tags.get(row[0], [])}
            one |= {name: told[name] for name in told if name in include}
    return slim(call, found)


def slim(call: Call, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take `fields` out of each subscriber if the request asks for that."""
    if call.query.get("slim"):
        for one in found:
            del one["fields"]
    return found


def details(cancelled_at: int | None, location: str | None, attribution: str | None) -> dict[str, Any]:
    """Return what the API shows of DETAILS."""
    return {
        "canceled_at": None if cancelled_at is None else timestamp(cancelled_at),
        "location": origins.location(location),
        "attribution": origins.attribution(attribution),
    }


def _tags(call: Call, ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the tags of subscribers by their ids."""
    found: dict[int, list[dict[str, Any]]] = {}
    for subscriber, id_, name in call.store.rows(
        "SELECT m.subscriber_id, t.id, t.name FROM tag_subscribers m CROSS JOIN tags t ON t.id = m.tag_id"
        " WHERE m.subscriber_id IN (SELECT value FROM json_each(?)) ORDER BY m.tag_id",
        (msgspec.json.encode(ids).decode(),),
    ):
        found.setdefault(subscriber, []).append({"id": id_, "name": name})
    return found


def find(call: Call, id_: int | None) -> Row | None:
    """The row of a subscriber of the caller's account, or None. Nobody has None as their id."""
    sql = f"SELECT {COLUMNS} FROM subscribers s WHERE s.id = ? AND s.account_id = ?"
    return call.store.row(sql, (id_, call.account_id))


def by_id(call: Call, id_: int) -> Row:
    """The row of a subscriber of the caller's account. Raises Refusal 404."""
    row = find(call, id_)
    if row is None:
        raise not_found()
    return row


def by_email(call: Call, email_address: str) -> Row | None:
    """The row of the subscriber with that address, whatever its case, or None."""
    sql = f"SELECT {COLUMNS} FROM subscribers s WHERE s.account_id = ? AND s.email_address = ?"
    return call.store.row(sql, (call.account_id, email_address))


def update(call: Call, row: Row, **values: Any) -> None:
    """Set columns of a subscriber; without a real change `updated_at` stays."""
    current = {"first_name": row[1], "email_address": row[2], "state": row[3], "field_values": row[5]}
    changed = {name: value for name, value in values.items() if value != current.get(name)}
    if changed:
        columns = ", ".join(f"{name} = ?" for name in changed)
        call.store.write(
            f"UPDATE subscribers SET {columns}, updated_at = ? WHERE id = ?",
            (*changed.values(), call.now, row[0]),
        )


def narrow_to_status(call: Call, listing: Listing) -> None:
    """The `status` filter of lists of subscribers: active ones, unless it says otherwise."""
    status = call.query.get("status", "active")
    if status != "all":
        listing.narrow("s.state = ?", status)


def date_filters(call: Call, name: str) -> list[tuple[str, int]]:
    """What `created_after` and `created_before` ask for, as comparisons, if the name is `created`.

    Both are exclusive: later than that moment, or earlier. Raises Refusal 422 for what isn't a date.
    """
    return [
        (relation, values.moment(call.query[parameter], parameter, up=relation == "<"))
        for parameter, relation in ((f"{name}_after", ">"), (f"{name}_before", "<"))
        if parameter in call.query
    ]
