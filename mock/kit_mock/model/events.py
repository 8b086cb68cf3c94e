"""Events: what happens in an account, and which webhooks are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kit_mock.model import representations
from kit_mock.model.account import Account
from kit_mock.outbox import deliveries

if TYPE_CHECKING:
    from kit_mock.model.subscribers import Subscriber


def fire(account: Account, event: str, payload: Mapping[str, Any]) -> list[int]:
    """Queue a delivery of a payload to each webhook for an event, in the caller's transaction; return their ids."""
    return _deliver(account, event, None, lambda: payload)


def fire_for(account: Account, subscriber: Subscriber, event: str, subject: int | str | None = None) -> list[int]:
    """Queue a delivery of a subscriber to each webhook for an event, in the caller's transaction; return their ids.

    `subject` is what the event is about beside the subscriber: an id, or the URL of a link.
    """
    return _deliver(account, event, subject, lambda: {"subscriber": representations.subscriber(account, subscriber)})


def _deliver(account: Account, event: str, subject: int | str | None, payload: Any) -> list[int]:
    if account.is_quiet:
        return []
    targets = [(id_, url) for id_, about, url in _webhooks(account, event) if about == subject]
    body = payload() if targets else {}
    return [
        deliveries.enqueue(
            account.store,
            account_id=account.id,
            event=event,
            target_url=url,
            payload=body,
            now=account.now,
            webhook_id=id_,
        )
        for id_, url in targets
    ]


def _webhooks(account: Account, event: str) -> list[tuple[int, int | str | None, str]]:
    sql = "SELECT id, subject, target_url FROM webhooks WHERE account_id = ? AND event = ? ORDER BY id"
    return account.store.cached_rows("webhooks", sql, (account.id, event))
