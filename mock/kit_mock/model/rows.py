"""Read and insert rows as named tuples, whose fields are the columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from kit_mock.model.account import Account
from kit_mock.protocol.errors import not_found
from kit_mock.state.store import Store

_Row = TypeVar("_Row", bound=NamedTuple)


def first(store: Store, table: str, row: type[_Row], condition: str, *arguments: Any) -> _Row | None:
    """Return the first row of a table that meets a condition in SQL, or None."""
    return made(row, store.row(f"SELECT {', '.join(row._fields)} FROM {table} WHERE {condition}", arguments))


def made(row: type[_Row], found: Sequence[Any] | None) -> _Row | None:
    """Return the values of a row as a named tuple, or None for None."""
    return None if found is None else row._make(found)


def find(account: Account, table: str, row: type[_Row], **values: Any) -> _Row | None:
    """Return the account's first row that has these values in these columns, or None."""
    return made(row, account.store.row(_select(table, row, tuple(values)), (account.id, *values.values())))


@cache
def _select(table: str, row: type[NamedTuple], names: tuple[str, ...]) -> str:
    conditions = " AND ".join(f"{name} = ?" for name in ("account_id", *names))
    return f"SELECT {', '.join(row._fields)} FROM {table} WHERE {conditions}"


def by_id(account: Account, table: str, row: type[_Row], id_: int) -> _Row:
    """Return the account's row with that id. Raises Refusal 404."""
    found = find(account, table, row, id=id_)
    if found is None:
        raise not_found()
    return found


def exists(account: Account, table: str, id_: int | None) -> bool:
    """Return whether the account has a row with that id. No row has the id None."""
    return account.store.row(f"SELECT 1 FROM {table} WHERE id = ? AND account_id = ?", (id_, account.id)) is not None


def insert(account: Account, table: str, row: type[_Row], values: Mapping[str, Any]) -> _Row:
    """Insert a row of the account with these columns and return it, with the table's defaults."""
    return row._make(account.store.insert_returning(table, {"account_id": account.id, **values}, row._fields))


def id_array(ids: Iterable[int]) -> str:
    """Return ids as a JSON array, for `IN (SELECT value FROM json_each(?))`."""
    return msgspec.json.encode(list(ids)).decode()
