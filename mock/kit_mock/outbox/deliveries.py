"""The queue of deliveries: calls of webhooks, and the results of bulk jobs.

Sending a delivery again makes a new one with the same payload, and with its own id and attempts. The first one doesn't
change, and still makes its next attempt if it waits for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import attrs
import msgspec

from kit_mock.outbox import allowed_hosts
from kit_mock.protocol.url_passwords import masked
from kit_mock.state.store import Store

DELAYS = (60, 5 * 60, 30 * 60, 2 * 3600, 6 * 3600)
"""Seconds from each failed attempt to the next one."""

REMEMBERED = 1000
_FORGET_EVERY = 64  # Prune only after so many refused ones: a bulk job can queue thousands.

_COLUMNS = "id, event, webhook_id, target_url, payload, created_at, attempts, status, problem, next_at, delivered_at, account_id"
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@attrs.frozen
class Delivery:
    """A POST from the mock to a webhook's `target_url` or a bulk job's `callback_url`. Times are in UTC."""

    id: int
    account_id: int
    event: str
    """The event of the webhook, such as `tag_add`; for a bulk job the operation's id, such as `bulk_create_tags`."""
    webhook_id: int | None
    """The id of the webhook; None for the result of a bulk job."""
    target_url: str
    """The URL that it is sent to. A password in it is masked here; the mock sends it as HTTP Basic authentication."""
    payload: dict[str, Any]
    """The body, which is sent as JSON."""
    created_at: datetime
    attempts: int
    """How many times the mock has tried to send it."""
    state: Literal["waiting", "delivered", "failed"]
    """`waiting` until the next attempt, `delivered`, or `failed` after the last attempt."""
    status: int | None
    """The HTTP status of the response to the last attempt; None without a response."""
    problem: str | None
    """Why the last attempt, or the whole delivery, failed; None if it didn't."""
    next_at: datetime | None
    """The time of the next attempt; None unless the state is `waiting`."""
    delivered_at: datetime | None
    """The time at which the receiver accepted it; None before."""


@attrs.frozen
class Outgoing:
    """A delivery whose next attempt is due. `body` is JSON; `target_url` can have a password, which the repr masks."""

    id: int
    target_url: str = attrs.field(repr=lambda url: repr(masked(url)))
    body: str
    attempts: int


@attrs.frozen
class Outcome:
    """The result of one attempt. If `problem` is None, the delivery was made."""

    status: int | None
    problem: str | None


def enqueue(
    store: Store,
    *,
    account_id: int,
    event: str,
    target_url: str,
    payload: dict[str, Any] | bytes,
    now: int,
    webhook_id: int | None = None,
) -> int:
    """Queue a delivery that is due at once, inside the caller's transaction, and return its id.

    A payload in bytes is JSON already. A delivery to a target that may not be called has failed at once.
    """
    problem = allowed_hosts.problem(target_url, store.settings.delivery_hosts)
    body = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    id_ = store.insert_row(
        "deliveries",
        {
            "account_id": account_id,
            "webhook_id": webhook_id,
            "event": event,
            "target_url": target_url,
            "receiver": allowed_hosts.receiver(target_url),
            "payload": body.decode(),
            "created_at": now,
            "next_at": now if problem is None else None,
            "problem": problem,
        },
    )
    if problem is None:
        store.has_new_work = True
    elif id_ % _FORGET_EVERY == 0:
        _forget(store)
    return id_


def enqueue_again(store: Store, id_: int, now: int) -> int:
    """Queue the payload of a delivery again, as a new delivery, and return its id. Raises LookupError for an unknown id."""
    with store.transaction():
        row = store.row(
            "SELECT account_id, event, target_url, payload, webhook_id FROM deliveries WHERE id = ?", (id_,)
        )
        if row is None:
            raise LookupError(f"there is no delivery {id_}")
        account_id, event, target_url, payload, webhook_id = row
        again = {"account_id": account_id, "event": event, "target_url": target_url, "webhook_id": webhook_id}
        return enqueue(store, **again, payload=payload.encode(), now=now)


def latest(store: Store, *, payloads: bool = True) -> tuple[Delivery, ...]:
    """Return the last 1,000 deliveries in any state, the oldest first. Without `payloads`, which can be large, theirs are empty."""
    columns = _COLUMNS if payloads else _COLUMNS.replace("payload", "'{}'")
    rows = store.rows(f"SELECT {columns} FROM deliveries ORDER BY id DESC LIMIT ?", (REMEMBERED,))
    return tuple(_delivery(row) for row in reversed(rows))


