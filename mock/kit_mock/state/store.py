"""State in SQLite: the connection and its lock."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn, TypeVar, cast

import apsw

from kit_mock.protocol.errors import KitMockError, shown
from kit_mock.state import connections, damage, database_file, failures
from kit_mock.state.schema import APPLICATION_ID, VERSION
from kit_mock.state.settings import Settings

_T = TypeVar("_T")

_ROLLBACK_JOURNAL = b"\x01\x01"

REMEDY = "use a copy from before, or remove it and start anew"
"""What to do about a damaged file."""

_abandoned: list[object] = []
"""Connections of parent processes, kept because closing one would touch the parent's file."""


MOST_CACHED = 1_000
"""How many results are cached for a table, since a table may never change and each request may ask for another result."""


class Store:
    """One SQLite database, in memory or in a file, for one process and any number of its threads.

    Raises KitMockError if a file can't be opened or written, is in use by another process, or isn't a database of
    this mock.
    """

    def __init__(self, path: Path | None = None, settings: Settings | None = None) -> None:
        self._lock = threading.RLock()
        self.settings = settings or Settings()
        self._cache: dict[str, dict[object, Any]] = {}
        """By table, what nearly every request reads. Each write to a table clears its part."""
        self.job_results: dict[int, dict[str, dict[str, bytes]]] = {}
        """By id, the results of the bulk jobs that have begun; see `endpoints.bulk_jobs`."""
        self.is_new = True
        """Whether the database was empty when it was opened."""
        self.has_new_work = False
        """Whether a delivery or a job was queued since the background worker was last woken."""
        if path is not None:
            database_file.prepare(path)
        try:
            self._connection = connections.connect(path)
        except (apsw.Error, UnicodeError) as error:  # SQLite's paths are UTF-8.
            raise KitMockError(f"cannot open the database {str(path)!r}: {failures.reason(error)}") from None
        try:
            self._prepare(path)
        except (apsw.Error, UnicodeError, KitMockError) as error:
            self._connection.close()
            reason = failures.reason(error) if isinstance(error, apsw.Error) else str(error)
            if isinstance(error, apsw.CorruptError | UnicodeError):
                reason = f"it is damaged ({shown(reason)}): {REMEDY}"
            raise KitMockError(f"cannot use the database {path}: {reason}") from None

    def _prepare(self, path: Path | None) -> None:
        self._connection.execute("PRAGMA foreign_keys = ON")
        if path is None:
            self.load(
                connections.empty_image()
            )  # A test each may make one, and making the tables takes six times as long as a copy.
            return
        # Nobody else may write: it is faster, needs no shared memory, and a second mock on the same file is
        # told so at its start. WAL with NORMAL keeps what was committed when the process is killed.
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._check_owner()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        with self.transaction():
            if not self.value("PRAGMA user_version"):
                connections.create_tables(self._connection)

    def _check_owner(self) -> None:
        version = self.value("PRAGMA user_version")
        if self.value("PRAGMA application_id") != APPLICATION_ID:
            if version or self.value("SELECT count(*) FROM sqlite_schema"):
                raise KitMockError("it isn't a database of kit-mock")
        elif version != VERSION:
            raise KitMockError(f"it was made by another version of kit-mock (its layout is {version})")
        elif not connections.has_own_tables(self._connection):
            raise KitMockError("its tables aren't those that kit-mock made")
        else:
            size = self.value("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            self.is_new = False
            if (problem := damage.problem(self._connection, size)) is not None:
                raise KitMockError(f"it is damaged ({problem}): {REMEDY}")

    def close(self) -> None:
        """Write everything out and close. Can be called more than once."""
        with self._lock:
            # What doesn't fit into the file stays in the one beside it, and is read from there at the next start.
            with contextlib.suppress(apsw.FullError):
                self._connection.close()
            self._connection = cast(apsw.Connection, _Closed())

    def settle(self) -> None:
        """Put all that was written into the file itself, so that the files beside it aren't needed.

        Raises UnwritableError if there is no room for it, of which `close` says nothing.
        """
        with self._lock:
            self._execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def abandon(self, problem: str) -> None:
        """Leave the database to the parent of this forked process. Any later call raises KitMockError with the problem."""
        self._lock = threading.RLock()  # A thread of the parent may have held the old one.
        # Even at the end of the process it must not touch the file. It may be closed already, or in use when it was forked.
        with contextlib.suppress(apsw.Error, KitMockError):
            self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        _abandoned.append(self._connection)
        self._connection = cast(apsw.Connection, _Closed(problem))

    def image(self) -> bytes:
        """Return all of the database, as a file would hold it."""
        with self._lock:
            image = bytearray(self._connection.serialize("main"))
        image[18:20] = _ROLLBACK_JOURNAL  # Only a file can have WAL.
        return bytes(image)

    def load(self, image: bytes) -> None:
        """Replace the state by that of an image.

        Raises KitMockError, and changes nothing, for an image that isn't a database of this layout.
        """
        source = connections.connect()
        try:
            source.deserialize("main", image)
            owner = source.execute("PRAGMA application_id").fetchone()
            version = source.execute("PRAGMA user_version").fetchone()
            if (owner, version) != ((APPLICATION_ID,), (VERSION,)):
                raise KitMockError(f"it isn't of this version of kit-mock, whose layout is {VERSION}")
            with self._lock:
                self.row("SELECT 1")  # Raises KitMockError if the store is closed.
                with self._connection.backup("main", source, "main") as backup:
                    backup.step()
                self._cache.clear()
                self.job_results.clear()
        except failures.UNUSABLE as error:
            raise failures.unwritable(error) from None
        except apsw.Error as error:
            raise KitMockError(str(error)) from None
        finally:
            source.close()

    def reading(self) -> AbstractContextManager[object]:
        """Keep other threads out, so that several queries see the same state."""
        return self._lock

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep other threads out, and keep all changes made inside, or none if it is left by an exception.

        Raises UnwritableError if they can't be kept.
        """
        with self._lock:
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite may have ended it itself when the disk was full.
                    self._connection.execute("ROLLBACK")
                self._cache.clear()
                raise

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Inside a transaction: undo the changes made inside, and these alone, if it is left by an exception."""
        with self._lock:
            self._execute("SAVEPOINT inner")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK TO inner")
                self._cache.clear()
                raise
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("RELEASE inner")

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self._lock:
            return self._connection.execute(sql, arguments).fetchall()

    def row(self, sql: str, arguments: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None."""
        with self._lock:
            return self._connection.execute(sql, arguments).fetchone()

    def value(self, sql: str, arguments: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        found = self.row(sql, arguments)
        return None if found is None else found[0]

    def write(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Carry out a change and return how many rows it touched."""
        with self._lock:
            self._forget(sql)
            self._execute(sql, arguments)
            return self._connection.changes()

    def insert(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Carry out an INSERT and return the id it was given."""
        with self._lock:
            self._forget(sql)
            self._execute(sql, arguments)
            return self._connection.last_insert_rowid()

    def cached(self, table: str, key: object, read: Callable[[], _T]) -> _T:
        """Return what `read` returned for that key, until the table changes. It must read no other table."""
        with self._lock:
            known = self._cache.setdefault(table, {})
            if key not in known:
                if len(known) >= MOST_CACHED:
                    known.clear()
                known[key] = read()
            found: _T = known[key]
            return found

    def cached_rows(self, table: str, sql: str, arguments: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """Return all rows of a query that reads that table alone, and remember them until it changes."""
        return self.cached(table, (sql, arguments), lambda: self.rows(sql, arguments))

    def insert_missing_row(self, table: str, values: Mapping[str, Any]) -> bool:
        """Add a row with these columns unless its key is there, and return whether it was added."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"
        return self.write(sql, (*values.values(),)) > 0

    def insert_returning(self, table: str, values: Mapping[str, Any], columns: Iterable[str]) -> tuple[Any, ...]:
        """Insert a row with these values, and return some of its columns, defaults included."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING {', '.join(columns)}"
        with self._lock:
            self._forget(sql)
            (found,) = self._execute(sql, (*values.values(),)).fetchall()
            return tuple(found)

    def insert_row(self, table: str, values: Mapping[str, Any]) -> int:
        """Add a row with these columns and return its id."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        return self.insert(f"INSERT INTO {table} ({columns}) VALUES ({marks})", (*values.values(),))

    def update_row(self, table: str, id_: int, values: Mapping[str, Any]) -> None:
        """Set these columns of the row with that id; without columns, nothing happens."""
        if values:
            columns = ", ".join(f"{name} = ?" for name in values)
            self.write(f"UPDATE {table} SET {columns} WHERE id = ?", (*values.values(), id_))

    def _forget(self, sql: str) -> None:
        """Clear the part of the cache that a statement may make stale: all of it if the table is unknown."""
        table = _table_of(sql)
        if table is None:
            self._cache.clear()
        else:
            self._cache.pop(table, None)

    def _execute(self, sql: str, arguments: Sequence[Any] = ()) -> apsw.Cursor:
        try:
            return self._connection.execute(sql, arguments)
        except failures.UNUSABLE as error:
            raise failures.unwritable(error) from None


class _Closed:
    """A stand-in for the connection of a closed store. Any use raises KitMockError."""

    def __init__(self, problem: str = "this KitMock is closed") -> None:
        self._problem = problem

    def close(self) -> None:
        pass

    def __getattr__(self, name: str) -> NoReturn:
        raise KitMockError(self._problem)


_WRITTEN = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)")


@lru_cache(maxsize=512)
def _table_of(sql: str) -> str | None:
    match = _WRITTEN.match(sql)
    return None if match is None else match[1]
