"""`kit-client import` and `export` as processes: at a terminal, in pipes, and with little memory."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit_mock import KitMock

from . import command as processes
from .command import environment

PEOPLE = 300
Login = dict[str, str]
# Their variables of the environment are any keywords.
command: Callable[..., tuple[int, str, str]] = processes.run
at_terminal: Callable[..., tuple[int, str]] = processes.at_terminal


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        for number in range(PEOPLE):
            mock.subscribers.add(email_address=f"p{number}@example.com", first_name=f"P{number}")
        yield mock


@pytest.fixture
def login(mock: KitMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Login:
    """Variables of the environment with a token of the mock; the test runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return {"KIT_ACCESS_TOKEN": mock.access_token, "KIT_BASE_URL": mock.url, "HOME": str(tmp_path)}


def test_progress_is_shown_at_a_terminal(mock: KitMock, login: Login) -> None:
    status, shown = at_terminal("export", "subscribers", "--out", "p.csv", **login)
    assert status == 0
    assert re.search(rf"Reading subscribers .*{PEOPLE}/{PEOPLE}", shown)
    assert f"subscribers: {PEOPLE} rows in p.csv" in shown
    status, shown = at_terminal("import", "p.csv", typed="y\n", **login)
    assert status == 0
    assert f"Import {PEOPLE} rows? [y/N]" in shown
    assert re.search(rf"Importing .*{PEOPLE}/{PEOPLE}", shown)
    assert f"{PEOPLE} rows imported" in shown


def test_rows_on_a_terminal_have_no_progress_between_them(login: Login) -> None:
    status, shown = at_terminal("export", "subscribers", **login)
    assert (status, "Reading" in shown, shown.count("@example.com")) == (0, False, PEOPLE)


def test_parquet_is_not_for_a_terminal(login: Login) -> None:
    status, shown = at_terminal("export", "subscribers", "--format", "parquet", **login)
    assert (status, shown) == (2, "kit-client: Parquet is not for a terminal: give --out FILE\r\n")


def test_lists_go_from_one_account_to_another_through_a_pipe(mock: KitMock, login: Login) -> None:
    with KitMock() as other:
        script = f'"{sys.executable}" -m kit_cli export subscribers --quiet | {other_import(other)}'
        done = subprocess.run(
            ["bash", "-c", script], env=environment(**login), capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stdout) == (0, f"{PEOPLE} rows imported\n"), done.stderr
        assert {row["email_address"]: row["first_name"] for row in other.subscribers.all()} == {
            row["email_address"]: row["first_name"] for row in mock.subscribers.all()
        }


def other_import(other: KitMock) -> str:
    return f'KIT_BASE_URL={other.url} "{sys.executable}" -m kit_cli import - --quiet'


def test_a_named_pipe_is_read(mock: KitMock, login: Login, tmp_path: Path) -> None:
    script = f'"{sys.executable}" -m kit_cli import <(printf "email\\npiped@example.com\\n") --quiet'
    done = subprocess.run(["bash", "-c", script], env=environment(**login), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 row imported\n", "")
    assert mock.subscribers.all()[0]["email_address"] == "piped@example.com"


def test_standard_output_is_the_same_in_any_locale(login: Login, mock: KitMock) -> None:
    mock.subscribers.add(email_address="zoe@example.com", first_name="Zoë, 北京")
    outcomes = {
        command("export", "subscribers", "--quiet", **login, LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
        for locale in ("C", "C.UTF-8")
    }
    assert len(outcomes) == 1
    assert '"Zoë, 北京"' in outcomes.pop()[1]
