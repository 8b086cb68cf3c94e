"""The command `kit-client` where a standard stream is closed or can't be written, as under cron or in a daemon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit_mock import KitMock

from .command import environment, run

OUT_IS_CLOSED = "standard output is closed: nothing was done"
IN_IS_CLOSED = "standard input can't be read: Bad file descriptor"

on_posix = pytest.mark.skipif(os.name == "nt", reason="streams are closed by a shell of POSIX")


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        yield mock


@pytest.fixture(autouse=True)
def as_owner(mock: KitMock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs commands in a folder with a broadcast and a list, with the account's key."""
    monkeypatch.chdir(tmp_path)
    Path("news.md").write_text("---\nsubject: Hi\n---\nText")
    Path("people.csv").write_text("Email\nada@example.com\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def redirected(mock: KitMock, redirection: str, *arguments: str) -> tuple[int, str, str]:
    """Run the command with a redirection of the shell, and return its status and what came out."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "kit_cli", *arguments],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment(KIT_API_KEY=mock.api_key, KIT_BASE_URL=mock.url, PYTHONUNBUFFERED=""),
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@on_posix
@pytest.mark.parametrize(
    "arguments",
    ["broadcast news.md", "call create_tag name=a", "export tags", "import people.csv --fallback single", "--help"],
)
def test_nothing_is_done_whose_result_nobody_would_get(mock: KitMock, arguments: str) -> None:
    assert redirected(mock, ">&-", *arguments.split()) == (1, "", f"kit-client: {OUT_IS_CLOSED}\n")
    assert redirected(mock, "<&- >&- 2>&-", *arguments.split()) == (1, "", "")
    assert not mock.requests


@on_posix
def test_without_a_standard_output_a_program_gets_json(mock: KitMock) -> None:
    _, _, err = redirected(mock, ">&-", "whoami", "--json")
    assert json.loads(err) == {"error": OUT_IS_CLOSED, "exit_status": 1}


@on_posix
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full", "<&- 2>&-"])
def test_remarks_that_nobody_can_read_stop_nothing_and_stay_out_of_the_results(mock: KitMock, redirection: str) -> None:
    if "/dev/full" in redirection and not Path("/dev/full").exists():
        redirection = "2>&-"
    mock.tags.add(name="a")
    status, out, err = redirected(mock, redirection, "export", "tags", "--json")
    assert (status, err) == (0, "")
    assert [json.loads(line)["name"] for line in out.splitlines()] == ["a"]
    status, out, err = redirected(mock, redirection, "call", "get_tag", "id=99")
    assert (status, out, err) == (2, "", "")


@on_posix
@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["import", "-", "--fallback", "single"], 1, IN_IS_CLOSED),
        (["call", "create_tag", "name=@-"], 1, f"name: {IN_IS_CLOSED}"),
        (["call", "create_tag", "--body", "@-"], 1, f"--body: {IN_IS_CLOSED}"),
        (["broadcast", "-", "--subject", "Hi"], 1, IN_IS_CLOSED),
        (["login", "--api-key"], 1, IN_IS_CLOSED),
        (["broadcast", "news.md", "--send-at", "now"], 2, "there is no terminal to ask at: add --yes to go on"),
    ],
)
def test_an_input_that_is_closed_is_told_and_not_taken_for_an_empty_one(
    mock: KitMock, arguments: list[str], status: int, said: str
) -> None:
    got, out, err = redirected(mock, "<&-", *arguments)
    assert (got, out) == (status, "")
    assert err.startswith(f"kit-client: {said}")
    assert err.count("\n") == 1
    assert not [each for each in mock.requests if each.method != "GET"]


@on_posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", ["--help", "call --list", "export tags", "call list_tags", "whoami"])
def test_a_full_disk_behind_the_output_is_told_in_one_line(mock: KitMock, arguments: str) -> None:
    status, _, err = redirected(mock, ">/dev/full", *arguments.split())
    assert status == 1
    assert err.endswith("No space left on device\n")
    assert err.count("\n") == 1


@pytest.mark.parametrize("given", ["", "\n", " \n"])
def test_an_empty_input_holds_no_key(mock: KitMock, given: str) -> None:
    outcome = run("login", "--api-key", "--base-url", mock.url, given=given, KIT_API_KEY=mock.api_key)
    assert outcome == (1, "", "kit-client: no API key was given\n")
