"""What came of broadcasts: clicks, unsubscribes and their totals."""

from __future__ import annotations

from typing import NamedTuple

from kit_mock.model import audience
from kit_mock.model.account import Account

_LOOKED_AT = 20  # Of the broadcasts that a subscriber may have got, the last.


class Totals(NamedTuple):
    """Numbers of emails of several broadcasts."""

    sent: int
    opened: int
    clicked: int
    unsubscribed: int
    """Those after which somebody unsubscribed."""


def count_unsubscribe(account: Account, subscriber_id: int) -> None:
    """Count an unsubscribe for the broadcast it came of, if any. Call it while the subscriber is still active."""
    broadcast_id = _last_received(account, subscriber_id)
    account.store.write("UPDATE broadcasts SET unsubscribes = unsubscribes + 1 WHERE id = ?", (broadcast_id,))


def count_click(account: Account, subscriber_id: int) -> None:
    """Count a click on a link for the broadcast that it was in, if any."""
    broadcast_id = _last_received(account, subscriber_id)
    if broadcast_id is not None:
        clicker = {"broadcast_id": broadcast_id, "subscriber_id": subscriber_id}
        first = account.store.insert_missing_row("broadcast_clickers", clicker)
        # Whoever clicks may be among those whom a seed has counted already, without a name.
        account.store.write(
            "UPDATE broadcasts SET clicks = clicks + 1, clickers = min(recipients, clickers + ?),"
            " opens = min(recipients, opens + ?) WHERE id = ?",
            (first, first, broadcast_id),
        )
        sql = "UPDATE subscribers SET opens = opens + ?, clicks = clicks + ? WHERE id = ?"
        account.store.write(sql, (first, first, subscriber_id))


def totals(account: Account, since: int) -> Totals:
    """Count the emails of broadcasts that began at that moment or later."""
    row = account.store.row(
        "SELECT coalesce(sum(recipients), 0), coalesce(sum(opens), 0), coalesce(sum(clickers), 0),"
        " coalesce(sum(unsubscribes), 0) FROM broadcasts WHERE account_id = ? AND started_at >= ?",
        (account.id, since),
    )
    assert row is not None
    return Totals(*row)


def percent(part: int, whole: int) -> float:
    """Return a part of a whole in percent, 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0


def _last_received(account: Account, subscriber_id: int) -> int | None:
    """Return the id of the last broadcast that went to a subscriber who is active, or None."""
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
