"""A disk on which nothing fits any more, after each of the writes there are: one line that says so, and nothing half done."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.seeds import large
from tests.unit.mock.conftest import START, client

SEED = {"tags": [{"name": f"Tag {n}"} for n in range(300)]}


class Disk(apsw.VFS):
    """The default file system of SQLite, where only so many more writes make a file larger."""

    def __init__(self) -> None:
        self.base = apsw.vfs_names()[0]
        super().__init__("full", self.base, makedefault=True)
        self.left = 10**9
        self.error: type[apsw.Error] = apsw.FullError
        self.spares = ""
        """The path of a file that has room."""

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return File(self, name, flags)


class File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__(disk.base, name, flags)
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else name

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._path != self._disk.spares and offset + len(data) > self.xFileSize():
            if self._disk.left <= 0:
                raise self._disk.error("not an error")
            self._disk.left -= 1
        super().xWrite(data, offset)


@pytest.fixture
def disk() -> Iterator[Disk]:
    found = Disk()
    try:
        yield found
    finally:
        found.unregister()


@contextmanager
def room_for(disk: Disk, writes: int) -> Iterator[None]:
    disk.left = writes
    try:
        yield
    finally:
        disk.left = 10**9


def rows(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        found: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        return found
    finally:
        connection.close()


def test_a_large_account_is_whole_or_not_there(disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "large.db"
    told = set()
    for writes in range(0, 100_000, 11):
        with room_for(disk, writes):
            try:
                large.make(path, 300, large.Progress(io.StringIO()))
            except KitMockError as error:
                told.add(str(error).rpartition(": ")[2])
                assert list(tmp_path.iterdir()) == []
                continue
        assert rows(path, "subscribers") == 300
        break
    assert "the database or the disk is full" in told
    assert not any("not an error" in each for each in told)
    assert writes > 100


def test_a_seed_is_taken_as_a_whole_or_a_line_says_why_not(disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "kit.db"
    told = set()
    for writes in range(0, 100_000, 7):
        with room_for(disk, writes):
            try:
                KitMock(db=path, seed=SEED).close()
            except KitMockError as error:
                told.add(str(error).removeprefix(f"cannot use the database {path}: "))
            else:
                break
        # When there is room again, what is left of it is in nobody's way.
        KitMock(db=path, seed=SEED).close()
        assert rows(path, "tags") == 300
        path.unlink()
    assert writes > 50
    assert {text.removeprefix("cannot write: ") for text in told} == {"the database or the disk is full"}


def test_reads_go_on_and_reset_and_restore_change_nothing(disk: Disk, tmp_path: Path) -> None:
    many = {"tags": [{"name": f"{'y' * 500} {n}"} for n in range(9000)]}
    done = set()
    # Of a log that can't be emptied into its file SQLite says nothing, unlike a file system in Python.
    disk.spares = str(tmp_path / "kit.db")
    with (
        KitMock(db=tmp_path / "kit.db", seed=SEED, clock=Clock(START)) as mock,
        client(mock, Authorization="Bearer test_access_token") as kit,
    ):
        snapshot = mock.snapshot()
        for number in range(50):
            kit.post("/v4/tags", json={"name": f"{number} {'x' * 5000}"})
        before = kit.get("/v4/tags").json()
        for writes in range(0, 200, 9):
            with room_for(disk, writes):
                done.add(("bulk", kit.post("/v4/bulk/tags", json=many).status_code))
                for path in ("/_mock/reset", "/_mock/snapshots", "/_mock/snapshots/1/restore"):
                    status = kit.post(path).status_code
                    if (path, status) in (("/_mock/reset", 204), ("/_mock/snapshots/1/restore", 200)):
                        before = kit.get("/v4/tags").json()
                    else:
                        assert status == 507 or path == "/_mock/snapshots", path
                    done.add((path, status))
                    assert kit.get("/v4/tags").json() == before
                    assert kit.get("/v4/account").status_code == 200
                assert mock.snapshot()
        mock.restore(snapshot)
        assert len(kit.get("/v4/tags").json()["tags"]) == 300
    assert {
        ("bulk", 507),
        ("/_mock/reset", 507),
        ("/_mock/snapshots/1/restore", 507),
        ("/_mock/snapshots", 201),
    } <= done


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (apsw.FullError, "the disk is full"),
        (apsw.IOError, "a quota is used up"),
        (apsw.ReadOnlyError, "may not be written"),
        (apsw.PermissionsError, "may not be used"),
        (apsw.CantOpenError, "can't be opened or made"),
    ],
)
def test_a_write_that_fails_says_why_and_reads_go_on(
    disk: Disk, tmp_path: Path, error: type[apsw.Error], reason: str
) -> None:
    disk.error = error
    with KitMock(db=tmp_path / "mock.db") as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        snapshot = mock.snapshot()
        with room_for(disk, 0):
            response = kit.post("/v4/tags", json={"name": "A" * 100_000})
            assert (response.status_code, reason in response.text, "not an error" in response.text) == (
                507,
                True,
                False,
            )
            for write in (lambda: mock.tags.add("B" * 100_000), lambda: mock.restore(snapshot), mock.reset):
                with pytest.raises(KitMockError, match=f"^cannot write: .*{reason}") as caught:
                    write()
                assert "not an error" not in str(caught.value)
            assert kit.get("/v4/tags").json()["tags"] == []
        assert kit.post("/v4/tags", json={"name": "C"}).status_code == 201


@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError, apsw.ReadOnlyError])
def test_a_file_that_cannot_be_made_says_why(disk: Disk, tmp_path: Path, error: type[apsw.Error]) -> None:
    disk.error = error
    with room_for(disk, 0), pytest.raises(KitMockError, match=r"^cannot (use|open) the database") as caught:
        KitMock(db=tmp_path / "mock.db")
    assert "error" not in str(caught.value)
