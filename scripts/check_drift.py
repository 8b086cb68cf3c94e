"""Fail when a generated file differs from what the document, configuration, templates and the rules of the mock give."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from document import ROOT
from generate import OUTPUT, generate
from list_operations import TABLE, table
from list_rules import files as files_of_rules


def files(folder: Path) -> dict[Path, bytes]:
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        fresh_folder = Path(scratch) / OUTPUT.name
        problems = generate(fresh_folder)
        fresh, committed = files(fresh_folder), files(OUTPUT)
    for name in sorted(fresh.keys() | committed.keys()):
        if fresh.get(name) != committed.get(name):
            problems.append(f"{(OUTPUT / name).relative_to(ROOT)} differs; run `make generate`")
    # A document that can't be generated from has no table.
    if fresh and (not TABLE.is_file() or TABLE.read_text(encoding="utf-8") != table()):
        problems.append(f"{TABLE.relative_to(ROOT)} differs; run `make generate`")
    for path, text in files_of_rules().items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            problems.append(f"{path.relative_to(ROOT)} differs; run `make generate`")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
