"""The page on the rules of the mock: its commands run, and print what it shows."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from kit_mock.rules.rule import GRADES

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^kit-mock .*?(?= +#|$)", PAGE, re.MULTILINE)
SHOWN = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
ROWS = re.findall(r"^\| (`.*?) \| (.*?) \|$", PAGE, re.MULTILINE)


def output(command: str) -> str:
    """Run a command of the page, where no terminal says a width, and return what it prints."""
    program, *arguments = shlex.split(command)
    assert program == "kit-mock"
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    ended = subprocess.run(
        [sys.executable, "-m", "kit_mock", *arguments], capture_output=True, text=True, env=environment, timeout=60
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_the_page_has_each_form_of_the_command() -> None:
    assert len(COMMANDS) == 6


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_prints_rules(command: str) -> None:
    assert re.search(r"\d+ rules?: |\"rules\": \[", output(command))


@pytest.mark.parametrize("text", SHOWN)
def test_the_rules_are_as_the_page_shows_them(text: str) -> None:
    assert text in output("kit-mock rules create_tag")


def test_the_page_explains_each_grade() -> None:
    grades = {f"`{grade}`": meaning for grade, meaning in GRADES.items()}
    assert grades.items() <= dict(ROWS).items()


def test_the_page_explains_each_field_of_the_json() -> None:
    found = json.loads(output("kit-mock rules --json"))
    told = {name for names, _ in ROWS for name in re.findall(r"`([a-z ]+)`", names)} - GRADES.keys()
    assert {name for rule in found["rules"] for name in rule} == told | {"reference"}
    assert found.keys() == {"grades", "rules"}
