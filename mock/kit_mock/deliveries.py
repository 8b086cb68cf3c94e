"""What the mock sends by itself: webhooks' deliveries and the results of bulk jobs."""

from __future__ import annotations

from typing import Any

import msgspec

from kit_mock.storage import Store


def enqueue(
    store: Store,
    *,
    account_id: int,
    event: str,
    target_url: str,
    payload: dict[str, Any],
    now: int,
    webhook_id: int | None = None,
) -> None:
    """Queue a POST of a JSON payload, inside the caller's transaction, for as soon as that is over."""
    store.insert(
        "INSERT INTO deliveries (account_id, webhook_id, event, target_url, payload, created_at, next_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (account_id, webhook_id, event, target_url, msgspec.json.encode(payload).decode(), now, now),
    )
