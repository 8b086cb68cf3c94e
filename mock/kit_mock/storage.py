"""State in SQLite: the tables, the connection and its lock.

Times are whole seconds since 1970, ids come from AUTOINCREMENT counters (from 1, never used twice). Every index is
there for a page or a look-up that must cost the same in an account of a thousand and of a million subscribers; SQLite
appends the rowid to each, so that lists by id need no column for it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from kit_mock.problems import KitMockError

_APPLICATION_ID = 0x4B69744D  # "KitM": tells our files from other people's databases.
_VERSION = 3

_TABLES = """
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    plan_type TEXT NOT NULL,
    email_address TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    utc_offset INTEGER NOT NULL,    -- minutes
    colors TEXT NOT NULL,           -- JSON
    can_broadcast INTEGER NOT NULL DEFAULT 1,
    subscriber_limit INTEGER        -- null: as many as there are
);
CREATE TABLE creator_profiles (
    account_id INTEGER PRIMARY KEY REFERENCES accounts,
    name TEXT NOT NULL,
    byline TEXT NOT NULL,
    bio TEXT NOT NULL,
    image_url TEXT NOT NULL,
    profile_url TEXT NOT NULL
);
CREATE TABLE custom_fields (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    label TEXT NOT NULL,
    folded_label TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    locked INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account_id, folded_label),
    UNIQUE (account_id, key)
);
CREATE INDEX custom_fields_of_account ON custom_fields (account_id);
CREATE TABLE subscribers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    email_address TEXT NOT NULL COLLATE NOCASE,
    first_name TEXT,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    cancelled_at INTEGER,
    field_values TEXT,              -- JSON by custom field id; ids of deleted fields may linger, and mean nothing
    UNIQUE (account_id, email_address)
);
CREATE INDEX subscribers_of_account ON subscribers (account_id);
CREATE INDEX subscribers_by_state ON subscribers (account_id, state);
CREATE INDEX subscribers_by_update ON subscribers (account_id, updated_at);
CREATE INDEX subscribers_by_state_and_update ON subscribers (account_id, state, updated_at);
CREATE INDEX subscribers_by_creation ON subscribers (account_id, created_at, state);
CREATE INDEX subscribers_by_cancellation ON subscribers (account_id, cancelled_at) WHERE cancelled_at IS NOT NULL;
CREATE TABLE tags (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, folded_name)
);
CREATE INDEX tags_of_account ON tags (account_id);
CREATE TABLE tag_subscribers (
    tag_id INTEGER NOT NULL REFERENCES tags,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    at INTEGER NOT NULL,
    PRIMARY KEY (tag_id, subscriber_id)
) WITHOUT ROWID;
CREATE INDEX tag_subscribers_by_subscriber ON tag_subscribers (subscriber_id, tag_id);
CREATE TABLE oauth_clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    secret_hash TEXT,               -- null: a public client
    redirect_uris TEXT NOT NULL,    -- JSON
    any_loopback INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE oauth_requests (       -- that wait for consent
    hash TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    state TEXT,
    code_challenge TEXT,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX oauth_requests_by_expiry ON oauth_requests (expires_at);
CREATE TABLE oauth_codes (
    hash TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients,
    account_id INTEGER NOT NULL REFERENCES accounts,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    code_challenge TEXT,
    expires_at INTEGER NOT NULL,
    used INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);
CREATE TABLE oauth_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    grant_id INTEGER NOT NULL,      -- the id of the first pair of tokens
    client_id TEXT NOT NULL REFERENCES oauth_clients,
    account_id INTEGER NOT NULL REFERENCES accounts,
    scope TEXT NOT NULL,
    access_hash TEXT NOT NULL UNIQUE,
    refresh_hash TEXT NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL,
    superseded INTEGER NOT NULL,
    revoked INTEGER NOT NULL
);
CREATE INDEX oauth_tokens_of_grant ON oauth_tokens (grant_id);
CREATE TABLE email_templates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    category TEXT NOT NULL
);
CREATE INDEX email_templates_of_account ON email_templates (account_id);
CREATE TABLE forms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    type TEXT NOT NULL,
    format TEXT,
    status TEXT NOT NULL,
    uid TEXT NOT NULL UNIQUE,
    embed_url TEXT NOT NULL,
    embed_js TEXT NOT NULL
);
CREATE INDEX forms_of_account ON forms (account_id);
CREATE TABLE form_subscribers (
    form_id INTEGER NOT NULL REFERENCES forms,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    at INTEGER NOT NULL,
    PRIMARY KEY (form_id, subscriber_id)
) WITHOUT ROWID;
CREATE TABLE sequences (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    hold INTEGER NOT NULL,
    repeat INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX sequences_of_account ON sequences (account_id);
CREATE TABLE sequence_subscribers (
    sequence_id INTEGER NOT NULL REFERENCES sequences,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    at INTEGER NOT NULL,
    PRIMARY KEY (sequence_id, subscriber_id)
) WITHOUT ROWID;
CREATE TABLE segments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX segments_of_account ON segments (account_id);
CREATE TABLE segment_subscribers (
    segment_id INTEGER NOT NULL REFERENCES segments,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    at INTEGER NOT NULL,
    PRIMARY KEY (segment_id, subscriber_id)
) WITHOUT ROWID;
CREATE TABLE seeded_credentials (
    kind TEXT NOT NULL,             -- api_key or access_token
    secret TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES accounts,
    PRIMARY KEY (kind, secret)
) WITHOUT ROWID;
CREATE TABLE broadcasts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    created_at INTEGER NOT NULL,
    subject TEXT,
    preview_text TEXT,
    description TEXT,
    content TEXT,
    public INTEGER NOT NULL DEFAULT 0,
    published_at INTEGER,
    send_at INTEGER,                -- null in a draft
    thumbnail_alt TEXT,
    thumbnail_url TEXT,
    email_address TEXT,
    email_template_id INTEGER NOT NULL REFERENCES email_templates,
    subscriber_filter TEXT NOT NULL,    -- JSON
    started_at INTEGER,             -- when sending began
    recipients INTEGER NOT NULL DEFAULT 0,
    opens INTEGER NOT NULL DEFAULT 0,       -- recipients who opened it
    clickers INTEGER NOT NULL DEFAULT 0,    -- recipients who clicked a link
    clicks INTEGER NOT NULL DEFAULT 0,
    unsubscribes INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX broadcasts_of_account ON broadcasts (account_id);
CREATE INDEX broadcasts_started ON broadcasts (account_id, started_at) WHERE started_at IS NOT NULL;
CREATE INDEX broadcasts_to_send ON broadcasts (send_at) WHERE started_at IS NULL AND send_at IS NOT NULL;
CREATE TABLE products (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    pid TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (account_id, pid)
);
CREATE TABLE purchases (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    subscriber_id INTEGER NOT NULL REFERENCES subscribers,
    transaction_id TEXT NOT NULL,
    status TEXT NOT NULL,
    currency TEXT NOT NULL,
    transaction_time INTEGER NOT NULL,
    created_at INTEGER NOT NULL DEFAULT 0,  -- when the mock was told of it; 0 in a seed
    subtotal NUMERIC,               -- amounts that were not given are null, and follow from the others
    discount NUMERIC,
    tax NUMERIC,
    shipping NUMERIC,
    total NUMERIC,
    UNIQUE (account_id, transaction_id)
);
CREATE INDEX purchases_of_account ON purchases (account_id);
CREATE TABLE purchase_lines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    purchase_id INTEGER NOT NULL REFERENCES purchases,
    product_id INTEGER NOT NULL REFERENCES products,
    name TEXT NOT NULL,
    lid TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    sku TEXT,
    unit_price NUMERIC NOT NULL
);
CREATE INDEX lines_of_purchase ON purchase_lines (purchase_id);
CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    event TEXT NOT NULL,            -- without what stands before the dot in requests
    subject,                        -- id of the tag, form, sequence or product, URL of the link, or null
    target_url TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX webhooks_of_account ON webhooks (account_id);
