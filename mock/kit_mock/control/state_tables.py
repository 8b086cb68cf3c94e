"""The state as the page shows it: the number of rows of each table, and the newest and oldest of them.

The queries stay fast in an account of a million subscribers: rows are found by id, the members of a tag are counted up to
a thousand, and SQLite counts a table from its pages, without reading the rows.
"""

from __future__ import annotations

from typing import Any

import attrs

from kit_mock.protocol.url_passwords import masked
from kit_mock.state.clock import timestamp
from kit_mock.state.store import Store

NEWEST = 8
OLDEST = 4
_MOST_MEMBERS = 1000
_LONGEST = 200


@attrs.frozen
class Table:
    """A table on the page. Rows hold the id first; between the `newest` and the `oldest`, `left_out` aren't shown."""

    name: str
    title: str
    count: int
    columns: tuple[str, ...]
    newest: list[list[str]]
    oldest: list[list[str]]

    @property
    def left_out(self) -> int:
        """The number of rows that aren't shown."""
        return self.count - len(self.newest) - len(self.oldest)


def _members(table: str, key: str) -> str:
    limited = f"SELECT 1 FROM {table} WHERE {key} = things.id LIMIT {_MOST_MEMBERS + 1}"
    return f"(SELECT CASE WHEN count(*) > {_MOST_MEMBERS} THEN '{_MOST_MEMBERS:,}+' ELSE count(*) END FROM ({limited}))"


# By table: its title, and the columns by their headings. What ends in `_at` is a time.
_KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "subscribers": (
        "Subscribers",
        {
            "email address": "email_address",
            "first name": "first_name",
            "state": "state",
            "created": "created_at",
            "updated": "updated_at",
        },
    ),
    "tags": (
        "Tags",
        {"name": "name", "subscribers": _members("tag_subscribers", "tag_id"), "created": "created_at"},
    ),
    "forms": (
        "Forms",
        {
            "name": "name",
            "type": "type",
            "status": "status",
            "subscribers": _members("form_subscribers", "form_id"),
            "created": "created_at",
        },
    ),
    "sequences": (
        "Sequences",
        {
            "name": "name",
            "subscribers": _members("sequence_subscribers", "sequence_id"),
            "hold": "iif(hold, 'yes', 'no')",
            "repeat": "iif(repeat, 'yes', 'no')",
            "created": "created_at",
        },
    ),
    "broadcasts": (
        "Broadcasts",
        {
            "subject": "subject",
            "public": "iif(public, 'yes', 'no')",
            "send at": "send_at",
            "sent": "started_at",
            "recipients": "recipients",
            "created": "created_at",
        },
    ),
    "purchases": (
        "Purchases",
        {
            "transaction": "transaction_id",
            "subscriber": "subscriber_id",
            "status": "status",
            "total": "total",
            "currency": "currency",
            "lines": "(SELECT count(*) FROM purchase_lines WHERE purchase_id = things.id)",
        },
    ),
    "custom_fields": (
        "Custom fields",
        {"label": "label", "key": "key", "name": "name", "created": "created_at"},
    ),
    "segments": (
        "Segments",
        {"name": "name", "subscribers": _members("segment_subscribers", "segment_id"), "created": "created_at"},
    ),
    "email_templates": (
        "Email templates",
        {"name": "name", "category": "category", "default": "iif(is_default, 'yes', 'no')"},
    ),
    "webhooks": (
        "Webhooks",
        {"event": "event", "about": "subject", "target": "target_url", "created": "created_at"},
    ),
    "bulk_jobs": (
        "Waiting bulk jobs",
        {
            "operation": "operation_id",
            "size (bytes)": "size",
            "callback": "callback_url",
            "queued": "created_at",
            "runs": "run_at",
        },
    ),
    "accounts": (
        "Accounts",
        {"name": "name", "plan": "plan_type", "email address": "email_address", "created": "created_at"},
    ),
}


def all_of(store: Store) -> list[Table]:
    """Return all tables, read at one moment."""
    with store.reading():
        several = store.value("SELECT count(*) FROM accounts") > 1
        return [_table(store, name, several) for name in _KINDS]


def _table(store: Store, name: str, several_accounts: bool) -> Table:
    title, columns = _KINDS[name]
    columns = {"id": "id", **columns}
    if several_accounts and name != "accounts":
        columns["account"] = "account_id"
    # The names are ours, not a caller's.
    select = f"SELECT {', '.join(columns.values())} FROM {name} AS things ORDER BY id"
    count = store.value(f"SELECT count(*) FROM {name}")
    newest = store.rows(f"{select} DESC LIMIT ?", (NEWEST,))
    oldest = store.rows(f"{select} LIMIT ?", (min(OLDEST, max(0, count - NEWEST)),))
    times = [expression.endswith("_at") for expression in columns.values()]
    return Table(
        name,
        title,
        count,
        tuple(columns),
        [_cells(row, times) for row in newest],
        [_cells(row, times) for row in reversed(oldest)],
    )


def _cells(row: tuple[Any, ...], times: list[bool]) -> list[str]:
    return [_cell(value, is_time) for value, is_time in zip(row, times, strict=True)]


def _cell(value: Any, is_time: bool) -> str:
    if value is None:
        return ""
    text = timestamp(value) if is_time else masked(str(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
