"""`make demo`: what it does, and what it says when it can't."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEADER = "first_name,email_address,company,plan\n"


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), *arguments]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def test_it_does_the_main_job(tmp_path: Path) -> None:
    export = tmp_path / "exported.csv"
    run = demo("--export", str(export))
    assert run.returncode == 0, run.stdout + run.stderr
    for shown in (
        "Mock Letters",
        "1000 of 1000, 0 failed",
        "263 with 'Pro plan'",
        "now 'organisation'",
        "422: Name can't be blank",
        "1000 people on 7 pages",
    ):
        assert shown in run.stdout, shown
    with export.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["email_address"] for row in rows}) == 1000
    assert [int(row["id"]) for row in rows] == sorted(int(row["id"]) for row in rows)


def test_people_who_cannot_be_imported_are_counted(tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    people.write_text(HEADER + "A,no address,,free\nB,b@example.com,,pro\n", encoding="utf-8")
    run = demo("--people", str(people), "--export", str(tmp_path / "out.csv"))
    assert run.returncode == 0, run.stdout
    assert "1 of 2, 1 failed" in run.stdout


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    for content, says in ((None, "No such file"), ("name\nA\n", "column first_name"), (HEADER, "nobody in it")):
        people = tmp_path / "people.csv"
        if content is not None:
            people.write_text(content, encoding="utf-8")
        run = demo("--people", str(people))
        assert run.returncode == 1
        assert says in run.stdout
        assert "Traceback" not in run.stderr
    assert "--people" in demo("--help").stdout
