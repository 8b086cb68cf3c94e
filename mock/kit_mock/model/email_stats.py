"""Clicks and unsubscribes of broadcasts, and totals over broadcasts."""

from __future__ import annotations

from typing import NamedTuple

from kit_mock.model import audience
from kit_mock.model.account import Account

_LOOKED_AT = 20
"""How many broadcasts, from the latest back, are searched for one that a subscriber received."""


class Totals(NamedTuple):
    """Sums over several broadcasts."""

    sent: int
    opened: int
    clicked: int
    unsubscribed: int


def count_unsubscribe(account: Account, subscriber_id: int) -> None:
    """Count an unsubscribe for the last broadcast that a subscriber received, if any.

    The subscriber must still be active, as filters select active ones only.
    """
    broadcast_id = _last_received(account, subscriber_id)
    account.store.write("UPDATE broadcasts SET unsubscribes = unsubscribes + 1 WHERE id = ?", (broadcast_id,))


def count_click(account: Account, subscriber_id: int) -> None:
    """Count a click for the last broadcast that a subscriber received, if any."""
    broadcast_id = _last_received(account, subscriber_id)
    if broadcast_id is not None:
        clicker = {"broadcast_id": broadcast_id, "subscriber_id": subscriber_id}
        first = account.store.insert_missing_row("broadcast_clickers", clicker)
        # A seed may have counted this subscriber already: it gives numbers without names.
        account.store.write(
            "UPDATE broadcasts SET clicks = clicks + 1, clickers = min(recipients, clickers + ?),"
            " opens = min(recipients, opens + ?) WHERE id = ?",
            (first, first, broadcast_id),
        )
        sql = "UPDATE subscribers SET opens = opens + ?, clicks = clicks + ? WHERE id = ?"
        account.store.write(sql, (first, first, subscriber_id))


def totals(account: Account, since: int) -> Totals:
    """Return the sums over the broadcasts whose sending began at that moment or later."""
    row = account.store.row(
        "SELECT coalesce(sum(recipients), 0), coalesce(sum(opens), 0), coalesce(sum(clickers), 0),"
        " coalesce(sum(unsubscribes), 0) FROM broadcasts WHERE account_id = ? AND started_at >= ?",
        (account.id, since),
    )
    assert row is not None
    return Totals(*row)


def percent(part: int, whole: int) -> float:
    """Return a part of a whole in percent; 0 if the whole is 0."""
    return round(100 * part / whole, 2) if whole else 0.0


def _last_received(account: Account, subscriber_id: int) -> int | None:
    """Return the id of the last broadcast that an active subscriber received, or None."""
    found = account.store.rows(
        "SELECT b.id, b.subscriber_filter FROM subscribers s CROSS JOIN broadcasts b"
        " ON b.account_id = s.account_id AND b.started_at BETWEEN s.created_at AND ?"
        " WHERE s.id = ? ORDER BY b.started_at DESC, b.id DESC LIMIT ?",
        (account.now, subscriber_id, _LOOKED_AT),
    )
    for id_, subscriber_filter in found:
        if audience.count(account, audience.decode(subscriber_filter), only=subscriber_id):
            return int(id_)
    return None
