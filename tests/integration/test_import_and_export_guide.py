"""What docs/import-and-export.md shows, run; and what it says of options in tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kit_cli.cli import main

from .shell_session import check_session

GUIDE = (Path(__file__).parents[2] / "docs" / "import-and-export.md").read_text(encoding="utf-8")


def test_the_session_goes_as_shown(tmp_path: Path) -> None:
    check_session(GUIDE, tmp_path, "4020")


@pytest.mark.parametrize(("command", "section"), [("import", "## Import"), ("export", "## Export")])
def test_every_option_that_is_named_is_there(command: str, section: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    text = GUIDE.partition(section)[2].partition("\n## ")[0]
    named = {
        option for row in re.findall(r"^\| (.*?) \|", text, re.MULTILINE) for option in re.findall(r"--[a-z-]+", row)
    }
    assert len(named) > 5
    assert named <= known
