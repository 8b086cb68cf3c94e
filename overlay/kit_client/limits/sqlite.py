"""The rate limit of the processes of one machine, in a SQLite file."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from kit_client.options import checked_path

from .line import Account
from .shared import LEASE, SharedRateLimiter
from .slots import WINDOW, LimiterState, Slots

if TYPE_CHECKING:
    import sqlite3

BUSY = 5.0
"""Seconds to wait for a file in which another process writes. It does so for less than a millisecond."""

# Made here, as msgspec crashes if two threads look into one class for the first time.
_read = msgspec.msgpack.Decoder(Slots).decode


class SQLiteRateLimiter(SharedRateLimiter):
    """A rate limiter for all processes of a machine that use the same SQLite file.

    The file must be on a local disk, because SQLite can't lock files on most network file systems. It holds hashes of
    credentials, no credentials. It can be deleted while no process uses it.

    Args:
        path: The file; it is created if it doesn't exist. `~` is the user's folder.
        limit: How many requests the service allows in a window, as for `RateLimiter`.
        window: The length of the window in seconds, the same in all processes.
        lease: Seconds after which a request without an answer is given up, as if its process had been killed.
        on_wait: Called before a request waits, as for `RateLimiter`.

    Raises:
        RateLimiterError: The file can't be used.
        ValueError, TypeError: An argument can't be used.
    """

    # The log of a new file is waited for, and then the file.
    patience = 2 * BUSY

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        limit: int | None = None,
        window: float = WINDOW,
        lease: float = LEASE,
        on_wait: Callable[[float], object] | None = None,
    ) -> None:
        super().__init__(limit=limit, window=window, lease=lease, on_wait=on_wait)
        self._path = checked_path("path", path, ValueError).absolute()
        # By process: a forked child neither uses nor closes what it inherits, as that would break the parent's locks.
        self._connections: dict[int, sqlite3.Connection] = {}
        weakref.finalize(self, _close, self._connections)
        with self._lock, self._transaction():
            pass

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self._path)!r}, limit={self._limit}, window={self.window:g})"

    def close(self) -> None:
        """Close the file in this process. The next request opens it again."""
        with self._lock:
            _close(self._connections)

    def _take(self, account: Account, ticket: str, now: float, ahead: int) -> float:
        with self._slots(account):
            return super()._take(account, ticket, now, ahead)

    def _end_shared(self, account: Account, ticket: str, now: float, cools: float | None, closed: float) -> None:
        with self._slots(account):
            super()._end_shared(account, ticket, now, cools, closed)

    def _state(self, account: Account, now: float) -> LimiterState:
        with self._slots(account):
            return super()._state(account, now)

    @contextmanager
    def _slots(self, account: Account) -> Generator[None, None, None]:
        """Read the account's slots from the file for a `with` block, and write them back after it."""
        with self._transaction() as connection:
            key = (account.name,)
            row = connection.execute("SELECT slots FROM kit_rate_limits WHERE credential = ?", key).fetchone()
            slots = Slots(0, 0) if row is None else _read(row[0])
            slots.limit, slots.window, slots.lease = account.slots.limit, self.window, self._lease
            account.slots = slots
            yield
            connection.execute(
                "INSERT OR REPLACE INTO kit_rate_limits VALUES (?, ?)", (*key, msgspec.msgpack.encode(slots))
            )

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection, None, None]:
        import sqlite3  # late, as most programs never need it

        self._check()
        try:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except (sqlite3.Error, msgspec.DecodeError, TypeError) as error:
            raise self._failed(
                f"the file of the rate limiter can't be used: {self._path}: {error}; nothing was sent. It has to be a file"
                " that this user may write, in a folder that this user may write. If it is damaged, stop all processes"
                " that use it, and delete it: they make a new one"
            ) from error

    def _connection(self) -> sqlite3.Connection:
        """Return the connection of this process. It is used under the lock."""
        found = self._connections.get(os.getpid())
        if found is None:
            import sqlite3

            found = sqlite3.connect(self._path, timeout=BUSY, isolation_level=None, check_same_thread=False)
            try:
                _set_up(found)
            except BaseException:
                found.close()
                raise
            self._connections[os.getpid()] = found
        return found


def _set_up(connection: sqlite3.Connection) -> None:
    import sqlite3

    end = time.monotonic() + BUSY
    while True:
        try:
            # With a log, a process that is killed leaves nothing half written, and no write waits for the disk.
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            # SQLite doesn't wait here while another process does the same.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE IF NOT EXISTS kit_rate_limits (credential TEXT PRIMARY KEY, slots BLOB NOT NULL)")


def _close(connections: dict[int, sqlite3.Connection]) -> None:
    connection = connections.pop(os.getpid(), None)
    if connection is not None:
        connection.close()
