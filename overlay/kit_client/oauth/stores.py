"""Where tokens are kept: in memory, in a file, or in whatever has the four methods of `TokenStore`."""

from __future__ import annotations

import contextlib
import inspect
import os
import re
import threading
import zlib
from collections.abc import Generator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

import msgspec

from kit_api.errors import forgets_arguments
from kit_client.errors import ConfigurationError, TokenStoreError
from kit_client.options import checked_path
from kit_client.secret import Secret

from .tokens import UNREADABLE

if TYPE_CHECKING:
    from filelock import BaseFileLock

LOCK_SECONDS = 60.0
"""How long a lock is waited for. Its holder has no longer than that for a token request."""
LOCK_FILES = 64
"""So many lock files serve all accounts of a file. Two accounts may share one, and then wait for each other."""

KEPT = "no token was lost"


class TokenStore(Protocol):
    """A store of one secret text for each account, such as a row of a database. Implement it to keep tokens elsewhere.

    The methods may block: they are called in threads, never in an event loop. Any exception that they raise becomes a
    `TokenStoreError`; one that they raise themselves keeps its text.

    `repr(store)` names the store in errors. A rate limiter that processes share counts the requests of stores with the
    same `repr`, whatever its addresses of objects, as those of one: give it what tells your stores apart.
    """

    def load(self, account: str, /) -> str | None:
        """Return the text of an account, or None if there is none."""
        ...

    def save(self, account: str, text: str, /) -> None:
        """Replace the text of an account.

        The text must be durable when this returns. A crash may leave the old text or the new one, never a part of one.
        """
        ...

    def delete(self, account: str, /) -> None:
        """Remove the text of an account, if there is one."""
        ...

    def lock(self, account: str, /) -> AbstractContextManager[object]:
        """Return a context manager that locks the account for all processes that share the store.

        The lock must be released when its process dies. The same thread calls `load` and `save` while it holds the lock.
        Don't make the lock a transaction that includes `save`: a process that is killed would lose the saved tokens.

        Raises:
            TimeoutError: Another caller held the lock for too long.
        """
        ...


def check_store(store: object) -> None:
    """Raise ConfigurationError for what has not the methods of a `TokenStore`."""
    methods = [getattr(store, name, None) for name in ("load", "save", "delete", "lock")]
    if isinstance(store, type) or not all(map(callable, methods)):
        raise ConfigurationError("store: expected a TokenStore, such as FileTokenStore('tokens.json')")
    if any(map(inspect.iscoroutinefunction, methods)):
        raise ConfigurationError("store: expected methods that aren't async; they are called in threads, and may block")


def name_of(store: TokenStore) -> str:
    """Return the repr of a store without the addresses of objects in it: the same in all processes."""
    return re.sub(" at 0x[0-9A-Fa-f]+", "", repr(store))


class MemoryTokenStore:
    """A token store in memory, for tests and short programs: the tokens are lost when the program ends."""

    def __init__(self) -> None:
        self._texts: dict[str, Secret] = {}
        # By process as well: another thread may hold a lock at the moment of a fork.
        self._locks: dict[tuple[int, str], threading.Lock] = {}

    def __repr__(self) -> str:
        # Two of them are not the same store.
        return f"<{type(self).__name__} {id(self):#x}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a MemoryTokenStore is for one process: share tokens through a file or Redis")

    def load(self, account: str, /) -> str | None:
        text = self._texts.get(account)
        return None if text is None else text.reveal()

    def save(self, account: str, text: str, /) -> None:
        self._texts[account] = Secret(text)

    def delete(self, account: str, /) -> None:
        self._texts.pop(account, None)

    @contextlib.contextmanager
    def lock(self, account: str, /) -> Generator[None]:
        lock = self._locks.setdefault((os.getpid(), account), threading.Lock())
        if not lock.acquire(timeout=LOCK_SECONDS):
            raise TimeoutError
        try:
            yield
        finally:
            lock.release()


