"""The check of the overlay's size: what counts as a line of code, and that the budget is held."""

from __future__ import annotations

from pathlib import Path

import check_size
import pytest

SAMPLE = '''"""A module."""

# A comment.
import os  # another one


class Thing:
    """A docstring
    of two lines."""

    name: str = "a"
    """What it is called."""

    def method(self) -> str:
        """Do it."""
        return """a text
        of two lines"""
'''


def test_blank_lines_comments_and_docstrings_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(SAMPLE, encoding="utf-8")
    assert check_size.lines_of_code(path) == 6


def test_the_overlay_keeps_to_its_budget() -> None:
    assert check_size.main() == 0


def test_more_than_a_budget_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    budgets = "[tool.kit-client.overlay-lines]\ncore = 6\nsmall = 12\nlarge = 5\n"
    (tmp_path / "pyproject.toml").write_text(budgets, encoding="utf-8")
    for name in ("a.py", "small/a.py", "small/b.py", "large/deep/a.py", "unknown/a.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SAMPLE, encoding="utf-8")
    monkeypatch.setattr(check_size, "ROOT", tmp_path)
    monkeypatch.setattr(check_size, "OVERLAY", tmp_path)
    assert check_size.main() == 1
    told = capsys.readouterr().err
    assert "large has 6 lines of code, and may have 5" in told
    assert "6 large/deep/a.py" in told
    assert "unknown has 6 lines of code, and may have 0" in told
    assert "core has" not in told
    assert "small has" not in told
