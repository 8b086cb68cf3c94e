"""What docs/limits.md shows, run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GUIDE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")
STATE, WAITS, FILE = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


def run(code: str) -> None:
    exec(compile(code, "limits.md", "exec"), {"__name__": "__main__"})


def test_the_state_is_as_the_comment_says(capsys: pytest.CaptureFixture[str]) -> None:
    run(STATE)
    assert f"# {capsys.readouterr().out.strip()}" in STATE


def test_waits_are_told_and_those_that_are_too_long_not_begun(capsys: pytest.CaptureFixture[str]) -> None:
    run(WAITS)
    assert capsys.readouterr().out == "waited 0.2 s\ncreate_tag would have to wait 0.2 s\n"


def test_processes_share_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    run(FILE)
    assert capsys.readouterr().out == "1\n"