CREATE INDEX webhooks_by_event ON webhooks (account_id, event);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    webhook_id INTEGER,             -- null: a bulk job's callback; of a deleted webhook, it leads nowhere
    event TEXT NOT NULL,            -- of the webhook, or the bulk operation's id
    target_url TEXT NOT NULL,
    payload TEXT NOT NULL,          -- JSON
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,                -- of the next attempt; null when there is none to come
    delivered_at INTEGER,
    status INTEGER,                 -- what the last attempt was answered, if anything
    problem TEXT                    -- why the last attempt failed
);
CREATE INDEX deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_over ON deliveries (id) WHERE next_at IS NULL;
CREATE INDEX deliveries_of_webhook ON deliveries (webhook_id) WHERE next_at IS NOT NULL;
CREATE TABLE bulk_jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts,
    client TEXT NOT NULL,           -- the app that asked, as the queue's limit is for each app and account
    operation_id TEXT NOT NULL,
    body BLOB NOT NULL,             -- JSON
    behaviour TEXT NOT NULL,
    callback_url TEXT,
    created_at INTEGER NOT NULL,
    run_at INTEGER NOT NULL
);
CREATE INDEX bulk_jobs_due ON bulk_jobs (run_at);
"""

_ROLLBACK_JOURNAL = b"\x01\x01"


class Store:
    """One SQLite database, in memory or in a file, for one process and any number of its threads.

    Raises KitMockError if a file can't be opened or written, is in use by another process, or isn't a database of
    this mock.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self.delivery_hosts: frozenset[str] = frozenset()
        """Hosts beside loopback that deliveries may go to."""
        self.stirred = False
        """Whether a delivery or a job was queued since the background worker was last woken."""
        try:
            self._connection = sqlite3.connect(
                ":memory:" if path is None else path,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=512,
                timeout=1,
            )
        except sqlite3.Error as error:
            raise KitMockError(f"cannot open the database {path}: {error}") from None
        try:
            self._prepare(path)
        except (sqlite3.Error, KitMockError) as error:
            self._connection.close()
            raise KitMockError(f"cannot use the database {path}: {error}") from None

    def _prepare(self, path: Path | None) -> None:
        self._connection.execute("PRAGMA foreign_keys = ON")
        if path is None:
            self.load(_empty())  # A test each may make one, and making the tables takes six times as long as a copy.
            return
        # Nobody else may write: it is faster, needs no shared memory, and a second mock on the same file is
        # told so at its start. WAL with NORMAL keeps what was committed when the process is killed.
        self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._check_owner()
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        with self.transaction():
            if not self.value("PRAGMA user_version"):
                _create(self._connection)

    def _check_owner(self) -> None:
        version = self.value("PRAGMA user_version")
        if self.value("PRAGMA application_id") != _APPLICATION_ID:
            if version or self.value("SELECT count(*) FROM sqlite_schema"):
                raise KitMockError("it isn't a database of kit-mock")
        elif version != _VERSION:
            raise KitMockError(f"it was made by another version of kit-mock (its layout is {version})")

    def close(self) -> None:
        """Write everything out and close. More than once does no harm."""
        with self._lock:
            self._connection.close()

    def image(self) -> bytes:
        """All of the database, as a file would hold it."""
        with self._lock:
            image = bytearray(self._connection.serialize())
        image[18:20] = _ROLLBACK_JOURNAL  # Whatever it is kept in now: only a file can have WAL.
        return bytes(image)

    def load(self, image: bytes) -> None:
        """Take over all that an image holds, instead of what there is.

        Raises KitMockError, and changes nothing, for an image that isn't a database of this layout.
        """
        source = sqlite3.connect(":memory:")
        try:
            source.deserialize(image)
            owner = source.execute("PRAGMA application_id").fetchone()
            version = source.execute("PRAGMA user_version").fetchone()
            if (owner, version) != ((_APPLICATION_ID,), (_VERSION,)):
                raise KitMockError(f"it isn't of this version of kit-mock, whose layout is {_VERSION}")
            with self._lock:
                source.backup(self._connection)
        except sqlite3.Error as error:
            raise KitMockError(str(error)) from None
        finally:
            source.close()

    def reading(self) -> AbstractContextManager[object]:
        """Keep other threads out, so that several queries see the same state."""
        return self._lock

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep other threads out, and keep all changes made inside, or none if it is left by an exception."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Inside a transaction: undo the changes made inside, and these alone, if it is left by an exception."""
        with self._lock:
            self._connection.execute("SAVEPOINT inner")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK TO inner")
                raise
            finally:
                self._connection.execute("RELEASE inner")

    def rows(self, sql: str, arguments: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, arguments).fetchall()

    def row(self, sql: str, arguments: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self._lock:
            found: tuple[Any, ...] | None = self._connection.execute(sql, arguments).fetchone()
            return found

    def value(self, sql: str, arguments: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, arguments)
        return None if found is None else found[0]

    def write(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Carry out a change and return how many rows it touched."""
        with self._lock:
            return self._connection.execute(sql, arguments).rowcount

    def insert(self, sql: str, arguments: Sequence[Any] = ()) -> int:
        """Carry out an INSERT and return the id it was given."""
        with self._lock:
            return self._connection.execute(sql, arguments).lastrowid or 0


def _create(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")


@cache
def _empty() -> bytes:
    """A database with nothing in it but its tables."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        _create(connection)
        return connection.serialize()
    finally:
        connection.close()
