"""The record of one account in a store, and new tokens that may not be stored yet. All of it blocks."""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Generator

from kit_client.errors import TokenStoreError

from .stores import KEPT, LOCK_SECONDS, TokenStore
from .tokens import UNREADABLE, Record, Tokens, decode_record

logger = logging.getLogger("kit_client")


class Records:
    """The record of one account in a store. Whatever the store raises becomes a `TokenStoreError`.

    The methods that store something are called under the lock.
    """

    def __init__(self, store: TokenStore, account: str) -> None:
        self._store, self._account = store, account
        # New tokens that may not be stored yet, the newest last, each with those whose place it takes.
        self._unsaved: dict[Tokens, Tokens | None] = {}

    @property
    def has_unsaved(self) -> bool:
        """Whether there are new tokens that may not be stored yet."""
        return bool(self._unsaved)

    @contextlib.contextmanager
    def locked(self) -> Generator[None]:
        """Lock the account, and store new tokens that are not stored yet."""
        with self._errors("locked"):
            lock: object = self._store.lock(self._account)
            if not isinstance(lock, contextlib.AbstractContextManager):
                raise self._misfit("lock", lock, "a context manager")
            lock.__enter__()
        try:
            if self._unsaved:
                self.store_unsaved()
            yield
            stored = list(self._unsaved)
        except BaseException as error:
            with self._errors("written"):
                lock.__exit__(type(error), error, error.__traceback__)
            raise
        with self._errors("written"):
            lock.__exit__(None, None, None)
        # Only now: the end of a lock may be that of a transaction, and undo what was stored in it.
        for tokens in stored:
            self._unsaved.pop(tokens, None)

    def load(self) -> Record:
        """Return what is stored."""
        with self._errors("read"):
            text: object = self._store.load(self._account)
        if not isinstance(text, str | bytes | None):
            raise self._misfit("load", text, "the text that save was given, or None,")
        try:
            return Record() if text is None else decode_record(text)
        except UNREADABLE:
            raise TokenStoreError(
                f"{self._store!r} holds no tokens for account {self._account!r}, but something else; it was left as it"
                " is. Restore it, or remove it and authorize again"
            ) from None

    def save(self, record: Record) -> None:
        """Store a record in place of what is stored."""
        with self._errors("written"):
            self._store.save(self._account, record.encode())

    def delete(self) -> None:
        """Remove what is stored, and forget tokens that are not."""
        with self._errors("written"):
            self._store.delete(self._account)
        self._unsaved.clear()

    def keep(self, tokens: Tokens, old: Tokens | None) -> None:
        """Keep new tokens, which take the place of old ones, until they are stored for certain."""
        self._unsaved[tokens] = old

    def store_unsaved(self) -> Tokens | None:
        """Store the newest tokens, unless others than those before them have been stored. Return what is stored now."""
        record, unsaved = self.load(), list(self._unsaved.items())
        if not any(old.is_copy(record.tokens) if old else record.tokens is None for _, old in unsaved):
            return record.tokens
        self.save(Record(tokens=unsaved[-1][0], pending=record.pending))
        return unsaved[-1][0]

    def _misfit(self, method: str, value: object, expected: str) -> TokenStoreError:
        kind = type(value).__name__
        return TokenStoreError(
            f"{self._store!r}: expected {expected} from {method}, got {kind}; {KEPT}. Mend the store"
        )

    @contextlib.contextmanager
    def _errors(self, what: str) -> Generator[None]:
        """Turn what a store raises into TokenStoreError. Its text isn't shown: databases quote what was to be stored."""
        try:
            yield
            return
        except TokenStoreError as error:
            text = str(error)
        except Exception as error:  # noqa: BLE001  # a store may raise what its library does
            if what == "locked" and isinstance(error, TimeoutError):
                text = (
                    f"{self._store!r}: another process has had the lock of account {self._account!r} for"
                    f" {LOCK_SECONDS:g} s; {KEPT}. Look for a process that hangs, end it, and call again"
                )
            else:
                logger.debug("OAuth: the store failed at\n%s", "".join(traceback.format_tb(error.__traceback__)))
                text = (
                    f"{self._store!r} can't be {what}: {type(error).__name__} (the log of kit_client at DEBUG says"
                    f" where); {KEPT}. Mend the store, and call again"
                )
        if self._unsaved:
            text += ". The new tokens are in the memory of this process alone: they are stored as soon as that works"
        raise TokenStoreError(text) from None
