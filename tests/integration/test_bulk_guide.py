"""What docs/bulk.md shows, run: each program prints what is shown below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

GUIDE = (Path(__file__).parents[2] / "docs" / "bulk.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", GUIDE, re.DOTALL)
HEADINGS = [re.findall(r"^## (.*)$", GUIDE[: GUIDE.index(code)], re.MULTILINE)[-1] for code, _ in PROGRAMS]


@pytest.mark.parametrize(("code", "shown"), PROGRAMS, ids=HEADINGS)
def test_a_program_prints_what_is_shown(
    code: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "bulk.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out == shown
