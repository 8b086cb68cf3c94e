"""Damaged database files: each is refused at the start in one line, or does no harm: no request is answered 500."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.protocol.document import load
from kit_mock.state import damage
from kit_mock.state.store import REMEDY
from tests.unit.mock.conftest import START, client

PAGE = 4096
TARGET = "http://203.0.113.9/hook"  # Of no allowed host, so that nothing is sent.
PURCHASE = {
    "transaction_id": "T-9",
    "email_address": "ada@example.com",
    "currency": "USD",
    "products": [{"name": "A book", "pid": "book", "lid": "9", "quantity": 1, "unit_price": 12.5}],
}
SEED: dict[str, Any] = {
    "api_keys": ["seeded_key"],
    "colors": ["#fff"],
    "sending_addresses": [{"email_address": "me@example.com"}],
    "plan": {"interval": "year"},
    "custom_fields": [{"label": "City"}, {"label": "Company"}],
    "tags": [{"name": "A"}, {"name": "B"}],
    "forms": [{"name": "Sign up"}, {"name": "Old", "status": "archived"}],
    "sequences": [{"name": "Welcome", "stats": {"recipients": 5, "opens": 3}}],
    "segments": [{"name": "Readers"}],
    "subscribers": [
        {
            "email_address": f"{name}@example.com",
            "first_name": name,
            "fields": {"city": "London"},
            "tags": ["A"],
            "forms": [{"name": "Sign up", "referrer": "https://example.com/?utm_source=radio"}],
            "sequences": ["Welcome"],
            "segments": ["Readers"],
            "location": {"city": "London"},
        }
        for name in ("ada", "bob", "eve")
    ],
    "broadcasts": [
        {
            "subject": "One",
            "content": "x",
            "send_at": "2023-02-01",
            "subscriber_filter": [{"all": [{"type": "tag", "ids": ["A"]}]}],
        },
        {"subject": "Two", "content": "x", "send_at": "2023-02-18"},
        {"subject": "Draft", "description": "First one"},
    ],
    "purchases": [{**PURCHASE, "transaction_id": "T-1", "tax": 1.5}],
    "webhooks": [
        {"event": "subscriber.tag_add", "tag": "A", "target_url": TARGET},
        {"event": "subscriber.subscriber_unsubscribe", "target_url": TARGET},
        {"event": "subscriber.subscriber_activate", "target_url": TARGET},
    ],
    "oauth_clients": [{"client_id": "app", "client_secret": "hush", "redirect_uris": ["https://example.com/cb"]}],
    "oauth_tokens": [{"client_id": "app", "access_token": "access", "refresh_token": "refresh"}],
}
WRITES: list[tuple[str, str, Any]] = [
    ("PUT", "/v4/account/colors", {"colors": ["#000"]}),
    ("POST", "/v4/broadcasts", {"subject": "x", "content": "x", "public": True}),
    ("PUT", "/v4/broadcasts/3", {"subject": "y"}),
    ("DELETE", "/v4/broadcasts/3", None),
    ("POST", "/v4/custom_fields", {"label": "City"}),
    ("POST", "/v4/custom_fields", {"label": "New"}),
    ("PUT", "/v4/custom_fields/1", {"label": "Town"}),
    ("POST", "/v4/bulk/custom_fields", {"custom_fields": [{"label": "Company"}, {"label": "Newer"}]}),
    (
        "POST",
        "/v4/bulk/custom_fields/subscribers",
        {"custom_field_values": [{"subscriber_id": 1, "subscriber_custom_field_id": 2, "value": "x"}]},
    ),
    ("POST", "/v4/subscribers", {"email_address": "ada@example.com", "fields": {"City": "Paris"}}),
    ("POST", "/v4/subscribers", {"email_address": "new@example.com", "fields": {"City": "Paris"}}),
    ("PUT", "/v4/subscribers/1", {"first_name": "Ada", "fields": {"Company": "x"}}),
    ("POST", "/v4/forms/1/subscribers", {"email_address": "ada@example.com"}),
    ("POST", "/v4/forms/1/subscribers/2", {}),
    ("POST", "/v4/sequences/1/subscribers", {"email_address": "ada@example.com"}),
    ("POST", "/v4/sequences/1/subscribers/2", None),
    ("POST", "/v4/tags", {"name": "A"}),
    ("POST", "/v4/tags", {"name": "New"}),
    ("PUT", "/v4/tags/2", {"name": "Other"}),
    ("POST", "/v4/tags/2/subscribers", {"email_address": "ada@example.com"}),
    ("POST", "/v4/tags/1/subscribers/2", None),
    ("DELETE", "/v4/tags/1/subscribers/1", None),
    ("DELETE", "/v4/tags/1/subscribers", {"email_address": "bob@example.com"}),
    ("POST", "/v4/bulk/tags", {"tags": [{"name": "B"}, {"name": "Newest"}]}),
    ("POST", "/v4/bulk/tags/subscribers", {"taggings": [{"tag_id": 1, "subscriber_id": 3}]}),
    ("DELETE", "/v4/bulk/tags/subscribers", {"taggings": [{"tag_id": 1, "subscriber_id": 3}]}),
    ("POST", "/v4/bulk/forms/subscribers", {"additions": [{"form_id": 1, "subscriber_id": 3}]}),
    ("POST", "/v4/bulk/subscribers", {"subscribers": [{"email_address": "ada@example.com"}]}),
    ("POST", "/v4/purchases", {"purchase": PURCHASE}),
    ("POST", "/v4/webhooks", {"target_url": TARGET, "event": {"name": "subscriber.subscriber_bounce"}}),
    ("POST", "/v4/subscribers/2/unsubscribe", None),
    ("DELETE", "/v4/webhooks/1", None),
    ("DELETE", "/v4/custom_fields/2", None),
    ("DELETE", "/v4/bulk/tags", {"tags": [{"id": 2}]}),
]
READS = [
    each.path.replace(f"{{{name}}}", number)
    for each in load().operations.values()
    if each.method == "GET" and not each.is_open
    for name in each.path_names or ("",)
    for number in (("1", "2", "3") if name else ("",))
]


def use(mock: KitMock, *, reached: bool = False) -> None:
    """Call all operations; if `reached`, hold that each found what it was about."""
    with client(mock, Authorization=f"Bearer {mock.access_token}") as kit:

        def call(method: str, path: str, body: Any = None, **options: Any) -> None:
            response = kit.request(method, path, json=body, **options)
            # 507 where no id is left.
            assert response.status_code in {*range(500), 507}, (method, path, response.text)
            assert not reached or response.status_code < 300 or "/3" in path or "/2" in path, (path, response.text)

        def read() -> None:
            for path in READS:
                call("GET", path)
            call("GET", "/v4/subscribers", params={"status": "all", "include": "attribution,location,tags"})
            call("GET", "/v4/sequences", params={"include": "stats"})

        read()
        for method, path, body in WRITES:
            call(method, path, body)
        call("GET", "/v4/account", headers={"Authorization": "Bearer access"})
        token = {"grant_type": "refresh_token", "client_id": "app", "client_secret": "hush", "refresh_token": "refresh"}
        call("POST", "/oauth/token", token)
        mock.advance(days=2)
        read()
        for name in ("state", "quota", "deliveries", "requests", ""):
            response = kit.get(f"/_mock/{name}")
            assert response.status_code < 500, (name, response.text)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which every table has rows."""
    path = tmp_path_factory.mktemp("whole") / "kit.db"
    with KitMock(db=path, clock=Clock(START - timedelta(days=1)), seed=SEED) as mock:
        mock.fire("subscriber.subscriber_bounce", subscriber_id=3)
        with client(mock, Authorization=f"Bearer {mock.access_token}") as kit:
            kit.post("/v4/subscribers/3/unsubscribe")
            kit.post("/v4/tags/1/subscribers/3")
            for n in range(60):
                kit.post("/v4/tags", json={"name": f"{'x' * 200} {n}"})
            many = {"tags": [{"name": f"Job {n}"} for n in range(700)], "callback_url": TARGET}
            assert kit.post("/v4/bulk/tags", json=many).status_code == 202
            asked = {"client_id": "app", "response_type": "code", "redirect_uri": "https://example.com/cb"}
            assert kit.get("/oauth/authorize", params=asked).status_code == 200
            mock.auto_approve = True
            assert kit.get("/oauth/authorize", params=asked).status_code == 302
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO broadcast_clickers VALUES (1, 1)")
    connection.commit()
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for (table,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall():
        assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0], table
    connection.close()
    return path