class FileTokenStore:
    """A token store in one JSON file, for all accounts and for all processes of a machine.

    The file has mode 0600. Each change writes a temporary file in the same folder, flushes it to the disk and renames it.
    A missing folder is created with mode 0700. Lock files are kept in the same folder.

    Args:
        path: The file, which need not exist; `~` is the home folder.

    Raises:
        ConfigurationError: The path can't be used.
        TokenStoreError: Raised by the methods, which then leave the file unchanged: it can't be read or written, belongs
            to another user, or its content isn't tokens.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # A link stays a link, and what it leads to is replaced.
        self.path = Path(os.path.realpath(checked_path("path", path, ConfigurationError)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.path)!r})"

    def load(self, account: str, /) -> str | None:
        text = self._read().get(account)
        return None if text is None else bytes(text).decode()

    @forgets_arguments
    def save(self, account: str, text: str, /) -> None:
        self._change(account, msgspec.Raw(text.encode()))

    def delete(self, account: str, /) -> None:
        self._change(account, None)

    @contextlib.contextmanager
    def lock(self, account: str, /) -> Generator[None]:
        # The same for all processes and versions of Python, as `hash` isn't.
        with self._file_lock(f"{zlib.crc32(account.encode('utf-8', 'surrogatepass')) % LOCK_FILES:02d}"):
            yield

    @contextlib.contextmanager
    def _file_lock(self, name: str) -> Generator[None]:
        from filelock import FileLock  # late, as most programs have no file of tokens

        self._make_folder()
        path = self.path.with_name(f".{self.path.name}.{name}.lock")
        lock: BaseFileLock = FileLock(path, LOCK_SECONDS, mode=0o600, thread_local=False, poll_interval=0.02)
        try:
            lock.acquire()
        except TimeoutError:
            raise TimeoutError from None
        except OSError as error:
            raise self._problem("can't be locked", error) from None
        try:
            yield
        finally:
            lock.release()

    def _change(self, account: str, text: msgspec.Raw | None) -> None:
        # The file has all accounts, and the lock of an account is not theirs.
        with self._file_lock("write"):
            texts = self._read()
            if text is not None:
                texts[account] = text
            elif texts.pop(account, None) is None:
                return
            try:
                self._replace(msgspec.json.encode(texts))
            except OSError as error:
                raise self._problem("can't be written", error) from None

    def _replace(self, content: bytes) -> None:
        temporary = self.path.with_name(f".{self.path.name}.tmp")
        # One may be left of a process that was killed: only one at a time writes.
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        with contextlib.suppress(OSError):
            # The name is durable only when the folder is. Not every system can do that.
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _read(self) -> dict[str, msgspec.Raw]:
        try:
            with self.path.open("rb") as file:
                self._check_owner(os.fstat(file.fileno()).st_uid)
                content = file.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._problem("can't be read", error) from None
        try:
            return msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        except UNREADABLE:
            raise TokenStoreError(
                f"the token file {str(self.path)!r} holds something else; it was left as it is. Restore it, or move it"
                " away and authorize again"
            ) from None

    def _check_owner(self, owner: int) -> None:
        if os.name == "posix" and owner != os.geteuid():
            raise TokenStoreError(
                f"the token file {str(self.path)!r} belongs to another user (id {owner}); {KEPT}. Use a file of your"
                " own, or run as its owner"
            )

    def _make_folder(self) -> None:
        try:
            self.path.parent.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileExistsError):
                self.path.parent.mkdir(mode=0o700)
        except OSError as error:
            raise self._problem("can't be made", error) from None

    def _problem(self, what: str, error: OSError) -> TokenStoreError:
        reason = error.strerror or type(error).__name__
        return TokenStoreError(
            f"the token file {str(self.path)!r} {what}: {reason}; {KEPT}. Make the file and its folder writable for"
            " this user, with room on the disk, or choose another path"
        )
