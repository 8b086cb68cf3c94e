"""Subscribers: create, change and unsubscribe them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit_mock.model import email_stats, events, field_values, rows
from kit_mock.model.account import Account
from kit_mock.model.event_names import FIELD_VALUE_UPDATED
from kit_mock.model.field_values import FieldSet
from kit_mock.model.subscriber_rows import Subscriber
from kit_mock.protocol.errors import unprocessable

STATES = ("active", "bounced", "cancelled", "complained", "inactive")
ENGAGEMENT = ("sent", "opens", "clicks")
"""Columns with numbers of messages, which lists can be sorted by."""

EMAIL_TAKEN = "Email address has already been taken"


def find(account: Account, id_: int | None) -> Subscriber | None:
    """Return the account's subscriber with that id, or None. No subscriber has the id None."""
    return rows.find(account, "subscribers", Subscriber, id=id_)


def by_id(account: Account, id_: int) -> Subscriber:
    """Return the account's subscriber with that id. Raises Refusal 404."""
    return rows.by_id(account, "subscribers", Subscriber, id_)


def by_email(account: Account, email_address: str) -> Subscriber | None:
    """Return the account's subscriber with that address, in any case, or None."""
    return rows.find(account, "subscribers", Subscriber, email_address=email_address)


def create(
    account: Account,
    email_address: str,
    *,
    first_name: str | None = None,
    state: str = "active",
    fields: Mapping[str, str | None] | None = None,
    columns: Mapping[str, Any] | None = None,
) -> Subscriber:
    """Create a subscriber. The address must be valid, and no other subscriber of the account may have it.

    `fields` are values by key or label; names of unknown fields are ignored. `columns` are stored unchanged: those that no
    request sets, such as an `id` or a number of opens.
    """
    values = FieldSet.of(account).merged(None, fields or {})
    row = {
        "account_id": account.id,
        "email_address": email_address,
        "first_name": first_name,
        "state": state,
        "created_at": account.now,
        "updated_at": account.now,
        "cancelled_at": account.now if state == "cancelled" else None,
        "field_values": values,
        **(columns or {}),
    }
    id_ = account.store.insert_row("subscribers", row)
    created = Subscriber(id_, first_name, email_address, state, account.now, values)
    _fire_changed_values(account, created, None)
    if state == "active":
        events.fire_for(account, created, "subscriber_activate")
    return created


def update(
    account: Account,
    subscriber: Subscriber,
    *,
    email_address: str | None = None,
    first_name: str | None = None,
    fields: Mapping[str, str | None] | None = None,
) -> Subscriber:
    """Set the name, and the address and fields unless they are None. `updated_at` is set only if a value changes.

    Raises Refusal 422 for an address that another subscriber of the account has.
    """
    updated = subscriber._replace(first_name=first_name)
    if email_address is not None:
        other = by_email(account, email_address)
        if other is not None and other.id != subscriber.id:
            raise unprocessable(EMAIL_TAKEN)
        updated = updated._replace(email_address=email_address)
    if fields:
        updated = updated._replace(field_values=FieldSet.of(account).merged(subscriber.field_values, fields))
    _write(account, subscriber, updated)
    _fire_changed_values(account, updated, subscriber.field_values)
    return updated


def set_fields(account: Account, subscriber: Subscriber, fields: Mapping[str, str | None]) -> Subscriber:
    """Set values of custom fields, by key or label. Names of unknown fields are ignored."""
    return update(account, subscriber, first_name=subscriber.first_name, fields=fields)


def unsubscribe(account: Account, subscriber: Subscriber) -> None:
    """Set the state `cancelled` and fire the event. Do nothing for a subscriber who is cancelled already."""
    if subscriber.state != "cancelled":
        events.fire_for(account, set_state(account, subscriber, "cancelled"), "subscriber_unsubscribe")


def set_state(account: Account, subscriber: Subscriber, state: str) -> Subscriber:
    """Set a state without firing an event. `cancelled` counts as an unsubscribe of the last broadcast they received."""
    if state == subscriber.state:
        return subscriber
    if state == "cancelled":
        email_stats.count_unsubscribe(account, subscriber.id)
    updated = subscriber._replace(state=state)
    _write(account, subscriber, updated, cancelled_at=account.now if state == "cancelled" else None)
    return updated


def _write(account: Account, before: Subscriber, after: Subscriber, **more: Any) -> None:
    pairs = zip(Subscriber._fields, before, after, strict=True)
    changed = {name: new for name, old, new in pairs if new != old}
    if changed:
        account.store.update_row("subscribers", before.id, {**changed, **more, "updated_at": account.now})


def _fire_changed_values(account: Account, subscriber: Subscriber, before: str | None) -> None:
    for field_id in field_values.changed(before, subscriber.field_values):
        events.fire_for(account, subscriber, FIELD_VALUE_UPDATED, field_id)
