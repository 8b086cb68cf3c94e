"""Without a program that tests need, they are left out of a run and that is said; in CI it is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

ROOT = Path(__file__).resolve().parents[2]


@attrs.frozen
class Program:
    """A program that `scripts/program.sh` sees to."""

    name: str
    files: tuple[str, ...]
    """What is in PATH where it is there."""
    installing: str
    missing: str
    """How pytest says that it isn't there."""
    tests: str
    folder: str
    collected: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


PROGRAMS = [
    Program(
        "browser",
        ("chromedriver", "chromium"),
        "Chromium with chromedriver",
        "Chromium was not found",
        "browser tests",
        "tests/browser",
        left_out=("tests/browser",),
    ),
    Program(
        "redis-server",
        ("redis-server",),
        "redis-server",
        "redis-server was not found",
        "Redis tests",
        "tests/integration/test_shared_limits.py",
        collected=("test_slots_are_shared[sqlite]",),
        left_out=("test_slots_are_shared[redis]",),
    ),
]

pytestmark = pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)


def run(*command: str, path: Path, ci: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": str(path), "CI": ci, "PYTEST_ADDOPTS": ""}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


def see_to(program: Program, path: Path, ci: str = "true") -> subprocess.CompletedProcess[str]:
    return run("/bin/bash", str(ROOT / "scripts" / "program.sh"), program.name, path=path, ci=ci)


def write_command(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder for PATH in which there are an `id` and an `env` only: no apt-get, no sudo."""
    write_command(tmp_path / "id", "echo 1000")
    (tmp_path / "env").symlink_to("/usr/bin/env")
    return tmp_path


@pytest.mark.parametrize("ci", ["", "true"])
def test_pytest_leaves_out_what_needs_it(program: Program, bare: Path, ci: str) -> None:
    tests = (program.folder, "tests/unit/test_codec.py")
    done = run(sys.executable, "-m", "pytest", "--collect-only", *tests, path=bare, ci=ci)
    if ci:
        assert done.returncode == 4
        assert f"{program.missing}: the {program.tests} can't run" in done.stderr
        return
    assert done.returncode == 0, done.stdout
    collected, _, said = done.stdout.partition(program.missing)
    assert f"{program.tests} are left out" in said
    for name in ("tests/unit/test_codec.py", *program.collected):
        assert name in collected
    for name in program.left_out:
        assert name not in collected


@pytest.mark.parametrize("ci", ["", "true"])
def test_the_script_says_that_it_is_missing(program: Program, bare: Path, ci: str) -> None:
    done = see_to(program, bare, ci)
    assert done.returncode == (1 if ci else 0)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert program.tests in done.stderr


def test_the_script_takes_what_is_there(program: Program, bare: Path) -> None:
    for name in program.files:
        write_command(bare / name, "")
    done = see_to(program, bare)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_script_installs_what_is_not(program: Program, bare: Path) -> None:
    write_command(bare / "id", "echo 0")
    names = " ".join(program.files)
    installs = f'  printf "" > {bare}/$each; /bin/chmod +x {bare}/$each'
    write_command(bare / "apt-get", f'case "$1" in install) for each in {names}; do\n{installs}; done;; esac')
    done = see_to(program, bare)
    assert (done.returncode, done.stdout) == (0, f"installing {program.installing}\n"), done.stderr
