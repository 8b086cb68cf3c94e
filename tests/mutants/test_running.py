"""The runner tells caught lies from others, and leaves no process behind."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.mutants.catalogue import chosen
from tests.mutants.exchange import Answer, Request
from tests.mutants.lie import Lie, Start, at
from tests.mutants.running import Result, Runner
from tests.mutants.truth import Truth

ROOT = Path(__file__).parents[2]
_WAIT_SECONDS = 60.0


def _lie(name: str, start: Start) -> Lie:
    return Lie(name, "header gone", ("list_account_colors",), f"It is {name}.", start)


def _truth(truth: Truth, request: Request) -> Answer:
    return truth.ask(request)


def _broken(truth: Truth, request: Request) -> Answer:
    raise RuntimeError("a fault of the lie")


def test_lies_are_told_apart_by_what_became_of_them() -> None:
    caught = chosen(names=["header gone: list_account_colors sends no X-Request-Id"])
    lies = [*caught, _lie("honest", at([], _truth)), _lie("broken", at(["list_account_colors"], _broken))]
    with Runner("contract", jobs=2, limit=_WAIT_SECONDS, whole_limit=0) as runner:
        results = {each.lie.name: each for each in runner.run(lies, lambda result, total: None)}
    first, honest, broken = (results[lie.name] for lie in lies)
    assert first.verdict == "caught"
    assert first.by.startswith("tests/contract/")
    assert "X-Request-Id" in first.detail
    assert first.told
    assert (honest.verdict, honest.told) == ("survived", 0)
    assert (broken.verdict, broken.detail) == ("error", "RuntimeError: a fault of the lie")


def test_a_hang_is_caught_by_the_time_limit() -> None:
    def hang(truth: Truth, request: Request) -> Answer:
        time.sleep(_WAIT_SECONDS)
        return truth.ask(request)

    with Runner("contract", jobs=1, limit=1.5, whole_limit=0) as runner:
        results: list[Result] = list(runner.run([_lie("slow", at(["list_account_colors"], hang))], lambda *_: None))
    assert [each.verdict for each in results] == ["caught by time limit"]


def test_the_command_lists_kinds_and_lies() -> None:
    kinds = _command("--list")
    assert "authentication not enforced" in kinds.stdout
    lies = _command("--list", "--lie", "takes a code twice")
    assert "OAuth takes a code twice." in lies.stdout
    assert _command("--kind", "nonsense").returncode == 2


def test_ctrl_c_stops_the_command_and_all_that_it_began() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.mutants", "--no-check", "--jobs", "1", "--kind", "header gone"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        deadline = time.monotonic() + _WAIT_SECONDS
        while len(begun := _descendants(process.pid)) < 2 and time.monotonic() < deadline:  # A server and a suite.
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=_WAIT_SECONDS)
    assert process.returncode == 130
    assert "stopped" in errors
    assert len(begun) >= 2
    assert not [number for number in begun if Path(f"/proc/{number}").exists()]


def _descendants(ancestor: int) -> set[int]:
    """Return the child processes of a process, and theirs."""
    if not Path("/proc").is_dir():
        pytest.skip("processes can't be counted without /proc")
    parents = {}
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            with contextlib.suppress(OSError):
                # The name, in parentheses, can hold blanks.
                parents[int(path.name)] = int((path / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    found = {ancestor}
    while more := {number for number, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {ancestor}


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.mutants", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_WAIT_SECONDS,
    )
