"""The values of custom fields that a subscriber has.

They are kept as one JSON object by field id in the subscriber's row: a renamed field keeps its values, and a deleted
one loses them in all rows at once, as its id is never used again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
import msgspec

from kit_mock.model.account import Account

_decode = msgspec.json.Decoder(dict[str, str]).decode


@attrs.frozen
class FieldSet:
    """The custom fields of an account, as `fields` of its subscribers shows and takes them."""

    keys: Mapping[str, str]
    """By id."""
    ids: Mapping[str, str]
    """By key, and by label where no key is the same."""

    @classmethod
    def of(cls, account: Account) -> FieldSet:
        """Return those of an account."""
        return account.store.cached("custom_fields", (cls, account.id), lambda: cls._read(account))

    @classmethod
    def _read(cls, account: Account) -> FieldSet:
        sql = "SELECT id, key, label FROM custom_fields WHERE account_id = ? ORDER BY id"
        rows = account.store.rows(sql, (account.id,))
        by_label = {label: str(id_) for id_, _, label in rows}
        return cls({str(id_): key for id_, key, _ in rows}, by_label | {key: str(id_) for id_, key, _ in rows})

    def shown(self, stored: str | None) -> dict[str, str | None]:
        """Every field of the account by key, null where the subscriber has no value."""
        if not stored:
            return dict.fromkeys(self.keys.values())
        values = _decode(stored)
        return {key: values.get(id_) for id_, key in self.keys.items()}

    def unknown(self, given: Iterable[str]) -> list[str]:
        """The names that the account doesn't have."""
        return [name for name in given if name not in self.ids]

    def merged(self, stored: str | None, given: Mapping[str, str | None]) -> str | None:
        """What to store when these values are given: others stay, null or an empty text removes one.

        Names that the account doesn't have are ignored, and values of deleted fields dropped.
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
