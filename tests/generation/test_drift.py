"""Generated files are what the document and the rules of the mock give, to the byte, and a difference is named."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import ROOT


def check(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "check_drift.py")]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def copied(folder: Path) -> Path:
    for name in ("openapi", "scripts", "generated"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shutil.copy(ROOT / "generator_config.yaml", folder)
    shutil.copytree(ROOT / "overlay" / "kit_client", folder / "overlay" / "kit_client")
    (folder / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "operations.md", folder / "docs")
    return folder


def test_the_committed_package_is_what_the_document_gives() -> None:
    run = check(ROOT)
    assert run.returncode == 0, run.stderr


def test_each_file_that_differs_is_named(tmp_path: Path) -> None:
    package = copied(tmp_path) / "generated" / "kit_api"
    (package / "client.py").write_text("# edited\n", encoding="utf-8")
    (package / "errors.py").unlink()
    (package / "stray.py").write_text("", encoding="utf-8")
    run = check(tmp_path)
    assert run.returncode == 1
    assert [line.split()[1] for line in run.stderr.splitlines()] == [
        f"generated/kit_api/{name}.py" for name in ("client", "errors", "stray")
    ]


def test_a_table_of_operations_that_differs_is_named(tmp_path: Path) -> None:
    table = copied(tmp_path) / "docs" / "operations.md"
    table.write_text(table.read_text(encoding="utf-8").replace("kit.tags.list`", "kit.tags.all`"), encoding="utf-8")
    run = check(tmp_path)
    assert (run.returncode, run.stderr) == (1, "error: docs/operations.md differs; run `make generate`\n")


@pytest.mark.parametrize("name", ["rules.json", "DEVIATIONS.md"])
def test_a_list_of_rules_that_differs_is_named(tmp_path: Path, name: str) -> None:
    listed = copied(tmp_path) / "openapi" / name
    listed.write_text(listed.read_text(encoding="utf-8").replace("later docs", "seen", 1), encoding="utf-8")
    run = check(tmp_path)
    assert (run.returncode, run.stderr) == (1, f"error: openapi/{name} differs; run `make generate`\n")


def test_a_document_that_cannot_be_generated_from_is_refused(tmp_path: Path) -> None:
    document = copied(tmp_path) / "openapi" / "openapi.yaml"
    document.write_text(
        document.read_text(encoding="utf-8").replace("openapi: 3.1", "openapi: 1.1", 1), encoding="utf-8"
    )
    run = check(tmp_path)
    assert run.returncode == 1
    # Nothing is compared with what can't be generated.
    assert len(run.stderr.splitlines()) == 1
    assert run.stderr.startswith("error: ")
