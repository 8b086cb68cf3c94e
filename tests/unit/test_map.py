"""CONTRIBUTING.md and docs/architecture.md speak of what is there."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_every_layer_of_the_mock_is_on_the_map() -> None:
    picture = ARCHITECTURE.partition("## One request to the mock")[2].split("```")[1]
    named = set(re.findall(r"^ ((?:\w+(?:  )?)+)", picture, re.MULTILINE))
    words = {word for names in named for word in names.split()}
    mock = ROOT / "mock" / "kit_mock"
    folders = {path.parent.name for path in mock.glob("*/__init__.py")}
    assert folders <= words
    assert {word for word in words if not (mock / word).exists() and not (mock / f"{word}.py").exists()} == set()


def test_the_map_fits_on_a_page() -> None:
    assert len(ARCHITECTURE.splitlines()) < 80


def test_modules_of_the_client_on_the_map_are_there() -> None:
    table = ARCHITECTURE.partition("| layer |")[2].partition("\n\n")[0]
    modules = re.findall(r"`(\w+(?:/|\.py))`", table)
    assert modules
    assert [name for name in modules if not (ROOT / "overlay" / "kit_client" / name).exists()] == []


@pytest.mark.parametrize("text", [CONTRIBUTING, ARCHITECTURE])
def test_files_and_targets_that_are_named_are_there(text: str) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z0-9-]+)", text, re.MULTILINE)) <= targets
    paths = re.findall(r"`((?:docs|mock|openapi|overlay|scripts|tests|benchmarks|\.ci)/[\w./-]*|[A-Z]+\.md)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_make_alone_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = makefile.partition(".PHONY: ")[2].replace("\\\n", " ").partition("\n")[0].split()
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    assert sorted(re.findall(r"^make (\S+) +\S", listed, re.MULTILINE)) == sorted(targets)
