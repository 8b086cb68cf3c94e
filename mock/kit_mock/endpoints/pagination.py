"""Keyset pagination, in which every page of a list costs the same.

A cursor is a JSON array in padded base64: `[id]`, or `[sort value, id]` for a list that isn't sorted by id.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import attrs
import msgspec

from kit_mock.endpoints.handlers import Call
from kit_mock.model import dates
from kit_mock.model.account import Account
from kit_mock.protocol.errors import unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.protocol.validation_messages import human

DEFAULT_PER_PAGE = 500

_Row = TypeVar("_Row")
_Named = TypeVar("_Named", bound=NamedTuple)


@attrs.define
class Listing(Generic[_Row]):
    """The query of a list that is answered in pages."""

    make: Callable[[Iterable[Any]], _Row]
    """Makes a row of its columns."""
    columns: str
    source: str
    key: str = "id"
    """The column with the id, which orders the list. It must be indexed together with the columns of `where`."""
    sort: str | None = None
    """A column that orders the list before `key`. It must be in the same index."""
    descending: bool = True
    where: list[str] = attrs.field(factory=list)
    arguments: list[Any] = attrs.field(factory=list)
    since: str | None = "created_at"
    """The column with the moment when a row came into the list, for lists that lag. None if there is none."""

    def narrow(self, condition: str, *arguments: Any) -> None:
        """Keep only rows that meet the condition."""
        self.where.append(condition)
        self.arguments.extend(arguments)

    def compare(self, column: str, filters: Iterable[tuple[str, int]]) -> None:
        """Keep only rows whose column passes filters from `date_filters`."""
        for relation, moment in filters:
            self.narrow(f"{column} {relation} ?", moment)

    def count(self, call: Call, limit: int = -1) -> int:
        """Count the rows, up to `limit`; -1 is no limit."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {self.source} WHERE {' AND '.join(self.where)} LIMIT {limit})"
        return int(call.account.store.value(sql, self.arguments))

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that order the list. Cursors hold their values."""
        return (self.key,) if self.sort is None else (self.sort, self.key)

    @property
    def begins_with_key(self) -> bool:
        """Whether `columns` starts with the key, so that the query need not read it twice."""
        return self.columns.startswith(f"{self.key},")

    def query(self, cursor: Sequence[int] | None, relation: str, *, descending: bool, limit: int) -> str:
        """Return the SQL for rows on one side of a cursor or, without one, for rows from the start."""
        conditions = list(self.where)
        if cursor is not None:
            conditions.append(f"({', '.join(self.keys)}) {relation} ({', '.join('?' * len(self.keys))})")
        keys = self.keys[:-1] if self.begins_with_key else self.keys
        direction = "DESC" if descending else "ASC"
        order = ", ".join(f"{column} {direction}" for column in self.keys)
        return (
            f"SELECT {', '.join((*keys, self.columns))} FROM {self.source}"
            f" WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT {limit}"
        )


def list_of(account: Account, table: str, row: type[_Named]) -> Listing[_Named]:
    """Return the listing of the account's rows of a table, whose columns are the fields of that named tuple."""
    return Listing(row._make, ", ".join(row._fields), table, where=["account_id = ?"], arguments=[account.id])


def page(call: Call, listing: Listing[_Row], name: str, render: Callable[[list[_Row]], list[Any]]) -> Reply:
    """Answer 200 with one page under `name`, represented by `render`, and with `pagination`.

    Raises Refusal 422 for an invalid cursor.
    """
    per_page = call.query.get("per_page", DEFAULT_PER_PAGE)
    after, before = (_cursor(call, listing, name) for name in ("after", "before"))
    if after is not None and before is not None:
        raise unprocessable("Only one of after and before can be given")
    if call.lag and listing.since is not None:
        listing.narrow(f"{listing.since} <= ?", call.account.now - call.lag)
    cursor = before if after is None else after
    forward = before is None
    rows = _side(call, listing, cursor, forward=forward, limit=per_page + 1)
    more = len(rows) > per_page
    del rows[per_page:]
    # Inclusive, since the row of the cursor itself lies before the page.
    behind = cursor is not None and bool(_side(call, listing, cursor, forward=not forward, limit=1, inclusive=True))
    if not forward:
        rows.reverse()
    width = len(listing.keys)
    pagination = {
        "has_previous_page": behind if forward else more,
        "has_next_page": more if forward else behind,
        "start_cursor": encode(rows[0][:width]) if rows else None,
        "end_cursor": encode(rows[-1][:width]) if rows else None,
        "per_page": per_page,
    }
    if call.query.get("include_total_count"):
        pagination["total_count"] = listing.count(call)
    first = width - listing.begins_with_key
    # Rows that are used as they come are not copied: a page can have a thousand.
    made: list[Any] = [listing.make(row[first:]) for row in rows] if first or listing.make is not tuple else rows
    return Reply(200, {name: render(made), "pagination": pagination})


def _side(
    call: Call,
    listing: Listing[Any],
    cursor: Sequence[int] | None,
    *,
    forward: bool,
    limit: int,
    inclusive: bool = False,
) -> list[tuple[Any, ...]]:
    """Return rows from the cursor on, in the list's order (`forward`) or against it, the nearest first."""
    descending = listing.descending if forward else not listing.descending
    relation = ("<" if descending else ">") + ("=" if inclusive else "")
    sql = listing.query(cursor, relation, descending=descending, limit=limit)
    return call.account.store.rows(sql, [*listing.arguments, *(cursor or ())])


def encode(keys: Sequence[int]) -> str:
    """Return the cursor of a row with these keys."""
    return base64.b64encode(msgspec.json.encode(keys)).decode("ascii")


def _cursor(call: Call, listing: Listing[Any], name: str) -> list[int] | None:
    text = call.query.get(name)
    if text is None:
        return None
    try:
        keys = msgspec.json.decode(base64.b64decode(text, validate=True), type=list[int])
        fits = len(keys) == len(listing.keys) and all(abs(value) <= LARGEST_ID for value in keys)
        if fits and encode(keys) == text:
            return keys
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        pass  # Refused below, like every text that isn't a cursor.
    raise unprocessable(f"{human(name)} is not a valid cursor")


def date_filters(call: Call, name: str) -> list[tuple[str, int]]:
    """Return the comparisons of the filters `{name}_after` and `{name}_before`, such as `(">", 1676592000)`.

    Both exclude the moment itself. Raises Refusal 422 for an invalid date.
    """
    return [
        (relation, dates.of_filter(call.query[parameter], parameter, up=relation == "<"))
        for parameter, relation in ((f"{name}_after", ">"), (f"{name}_before", "<"))
        if parameter in call.query
    ]
