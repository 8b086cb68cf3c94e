"""What an import has done, in a SQLite file."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import msgspec

from kit_api.models import BulkSubscriber
from kit_client.errors import CheckpointError
from kit_client.options import checked_path

from .outcomes import Outcome
from .rows import Person

APPLICATION = 0x4B495449
"""Tells a checkpoint from other SQLite files."""

PATIENCE = 0.2
"""Seconds to wait for a file that another import is only looking at."""

TABLES = """
CREATE TABLE IF NOT EXISTS import (identity BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, digest BLOB NOT NULL, outcome BLOB NOT NULL);
"""


_Kept: TypeAlias = tuple[tuple[str, ...], dict[str, Any] | None]
"""The messages and the subscriber of an outcome."""


class Checkpoint:
    """The outcomes of rows that need not be sent again.

    Args:
        path: The file. It is made where there is none, for its owner only, as it has addresses.
        identity: What the import is: its account and arguments.

    Raises:
        CheckpointError: The file is of another import, is something else, is in use, or can't be written.
    """

    def __init__(self, path: str | os.PathLike[str], identity: bytes) -> None:
        from sqlite3 import connect  # late, as most programs never need it

        self._shown, self._process = path, os.getpid()
        # SQLite takes some relative names for no file at all.
        self._path = checked_path("checkpoint", path, CheckpointError).absolute()
        # Threads take turns; a task that is cancelled closes the file, whatever its thread does.
        self._lock = threading.RLock()
        with self._problems():
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
            self._connection = connect(self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            try:
                self.last = self._set_up(identity)
                """The highest number of a row that has an outcome."""
            except BaseException:
                self._connection.close()
                raise

    def find(self, people: Sequence[Person]) -> dict[int, Outcome]:
        """Return the outcomes of rows that follow each other, as far as there are any, by their numbers.

        Raises:
            CheckpointError: A row is another one than in the run before, or the file can't be used.
        """
        if not people or people[0].index > self.last:
            return {}
        of = {person.index: person for person in people}
        found: dict[int, Outcome] = {}
        sql = "SELECT number, digest, outcome FROM rows WHERE number BETWEEN ? AND ?"
        with self._problems():
            for number, digest, outcome in self._connection.execute(sql, (people[0].index, people[-1].index)):
                if of[number].problem is not None or of[number].digest() != digest:
                    raise self._error(f"row {number} is another one than when the import began. Pass the same rows")
                errors, known = msgspec.json.decode(outcome, type=_Kept)
                subscriber = None if known is None else BulkSubscriber.from_dict(known)
                found[number] = Outcome(index=number, errors=errors, subscriber=subscriber, resumed=True)
        return found

    def save(self, outcomes: Sequence[tuple[Person, Outcome]]) -> None:
        """Keep outcomes, all or none. Raises CheckpointError if the file can't be written."""
        with self._problems():
            self._connection.execute("BEGIN")
            self._connection.executemany(
                "INSERT OR REPLACE INTO rows VALUES (?, ?, ?)",
                [(person.index, person.digest(), _encoded(outcome)) for person, outcome in outcomes],
            )
            self._connection.execute("COMMIT")

    def end(self, rows: int) -> None:
        """Raise CheckpointError if the run before had more rows than this one."""
        if self.last > rows:
            raise self._error(f"it has an outcome of row {self.last}, and only {rows} came. Pass the same rows")

    def close(self) -> None:
        # A forked process leaves the file to its parent.
        if self._process == os.getpid():
            with self._lock:
                self._connection.close()

    def _set_up(self, identity: bytes) -> int:
        execute = self._connection.execute
        # One process at a time: the lock is kept until the file is closed.
        execute("PRAGMA locking_mode = EXCLUSIVE")
        # Of two that start at once, one gets it: neither has read anything that keeps the other from writing.
        execute("BEGIN EXCLUSIVE")
        execute("COMMIT")
        is_new = execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if not is_new and execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            raise self._error("it is a database of another program. Give the checkpoint a file of its own")
        # A file system without modes has none to set.
        with suppress(OSError):
            self._path.chmod(0o600)
        # With a log, a process that is killed leaves nothing half written. What a power failure takes is only sent again.
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = NORMAL")
        execute(f"PRAGMA application_id = {APPLICATION}")
        self._connection.executescript(TABLES)
        last: int = execute("SELECT coalesce(max(number), 0) FROM rows").fetchone()[0]
        if not last:
            # It may be of an import that ended before it sent a row, such as for a tag that doesn't exist.
            execute("DELETE FROM import")
            execute("INSERT INTO import VALUES (?)", (identity,))
        elif execute("SELECT identity FROM import").fetchone() != (identity,):
            raise self._error("it is of an import with other tags or forms, or into another account")
        return last

    @contextmanager
    def _problems(self) -> Generator[None, None, None]:
        import sqlite3

        try:
            with self._lock:
                yield
        except (OSError, ValueError, sqlite3.Error, msgspec.DecodeError) as error:
            raise self._error(f"it can't be used, or another import uses it: {error}") from error

    def _error(self, what: str) -> CheckpointError:
        return CheckpointError(f"checkpoint {self._shown}: {what}")


def _encoded(outcome: Outcome) -> bytes:
    subscriber: dict[str, Any] | None = None if outcome.subscriber is None else outcome.subscriber.to_dict()
    return msgspec.json.encode((outcome.errors, subscriber))
