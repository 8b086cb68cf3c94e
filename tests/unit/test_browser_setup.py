"""Where there is no browser, its tests are left out of a run and that is said; in CI it is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = ROOT / "scripts" / "browser.sh"


def run(*command: str, path: Path, ci: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": str(path), "CI": ci, "PYTEST_ADDOPTS": ""}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder for PATH in which there is nothing but an `id`: no browser, no apt-get, no sudo."""
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("ci", ["", "true"])
def test_pytest(bare: Path, ci: str) -> None:
    tests = ("tests/browser", "tests/unit/test_codec.py")
    done = run(sys.executable, "-m", "pytest", "--collect-only", *tests, path=bare, ci=ci)
    if ci:
        assert done.returncode == 4
        assert "Chromium was not found: the browser tests can't run" in done.stderr
    else:
        assert done.returncode == 0, done.stdout
        assert "Chromium was not found" in done.stdout
        assert "browser tests are left out" in done.stdout
        assert "tests/unit/test_codec.py" in done.stdout


@pytest.mark.parametrize("ci", ["", "true"])
def test_script(bare: Path, ci: str) -> None:
    done = run("/bin/bash", str(_SCRIPT), path=bare, ci=ci)
    assert done.returncode == (1 if ci else 0)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "browser tests" in done.stderr


def test_script_takes_the_browser_that_is_there(bare: Path) -> None:
    for name in ("chromedriver", "google-chrome"):
        (bare / name).write_text("#!/bin/sh\n")
        (bare / name).chmod(0o755)
    done = run("/bin/bash", str(_SCRIPT), path=bare, ci="true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_script_installs_one(bare: Path) -> None:
    (bare / "id").write_text("#!/bin/sh\necho 0\n")
    installs = 'case "$1" in install) for each in chromium chromedriver; do\n'
    installs += f'  printf "" > {bare}/$each; /bin/chmod +x {bare}/$each; done;; esac\n'
    (bare / "apt-get").write_text(f"#!/bin/sh\n{installs}")
    (bare / "apt-get").chmod(0o755)
    done = run("/bin/bash", str(_SCRIPT), path=bare, ci="true")
    assert (done.returncode, done.stdout) == (0, "installing Chromium\n"), done.stderr
