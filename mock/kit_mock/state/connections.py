"""Connections to SQLite, and the tables that a new database gets."""

from __future__ import annotations

import contextlib
from functools import cache
from pathlib import Path
from typing import Any

import apsw

from kit_mock.state.schema import APPLICATION_ID, TABLES, VERSION

_PATIENCE = 1000
"""Milliseconds to wait for a file that another process has."""


def connect(path: Path | None = None) -> apsw.Connection:
    """Return a connection to a file, or to a database of its own in memory."""
    # Without SQLite's own locks: a store has one for all that it does.
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | apsw.SQLITE_OPEN_NOMUTEX
    connection = apsw.Connection(":memory:" if path is None else str(path), flags=flags, statementcachesize=512)
    connection.set_busy_timeout(_PATIENCE)
    # Plans that depend on no argument: otherwise most queries would be planned anew each time.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    return connection


def create_tables(connection: apsw.Connection) -> None:
    """Make the tables in an empty database, and mark it as one of the mock's."""
    for statement in TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {VERSION}")


def has_own_tables(connection: apsw.Connection) -> bool:
    """Return whether a database has the tables that `create_tables` makes, and no others."""
    return _tables(connection) == _own_tables()


@cache
def empty_image() -> bytes:
    """Return a database with tables and without rows."""
    with contextlib.closing(connect()) as connection:
        create_tables(connection)
        return connection.serialize("main")


def _tables(connection: apsw.Connection) -> list[Any]:
    return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").fetchall()


@cache
def _own_tables() -> list[Any]:
    with contextlib.closing(connect()) as connection:
        create_tables(connection)
        return _tables(connection)
