"""What docs/command.md shows, run; and what it says of the command in tables."""

from __future__ import annotations

import re
from pathlib import Path

from kit_cli import status
from kit_cli.cli import parser

from .shell_session import check_session

GUIDE = (Path(__file__).parents[2] / "docs" / "command.md").read_text(encoding="utf-8")


def test_the_session_goes_as_shown(tmp_path: Path) -> None:
    check_session(GUIDE, tmp_path, "4010")


def test_every_command_is_named() -> None:
    listed = re.findall(r"^    ([a-z]+)(?: |$)", parser().format_help().partition("options:")[0], re.MULTILINE)
    assert listed
    for name in listed:
        assert re.search(rf"^\| .*`{name}[` ]", GUIDE, re.MULTILINE), name


def test_the_exit_statuses_are_those_of_the_help() -> None:
    explained = re.findall(r"^  (\d+) +(.*)$", status.EXPLAINED, re.MULTILINE)
    table = re.findall(r"^\| (\d+) \| (.*) \|$", GUIDE, re.MULTILINE)
    assert [(number, text.partition(";")[0]) for number, text in explained] == [
        (number, text.partition(";")[0]) for number, text in table
    ]
    assert {int(number) for number, _ in table} == {
        value for name, value in vars(status).items() if name.isupper() and isinstance(value, int)
    }
