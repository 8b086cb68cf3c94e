"""Represent subscribers, purchases and custom fields, for answers and for webhooks alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kit_mock.model import purchase_rows
from kit_mock.model.account import Account
from kit_mock.model.field_values import FieldSet
from kit_mock.model.purchase_rows import Purchase, PurchaseLine
from kit_mock.model.subscriber_rows import Subscriber
from kit_mock.state.clock import timestamp

Json = dict[str, Any]

_PLACES = 4  # Decimal places of sums: more than any currency has, and few enough to round floating-point errors away.


def custom_field(row: Sequence[Any]) -> Json:
    """Represent a `CustomField`."""
    id_, name, key, label, *_ = row
    return {"id": id_, "name": name, "key": key, "label": label}


def subscriber(account: Account, row: Subscriber) -> Json:
    """Represent a `Subscriber`."""
    (shown,) = subscribers(account, [row])
    return shown


def subscribers(account: Account, rows: Sequence[Sequence[Any]]) -> list[Json]:
    """Represent subscribers. One call for a page: this takes most of its time."""
    fields = FieldSet.of(account)
    without = fields.shown(None)  # One dict for all who have no values: nobody changes it.
    return [
        {
            "id": id_,
            "first_name": first_name,
            "email_address": email_address,
            "state": state,
            "created_at": timestamp(created_at),
            "fields": fields.shown(values) if values else without,
        }
        for id_, first_name, email_address, state, created_at, values in rows
    ]


def purchase(account: Account, row: Purchase) -> Json:
    """Represent a purchase with its lines."""
    (shown,) = purchases(account, [row])
    return shown


def purchases(account: Account, rows: Sequence[Purchase]) -> list[Json]:
    """Represent purchases with their lines."""
    lines = purchase_rows.lines(account, [row.id for row in rows])
    return [_purchase(row, lines[row.id]) for row in rows]


def _purchase(row: Purchase, lines: Sequence[PurchaseLine]) -> Json:
    subtotal = row.subtotal
    if subtotal is None:
        subtotal = _rounded(sum(line.quantity * line.unit_price for line in lines))
    discount, tax, shipping = row.discount or 0, row.tax or 0, row.shipping or 0
    return {
        "id": row.id,
        "subscriber_id": row.subscriber_id,
        "source": row.source,
        "transaction_id": row.transaction_id,
        "status": row.status,
        "email_address": row.email_address,
        "currency": row.currency,
        "transaction_time": timestamp(row.transaction_time),
        "subtotal": subtotal,
        "discount": discount,
        "tax": tax,
        "total": _rounded(subtotal + tax + shipping - discount) if row.total is None else row.total,
        "products": [line._asdict() for line in lines],
    }


def _rounded(amount: float) -> float:
    # As a float, since products of whole numbers can exceed the integers of JSON.
    return round(float(amount), _PLACES)
