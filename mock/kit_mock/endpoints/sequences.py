"""Sequences, and who was added to them. The API has no way to make one: they come from seeds.

Chosen where the API says nothing: one that is on hold takes subscribers like any other, and one that repeats still
counts a subscriber once, with the first date. The mock sends no messages of sequences: their number and what came of them
are those of a seed, else 0 and null; rates are percentages.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.memberships import Members
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.model import subscribers
from kit_mock.model.memberships import IN_SEQUENCE
from kit_mock.model.sending import percent
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SEND_HOUR = 11
STATS = ("recipients", "opens", "clicks", "email_unsubscribes", "bounces", "complaints")

_COLUMNS = (
    "id, name, hold, repeat, created_at, updated_at, email_address, email_template_id, send_days, send_hour, time_zone,"
    " active, exclude_subscriber_sources, email_count, stats"
)

ADDED = Members(IN_SEQUENCE, "added")


@operation("list_sequences")
def list_sequences(call: Call) -> Reply:
    """Answer GET /v4/sequences, the newest first."""
    listing = Listing(columns=_COLUMNS, source="sequences")
    listing.narrow("account_id = ?", call.account.id)
    return Reply(200, page(call, listing, "sequences", lambda rows: _listed(call, rows)))


@operation("list_sequence_subscribers")
def list_sequence_subscribers(call: Call) -> Reply:
    """GET /v4/sequences/{sequence_id}/subscribers."""
    return ADDED.list(call)


@operation("add_sequence_subscriber")
def add_sequence_subscriber(call: Call) -> Reply:
    """POST /v4/sequences/{sequence_id}/subscribers/{id}: 201, or 200 if they have been added already."""
    return ADDED.add(call, subscribers.by_id(call.account, call.path["id"]))


@operation("add_sequence_subscriber_by_email", unchecked=["email_address"])
def add_sequence_subscriber_by_email(call: Call) -> Reply:
    """POST /v4/sequences/{sequence_id}/subscribers, likewise; the subscriber must exist."""
    missing = "Either subscriber id or email address is required to add subscriber to sequence"
    return ADDED.add(call, ADDED.named_by_email(call, missing))


def _listed(call: Call, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    account_zone: str = call.account.store.value("SELECT timezone FROM accounts WHERE id = ?", (call.account.id,))
    counts = IN_SEQUENCE.count_active(call.account, [row[0] for row in rows])
    found = [{**_shown(row, account_zone), "subscriber_count": counts.get(row[0], 0)} for row in rows]
    if "stats" in call.query.get("include", ()):
        unsubscribers = _unsubscribers(call, [row[0] for row in rows])
        for one, row in zip(found, rows, strict=True):
            one["stats"] = _stats(msgspec.json.decode(row[-1]), unsubscribers.get(row[0], 0))
    return found


def _shown(row: tuple[Any, ...], account_zone: str) -> dict[str, Any]:
    id_, name, hold, repeat, created_at, updated_at, email_address, email_template_id, *rest = row
    send_days, send_hour, time_zone, active, exclude_subscriber_sources, email_count, _ = rest
    return {
        "id": id_,
        "name": name,
        "hold": bool(hold),
        "repeat": bool(repeat),
        "created_at": timestamp(created_at),
        "updated_at": timestamp(updated_at),
        "email_address": email_address,
        "email_template_id": email_template_id,
        "send_days": msgspec.json.decode(send_days),
        "send_hour": send_hour,
        "time_zone": time_zone or account_zone,
        "active": bool(active),
        "exclude_subscriber_sources": msgspec.json.decode(exclude_subscriber_sources),
        "email_count": email_count,
    }


def _unsubscribers(call: Call, ids: list[int]) -> dict[int, int]:
    """Count the members of each sequence who have unsubscribed."""
    sql = (
        "SELECT m.sequence_id, count(*) FROM sequence_subscribers m CROSS JOIN subscribers s ON s.id = m.subscriber_id"
        " WHERE m.sequence_id IN (SELECT value FROM json_each(?)) AND s.state = 'cancelled' GROUP BY 1"
    )
    return dict(call.account.store.rows(sql, (msgspec.json.encode(ids).decode(),)))


def _stats(numbers: dict[str, int], unsubscribers: int) -> dict[str, Any]:
    """Return the stats of a sequence: the numbers of a seed, and the rates that follow from them."""
    given = {name: numbers.get(name) for name in STATS}

    def rate(part: str, whole: str = "recipients") -> float | None:
        parts, wholes = given[part], given[whole]
        return None if parts is None or wholes is None else percent(parts, wholes)

    return {
        "unsubscribers": unsubscribers,
        **given,
        "open_rate": rate("opens"),
        "click_rate": rate("clicks"),
        "click_to_open_rate": rate("clicks", "opens"),
        "unsubscribe_rate": rate("email_unsubscribes"),
        "bounce_rate": rate("bounces"),
        "complaint_rate": rate("complaints"),
    }
