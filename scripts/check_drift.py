"""Fail when a generated file differs from what the document, configuration, templates and the rules of the mock give."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
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


def differences(fresh_folder: Path) -> Iterator[str]:
    """Yield the generated files that differ from a fresh package, its table and the rules of the mock."""
    fresh, committed = files(fresh_folder), files(OUTPUT)
    stale = [
        OUTPUT / name for name in sorted(fresh.keys() | committed.keys()) if fresh.get(name) != committed.get(name)
    ]
    texts = {TABLE: table(), **files_of_rules()}
    stale += [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        yield f"{path.relative_to(ROOT)} differs; run `make generate`"


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        fresh_folder = Path(scratch) / OUTPUT.name
        # What can't be generated can't differ.
        problems = generate(fresh_folder) or list(differences(fresh_folder))
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
