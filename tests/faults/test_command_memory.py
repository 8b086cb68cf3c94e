"""Exports of the command in flat memory, and what it keeps of the rows of an import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit_mock import KitMock

MEASURED = """
import sys, tracemalloc
from kit_cli.cli import main
tracemalloc.start()
status = main(sys.argv[1:])
print(tracemalloc.get_traced_memory()[1], file=sys.stderr)
sys.exit(status)
"""


def peak(*arguments: str, mock: KitMock, folder: Path) -> int:
    """Run the command, and return the most bytes that it had at a time."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KIT_")}
    where = {**inherited, "KIT_ACCESS_TOKEN": mock.access_token, "KIT_BASE_URL": mock.url}
    command = [sys.executable, "-c", MEASURED, *arguments]
    done = subprocess.run(command, cwd=folder, env=where, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.splitlines()[-1])


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
        peaks: dict[str, int] = {}
        # Four pages, so that as many are in memory as ever, and all twelve.
        for since in ("2026-01-02", "2026-01-01"):
            asked = ("export", "subscribers", "--created-after", since, "--force", "--quiet", "--out", *way)
            peaks[since] = peak(*asked, mock=mock, folder=tmp_path)
    few, all_of_them = peaks.values()
    assert all_of_them - few < 3_000_000 < 0.25 * (tmp_path / way[0]).stat().st_size


def test_a_dry_run_keeps_a_few_bytes_of_each_row(tmp_path: Path) -> None:
    sizes = 10_000, 60_000
    peaks = []
    with KitMock() as mock:
        for rows in sizes:
            lines = (f"reader{number}@example.com,{'x' * 40}\n" for number in range(rows))
            (tmp_path / "people.csv").write_text("email_address,first_name\n" + "".join(lines))
            peaks.append(peak("import", "people.csv", "--dry-run", mock=mock, folder=tmp_path))
    few, many = peaks
    assert many - few < 80 * (sizes[1] - sizes[0])
