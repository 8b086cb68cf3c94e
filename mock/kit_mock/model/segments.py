"""Segments. No request can make one or look into it: they come from seeds and `add`.

At Kit the members of a segment follow from conditions, which the API doesn't show either. Here they are the subscribers
that a seed or `add` puts in, in the table `segment_subscribers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kit_mock.model import rows
from kit_mock.model.account import Account


class Segment(NamedTuple):
    """A row of `segments`."""

    id: int
    name: str
    created_at: int


def create(account: Account, name: str, columns: Mapping[str, Any]) -> Segment:
    """Create a segment. `columns`, such as an `id`, are set as they are."""
    row = {"account_id": account.id, "name": name, "created_at": account.now, **columns}
    return rows.by_id(account, "segments", Segment, account.store.insert_row("segments", row))
