"""The tags of an account. Names match without regard to case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kit_mock.model import rows
from kit_mock.model.account import Account
from kit_mock.model.memberships import TAGGED
from kit_mock.protocol.errors import unprocessable

TAKEN = "Name has already been taken"


class Tag(NamedTuple):
    """A row of `tags`."""

    id: int
    name: str
    created_at: int


def by_id(account: Account, id_: int) -> Tag:
    """Return the account's tag with that id. Raises Refusal 404."""
    return rows.by_id(account, "tags", Tag, id_)


def named(account: Account, name: str) -> Tag | None:
    """Return the account's tag with that name, or None."""
    return rows.find(account, "tags", Tag, folded_name=name.casefold())


def create(account: Account, name: str, columns: Mapping[str, Any] | None = None) -> Tag:
    """Create a tag. `columns`, such as an `id`, are stored unchanged. Raises Refusal 422 for a name that is taken."""
    if named(account, name) is not None:
        raise unprocessable(TAKEN)
    row = {"name": name, "folded_name": name.casefold(), "created_at": account.now}
    return rows.insert(account, "tags", Tag, row | dict(columns or {}))


def rename(account: Account, id_: int, name: str) -> Tag:
    """Rename a tag. Raises Refusal: 404 if there is no such tag, 422 for a name that another tag has."""
    tag, other = by_id(account, id_), named(account, name)
    if other is not None and other.id != id_:
        raise unprocessable(TAKEN)
    account.store.update_row("tags", id_, {"name": name, "folded_name": name.casefold()})
    return tag._replace(name=name)


def delete(account: Account, id_: int) -> None:
    """Delete a tag and remove it from its subscribers, without firing events."""
    TAGGED.clear(account, id_)
    account.store.write("DELETE FROM tags WHERE id = ?", (id_,))
