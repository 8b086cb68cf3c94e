"""Where there is no redis-server, its tests are left out of a run and that is said; in CI it is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .test_browser_setup import ROOT, run

_SCRIPT = ROOT / "scripts" / "redis_server.sh"


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder for PATH in which there is nothing but an `id`: no redis-server, no apt-get, no sudo."""
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("ci", ["", "true"])
def test_pytest(bare: Path, ci: str) -> None:
    tests = ("tests/integration/test_shared_limits.py", "tests/unit/test_codec.py")
    done = run(sys.executable, "-m", "pytest", "--collect-only", *tests, path=bare, ci=ci)
    if ci:
        assert done.returncode == 4
        assert "redis-server was not found: the Redis tests can't run" in done.stderr
    else:
        assert done.returncode == 0, done.stdout
        assert "Redis tests are left out" in done.stdout
        assert "test_slots_are_shared[sqlite]" in done.stdout
        assert "test_slots_are_shared[redis]" not in done.stdout


@pytest.mark.parametrize("ci", ["", "true"])
def test_script(bare: Path, ci: str) -> None:
    done = run("/bin/bash", str(_SCRIPT), path=bare, ci=ci)
    assert done.returncode == (1 if ci else 0)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "Redis tests" in done.stderr


def test_script_takes_the_server_that_is_there(bare: Path) -> None:
    (bare / "redis-server").write_text("#!/bin/sh\n")
    (bare / "redis-server").chmod(0o755)
    done = run("/bin/bash", str(_SCRIPT), path=bare, ci="true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_script_installs_one(bare: Path) -> None:
    (bare / "id").write_text("#!/bin/sh\necho 0\n")
    for name in ("env", "chmod"):
        (bare / name).symlink_to(next(path for path in (Path("/usr/bin") / name, Path("/bin") / name) if path.exists()))
    installs = f'case "$1" in install) printf "" > {bare}/redis-server; chmod +x {bare}/redis-server;; esac\n'
    (bare / "apt-get").write_text(f"#!/bin/sh\n{installs}")
    (bare / "apt-get").chmod(0o755)
    done = run("/bin/bash", str(_SCRIPT), path=bare, ci="true")
    assert (done.returncode, done.stdout) == (0, "installing redis-server\n"), done.stderr


def test_a_server_is_started_and_stopped(redis_url: str) -> None:
    assert redis_url.startswith("redis://127.0.0.1:")
    done = subprocess.run(
        ["redis-cli", "-u", redis_url, "ping"], capture_output=True, text=True, timeout=20, env={**os.environ}
    )
    assert done.stdout == "PONG\n"