def payload(store: Store, id_: int, most: int) -> tuple[str, bool]:
    """Return the first `most` characters of a delivery's JSON, and whether there are more; ("", False) for an unknown id."""
    sql = "SELECT substr(payload, 1, ?), length(payload) > ? FROM deliveries WHERE id = ?"
    text, is_cut = store.row(sql, (most, most, id_)) or ("", 0)
    return text, bool(is_cut)


def count_waiting(store: Store) -> int:
    """Return how many deliveries wait for an attempt."""
    found: int = store.value("SELECT count(*) FROM deliveries WHERE next_at IS NOT NULL")
    return found


def by_ids(store: Store, ids: Iterable[int]) -> tuple[Delivery, ...]:
    """Return the deliveries with these ids, in the order of the ids."""
    rows = (store.row(f"SELECT {_COLUMNS} FROM deliveries WHERE id = ?", (id_,)) for id_ in ids)
    return tuple(_delivery(row) for row in rows if row is not None)


def receivers(store: Store) -> dict[str, int]:
    """Return the receivers of waiting deliveries, with the moment when the first is due; see `allowed_hosts.receiver`."""
    return dict(store.rows("SELECT receiver, min(next_at) FROM deliveries WHERE next_at IS NOT NULL GROUP BY receiver"))


def first_due(store: Store, receiver: str, now: int) -> Outgoing | None:
    """Return the delivery to a receiver that has been due for longest, or None."""
    sql = (
        "SELECT id, target_url, payload, attempts FROM deliveries"
        " WHERE receiver = ? AND next_at IS NOT NULL AND next_at <= ? ORDER BY next_at, id LIMIT 1"
    )
    row = store.row(sql, (receiver, now))
    return None if row is None else Outgoing(*row)


def record(store: Store, sent: Outgoing, outcome: Outcome, now: int) -> None:
    """Record how an attempt went, and when the next one is due, if any."""
    attempts = sent.attempts + 1
    again = outcome.problem is not None and attempts <= len(DELAYS)
    with store.transaction():
        # Unless its webhook was deleted meanwhile.
        store.write(
            "UPDATE deliveries SET attempts = ?, next_at = ?, delivered_at = ?, status = ?, problem = ?"
            " WHERE id = ? AND next_at IS NOT NULL",
            (
                *(attempts, now + DELAYS[attempts - 1] if again else None, None if outcome.problem else now),
                *(outcome.status, outcome.problem, sent.id),
            ),
        )
        _forget(store)


def refuse(store: Store, sent: Outgoing, problem: str) -> None:
    """Give up on a delivery without an attempt."""
    with store.transaction():
        store.write("UPDATE deliveries SET next_at = NULL, problem = ? WHERE id = ?", (problem, sent.id))
        _forget(store)


def cancel(store: Store, webhook_id: int) -> None:
    """Give up on the waiting deliveries of a webhook that is deleted, inside the caller's transaction."""
    sql = "UPDATE deliveries SET next_at = NULL, problem = ? WHERE webhook_id = ? AND next_at IS NOT NULL"
    store.write(sql, ("given up: the webhook was deleted", webhook_id))


def _forget(store: Store) -> None:
    sql = (
        "DELETE FROM deliveries WHERE next_at IS NULL AND id <="
        " (SELECT id FROM deliveries WHERE next_at IS NULL ORDER BY id DESC LIMIT 1 OFFSET ?)"
    )
    store.write(sql, (REMEMBERED,))


def _delivery(row: tuple[Any, ...]) -> Delivery:
    id_, event, webhook_id, target_url, payload, created_at, attempts, status, problem, due, delivered, account = row
    waits = due is not None
    return Delivery(
        id=id_,
        account_id=account,
        event=event,
        webhook_id=webhook_id,
        target_url=masked(target_url),
        payload=_decode(payload),
        created_at=datetime.fromtimestamp(created_at, UTC),
        attempts=attempts,
        state="waiting" if waits else "failed" if delivered is None else "delivered",
        status=status,
        problem=problem,
        next_at=datetime.fromtimestamp(due, UTC) if waits else None,
        delivered_at=None if delivered is None else datetime.fromtimestamp(delivered, UTC),
    )
