"""Run the tests with httpx2 in the place of httpx: ``python scripts/check_httpx2.py [PYTEST ARGUMENTS]``.

httpx2 is a fork of httpx with the same interface. The check works on a copy in which the import is renamed, so that a
move to it stays one commit.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("generated", "overlay", "mock")
# All that the tests read.
FOLDERS = (*SOURCES, "benchmarks", "docs", "openapi", "requirements", "scripts", "tests")
FILES = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "generator_config.yaml",
    "package.json",
    "package-lock.json",
    "pyproject.toml",
    ".npmrc",
)
RENAMED = {"httpx": "httpx2", "httpcore": "httpcore2"}
TESTS = ("tests/unit", "tests/integration")
# Tests that the library makes no difference to: of how tests are set up, of commands of make, of the map of the project, and of
# the wheel, which is built from what is committed.
LEFT_OUT = (
    "tests/integration/test_contract_guide.py",
    "tests/integration/test_wheel.py",
    "tests/unit/test_map.py",
    "tests/unit/test_programs.py",
)
# The mock uses the library to deliver webhooks and to measure how many statuses it gives, and its transports and its
# server answer it. Most of its tests send plain requests with it, to see what the mock makes of them: they are left out.
MOCK = "tests/unit/mock"
OF_THE_MOCK = (
    "test_coverage.py",
    "test_deliveries.py",
    "test_deliveries_served.py",
    "test_delivery_credentials.py",
    "test_delivery_targets.py",
    "test_events.py",
    "test_faults.py",
    "test_head_and_headers.py",
    "test_http.py",
    "test_pytest_guard.py",
    "test_pytest_guard_hosts.py",
    "test_request_bodies.py",
    "test_transports.py",
)


def rename(text: str) -> str:
    """Put the fork's names in the place of the libraries', but not inside longer names."""
    return re.sub(rf"\b({'|'.join(RENAMED)})\b", lambda match: RENAMED[match[0]], text)


def copy(target: Path) -> None:
    """Copy the project, with renamed imports in all that is Python or shows Python."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for file in FILES:
        shutil.copy(ROOT / file, target / file)
    for pattern in ("*.py", "*.md"):
        for path in target.rglob(pattern):
            text = path.read_text(encoding="utf-8")
            if (renamed := rename(text)) != text:
                path.write_text(renamed, encoding="utf-8")


def ignored() -> Iterator[str]:
    """Yield the files of tests that are left out. A file that was moved ends the check, rather than be run or forgotten."""
    named = (*LEFT_OUT, *(f"{MOCK}/{name}" for name in OF_THE_MOCK))
    if missing := [path for path in named if not (ROOT / path).is_file()]:
        raise SystemExit(f"error: no such tests: {', '.join(missing)}")
    yield from LEFT_OUT
    for path in sorted((ROOT / MOCK).glob("test_*.py")):
        if path.name not in OF_THE_MOCK:
            yield f"{MOCK}/{path.name}"


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch)
        copy(target)
        path = os.pathsep.join(str(target / name) for name in SOURCES)
        found = subprocess.run(
            [sys.executable, "-c", "import kit_client; print(kit_client.__file__)"],
            cwd=target, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        if not Path(found.stdout.strip()).is_relative_to(target):
            print(f"error: {found.stdout.strip()} would be tested instead of the copy", file=sys.stderr)
            return 1
        command = [sys.executable, "-m", "pytest", *TESTS, *(f"--ignore={path}" for path in ignored()), *arguments]
        return subprocess.run(command, cwd=target, env={**os.environ, "PYTHONPATH": path}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
