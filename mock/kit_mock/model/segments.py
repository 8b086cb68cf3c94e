"""Segments. No request creates one or shows its members: they come from seeds and `add`.

At Kit the members follow from conditions, which the API doesn't show. Here a seed or `add` names each member.
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
    """Create a segment. `columns`, such as an `id`, are stored unchanged."""
    return rows.insert(account, "segments", Segment, {"name": name, "created_at": account.now, **columns})
