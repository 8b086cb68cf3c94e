"""The tags of an account. Names match without regard to case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kit_mock.model.account import Account
from kit_mock.model.memberships import TAGGED
from kit_mock.protocol.errors import not_found, unprocessable

COLUMNS = "id, name, created_at"
TAKEN = "Name has already been taken"


class Tag(NamedTuple):
    """A row of `tags`."""

    id: int
    name: str
    created_at: int


def find(account: Account, id_: int | None) -> Tag | None:
    """Return the account's tag with that id, or None. Nothing has None as its id."""
    return _tag(account.store.row(f"SELECT {COLUMNS} FROM tags WHERE id = ? AND account_id = ?", (id_, account.id)))


def named(account: Account, name: str) -> Tag | None:
    """Return the account's tag with that name, or None."""
    sql = f"SELECT {COLUMNS} FROM tags WHERE account_id = ? AND folded_name = ?"
    return _tag(account.store.row(sql, (account.id, name.casefold())))


def create(account: Account, name: str, columns: Mapping[str, Any] | None = None) -> Tag:
    """Create a tag. `columns`, such as an `id`, are set as they are. Raises Refusal 422 for a name that is taken."""
    if named(account, name) is not None:
        raise unprocessable(TAKEN)
    row = {"account_id": account.id, "name": name, "folded_name": name.casefold(), "created_at": account.now}
    return Tag(account.store.insert_row("tags", {**row, **(columns or {})}), name, account.now)


def rename(account: Account, id_: int, name: str) -> Tag:
    """Give a tag another name. Raises Refusal: 404 if there is no such tag, 422 for a name that another tag has."""
    tag, other = find(account, id_), named(account, name)
    if tag is None:
        raise not_found()
    if other is not None and other.id != id_:
        raise unprocessable(TAKEN)
    account.store.update_row("tags", id_, {"name": name, "folded_name": name.casefold()})
    return tag._replace(name=name)


def delete(account: Account, id_: int) -> None:
    """Delete a tag of the account. Those who have it lose it, and no webhook is told."""
    TAGGED.clear(account, id_)
    account.store.write("DELETE FROM tags WHERE id = ?", (id_,))


def _tag(row: tuple[Any, ...] | None) -> Tag | None:
    return None if row is None else Tag(*row)
