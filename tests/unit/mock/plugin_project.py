"""A project that has the package installed, whose tests are run by a pytest in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

INI = "[pytest]\nfilterwarnings = error\naddopts = -q --strict-markers --strict-config -p no:cacheprovider\n"
# Plugins of others that only take time to import.
OTHERS = ("-p", "no:schemathesis", "-p", "no:hypothesispytest")

Run = Callable[..., str]


def in_project(folder: Path) -> Run:
    """A function that runs pytest in that folder with these tests, and returns what it printed.

    `failing` is whether it has to fail, `ini` more settings, and `environment` variables for it.
    """

    def run(
        tests: str,
        *arguments: str,
        failing: bool = False,
        ini: str = "",
        start: tuple[str, ...] = ("-m", "pytest"),
        **environment: str,
    ) -> str:
        (folder / "pytest.ini").write_text(INI + ini)
        (folder / "tests").mkdir(exist_ok=True)
        (folder / "tests" / "test_project.py").write_text(tests)
        others = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        finished = subprocess.run(
            [sys.executable, *start, *OTHERS, *arguments],
            cwd=folder,
            env={**others, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        output = finished.stdout + finished.stderr
        assert finished.returncode == (1 if failing else 0), output
        return output

    return run
