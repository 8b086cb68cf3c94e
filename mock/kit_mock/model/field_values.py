"""The values that a subscriber has in custom fields.

They are stored in the subscriber's row as one JSON object by field id. So a renamed field keeps its values, and a deleted
one needs no change to any subscriber: ids are never used again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
import msgspec

from kit_mock.model.account import Account

_decode = msgspec.json.Decoder(dict[str, str]).decode


@attrs.frozen
class FieldSet:
    """The keys and ids of an account's custom fields."""

    keys: Mapping[str, str]
    """The key by id."""
    ids: Mapping[str, str]
    """The id by key, and by label where no key is the same."""

    @classmethod
    def of(cls, account: Account) -> FieldSet:
        """Return the custom fields of an account."""
        return account.store.cached("custom_fields", (cls, account.id), lambda: cls._read(account))

    @classmethod
    def _read(cls, account: Account) -> FieldSet:
        sql = "SELECT id, key, label FROM custom_fields WHERE account_id = ? ORDER BY id"
        rows = account.store.rows(sql, (account.id,))
        by_label = {label: str(id_) for id_, _, label in rows}
        return cls({str(id_): key for id_, key, _ in rows}, by_label | {key: str(id_) for id_, key, _ in rows})

    def shown(self, stored: str | None) -> dict[str, str | None]:
        """Return stored values by key: every field of the account, None where there is no value."""
        if not stored:
            return dict.fromkeys(self.keys.values())
        values = _decode(stored)
        return {key: values.get(id_) for id_, key in self.keys.items()}

    def unknown(self, given: Iterable[str]) -> list[str]:
        """Return the names that are neither key nor label of a field."""
        return [name for name in given if name not in self.ids]

    def merged(self, stored: str | None, given: Mapping[str, str | None]) -> str | None:
        """Return stored values with changes: None or an empty text removes a value, and others stay.

        Names of unknown fields are ignored, and values of deleted fields dropped.
        """
        values = {id_: value for id_, value in (_decode(stored) if stored else {}).items() if id_ in self.keys}
        for name, value in given.items():
            if (id_ := self.ids.get(name)) is not None:
                if value:
                    values[id_] = value
                else:
                    values.pop(id_, None)
        return msgspec.json.encode(values).decode() if values else None


def changed(before: str | None, after: str | None) -> list[int]:
    """Return the ids of the fields whose stored values differ."""
    old, new = (_decode(stored) if stored else {} for stored in (before, after))
    return sorted(int(id_) for id_ in old.keys() | new.keys() if old.get(id_) != new.get(id_))
