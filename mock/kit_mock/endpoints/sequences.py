"""The endpoints of sequences and of their subscribers."""

from __future__ import annotations

from typing import Any

import msgspec

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.memberships import Members
from kit_mock.endpoints.pagination import list_of, page
from kit_mock.model import accounts, rows, sequences, subscribers
from kit_mock.model.account import Account
from kit_mock.model.email_stats import percent
from kit_mock.model.memberships import IN_SEQUENCE
from kit_mock.model.sequences import Sequence
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp

_MEMBERS = Members(IN_SEQUENCE, "added")


@operation("list_sequences")
def list_sequences(call: Call) -> Reply:
    """Answer GET /v4/sequences, the newest first."""
    listing = list_of(call.account, "sequences", Sequence)
    return page(call, listing, "sequences", lambda found: _with_stats(call, found))


@operation("list_sequence_subscribers")
def list_sequence_subscribers(call: Call) -> Reply:
    """Answer GET /v4/sequences/{sequence_id}/subscribers."""
    return _MEMBERS.answer_list(call)


@operation("add_sequence_subscriber")
def add_sequence_subscriber(call: Call) -> Reply:
    """Answer POST /v4/sequences/{sequence_id}/subscribers/{id}: 201, or 200 if they have been added already."""
    return _MEMBERS.add(call, subscribers.by_id(call.account, call.path["id"]))


@operation("add_sequence_subscriber_by_email", unchecked=["email_address"])
def add_sequence_subscriber_by_email(call: Call) -> Reply:
    """Answer POST /v4/sequences/{sequence_id}/subscribers: 201, 200 for a member, 404 if nobody has the address."""
    missing = "Either subscriber id or email address is required to add subscriber to sequence"
    return _MEMBERS.add(call, _MEMBERS.find_by_email(call, missing))


def render(account: Account, found: list[Sequence]) -> list[dict[str, Any]]:
    """Represent sequences, without their `stats`."""
    zone = accounts.details(account).timezone
    counts = IN_SEQUENCE.count(account, [row.id for row in found])
    return [_render(row, zone, counts.get(row.id, 0)) for row in found]


def render_by_id(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's sequence with that id. Raises Refusal 404."""
    (shown,) = render(account, [rows.by_id(account, "sequences", Sequence, id_)])
    return shown


def _with_stats(call: Call, found: list[Sequence]) -> list[dict[str, Any]]:
    """Represent sequences, with `stats` if the request includes them."""
    shown = render(call.account, found)
    if "stats" in call.query.get("include", ()):
        unsubscribers = IN_SEQUENCE.count(call.account, [row.id for row in found], "cancelled")
        for one, row in zip(shown, found, strict=True):
            one["stats"] = _stats(msgspec.json.decode(row.stats), unsubscribers.get(row.id, 0))
    return shown


def _render(row: Sequence, account_zone: str, subscriber_count: int) -> dict[str, Any]:
    shown = {
        **row._asdict(),
        "hold": bool(row.hold),
        "repeat": bool(row.repeat),
        "created_at": timestamp(row.created_at),
        "updated_at": timestamp(row.updated_at),
        "send_days": msgspec.json.decode(row.send_days),
        "time_zone": row.time_zone or account_zone,
        "active": bool(row.active),
        "exclude_subscriber_sources": msgspec.json.decode(row.exclude_subscriber_sources),
        "subscriber_count": subscriber_count,
    }
    del shown["stats"]
    return shown


def _stats(numbers: dict[str, int], unsubscribers: int) -> dict[str, Any]:
    """Represent the stats of a sequence: the numbers from a seed, and their rates."""
    given = {name: numbers.get(name) for name in sequences.STATS}

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
