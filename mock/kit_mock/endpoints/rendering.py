"""Lists of subscribers as the API shows them: with what `include` asks for, and without what `slim` leaves out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from kit_mock.endpoints.handlers import Call
from kit_mock.endpoints.pagination import Listing
from kit_mock.model import origins, representations
from kit_mock.model.subscribers import Subscriber
from kit_mock.state.clock import timestamp

DETAILS = "s.cancelled_at, s.location, s.attribution"
"""The columns that `details` takes."""


def listed(call: Call, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Represent rows of a `Subscriber` and, if the request has `include`, of DETAILS."""
    include = call.query.get("include", ())
    width = len(Subscriber._fields)
    found = representations.subscribers(call.account, [row[:width] for row in rows] if include else rows)
    if include:
        tags = _tags(call, [row[0] for row in rows]) if "tags" in include else {}
        for one, row in zip(found, rows, strict=True):
            told = {**details(*row[width:]), "tags": tags.get(row[0], [])}
            one |= {name: told[name] for name in told if name in include}
    return slim(call, found)


def slim(call: Call, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take `fields` out of each subscriber if the request asks for that."""
    if call.query.get("slim"):
        for one in found:
            del one["fields"]
    return found


def details(cancelled_at: int | None, location: str | None, attribution: str | None) -> dict[str, Any]:
    """Represent DETAILS."""
    return {
        "canceled_at": None if cancelled_at is None else timestamp(cancelled_at),
        "location": origins.location(location),
        "attribution": origins.attribution(attribution),
    }


def narrow_to_status(call: Call, listing: Listing) -> None:
    """Apply the `status` filter of lists of subscribers: active ones, unless it says otherwise."""
    status = call.query.get("status", "active")
    if status != "all":
        listing.narrow("s.state = ?", status)


def _tags(call: Call, ids: list[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the tags of subscribers by their ids."""
    found: dict[int, list[dict[str, Any]]] = {}
    for subscriber, id_, name in call.account.store.rows(
        "SELECT m.subscriber_id, t.id, t.name FROM tag_subscribers m CROSS JOIN tags t ON t.id = m.tag_id"
        " WHERE m.subscriber_id IN (SELECT value FROM json_each(?)) ORDER BY m.tag_id",
        (msgspec.json.encode(ids).decode(),),
    ):
        found.setdefault(subscriber, []).append({"id": id_, "name": name})
    return found
