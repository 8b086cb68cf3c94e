"""Events: what happens to subscribers, and which webhooks are told of it."""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints import people
from kit_mock.endpoints.handlers import Call
from kit_mock.model.field_values import FieldSet
from kit_mock.outbox import deliveries


def fire(
    call: Call,
    event: str,
    *,
    subscriber_id: int | None = None,
    subject: int | str | None = None,
    payload: dict[str, Any] | None = None,
) -> list[int]:
    """Queue a delivery to each webhook of the account for an event, inside the caller's transaction; returns their ids.

    They tell of the subscriber as they are now, or hold `payload` instead.
    """
    sql = "SELECT id, target_url FROM webhooks WHERE account_id = ? AND event = ? AND subject IS ? ORDER BY id"
    webhooks = call.store.rows(sql, (call.account_id, event, subject))
    if not webhooks:
        return []
    if payload is None:
        assert subscriber_id is not None
        payload = {"subscriber": people.shown(people.by_id(call, subscriber_id), FieldSet.of(call))}
    return [
        deliveries.enqueue(
            call.store,
            account_id=call.account_id,
            event=event,
            target_url=target_url,
            payload=payload,
            now=call.now,
            webhook_id=id_,
        )
        for id_, target_url in webhooks
    ]
