"""Events: what happens to subscribers, and which webhooks are told of it."""

from __future__ import annotations

from typing import Any

from kit_mock.registry import Call


def fire(
    call: Call,
    event: str,
    *,
    subscriber_id: int | None = None,
    subject: int | str | None = None,
    payload: dict[str, Any] | None = None,
) -> None:
    """Queue a delivery to each webhook of the account for an event, inside the caller's transaction."""
