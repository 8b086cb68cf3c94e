"""State in a file: it persists, survives a kill, and isn't shared; and pages cost the same in a large account."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.endpoints import pagination
from tests.unit.mock.conftest import START, client


def test_a_file_keeps_the_state(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    with KitMock(db=db) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        kit.post("/v4/custom_fields", json={"label": "City"})
        body = {"email_address": "ada@example.com", "fields": {"city": "London"}}
        kit.post("/v4/subscribers", json=body)
        before = kit.get("/v4/subscribers/1").json()
        assert before["subscriber"]["fields"] == {"city": "London"}
        kit.post("/v4/tags", json={"name": "A"})
        kit.post("/v4/tags/1/subscribers/1")
        account = kit.get("/v4/account").json()
    with KitMock(db=db, api_key="another") as mock, client(mock, **{"X-Kit-Api-Key": "another"}) as kit:
        assert kit.get("/v4/subscribers/1").json() == before
        assert [found["name"] for found in kit.get("/v4/subscribers/1/tags").json()["tags"]] == ["A"]
        assert kit.get("/v4/account").json() == account
        assert kit.post("/v4/tags", json={"name": "B"}).json()["tag"]["id"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["mock.db"]


def test_memory_keeps_nothing(kit: httpx.Client) -> None:
    kit.post("/v4/tags", json={"name": "A"})
    with KitMock() as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as fresh:
        assert fresh.get("/v4/tags").json()["tags"] == []


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    command = [sys.executable, "-m", "kit_mock", "serve", "--db", str(db)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        headers = {"X-Kit-Api-Key": "kit_test_key"}
        with httpx.Client(base_url=url, headers=headers) as http:
            for number in range(50):
                assert http.post("/v4/tags", json={"name": str(number)}).status_code == 201
        process.kill()
    with KitMock(db=db) as mock, client(mock, **headers) as kit:
        assert len(kit.get("/v4/tags").json()["tags"]) == 50


def refusal(db: Path) -> str:
    with pytest.raises(KitMockError) as caught:
        KitMock(db=db)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_in_use_is_refused(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    with KitMock(db=db):
        assert "database is locked" in refusal(db)
    KitMock(db=db).close()


def test_files_of_other_kinds_are_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no database, but long enough to be taken for the header of one: " * 20, encoding="utf-8")
    before = text.read_bytes()
    assert "file is not a database" in refusal(text)
    assert text.read_bytes() == before

    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE precious (data)")
    connection.close()
    before = foreign.read_bytes()
    assert "isn't a database of kit-mock" in refusal(foreign)
    assert foreign.read_bytes() == before

    assert "it isn't a regular file" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "it isn't a regular file" in refusal(tmp_path / "pipe")
    assert "its folder must exist" in refusal(tmp_path / "missing" / "mock.db")
    assert "can't encode" in refusal(tmp_path / "\udcff.db")


def test_the_name_for_memory_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "without one, the state is in memory" in refusal(Path(":memory:"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "place", "reason"),
    [
        (os.W_OK, "mock.db", "it may not be read and written"),
        (os.R_OK, "mock.db", "it may not be read and written"),
        (os.W_OK, ".", "its folder may not be written"),
    ],
)
def test_what_may_not_be_written_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, place: str, reason: str
) -> None:
    db = tmp_path / "mock.db"
    KitMock(db=db).close()
    before = db.read_bytes()
    # Root may write everything, whatever the mode of a file says.
    monkeypatch.setattr(os, "access", lambda path, asked: Path(path) != tmp_path / place or not asked & mode)
    assert refusal(db) == f"cannot open the database {str(db)!r}: {reason}"
    assert db.read_bytes() == before


LARGEST = 2**53 - 1


def test_the_largest_id_leaves_room_for_more() -> None:
    seed = {
        "tags": [{"id": LARGEST, "name": "A"}],
        "segments": [{"id": LARGEST, "name": "A"}],
        "subscribers": [{"id": LARGEST, "email_address": "ada@example.com"}],
        "purchases": [
            {
                "transaction_id": "T-1",
                "email_address": "ada@example.com",
                "currency": "USD",
                "products": [{"name": "A book", "quantity": 1, "unit_price": 5, "product_id": LARGEST}],
            }
        ],
    }
    with KitMock(seed=seed) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert kit.post("/v4/tags", json={"name": "B"}).json()["tag"]["id"] == LARGEST + 1
        assert kit.post("/v4/subscribers", json={"email_address": "b@example.com"}).json()["subscriber"]["id"] > LARGEST
        assert mock.forms.add("F", id=LARGEST)["id"] == LARGEST
        assert mock.forms.add("G")["id"] == LARGEST + 1
        for add in (mock.tags.add, mock.forms.add, mock.segments.add, mock.sequences.add, mock.custom_fields.add):
            with pytest.raises(KitMockError, match=f"id must be a whole number from 1 to {LARGEST}$"):
                add("C", id=LARGEST + 1)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        *(
            (f"UPDATE sqlite_sequence SET seq = {seq} WHERE name = 'tags'", "the counter of an id is wrong")
            for seq in (2**63 - 1, -5, "'x'", 1.5, "NULL")
        ),
        ("UPDATE tags SET id = 9223372036854775807", "tags has a value that kit-mock never wrote"),
        ("UPDATE tags SET id = -1", "tags has a value that kit-mock never wrote"),
        *(
            (f"UPDATE subscribers SET field_values = '{stored}'", "a subscriber has values of something else")
            for stored in ('{"x": "5"}', '{"1": 5}', '{"01": "5"}', '["5"]', '"5"', "null")
        ),
    ],
)
def test_what_would_fail_later_is_told_at_the_start(tmp_path: Path, change: str, problem: str) -> None:
    db = tmp_path / "mock.db"
    with KitMock(db=db) as mock:
        mock.tags.add("A")
        mock.custom_fields.add("City")
        mock.subscribers.add("ada@example.com", fields={"city": "London"})
    KitMock(db=db).close()
    connection = sqlite3.connect(db)
    connection.execute(change)
    connection.commit()
    connection.close()
    assert f"it is damaged ({problem}" in refusal(db)


def test_a_layout_of_another_version_is_refused(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    KitMock(db=db).close()
    connection = sqlite3.connect(db)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "another version" in refusal(db)


@pytest.mark.parametrize(
    "change",
    ["DROP TABLE tags", "CREATE TABLE extra (x)", "DROP INDEX webhooks_by_event", "ALTER TABLE tags ADD COLUMN x"],
)
def test_tables_that_were_changed_are_refused(tmp_path: Path, change: str) -> None:
    db = tmp_path / "mock.db"
    KitMock(db=db).close()
    connection = sqlite3.connect(db)
    connection.execute(change)
    connection.commit()
    connection.close()
    assert "its tables aren't those that kit-mock made" in refusal(db)


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    before = os.umask(0)
    try:
        with KitMock(db=db):
            assert modes(tmp_path) == {"mock.db": 0o600, "mock.db-wal": 0o600}
        (tmp_path / "link.db").symlink_to(tmp_path / "other.db")
        KitMock(db=tmp_path / "link.db").close()
        assert modes(tmp_path) == {"mock.db": 0o600, "link.db": 0o600, "other.db": 0o600}
    finally:
        os.umask(before)


def test_a_file_that_others_may_use_is_left_so_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    db = tmp_path / "mock.db"
    KitMock(db=db).close()
    KitMock(db=db).close()
    assert caplog.messages == []
    db.chmod(0o644)
    KitMock(db=db).close()
    assert caplog.messages == [f"others may use the database {db}, mode 0644: `chmod 600` it if they shouldn't"]
    assert modes(tmp_path) == {"mock.db": 0o644}


def test_a_file_and_a_snapshot_hold_no_credential(tmp_path: Path) -> None:
    seed = {
        "api_keys": ["hush_key"],
        "access_tokens": ["hush_token"],
        "oauth_clients": [{"client_id": "app", "client_secret": "hush_secret", "any_loopback": True}],
        "oauth_tokens": [{"client_id": "app", "access_token": "hush_access", "refresh_token": "hush_refresh"}],
    }
    with KitMock(seed=seed, db=tmp_path / "mock.db", api_key="hush_own_key", access_token="hush_own_token") as mock:
        for header, value in (
            *(("X-Kit-Api-Key", key) for key in ("hush_key", "hush_own_key")),
            *(("Authorization", f"Bearer {token}") for token in ("hush_token", "hush_own_token", "hush_access")),
        ):
            with client(mock, **{header: value}) as kit:
                assert kit.get("/v4/account").status_code == 200
            with client(mock, **{header: value + "x"}) as kit:
                assert kit.get("/v4/account").status_code == 401
        assert mock.url
        kept = [mock.snapshot(), repr(mock.quota).encode(), httpx.get(f"{mock.url}/_mock/").content]
        kept += [httpx.get(f"{mock.url}/_mock/{name}").content for name in ("state", "quota", "requests")]
        kept += [path.read_bytes() for path in tmp_path.iterdir()]
    kept += [path.read_bytes() for path in tmp_path.iterdir()]
    assert not any(b"hush" in each for each in kept)


def test_seeded_keys_are_numbered_as_the_seed_has_them() -> None:
    keys = ["zebra", "ant", "mole"]
    with KitMock(seed={"api_keys": keys}, rate_limit=100) as mock:
        for calls, key in enumerate(keys, 1):
            with client(mock, **{"X-Kit-Api-Key": key}) as kit:
                for _ in range(calls):
                    kit.get("/v4/account")
        used = {each.credential: each.used for each in mock.quota}
    assert used == {"API key 1": 0, "API key 2": 1, "API key 3": 2, "API key 4": 3, "access token 1": 0}


PAGES = [
    ("/v4/subscribers", {}),
    ("/v4/subscribers", {"after": "WzUwXQ=="}),  # [50]
    ("/v4/subscribers", {"before": "WzUwXQ=="}),
    ("/v4/subscribers", {"status": "all", "sort_order": "asc"}),
    ("/v4/subscribers", {"sort_field": "updated_at"}),
    ("/v4/subscribers", {"sort_field": "updated_at", "status": "all", "sort_order": "asc"}),
    ("/v4/subscribers", {"sort_field": "cancelled_at", "status": "cancelled"}),
    ("/v4/subscribers", {"status": "bounced"}),
    ("/v4/subscribers", {"status": "bounced", "sort_field": "updated_at"}),
    ("/v4/subscribers", {"email_address": "NUMBER77@example.com"}),
    ("/v4/subscribers", {"updated_after": "1970-01-01T00:00:01Z"}),
    ("/v4/subscribers", {"created_after": "1970-01-01T00:00:01Z"}),
    ("/v4/subscribers", {"updated_before": "1970-01-01T00:01:00Z"}),
    ("/v4/tags/1/subscribers", {}),
    ("/v4/tags/1/subscribers", {"after": "WzUwXQ=="}),
    ("/v4/tags/1/subscribers", {"status": "all"}),
    ("/v4/tags/1/subscribers", {"tagged_after": "1970-01-01T00:00:01Z"}),
    *(
        page
        for path in ("/v4/forms/1/subscribers", "/v4/sequences/1/subscribers")
        for page in (
            (path, {}),
            (path, {"after": "WzUwXQ=="}),
            (path, {"before": "WzUwXQ=="}),
            (path, {"status": "all"}),
            (path, {"added_after": "1970-01-01T00:00:01Z"}),
            (path, {"created_after": "1970-01-01T00:00:01Z"}),
        )
    ),
    ("/v4/subscribers/77", {}),
    ("/v4/subscribers/77/tags", {}),
]


@contextmanager
def large_account(subscribers: int) -> Iterator[tuple[KitMock, httpx.Client]]:
    """An account whose subscribers were created in the order of their ids, and updated in another one."""
    seed = {kind: [{"name": "A"}] for kind in ("tags", "forms", "sequences")}
    with KitMock(seed=seed) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        connection = mock._store._connection
        connection.execute(
            f"WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < {subscribers})"
            " INSERT INTO subscribers (account_id, email_address, state, created_at, updated_at, cancelled_at)"
            " SELECT 1, 'number' || i || '@example.com',"
            " iif(i % 2500 = 7, 'bounced', iif(i % 2, 'active', 'cancelled')),"
            f" i, (i * 7919) % {subscribers}, iif(i % 2, NULL, (i * 31) % {subscribers}) FROM n"
        )
        for kind in ("tag", "form", "sequence"):
            columns = f"{kind}_id, subscriber_id, at"
            connection.execute(f"INSERT INTO {kind}_subscribers ({columns}) SELECT 1, id, created_at FROM subscribers")
        yield mock, kit


def steps_of_pages(subscribers: int, pages: list[tuple[str, dict[str, Any]]]) -> list[int]:
    """How many hundreds of steps SQLite takes for each of the pages in an account of that size: time without a clock."""
    with large_account(subscribers) as (mock, kit):
        counts = []
        for path, params in pages:
            steps = 0

            def count() -> bool:
                nonlocal steps
                steps += 1
                return False

            mock._store._connection.set_progress_handler(count, 100)
            response = kit.get(path, params={"per_page": 20, **params})
            mock._store._connection.set_progress_handler(None, 0)
            assert response.status_code == 200, response.text
            counts.append(steps)
        return counts


def at(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_a_page_costs_the_same_in_a_large_account() -> None:
    small, large = steps_of_pages(10_000, PAGES), steps_of_pages(100_000, PAGES)
    for page, few, many in zip(PAGES, small, large, strict=True):
        assert many <= 1.5 * few + 5, page


def test_a_page_within_two_dates_costs_the_same_however_many_subscribers_lie_beside_them() -> None:
    dates = {"created_after": at(1000), "created_before": at(15_000)}
    pages: list[tuple[str, dict[str, Any]]] = [
        (
            "/v4/subscribers",
            dates | {"per_page": 500, "include_total_count": True},
        ),  # The first page, and the last one.
        ("/v4/subscribers", dates | {"per_page": 500, "after": pagination.encode([1100])}),
    ]
    small, large = steps_of_pages(16_000, pages), steps_of_pages(160_000, pages)
    for page, few, many in zip(pages, small, large, strict=True):
        assert many <= 1.5 * few + 5, page


def test_dates_that_run_in_another_order_than_ids_are_found_all_the_same() -> None:
    size, first, last = 60_000, 5_000, 25_000
    with large_account(size) as (_, kit):
        wanted = [i for i in range(size, 0, -1) if first < i * 7919 % size < last and i % 2 and i % 2500 != 7]
        params: dict[str, Any] = {"updated_after": at(first), "updated_before": at(last), "per_page": 1000}
        found = []
        while True:
            page = kit.get("/v4/subscribers", params=params).json()
            found += [subscriber["id"] for subscriber in page["subscribers"]]
            if not page["pagination"]["has_next_page"]:
                break
            params["after"] = page["pagination"]["end_cursor"]
    assert len(wanted) > 5_000
    assert found == wanted


def test_a_write_moves_what_a_page_within_two_dates_looks_through() -> None:
    dates: dict[str, Any] = {"created_after": at(0), "created_before": "2099-01-01", "per_page": 3}
    with large_account(12_000) as (_, kit):
        before = kit.get("/v4/subscribers", params=dates).json()["subscribers"]
        added = kit.post("/v4/subscribers", json={"email_address": "new@example.com"}).json()["subscriber"]
        after = kit.get("/v4/subscribers", params=dates).json()["subscribers"]
    assert [one["id"] for one in after] == [added["id"], *(one["id"] for one in before[:2])]


def test_a_subscriber_with_a_field_and_a_webhook_takes_eight_statements() -> None:
    statements: list[str] = []

    def note(_: Any, sql: str, __: Any) -> bool:
        statements.append(sql)
        return True

    with KitMock(clock=Clock(START)) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        mock.custom_fields.add("City")
        mock.webhooks.add("subscriber.subscriber_activate", "https://app.example.com/hook")
        http.get("/v4/account")  # Looks for what is due, once for all requests at this moment.
        mock._store._connection.set_exec_trace(note)
        response = http.post("/v4/subscribers", json={"email_address": "ada@example.com", "fields": {"city": "London"}})
        mock._store._connection.set_exec_trace(None)
        assert response.status_code == 201
        assert len(mock.deliveries) == 1
    assert len(statements) <= 8
