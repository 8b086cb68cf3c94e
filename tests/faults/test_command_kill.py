"""Exports and imports of the command whose process is killed or interrupted: the same command goes on, and nothing is lost."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

from kit_mock import KitMock

PEOPLE = 10_000
DELAY = 0.1
"""Seconds for each page, so that an export notes its place several times."""


class Command:
    """The command in a process of its own, in a folder of its own."""

    def __init__(self, mock: KitMock, folder: Path) -> None:
        self.mock, self._folder = mock, folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KIT_")}
        self._environment = {**inherited, "KIT_ACCESS_TOKEN": mock.access_token, "KIT_BASE_URL": mock.url}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "kit_cli", *arguments],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[int, str, str]:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def stop(self, how: signal.Signals, operation: str, requests: int, *arguments: str) -> tuple[int, str, str] | None:
        """Stop it after so many requests of an operation; None if it was done before."""
        self.mock.forget_requests()
        with self.start(*arguments) as process:
            while self.count(operation) < requests and process.poll() is None:
                time.sleep(0.005)
            is_done = process.poll() is not None
            process.send_signal(how)
            out, err = process.communicate(timeout=120)
        assert "Traceback" not in err
        return None if is_done else (process.returncode, out, err)

    def count(self, operation: str) -> int:
        return sum(request.operation_id == operation for request in self.mock.requests)


@pytest.fixture(scope="module")
def full_mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        mock.custom_fields.add(label="Company")
        for number in range(PEOPLE):
            mock.subscribers.add(
                email_address=f"p{number}@example.com",
                fields={"company": f"C{number}"},
                created_at=f"2026-01-{number % 28 + 1:02}T{number % 24:02}:00:00Z",
            )
        yield mock


@pytest.fixture
def full(full_mock: KitMock, tmp_path: Path) -> Iterator[Command]:
    full_mock.faults.add(operation="list_subscribers", delay=DELAY)
    yield Command(full_mock, tmp_path)
    full_mock.faults.clear()


def ids(path: Path) -> list[int]:
    if path.suffix == ".parquet":
        return [int(value) for value in pyarrow.parquet.read_table(path, columns=["id"])["id"].to_pylist()]
    with path.open(encoding="utf-8", newline="") as file:
        return [int(row["id"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("name", ["people.csv", "people.parquet"])
@pytest.mark.parametrize("requests", [1, 8])
def test_a_killed_export_goes_on(full: Command, tmp_path: Path, name: str, requests: int) -> None:
    asked = ("export", "subscribers", "--out", name, "--resume")
    assert full.stop(signal.SIGKILL, "list_subscribers", requests, *asked) is not None
    assert not (tmp_path / name).exists()
    full.mock.forget_requests()
    status, _, err = full.run(*asked)
    assert (status, err.splitlines()[0]) == (0, f"subscribers: 10,000 rows in {name}")
    assert ids(tmp_path / name) == list(range(PEOPLE, 0, -1))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    if requests > 1:
        assert full.count("list_subscribers") < 9


def test_an_export_that_is_killed_again_and_again_comes_to_its_end(full: Command, tmp_path: Path) -> None:
    asked = ("export", "subscribers", "--out", "people.csv", "--parallel", "2", "--resume")
    runs = 1
    while full.stop(signal.SIGKILL, "list_subscribers", 10, *asked) is not None:
        runs += 1
        assert runs < 12
    assert runs > 1
    found = ids(tmp_path / "people.csv")
    assert len(found) == PEOPLE
    assert set(found) == set(range(1, PEOPLE + 1))


def test_ctrl_c_says_how_an_export_goes_on(full: Command, tmp_path: Path) -> None:
    asked = ("export", "subscribers", "--out", "people.jsonl")
    stopped = full.stop(signal.SIGINT, "list_subscribers", 5, *asked)
    assert stopped is not None
    status, out, err = stopped
    assert (status, out, err.splitlines()[-1]) == (130, "", "kit-client: stopped")
    assert "rows are kept: the same command with --resume goes on\n" in err
    assert full.run(*asked, "--resume")[0] == 0
    lines = (tmp_path / "people.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(PEOPLE, 0, -1))


ROWS = 2_000
BAD = {100, 1_500, 1_999}


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        mock.tags.add(name="List")
        mock.faults.add(operation="bulk_create_subscribers", delay=0.2)
        yield mock


@pytest.fixture
def importer(mock: KitMock, tmp_path: Path) -> Command:
    rows = "".join(f"{'bad' if number in BAD else f'p{number}@example.com'};P{number}\r\n" for number in range(ROWS))
    (tmp_path / "people.csv").write_text(f"Email;First name\r\n{rows}", encoding="utf-8-sig", newline="")
    return Command(mock, tmp_path)


IMPORT = (
    "import",
    "people.csv",
    "--tag",
    "List",
    "--checkpoint",
    "people.checkpoint",
    "--failures",
    "failures.csv",
    "--json",
)


def check_import(mock: KitMock, importer: Command, folder: Path) -> None:
    """Run it to the end, and look that every row is there once and each failure reported."""
    mock.forget_requests()
    status, out, _ = importer.run(*IMPORT)
    data = json.loads(out)
    assert (status, data["imported"], data["failed"]) == (3, ROWS - len(BAD), len(BAD))
    assert data["resumed"] > 0
    assert importer.count("bulk_create_subscribers") < ROWS / 100
    assert len(mock.subscribers.all()) == ROWS - len(BAD)
    with (folder / "failures.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {int(row["line"]) for row in csv.DictReader(file, delimiter=";")} == {number + 2 for number in BAD}
    members = importer.run("export", "subscribers", "--tag", "List", "--quiet")[1]
    assert len(members.splitlines()) == ROWS - len(BAD) + 1


def test_a_killed_import_goes_on(mock: KitMock, importer: Command, tmp_path: Path) -> None:
    assert importer.stop(signal.SIGKILL, "bulk_create_subscribers", 10, *IMPORT) is not None
    left = {path.name for path in tmp_path.iterdir()}
    assert "failures.csv.part" in left
    assert "failures.csv" not in left
    check_import(mock, importer, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"people.csv", "people.checkpoint", "failures.csv"}


def test_ctrl_c_keeps_what_an_import_has_done(mock: KitMock, importer: Command, tmp_path: Path) -> None:
    stopped = importer.stop(signal.SIGINT, "bulk_create_subscribers", 10, *IMPORT)
    assert stopped is not None
    status, out, err = stopped
    assert (status, out) == (130, "")
    assert "of 2,000 rows are done\n" in err
    assert "the same command goes on where it stopped\n" in err
    check_import(mock, importer, tmp_path)


def test_nobody_who_reads_is_no_error(full: Command) -> None:
    with full.start("export", "subscribers") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("id,")
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr is not None
        assert process.stderr.read() == ""
