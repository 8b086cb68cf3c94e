"""Makes a database file with a large account, for measurements and for clients that read many pages.

The account has subscribers of all states who joined over three years, and custom fields, tags, forms, sequences and segments
with members. Everything is computed from the number of a subscriber and the present: two files of the same size differ only in
their dates.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path
from typing import TextIO

import apsw

from kit_mock.protocol.errors import KitMockError, UnwritableError
from kit_mock.seeds import seed
from kit_mock.state.clock import Clock
from kit_mock.state.store import Store

_SEED = {
    "name": "Large Letters",
    "plan_type": "creator_pro",
    "custom_fields": [{"label": label} for label in ("Last name", "City", "Company")],
    "tags": [{"name": f"Tag {number}"} for number in range(1, 11)],
    "forms": [
        {"name": "Sign up"},
        {"name": "Footer"},
        {"name": "Landing page", "type": "hosted"},
        {"name": "Old campaign", "status": "archived"},
    ],
    "sequences": [{"name": "Welcome"}, {"name": "Course"}, {"name": "Reminders", "repeat": True}],
    "segments": [{"name": "Engaged"}, {"name": "Customers"}],
}
_CHUNK = 20_000
_YEARS = 3 * 365 * 86_400  # The age of the account in seconds.

# One row for each number from {first} to {last}, of {total}. The hash makes neighbours differ.
_NUMBERS = """
WITH RECURSIVE numbers (i) AS (VALUES ({first}) UNION ALL SELECT i + 1 FROM numbers WHERE i < {last}),
people (i, hash, joined) AS (
    SELECT i, (i * 2654435761) % 1000003, {now} - {years} + {years} * i / {total} FROM numbers
)
"""
_SUBSCRIBERS = """
INSERT INTO subscribers
    (id, account_id, email_address, first_name, state, created_at, updated_at, cancelled_at, field_values)
SELECT i, {account}, 'reader' || i || '@example.com', first_name, state, joined, moved,
    iif(state = 'cancelled', moved, NULL), field_values
FROM (
    SELECT i, joined, joined + ({now} - joined) * (hash % 97) / 97 AS moved,
        CASE WHEN hash % 10 = 0 THEN NULL ELSE json_extract({names}, '$[' || (hash % 20) || ']') END AS first_name,
        CASE WHEN hash % 100 < 85 THEN 'active' WHEN hash % 100 < 95 THEN 'cancelled'
            WHEN hash % 100 < 97 THEN 'inactive' WHEN hash % 100 < 99 THEN 'bounced' ELSE 'complained' END AS state,
        CASE WHEN hash % 3 = 0 THEN json_object('1', 'Reader ' || i, '2', 'City ' || (hash % 500)) END AS field_values
    FROM people
)
"""
_NAMES = (
    "'["
    '"Ada", "Alan", "Barbara", "Donald", "Edsger", "Frances", "Grace", "Hedy", "Ida", "John", "Katherine", "Leslie",'
    ' "Margaret", "Niklaus", "Radia", "Sophie", "Tim", "Ursula", "Vint", "Whitfield"'
    "]'"
)


def _members(kind: str, owner: str, owners: int, one_in: int) -> str:
    """Return SQL that adds one of `one_in` subscribers to one of the owners, an hour after the subscriber joined."""
    return (
        f"INSERT INTO {kind}_subscribers ({owner}, subscriber_id, at)"
        f" SELECT 1 + hash / 7 % {owners}, i, min(joined + 3600, {{now}}) FROM people WHERE hash % {one_in} = 1"
    )


_STATEMENTS = (
    _SUBSCRIBERS,
    _members("tag", "tag_id", 10, 2),
    _members("form", "form_id", 4, 3),
    _members("sequence", "sequence_id", 3, 5),
    _members("segment", "segment_id", 2, 4),
)


class Progress:
    """Prints progress: on a terminal one line that changes, on other streams a line for each tenth."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._changes = stream is not None and stream.isatty()
        self._told = 0
        self._begun = time.monotonic()

    def tell(self, done: int, total: int) -> None:
        """Print how many subscribers are done."""
        tenth = 10 * done // total
        if self._changes:
            text, end = f"\r{done:,} of {total:,} subscribers", "\n" if done == total else ""
        elif tenth == self._told:
            return
        else:
            text, end = f"{done:,} of {total:,} subscribers", "\n"
        self._told = tenth
        self._print(text, end)

    def finish(self, path: Path) -> None:
        """Print the size of the finished file, and how long it took."""
        seconds = time.monotonic() - self._begun
        megabytes = path.stat().st_size / 1e6
        self._print(f"{path}: {megabytes:,.0f} MB in {seconds:.0f} s", "\n")

    def _print(self, text: str, end: str) -> None:
        if self._stream is not None:  # Without a place for progress, the file is made all the same.
            with contextlib.suppress(OSError):
                print(text, end=end, file=self._stream, flush=True)


def make(path: Path, subscribers: int, progress: Progress) -> None:
    """Make a database file with that many subscribers. The file gets its name only once it is complete.

    Raises KitMockError if the file exists or can't be written.
    """
    if path.exists():
        raise KitMockError(f"{path} exists already")
    try:
        # SQLite keeps more files beside its database: a temporary folder removes them all after an interruption.
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.absolute().parent) as folder:
            part = Path(folder) / path.name
            _fill(part, subscribers, progress)
            part.rename(path)
    except (OSError, apsw.Error, UnwritableError) as error:
        reason = str(getattr(error, "strerror", None) or error).removeprefix("cannot write: ")
        raise KitMockError(f"cannot write {path}: {reason}") from None
    progress.finish(path)


def _fill(path: Path, total: int, progress: Progress) -> None:
    now = Clock().epoch()
    store = Store(path)
    try:
        seed.apply(store, _SEED, now - _YEARS)
        store.write("PRAGMA cache_size = -262144")  # KiB. The indexes on e-mail and dates are written in random places.
        account = store.value("SELECT id FROM accounts")
        for first in range(1, total + 1, _CHUNK):
            last = min(first + _CHUNK - 1, total)
            with store.transaction():
                for statement in _STATEMENTS:
                    sql = (_NUMBERS + statement).format(
                        account=account, now=now, years=_YEARS, total=total, first=first, last=last, names=_NAMES
                    )
                    store.write(sql)
            progress.tell(last, total)
        store.settle()
    finally:
        store.close()
