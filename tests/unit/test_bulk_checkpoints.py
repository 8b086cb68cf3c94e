"""Checkpoints that can't be used, and imports that end before their last row."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_client import CheckpointError, PermissionDeniedError
from kit_client.bulk import Outcome

from .bulk_service import BulkService
from .test_bulk_import import people, run

CREATED = ("POST /v4/tags", "POST /v4/custom_fields")


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """The checkpoint of an import of 250 people."""
    checkpoint = tmp_path / "used"
    with BulkService().kit() as kit:
        assert kit.bulk.import_subscribers(people(250), checkpoint=checkpoint).report().ok
    return checkpoint


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("count", "arguments", "says"),
    [
        (250, {"tags": ["New"]}, "it is of an import with other tags"),
        (100, {}, "and only 100 came"),
        (0, {}, "it has an outcome of row 250, and only 0 came"),
        (251, {"fields": {"first_name": "Company"}}, "row 1 is another one"),
    ],
)
def test_nothing_is_created_for_a_checkpoint_that_can_not_be_used(
    used: Path, count: int, arguments: dict[str, Any], says: str, is_async: bool
) -> None:
    service = BulkService()
    rows = [{**row, "first_name": "Ada"} if "fields" in arguments else row for row in people(count)]
    with pytest.raises(CheckpointError, match=says):
        run(service, rows, is_async=is_async, checkpoint=used, create_missing=True, **arguments)
    assert not service.sent
    assert not any(service.requests[key] for key in CREATED)


def test_an_import_without_rows_has_a_checkpoint_too(tmp_path: Path) -> None:
    service, checkpoint = BulkService(), tmp_path / "c"
    with service.kit() as kit:
        for rows in ([], people(5), people(5)):
            again = kit.bulk.import_subscribers(rows, checkpoint=checkpoint)
            requests = again.estimate().requests
            report = again.report()
            assert report.imported == len(rows)
            assert report.requests <= requests
    assert sum(service.sent.values()) == 5


def test_an_import_that_sent_nothing_binds_its_checkpoint_to_nothing(tmp_path: Path) -> None:
    service, checkpoint = BulkService(), tmp_path / "c"
    with service.kit() as kit:
        with pytest.raises(ValueError, match="the account has no tag 'Newz'"):
            kit.bulk.import_subscribers(people(5), tags=["Newz"], checkpoint=checkpoint).report()
        service.tags[1] = "News"
        assert kit.bulk.import_subscribers(people(5), tags=["News"], checkpoint=checkpoint).report().ok


@pytest.mark.parametrize(
    "outcome", [b"[1,2,3]", b'[["x"],5]', b"[]", b"{}", b"null", b"[5,null]", b"[[5],null]", b'[[],"x"]', b"\xff"]
)
def test_an_outcome_that_is_none_is_told_as_a_damaged_checkpoint(used: Path, outcome: bytes) -> None:
    with closing(sqlite3.connect(used)) as connection, connection:
        connection.execute("UPDATE rows SET outcome = ? WHERE number = 5", (outcome,))
    with pytest.raises(CheckpointError, match=f"checkpoint {used}: it can't be used"):
        run(BulkService(), people(250), is_async=False, checkpoint=used)


def test_a_path_with_a_nul_is_told_as_such() -> None:
    with pytest.raises(CheckpointError, match="checkpoint: expected that of a file"):
        run(BulkService(), people(1), is_async=False, checkpoint="a\0b")


@pytest.mark.parametrize("name", [":memory:", "file:x?mode=memory", "plain"])
def test_any_name_is_that_of_a_file(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    service = BulkService()
    run(service, people(5), is_async=False, checkpoint=name)
    assert all(outcome.resumed for _, outcome in run(service, people(5), is_async=False, checkpoint=name))
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_only_the_owner_reads_a_file_that_was_there_before(tmp_path: Path, used: Path) -> None:
    empty, copied, text = tmp_path / "empty", tmp_path / "copied", tmp_path / "text.csv"
    empty.touch()
    shutil.copy(used, copied)
    text.write_text("email_address\n" * 100)
    for path in (empty, copied, text):
        path.chmod(0o644)
    for path in (empty, copied):
        run(BulkService(), people(250), is_async=False, checkpoint=path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CheckpointError):
        run(BulkService(), people(250), is_async=False, checkpoint=text)
    assert stat.S_IMODE(text.stat().st_mode) == 0o644


def test_a_file_that_another_import_only_looks_at_is_waited_for(used: Path) -> None:
    with closing(sqlite3.connect(used, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM rows").fetchone()
        leave = threading.Timer(0.02, other.rollback)
        leave.start()
        pairs = run(BulkService(), people(250), is_async=False, checkpoint=used)
        leave.join()
    assert all(outcome.resumed for _, outcome in pairs)


class Broken(Exception):
    pass


def broken(count: int) -> Iterator[dict[str, Any]]:
    yield from people(count)
    raise Broken


async def broken_async(count: int) -> AsyncIterator[dict[str, Any]]:
    for row in people(count):
        yield row
    raise Broken


@pytest.mark.parametrize("kind", ["sync", "async", "sync rows, async client"])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 250, 1000])
def test_rows_before_an_error_of_their_source_are_imported_and_kept(tmp_path: Path, kind: str, count: int) -> None:
    service, checkpoint, done = BulkService(), tmp_path / "c", list[Outcome]()
    arguments: dict[str, Any] = {"tags": [1], "checkpoint": checkpoint, "parallel": 2}

    def sync() -> None:
        with service.kit() as kit:
            done.extend(outcome for _, outcome in kit.bulk.import_subscribers(broken(count), **arguments))

    async def main() -> None:
        rows: Any = broken_async(count) if kind == "async" else broken(count)
        async with service.async_kit() as kit:
            async for _, outcome in kit.bulk.import_subscribers(rows, **arguments):
                done.append(outcome)

    with pytest.raises(Broken):
        sync() if kind == "sync" else asyncio.run(main())
    assert sorted(outcome.index for outcome in done) == list(range(1, count + 1))
    assert all(outcome.ok for outcome in done)
    sent = service.sent.copy()
    again = run(service, people(count + 10), is_async=False, tags=[1], checkpoint=checkpoint)
    assert sum(outcome.resumed for _, outcome in again) == count
    assert sum(service.sent.values()) - sum(sent.values()) == 10


@pytest.mark.parametrize("is_async", [False, True])
def test_a_dry_run_raises_the_error_of_its_rows(is_async: bool) -> None:
    async def main() -> None:
        async with BulkService().async_kit() as kit:
            await kit.bulk.import_subscribers(broken_async(150)).check()

    with pytest.raises(Broken), BulkService().kit() as kit:
        asyncio.run(main()) if is_async else kit.bulk.import_subscribers(broken(150)).check()


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("tags", [[], ["VIP"]])
def test_nothing_is_sent_for_rows_that_raise_before_the_first(tmp_path: Path, is_async: bool, tags: list[str]) -> None:
    service, checkpoint = BulkService(), tmp_path / "c"
    for arguments in ({}, {"checkpoint": checkpoint}):
        with pytest.raises(Broken):
            run(service, broken(0), is_async=is_async, tags=tags, create_missing=True, **arguments)
    assert not service.requests
    assert not checkpoint.exists()


class Refusing(BulkService):
    """Refuses requests for one path."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(403) if request.url.path == self._path else super().__call__(request)


@pytest.mark.parametrize("is_async", [False, True])
def test_an_import_that_ends_in_another_error_tells_that_of_its_rows(tmp_path: Path, is_async: bool) -> None:
    cases: list[tuple[type[Exception], BulkService, dict[str, Any]]] = [
        (ValueError, BulkService(), {"tags": ["nowhere"]}),
        (CheckpointError, BulkService(), {"checkpoint": tmp_path}),
        (PermissionDeniedError, Refusing("/v4/tags"), {"tags": ["a"]}),
        (PermissionDeniedError, Refusing("/v4/account"), {"checkpoint": tmp_path / "c"}),
    ]
    for kind, service, arguments in cases:
        with pytest.raises(kind) as caught:
            run(service, broken(50), is_async=is_async, **arguments)
        assert caught.value.__notes__ == ["the rows had raised Broken() before"]
