"""What docs/exports.md shows, run."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit_mock.state.clock import Clock

GUIDE = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
(CSV,) = re.findall(r"```text\n(.*?)```", GUIDE, re.DOTALL)
PARALLEL, RAW, CHANGED, RESUMED = BLOCKS


def run(code: str) -> None:
    exec(compile(code, "exports.md", "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("code", [PARALLEL, CHANGED, RESUMED], ids=["parallel", "changed", "resumed"])
def test_what_comes_is_as_the_comments_say(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(code)
    said = re.findall(r"print\(.*\)  # (.*)", code)
    assert said
    assert capsys.readouterr().out.splitlines() == said


def test_a_csv_file(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit_mock.mock.Clock", lambda: Clock(datetime(2026, 1, 1, tzinfo=UTC)))
    run(RAW)
    assert capsys.readouterr().out == CSV
