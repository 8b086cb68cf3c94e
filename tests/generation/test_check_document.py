"""The check of the document notices marks that don't agree with the reference."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import ROOT

MARK = "x-beyond-reference"


def check(reference: Path) -> tuple[int, list[str]]:
    command = [sys.executable, str(ROOT / "scripts" / "check_document.py"), "--reference", str(reference)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return result.returncode, result.stderr.splitlines()


@pytest.fixture
def entries(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What a reference would have to list for the marks to be right."""
    shared = document["components"]["responses"]
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if operation.get(MARK) is True:
                continue
            marked = set(operation.get(MARK, ()))
            for status, response in operation["responses"].items():
                if shared.get(response.get("$ref", "").rpartition("/")[2], {}).get(MARK):
                    marked.add(status)
            listed: dict[str, Any] = {status: {} for status in operation["responses"] if status not in marked}
            found.append(
                {"method": method.upper(), "path": path.replace("{id}", "{subscriber_id}"), "responses": listed}
            )
    return found


def test_right_marks(entries: list[dict[str, Any]], tmp_path: Path) -> None:
    # An operation may have several entries.
    halves = copy.deepcopy(entries[-1]), copy.deepcopy(entries[-1])
    halves[0]["responses"].popitem()
    (tmp_path / "reference.json").write_text(json.dumps([*entries[:-1], *halves]))
    assert check(tmp_path / "reference.json") == (0, [])


@pytest.mark.parametrize(("listed", "status"), [(True, "429"), (False, "401")])
def test_wrong_marks(entries: list[dict[str, Any]], tmp_path: Path, listed: bool, status: str) -> None:
    (tags,) = (entry for entry in entries if (entry["method"], entry["path"]) == ("POST", "/v4/tags"))
    if listed:
        tags["responses"][status] = {}
    else:
        del tags["responses"][status]
    (tmp_path / "reference.json").write_text(json.dumps(entries))
    error = f"error: create_tag: {status} and its {MARK} don't agree with the reference"
    assert check(tmp_path / "reference.json") == (1, [error])


def test_without_a_reference(tmp_path: Path) -> None:
    assert check(tmp_path / "nowhere.json") == (0, [])


@pytest.mark.parametrize("script", [("check_document.py",), ("generate.py", "--document")], ids=repr)
@pytest.mark.parametrize("content", [None, b"5", b"x: 1", b"openapi: 3.1.0", b"paths: {}", b"\xff", b"a: [", b""])
def test_what_is_no_document_is_told_in_one_line_with_its_name(
    tmp_path: Path, script: tuple[str, ...], content: bytes | None
) -> None:
    document = tmp_path / "api.yaml"
    if content is not None:
        document.write_bytes(content)
    name, *option = script
    command = [sys.executable, str(ROOT / "scripts" / name), *option, str(document)]
    if option:
        command += ["--output", str(tmp_path / "made")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith("error: api.yaml ")


def test_a_document_without_components_makes_a_package(tmp_path: Path) -> None:
    operation = {
        "operationId": "get_a",
        "tags": ["things"],
        "summary": "Get it",
        "responses": {"204": {"description": "Done."}},
    }
    made = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "servers": [{"url": "https://a.example"}]}
    (tmp_path / "api.yaml").write_text(json.dumps({**made, "paths": {"/v4/a": {"get": operation}}}))
    command = [sys.executable, str(ROOT / "scripts" / "generate.py"), "--document", str(tmp_path / "api.yaml")]
    result = subprocess.run([*command, "--output", str(tmp_path / "made")], capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "made" / "api" / "things" / "get_a.py").is_file()