def outcome(path: Path) -> str:
    """What is said of a file, or an empty text if it is taken and does no harm."""
    try:
        mock = KitMock(db=path, clock=Clock(START))
    except KitMockError as error:
        text = str(error)
        assert text.isprintable()
        assert text.startswith(f"cannot use the database {path}: ")
        return text
    with mock:
        use(mock)
    return ""


def test_a_whole_file_is_taken_and_all_of_the_requests_reach_something(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(whole, tmp_path / "kit.db"))
    with KitMock(db=path, clock=Clock(START)) as mock:
        use(mock, reached=True)


def flipped(content: bytearray, at: random.Random) -> None:
    content[at.randrange(len(content))] ^= 1 << at.randrange(8)


def overwritten(content: bytearray, at: random.Random) -> None:
    start = at.randrange(len(content))
    content[start : start + 64] = at.randbytes(64)


def zeroed(content: bytearray, at: random.Random) -> None:
    start = PAGE * at.randrange(len(content) // PAGE)
    content[start : start + PAGE] = bytes(PAGE)


def cut(content: bytearray, at: random.Random) -> None:
    del content[at.randrange(1, len(content)) :]


def cut_between_pages(content: bytearray, at: random.Random) -> None:
    del content[PAGE * at.randrange(1, len(content) // PAGE) :]


def swapped(content: bytearray, at: random.Random) -> None:
    one, other = (PAGE * at.randrange(1, len(content) // PAGE) for _ in range(2))
    content[one : one + PAGE], content[other : other + PAGE] = (
        content[other : other + PAGE],
        content[one : one + PAGE],
    )


@pytest.mark.parametrize("harm", [flipped, overwritten, zeroed, cut, cut_between_pages, swapped])
def test_damaged_pages_are_told_at_the_start_or_do_no_harm(
    whole: Path, tmp_path: Path, harm: Callable[[bytearray, random.Random], None]
) -> None:
    told = set()
    for number in range(15):
        content = bytearray(whole.read_bytes())
        harm(content, random.Random(f"{harm.__name__} {number}"))
        path = tmp_path / f"{number}.db"
        path.write_bytes(content)
        path.chmod(0o600)
        told.add(outcome(path).partition(".db: ")[2])
    assert any(each.startswith("it is damaged") and each.endswith(REMEDY) for each in told), told


def test_a_large_file_is_looked_at_but_not_read_through(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    assert content.count(b"First one") == 1
    text, pages = tmp_path / "text.db", tmp_path / "pages.db"
    text.write_bytes(content.replace(b"First one", b"First \xffne"))
    half = len(content) // 2 // PAGE * PAGE
    pages.write_bytes(content[:half] + bytes(len(content) - half))
    for size, found in (
        (damage.WHOLE, [True, True]),
        (damage.QUICK, [False, True]),
        (damage.QUICK + 1, [False, False]),
    ):
        told = []
        for path in (text, pages):
            connection = apsw.Connection(str(path), apsw.SQLITE_OPEN_READONLY)
            try:
                told.append(damage.problem(connection, size) is not None)
            except apsw.CorruptError:
                told.append(True)
            connection.close()
        assert told == found


VALUES: list[Any] = [
    *(None, -1, 0, 3, 2**63 - 1, -(2**63), 10**12, 1.5, 9e999, "", "x", "1", b"\xff\xfe", "\0", "9" * 100),
    *(
        '{"1": 5}',
        '{"x": "5"}',
        "{}",
        "[]",
        "[1]",
        '[{"a": 1}]',
        '[{"all": [{"type": "tag", "ids": ["x"]}]}]',
        "null",
        '"x"',
        "{",
        "5",
    ),
]
TABLES = sorted(name for (name,) in KitMock()._store.rows("SELECT name FROM sqlite_schema WHERE type = 'table'"))


@pytest.mark.parametrize("table", TABLES)
def test_wrong_values_are_told_at_the_start_or_do_no_harm(whole: Path, tmp_path: Path, table: str) -> None:
    connection = sqlite3.connect(whole)
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    connection.close()
    for column in columns:
        for value in random.Random(f"{table}.{column}").sample(VALUES, 2):
            path = Path(shutil.copy(whole, tmp_path / "kit.db"))
            connection = sqlite3.connect(path)
            limit = f"(SELECT {columns[0]} FROM {table} ORDER BY 1 LIMIT 1)"
            with suppress(sqlite3.IntegrityError):  # What SQLite itself never takes.
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {columns[0]} = {limit}", (value,))
            connection.commit()
            connection.close()
            try:
                outcome(path)
            except AssertionError as error:
                raise AssertionError(f"{table}.{column} = {value!r}") from error
            path.unlink()
