"""How the API represents what webhooks are told of. Answers show it in the same form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kit_mock.model.account import Account
from kit_mock.model.field_values import FieldSet
from kit_mock.state.clock import timestamp

Json = dict[str, Any]


def custom_field(row: Sequence[Any]) -> Json:
    """Represent a `CustomField`."""
    id_, name, key, label, *_ = row
    return {"id": id_, "name": name, "key": key, "label": label}


def subscriber(account: Account, row: Sequence[Any]) -> Json:
    """Represent a `Subscriber`."""
    return subscribers(account, [row])[0]


def subscribers(account: Account, rows: Iterable[Sequence[Any]]) -> list[Json]:
    """Represent many, without a call for each: a page is mostly this."""
    fields = FieldSet.of(account)
    without = fields.shown(None)
    return [
        {
            "id": id_,
            "first_name": first_name,
            "email_address": email_address,
            "state": state,
            "created_at": timestamp(created_at),
            "fields": fields.shown(values) if values else dict(without),
        }
        for id_, first_name, email_address, state, created_at, values in rows
    ]
