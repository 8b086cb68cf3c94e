"""Finds damage of a database file: from a disk, an incomplete copy, or changes by others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import apsw

from kit_mock.state.clock import FIRST_MOMENT, LAST_MOMENT
from kit_mock.state.schema import LARGEST_COUNT, LARGEST_GIVEN_ID

WHOLE = 32 * 1024 * 1024
"""The largest file that is read as a whole, in bytes. That takes about a second."""
QUICK = 1024 * 1024 * 1024
"""The largest file whose pages are checked, in bytes. That takes about two seconds. A larger one is opened unchecked."""

_STORED = {"INTEGER": "'integer'", "TEXT": "'text'", "NUMERIC": "'integer', 'real'", "BLOB": "'blob'"}
_JSON = {
    "accounts": ("colors", "sending_addresses", "plan"),
    "subscribers": ("field_values", "attribution", "location"),
    "oauth_clients": ("redirect_uris",),
    "sequences": ("send_days", "exclude_subscriber_sources", "stats"),
    "broadcasts": ("subscriber_filter",),
    "deliveries": ("payload",),
}
_COUNTS = ("recipients", "opens", "clickers", "clicks", "unsubscribes", "sent", "quantity", "attempts", "email_count")
_LARGEST_ID = 2 * LARGEST_GIVEN_ID
"""Nobody adds that many rows after the largest id that can be given."""
_RULES = {
    "the counter of an id is wrong": (
        f"SELECT 1 FROM sqlite_sequence WHERE typeof(seq) <> 'integer' OR seq NOT BETWEEN 0 AND {_LARGEST_ID}"
    ),
    "a subscriber has values of something else than custom fields": (
        "SELECT 1 FROM subscribers, json_each(field_values) AS stored WHERE json_type(field_values) <> 'object'"
        " OR stored.type <> 'text' OR CAST(CAST(stored.key AS INTEGER) AS TEXT) <> stored.key"
    ),
    "an account has no default email template": (
        "SELECT 1 FROM accounts WHERE id NOT IN (SELECT account_id FROM email_templates WHERE is_default)"
    ),
    "a draft of a broadcast was clicked": (
        "SELECT 1 FROM broadcasts WHERE started_at IS NULL AND id IN (SELECT broadcast_id FROM broadcast_clickers)"
    ),
}


def problem(connection: apsw.Connection, size: int) -> str | None:
    """Return what is wrong with a database of `size` bytes, or None. Raises apsw.Error if it can't be read at all."""
    if size > QUICK:
        return None
    pragma = "integrity_check(1)" if size <= WHOLE else "quick_check(1)"
    ((found,),) = connection.execute(f"PRAGMA {pragma}").fetchall()
    if found != "ok":
        return " ".join(str(found).split())
    if size > WHOLE:
        return None
    for table, rowid, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        return f"row {rowid} of {table} refers to none of {parent}"
    found = next(_wrong_rows(connection), None)  # First, since rules read JSON.
    return found or next((rule for rule, sql in _RULES.items() if connection.execute(sql).fetchone()), None)


def _wrong_rows(connection: apsw.Connection) -> Iterator[str]:
    """Yield a problem for each table with values that the mock never writes: wrong types, times out of range, broken texts."""
    names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    tables: list[Any] = connection.execute(names).fetchall()
    for (table,) in tables:
        wrong = []
        columns: list[Any] = connection.execute(f"PRAGMA table_info({table})").fetchall()
        for _, name, type_, *_ in columns:
            if type_ in _STORED:
                wrong.append(f"typeof({name}) NOT IN ('null', {_STORED[type_]})")
            if name == "at" or name.endswith(("_at", "_time")):
                wrong.append(f"{name} NOT BETWEEN {FIRST_MOMENT} AND {LAST_MOMENT}")
            if name == "id" and type_ == "INTEGER":
                wrong.append(f"id NOT BETWEEN 1 AND {_LARGEST_ID}")
            if name in _COUNTS:
                wrong.append(f"{name} NOT BETWEEN 0 AND {LARGEST_COUNT}")
        wrong += [f"NOT json_valid({name})" for name in _JSON.get(table, ())]
        if connection.execute(f"SELECT 1 FROM {table} WHERE {' OR '.join(wrong)} LIMIT 1").fetchone():
            yield f"{table} has a value that kit-mock never wrote"
        try:
            for _ in connection.execute(f"SELECT * FROM {table}"):
                pass
        except UnicodeDecodeError:
            yield f"{table} has a text that isn't UTF-8"
