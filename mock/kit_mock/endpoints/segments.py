"""Segments. The API has no way to make one or to look into it: they come from seeds.

At Kit the members of a segment follow from conditions, which the API doesn't show either. Here they are the
subscribers that the seed puts in, in the table `segment_subscribers`.
"""

from __future__ import annotations

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp


@operation("list_segments")
def list_segments(call: Call) -> Reply:
    """GET /v4/segments, the newest first."""
    listing = Listing(columns="id, name, created_at", source="segments")
    listing.narrow("account_id = ?", call.account.id)
    return Reply(
        200,
        page(
            call,
            listing,
            "segments",
            lambda rows: [
                {"id": id_, "name": name, "created_at": timestamp(created_at)} for id_, name, created_at in rows
            ],
        ),
    )
