"""Represent lists of subscribers, with the parameters `include`, `slim` and `status`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from kit_mock.endpoints.handlers import Call
from kit_mock.endpoints.pagination import Listing
from kit_mock.model import origins, representations
from kit_mock.model.rows import id_array
from kit_mock.model.subscriber_rows import Subscriber
from kit_mock.state.clock import timestamp


class Details(NamedTuple):
    """Columns of `subscribers` that most answers leave out. All but the first are JSON."""

    cancelled_at: int | None
    location: str | None
    attribution: str | None


IN_FULL = ", ".join(f"s.{name}" for name in (*Subscriber._fields, *Details._fields))
"""The columns of a `Subscriber`, then those of `Details`, of a table named s."""


def listed(call: Call, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Represent rows with the columns of `Subscriber` or, if the request has `include`, with those of IN_FULL."""
    include = call.query.get("include", ())
    found = representations.subscribers(call.account, [parts(row)[0] for row in rows] if include else rows)
    if include:
        tags = _tags(call, [one["id"] for one in found]) if "tags" in include else {}
        for one, row in zip(found, rows, strict=True):
            extra = {**details(parts(row)[1]), "tags": tags.get(one["id"], [])}
            one |= {name: extra[name] for name in extra if name in include}
    return slim(call, found)


def briefly(subscriber: Subscriber) -> dict[str, Any]:
    """Represent a subscriber for a bulk operation, without custom fields."""
    shown = {**subscriber._asdict(), "created_at": timestamp(subscriber.created_at)}
    del shown["field_values"]
    return shown


def slim(call: Call, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Remove `fields` from each subscriber if the request has `slim`."""
    if call.query.get("slim"):
        for one in found:
            del one["fields"]
    return found


def parts(row: Sequence[Any]) -> tuple[Sequence[Any], Details]:
    """Split a row with the columns of IN_FULL into those of a `Subscriber` and its `Details`."""
    width = len(Subscriber._fields)
    return row[:width], Details(*row[width:])


def details(row: Details) -> dict[str, Any]:
    """Represent details of a subscriber."""
    return {
        "canceled_at": None if row.cancelled_at is None else timestamp(row.cancelled_at),
        "location": origins.location(row.location),
        "attribution": origins.attribution(row.attribution),
    }


def narrow_to_status(call: Call, listing: Listing[Any]) -> None:
    """Apply the filter `status`, whose default is `active`."""
    status = call.query.get("status", "active")
    if status != "all":
        listing.narrow("s.state = ?", status)


def _tags(call: Call, ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the tags of each subscriber by the subscriber's id."""
    found: dict[int, list[dict[str, Any]]] = {}
    for subscriber, id_, name in call.account.store.rows(
        "SELECT m.subscriber_id, t.id, t.name FROM tag_subscribers m CROSS JOIN tags t ON t.id = m.tag_id"
        " WHERE m.subscriber_id IN (SELECT value FROM json_each(?)) ORDER BY m.tag_id",
        (id_array(ids),),
    ):
        found.setdefault(subscriber, []).append({"id": id_, "name": name})
    return found
