"""Events: queue deliveries to the webhooks that an event has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kit_mock.model import representations
from kit_mock.model.account import Account
from kit_mock.model.subscriber_rows import Subscriber
from kit_mock.outbox import deliveries


def fire(account: Account, event: str, payload: dict[str, Any]) -> list[int]:
    """Queue a delivery of a payload to each webhook of an event, in the caller's transaction. Return their ids."""
    return _deliver(account, event, None, lambda: payload)


def fire_for(account: Account, subscriber: Subscriber, event: str, subject: int | str | None = None) -> list[int]:
    """Queue a delivery of a subscriber to each webhook of an event, in the caller's transaction. Return their ids.

    `subject` is what the webhook must be for: the id of a tag, form, sequence, product or field, or the URL of a link.
    """
    return _deliver(account, event, subject, lambda: {"subscriber": representations.subscriber(account, subscriber)})


def _deliver(
    account: Account, event: str, subject: int | str | None, payload: Callable[[], dict[str, Any]]
) -> list[int]:
    if account.is_quiet:
        return []
    sql = "SELECT id, subject, target_url FROM webhooks WHERE account_id = ? AND event = ? ORDER BY id"
    webhooks = account.store.cached_rows("webhooks", sql, (account.id, event))
    targets = [(id_, url) for id_, about, url in webhooks if about == subject]
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
