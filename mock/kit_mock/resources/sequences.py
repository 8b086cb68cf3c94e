"""Sequences, and who was added to them. The API has no way to make one: they come from seeds.

Chosen where the API says nothing: one that is on hold takes subscribers like any other, and one that repeats still
counts a subscriber once, with the first date.
"""

from __future__ import annotations

from typing import Any

from kit_mock.clock import timestamp
from kit_mock.messages import Reply
from kit_mock.pagination import Listing, page
from kit_mock.registry import Call, operation
from kit_mock.resources import people
from kit_mock.resources.memberships import Membership

ADDED = Membership(
    owners="sequences", table="sequence_subscribers", owner_id="sequence_id", verb="added", begins="course_subscribe"
)


@operation("list_sequences")
def list_sequences(call: Call) -> Reply:
    """GET /v4/sequences, the newest first."""
    listing = Listing(columns="id, name, hold, repeat, created_at", source="sequences")
    listing.narrow("account_id = ?", call.account_id)
    return Reply(200, page(call, listing, "sequences", lambda rows: [_shown(row) for row in rows]))


@operation("list_sequence_subscribers")
def list_sequence_subscribers(call: Call) -> Reply:
    """GET /v4/sequences/{sequence_id}/subscribers."""
    return ADDED.list(call)


@operation("add_sequence_subscriber")
def add_sequence_subscriber(call: Call) -> Reply:
    """POST /v4/sequences/{sequence_id}/subscribers/{id}: 201, or 200 if they have been added already."""
    return ADDED.add(call, people.by_id(call, call.path["id"]))


@operation("add_sequence_subscriber_by_email", judges=["email_address"])
def add_sequence_subscriber_by_email(call: Call) -> Reply:
    """POST /v4/sequences/{sequence_id}/subscribers, likewise; the subscriber must exist."""
    missing = "Either subscriber id or email address is required to add subscriber to sequence"
    return ADDED.add(call, ADDED.named_by_email(call, missing))


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    id_, name, hold, repeat, created_at = row
    return {
        "id": id_,
        "name": name,
        "hold": bool(hold),
        "repeat": bool(repeat),
        "created_at": timestamp(created_at),
    }
