"""Broadcasts on their way: when sending begins, how far it has got, and what came of it.

Chosen where the API says nothing: sending takes a minute by the mock's clock, whatever the number of recipients, and
`progress` follows it evenly; the recipients are those whom the filter finds when it begins. An unsubscribe, and a click
that `KitMock.fire` tells of, belong to the last broadcast that the subscriber got, as far as its filter still finds
them; who clicks has opened it. No other opens are counted, beside those of a seed. `show_total_clicks` is whether there
are any clicks.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kit_mock.model import audience
from kit_mock.state import schedule
from kit_mock.state.store import Store

DURATION = 60
"""Seconds."""
_LOOKED_AT = 20  # Of the broadcasts that a subscriber may have got, the last.

_decode = msgspec.json.Decoder(audience.Filter).decode


def next_at(store: Store) -> int | None:
    """When the next scheduled broadcast is to be sent, or None if there is none."""
    sql = "SELECT min(send_at) FROM broadcasts WHERE started_at IS NULL AND send_at IS NOT NULL"
    found: int | None = store.value(sql)
    return found


@schedule.task(next_at)
def run(store: Store, now: int) -> None:
    """Send the scheduled broadcasts whose moment has come.

    Sending counts as begun at that moment, even if the clock has jumped past it.
    """
    sql = "SELECT id, send_at FROM broadcasts WHERE started_at IS NULL AND send_at IS NOT NULL AND send_at <= ?"
    for id_, send_at in store.rows(sql, (now,)):
        begin(store, id_, send_at)


def begin(store: Store, broadcast_id: int, at: int) -> None:
    """Begin to send a broadcast. It is published by then, unless it was before."""
    row = store.row("SELECT account_id, subscriber_filter FROM broadcasts WHERE id = ?", (broadcast_id,))
    if row is not None:
        recipients = audience.count_as_sent(store, row[0], _decode(row[1]))
        store.write(
            "UPDATE broadcasts SET started_at = ?, recipients = ?, published_at = coalesce(published_at, ?)"
            " WHERE id = ?",
            (at, recipients, at, broadcast_id),
        )


def count_unsubscribe(store: Store, subscriber_id: int, now: int) -> None:
    """Count an unsubscribe for the broadcast it came of, if any. Call it while the subscriber is still active."""
    broadcast_id = _last_received(store, subscriber_id, now)
    store.write("UPDATE broadcasts SET unsubscribes = unsubscribes + 1 WHERE id = ?", (broadcast_id,))


def count_click(store: Store, subscriber_id: int, now: int) -> None:
    """Count a click on a link for the broadcast that it was in, if any."""
    broadcast_id = _last_received(store, subscriber_id, now)
    if broadcast_id is not None:
        sql = "INSERT INTO broadcast_clickers (broadcast_id, subscriber_id) VALUES (?, ?) ON CONFLICT DO NOTHING"
        first = store.write(sql, (broadcast_id, subscriber_id))
        # Whoever clicks may be among those whom a seed has counted already, without a name.
        store.write(
            "UPDATE broadcasts SET clicks = clicks + 1, clickers = min(recipients, clickers + ?),"
            " opens = min(recipients, opens + ?) WHERE id = ?",
            (first, first, broadcast_id),
        )
        sql = "UPDATE subscribers SET opens = opens + ?, clicks = clicks + ? WHERE id = ?"
        store.write(sql, (first, first, subscriber_id))


def _last_received(store: Store, subscriber_id: int, now: int) -> int | None:
    """The id of the last broadcast that went to a subscriber who is active, or None."""
    found = store.rows(
        "SELECT b.id, b.subscriber_filter, b.account_id FROM subscribers s CROSS JOIN broadcasts b"
        " ON b.account_id = s.account_id AND b.started_at BETWEEN s.created_at AND ?"
        " WHERE s.id = ? ORDER BY b.started_at DESC, b.id DESC LIMIT ?",
        (now, subscriber_id, _LOOKED_AT),
    )
    for id_, subscriber_filter, account_id in found:
        if audience.count(store, account_id, _decode(subscriber_filter), only=subscriber_id):
            return int(id_)
    return None


def stats(store: Store, broadcast_id: int, account_id: int, now: int) -> dict[str, Any] | None:
    """The stats of a broadcast, or None if the account doesn't have it. Rates are in percent of the recipients."""
    row = store.row(
        "SELECT send_at, started_at, aborted, recipients, opens, clickers, clicks, unsubscribes FROM broadcasts"
        " WHERE id = ? AND account_id = ?",
        (broadcast_id, account_id),
    )
    if row is None:
        return None
    send_at, started_at, aborted, recipients, opens, clickers, clicks, unsubscribes = row
    return {
        "recipients": recipients,
        "open_rate": percent(opens, recipients),
        "click_rate": percent(clickers, recipients),
        "unsubscribes": unsubscribes,
        "total_clicks": clicks,
        "show_total_clicks": clicks > 0,
        "status": status(send_at, started_at, aborted, now),
        "progress": 0.0 if started_at is None else min(100.0, max(0.0, round(100 * (now - started_at) / DURATION, 2))),
        "open_tracking_disabled": False,
        "click_tracking_disabled": False,
        "emails_opened": opens,
        "unsubscribe_rate": percent(unsubscribes, recipients),
    }


STATUSES = {
    "draft": "b.started_at IS NULL AND b.send_at IS NULL",
    "scheduled": "b.started_at IS NULL AND b.send_at IS NOT NULL",
    "sending": f"NOT b.aborted AND b.started_at > :now - {DURATION}",
    "completed": f"NOT b.aborted AND b.started_at <= :now - {DURATION}",
    "aborted": "b.aborted",
}
"""The condition in SQL for each status of a broadcast; the same rule as `status`."""


def status(send_at: int | None, started_at: int | None, aborted: int, now: int) -> str:
    """Return where a broadcast stands."""
    if aborted:
        return "aborted"
    if started_at is None:
        return "draft" if send_at is None else "scheduled"
    return "sending" if started_at > now - DURATION else "completed"


def totals(store: Store, account_id: int, since: int) -> tuple[int, int, int, int]:
    """Count the emails of broadcasts that began at that moment or later: sent, opened, clicked, unsubscribed after."""
    row = store.row(
        "SELECT coalesce(sum(recipients), 0), coalesce(sum(opens), 0), coalesce(sum(clickers), 0),"
        " coalesce(sum(unsubscribes), 0) FROM broadcasts WHERE account_id = ? AND started_at >= ?",
        (account_id, since),
    )
    return (0, 0, 0, 0) if row is None else (row[0], row[1], row[2], row[3])


def percent(part: int, whole: int) -> float:
    """Return a part of a whole in percent, 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0
