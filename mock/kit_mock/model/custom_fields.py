"""The custom fields of an account. Labels match without regard to case.

The key of a field is its label in lower-case ASCII (`strasse` for `Straße`) with underscores. Where another field has that
key, `_2`, `_3`, … is added.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from anyascii import anyascii

from kit_mock.model import events, representations, rows
from kit_mock.model.account import Account
from kit_mock.model.event_names import FIELD_CREATED, FIELD_DELETED
from kit_mock.protocol.errors import unprocessable

TAKEN = "Label has already been taken"

_NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")


class CustomField(NamedTuple):
    """A row of `custom_fields`."""

    id: int
    name: str
    key: str
    label: str
    created_at: int
    locked: bool
    """Whether requests can't delete it."""


def by_id(account: Account, id_: int) -> CustomField:
    """Return the account's custom field with that id. Raises Refusal 404."""
    return rows.by_id(account, "custom_fields", CustomField, id_)


def labelled(account: Account, label: str) -> CustomField | None:
    """Return the account's custom field with that label, or None."""
    return rows.find(account, "custom_fields", CustomField, folded_label=label.casefold())


def create(account: Account, label: str, columns: Mapping[str, Any] | None = None) -> CustomField:
    """Create a custom field. `columns`, such as an `id`, are stored unchanged. Without them, key and name follow the label.

    Raises Refusal 422 for a label that is taken.
    """
    if labelled(account, label) is not None:
        raise unprocessable(TAKEN)
    given = columns or {}
    key = given.get("key") or _free_key(account, label)
    row = {
        "account_id": account.id,
        "label": label,
        "folded_label": label.casefold(),
        "name": "",
        "created_at": account.now,
        **given,
        "key": key,
    }
    id_ = account.store.insert_row("custom_fields", row)
    if "name" not in given:
        account.store.update_row("custom_fields", id_, {"name": f"ck_field_{id_}_{key}"})
    created = by_id(account, id_)
    events.fire(account, FIELD_CREATED, {"custom_field": representations.custom_field(created)})
    return created


def relabel(account: Account, id_: int, label: str) -> CustomField:
    """Change the label of a custom field, and the key with it. The name and the values stay.

    Raises Refusal: 404 if there is no such field, 422 for a label that another field has.
    """
    field, other = by_id(account, id_), labelled(account, label)
    if other is not None and other.id != id_:
        raise unprocessable(TAKEN)
    key = _free_key(account, label, id_)
    account.store.update_row("custom_fields", id_, {"label": label, "folded_label": label.casefold(), "key": key})
    return field._replace(label=label, key=key)


def delete(account: Account, id_: int) -> None:
    """Delete a custom field and its values of all subscribers.

    Raises Refusal: 404 if there is no such field, 422 for a locked one.
    """
    field = by_id(account, id_)
    if field.locked:
        raise unprocessable("Unable to destroy the custom field.")
    account.store.write("DELETE FROM custom_fields WHERE id = ?", (id_,))
    events.fire(account, FIELD_DELETED, {"custom_field": representations.custom_field(field)})


def key_of(label: str) -> str:
    """Return the key of a label, or `field` if nothing of the label can be written in ASCII."""
    return _NOT_IN_KEYS.sub("_", anyascii(label).lower()).strip("_") or "field"


def _free_key(account: Account, label: str, own_id: int = 0) -> str:
    """Return the label's key, numbered if another field of the account has it."""
    wanted = key_of(label)
    sql = "SELECT 1 FROM custom_fields WHERE account_id = ? AND key = ? AND id <> ?"
    for key in itertools.chain([wanted], (f"{wanted}_{number}" for number in itertools.count(2))):
        if account.store.row(sql, (account.id, key, own_id)) is None:
            break
    return key
