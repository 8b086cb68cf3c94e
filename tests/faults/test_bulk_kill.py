"""Imports whose process is killed or interrupted: the next one goes on, and each row is there once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from kit_mock import KitMock

WORKER = Path(__file__).with_name("bulk_worker.py")
SEED = {"tags": [{"id": 31, "name": "VIP"}]}


@contextmanager
def worker(mock: KitMock, checkpoint: Path, rows: int, *more: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(WORKER), mock.url, str(checkpoint), str(rows), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def read(process: subprocess.Popen[str], most: int | None = None) -> dict[int, tuple[bool, bool]]:
    """Outcomes by the numbers of their rows: whether each is ok, and whether it is from an earlier run."""
    assert process.stdout is not None
    return parsed(islice(process.stdout, most))


def parsed(lines: Iterable[str]) -> dict[int, tuple[bool, bool]]:
    parts = [line.split() for line in lines]
    found = {int(number): (ok == "1", is_resumed == "1") for _, number, ok, is_resumed in parts}
    assert len(found) == len(parts)
    return found


def check(mock: KitMock, found: dict[int, tuple[bool, bool]], rows: int) -> None:
    assert sorted(found) == list(range(1, rows + 1))
    assert all(ok == bool(number % 50) for number, (ok, _) in found.items())
    people = [person["email_address"] for person in mock.subscribers.all()]
    assert sorted(people) == sorted(f"p{number}@example.com" for number in found if number % 50)


def test_a_killed_import_goes_on_where_it_stopped(tmp_path: Path) -> None:
    rows, checkpoint = 3000, tmp_path / "checkpoint"
    with KitMock(seed=SEED) as mock:
        mock.serve()
        mock.faults.add(route="POST /v4/bulk/*", reset="after", probability=0.1, seed=1)
        mock.faults.add(route="POST /v4/bulk/*", status=502, html=True, probability=0.1, seed=2)
        before: dict[int, tuple[bool, bool]] = {}
        for part in (1, 700, 1400):
            with worker(mock, checkpoint, rows) as process:
                found = read(process, part)
                process.send_signal(signal.SIGKILL)
                assert process.wait(10) == -signal.SIGKILL
            assert len(found) == part
            # What was told is told again.
            assert all(found[number][0] == ok for number, (ok, _) in before.items() if number in found)
            before.update(found)
        with worker(mock, checkpoint, rows) as process:
            found = read(process)
            assert process.wait(10) == 0, process.stderr and process.stderr.read()
        check(mock, found, rows)
        told = {number for number in before if number % 50}
        assert told <= {number for number, (_, is_resumed) in found.items() if is_resumed}
        sent = [request for request in mock.requests if request.path == "/v4/bulk/subscribers"]
        # Sent again at most: what was under way at a kill, and what had a fault.
        assert len(sent) <= rows / 100 + 3 * 24 + 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_line_of_the_checkpoint_leaves_it_whole(tmp_path: Path) -> None:
    rows = 120
    with KitMock(seed=SEED) as mock:
        mock.serve()
        with worker(mock, tmp_path / "checkpoint", rows, "5") as process:
            output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        runs = output.split("killed\n")[1:]
        for run in runs:
            check(mock, parsed(run.splitlines()), rows)
    assert len(runs) > 10
    # Kills came before the first outcome was kept, and after some, and after all.
    assert len({sum(is_resumed for _, is_resumed in parsed(run.splitlines()).values()) for run in runs}) >= 3


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another thing there")
def test_an_interrupted_import_ends_at_once_and_sends_nothing_more(tmp_path: Path) -> None:
    rows, checkpoint = 3000, tmp_path / "checkpoint"
    with KitMock(seed=SEED) as mock:
        mock.serve()
        with worker(mock, checkpoint, rows) as process:
            found = read(process, 500)
            mock.faults.add(route="POST /v4/bulk/*", delay=30)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            assert "KeyboardInterrupt" in process.stderr.read()
            assert process.wait(5) != 0
        mock.faults.clear()
        with worker(mock, checkpoint, rows) as process:
            again = read(process)
            assert process.wait(30) == 0
        check(mock, again, rows)
        assert {number for number in found if number % 50} <= {
            number for number, (_, resumed) in again.items() if resumed
        }
