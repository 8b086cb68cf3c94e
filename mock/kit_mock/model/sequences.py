"""Sequences. No request creates one: they come from seeds and `add`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from kit_mock.model import rows
from kit_mock.model.account import Account

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
STATS = ("recipients", "opens", "clicks", "email_unsubscribes", "bounces", "complaints")

_SEND_HOUR = 11


class Sequence(NamedTuple):
    """A row of `sequences`."""

    id: int
    name: str
    hold: bool
    repeat: bool
    created_at: int
    updated_at: int
    email_address: str | None
    email_template_id: int | None
    send_days: str
    """JSON: some of `DAYS`."""
    send_hour: int
    time_zone: str | None
    """None for that of the account."""
    active: bool
    exclude_subscriber_sources: str
    """JSON: forms, tags, sequences and segments whose subscribers it skips."""
    email_count: int
    stats: str
    """JSON: numbers by some of `STATS`."""


def create(account: Account, name: str, columns: Mapping[str, Any]) -> Sequence:
    """Create a sequence: active and sending on all days, unless `columns` say otherwise."""
    row = {
        "name": name,
        "hold": False,
        "repeat": False,
        "created_at": account.now,
        "updated_at": account.now,
        "send_days": msgspec.json.encode(DAYS).decode(),
        "send_hour": _SEND_HOUR,
        "active": True,
        "exclude_subscriber_sources": "[]",
        "email_count": 0,
        "stats": "{}",
        **columns,
    }
    return rows.insert(account, "sequences", Sequence, row)
