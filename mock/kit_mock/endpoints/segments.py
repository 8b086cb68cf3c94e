"""The endpoint of segments."""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import list_of, page
from kit_mock.model import rows
from kit_mock.model.account import Account
from kit_mock.model.segments import Segment
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp


def render(segment: Segment) -> dict[str, Any]:
    """Represent a segment."""
    return {"id": segment.id, "name": segment.name, "created_at": timestamp(segment.created_at)}


def render_by_id(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's segment with that id. Raises Refusal 404."""
    return render(rows.by_id(account, "segments", Segment, id_))


@operation("list_segments")
def list_segments(call: Call) -> Reply:
    """Answer GET /v4/segments, the newest first."""
    listing = list_of(call.account, "segments", Segment)
    return page(call, listing, "segments", lambda found: [render(each) for each in found])
