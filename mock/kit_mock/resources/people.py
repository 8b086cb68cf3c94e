"""Subscribers as rows and as JSON: what the resources that deal with them share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kit_mock import rules
from kit_mock.clock import timestamp
from kit_mock.pagination import Listing
from kit_mock.problems import not_found
from kit_mock.registry import Call
from kit_mock.resources.field_values import FieldSet

# What `shown` takes, of a table named s.
COLUMNS = "s.id, s.first_name, s.email_address, s.state, s.created_at, s.field_values"

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


def by_id(call: Call, id_: int) -> Row:
    """The row of a subscriber of the caller's account. Raises Refusal 404."""
    sql = f"SELECT {COLUMNS} FROM subscribers s WHERE s.id = ? AND s.account_id = ?"
    row = call.store.row(sql, (id_, call.account_id))
    if row is None:
        raise not_found()
    return row


def by_email(call: Call, email_address: str) -> Row | None:
    """The row of the subscriber with that address, whatever its case, or None."""
    sql = f"SELECT {COLUMNS} FROM subscribers s WHERE s.account_id = ? AND s.email_address = ?"
    return call.store.row(sql, (call.account_id, email_address))


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
        (relation, rules.moment(call.query[parameter], parameter, up=relation == "<"))
        for parameter, relation in ((f"{name}_after", ">"), (f"{name}_before", "<"))
        if parameter in call.query
    ]
