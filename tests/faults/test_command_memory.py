"""Exports of the command in flat memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit_mock import KitMock

# Answers of httpx refer to themselves: they are collected with each page, so that what is measured is what is kept.
MEASURED = """
import gc, sys, tracemalloc
from kit_cli.cli import main
from kit_cli.new_file import NewFile
write = NewFile.write
NewFile.write = lambda *arguments: (gc.collect(), write(*arguments))[1]
tracemalloc.start()
status = main(sys.argv[1:])
print(tracemalloc.get_traced_memory()[1], file=sys.stderr)
sys.exit(status)
"""


@pytest.mark.parametrize("way", [("p.csv",), ("p.jsonl",), ("p.csv", "--parallel", "2")])
def test_memory_does_not_grow_with_the_list(way: tuple[str, ...], tmp_path: Path) -> None:
    people = [
        {
            "email_address": f"p{number}@example.com",
            "first_name": "x" * 1_000,
            "created_at": f"2026-01-0{2 if number < 4_000 else 1}T12:00:00Z",
        }
        for number in range(12_000)
    ]
    with KitMock(seed={"subscribers": people}) as mock:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("KIT_")}
        where = {**inherited, "KIT_ACCESS_TOKEN": mock.access_token, "KIT_BASE_URL": mock.url}
        peaks: dict[str, int] = {}
        # Four pages, so that as many are in memory as ever, and all twelve.
        for since in ("2026-01-02", "2026-01-01"):
            asked = ("export", "subscribers", "--created-after", since, "--force", "--quiet", "--out", *way)
            command = [sys.executable, "-c", MEASURED, *asked]
            done = subprocess.run(command, cwd=tmp_path, env=where, capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stderr
            peaks[since] = int(done.stderr)
    few, all_of_them = peaks.values()
    assert all_of_them - few < 3_000_000 < 0.25 * (tmp_path / way[0]).stat().st_size
