"""The command `kit-client` as people and programs run it: at a terminal, in pipes, interrupted, and without its extra."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kit_mock import KitMock

from .command import at_terminal, command, environment, run

# Runs the command as if some packages weren't installed.
WITHOUT = """\
import sys
sys.modules.update(dict.fromkeys({packages!r}))
from kit_cli.cli import main
sys.exit(main(sys.argv[1:]))
"""


def without(*packages: str) -> tuple[str, ...]:
    return "-c", WITHOUT.format(packages=packages)


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        yield mock


@pytest.fixture
def as_owner(mock: KitMock, tmp_path: Path) -> dict[str, Any]:
    """The environment of somebody with the account's key, and with no login."""
    return {"KIT_API_KEY": mock.api_key, "KIT_BASE_URL": mock.url, "XDG_CONFIG_HOME": str(tmp_path)}


def test_json_is_indented_at_a_terminal_and_a_line_elsewhere(mock: KitMock, as_owner: dict[str, Any]) -> None:
    mock.tags.add(name="a")
    status, out, _ = run("call", "list_tags", **as_owner)
    assert (status, out.count("\n")) == (0, 1)
    status, screen = at_terminal("call", "list_tags", **as_owner)
    assert status == 0
    assert '\r\n  "tags": [\r\n' in screen
    assert json.loads(screen) == json.loads(out)


def test_tables_are_aligned_at_a_terminal_and_have_tabs_elsewhere(as_owner: dict[str, Any]) -> None:
    _, out, _ = run("call", "--list", **as_owner)
    assert out.splitlines()[0] == "operation\troute\tcredentials\twhat it does"
    _, screen = at_terminal("call", "--list", **as_owner)
    assert "\t" not in screen
    lines = screen.splitlines()
    assert len({line.index("GET /v4/") for line in lines if " GET /v4/" in line}) == 1
    assert at_terminal("call", "--list", program=without("rich"), **as_owner)[1].replace("\r\n", "\n") == out


def test_what_the_service_says_cannot_steer_the_terminal(mock: KitMock, as_owner: dict[str, Any]) -> None:
    mock.fail_next("list_tags", status=401, body={"errors": ["[bold]x[/bold] \x1b[5m\x9b31m\u202e"]})
    status, screen = at_terminal("doctor", **as_owner)
    assert status == 1
    assert "[bold]x[/bold] \\x1b[5m\\x9b31m\\u202e" in screen.replace("\r\n", "").replace("  ", "")
    assert not any(mark in screen for mark in ("\x1b[5m", "\x9b", "\u202e"))


def test_progress_is_for_terminals_and_not_for_the_quiet(as_owner: dict[str, Any]) -> None:
    assert "Reading" in at_terminal("doctor", **as_owner)[1]
    assert "Reading" not in at_terminal("doctor", "--quiet", **as_owner)[1]
    assert json.loads(at_terminal("doctor", "--json", **as_owner)[1])["ok"] is True
    assert run("doctor", **as_owner)[2] == ""
    status, screen = at_terminal("doctor", program=without("rich"), **as_owner)
    assert (status, "Reading" in screen, "All is well" in screen) == (0, False, True)


def test_a_broadcast_is_sent_after_a_yes_at_the_terminal(
    mock: KitMock, as_owner: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "post.md").write_text("# Dear reader")
    post = ("broadcast", str(tmp_path / "post.md"), "--subject", "Hi", "--send-at", "now")
    status, screen = at_terminal(*post, typed="n\n", **as_owner)
    assert status == 1
    assert "Send 'Hi' to every subscriber now? [y/N]" in screen
    assert not [request for request in mock.requests if request.method == "POST"]
    status, screen = at_terminal(*post, typed="y\n", **as_owner)
    assert status == 0
    assert "Broadcast 1, 'Hi': being sent" in screen


def test_ctrl_c_ends_a_call(mock: KitMock, as_owner: dict[str, Any]) -> None:
    mock.fail_next("list_tags", delay=30)
    with command("call", "list_tags", **as_owner) as process:
        deadline = time.monotonic() + 30
        while not mock.requests and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "kit-client: stopped\n")


def test_ctrl_c_tells_which_webhooks_are_gone(mock: KitMock, as_owner: dict[str, Any]) -> None:
    for event in ("activate", "unsubscribe", "bounce"):
        run("webhooks", "add", f"subscriber.subscriber_{event}", "https://app.example.com/kit", **as_owner)
    mock.fail_next("DELETE /v4/webhooks/2", delay=30)
    with command("webhooks", "remove", "1", "2", "3", **as_owner) as process:
        deadline = time.monotonic() + 30
        while mock.requests[-1].path != "/v4/webhooks/2" and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "Removed 1; failed 2; not tried 3\n", "kit-client: stopped\n")


def test_a_reader_that_goes_away_ends_it_without_a_word(mock: KitMock, as_owner: dict[str, Any]) -> None:
    for number in range(50):
        mock.tags.add(name=f"{number} " + "x" * 2000)
    with command("call", "list_tags", "--all", "per_page=10", **as_owner) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["name"].startswith("49 ")
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=30)
    assert (process.returncode, err) == (141, "")


def test_an_output_that_takes_nothing_is_told(as_owner: dict[str, Any]) -> None:
    """As where a disk is full, but on any system: what is open for reading only takes no output."""
    with Path(os.devnull).open() as unwritable:
        done = subprocess.run(
            [sys.executable, "-m", "kit_cli", "call", "get_account"],
            stdout=unwritable,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**as_owner),
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (1, f"kit-client: the output: {os.strerror(errno.EBADF)}\n")


def test_programs_get_utf_8_whatever_the_locale(as_owner: dict[str, Any]) -> None:
    status, out, err = run("call", "create_tag", "name=Grüße 🎉", PYTHONIOENCODING="ascii", **as_owner)
    assert (status, err) == (0, "")
    assert json.loads(out)["tag"]["name"] == "Grüße 🎉"


def test_a_terminal_without_the_letters_gets_escapes(as_owner: dict[str, Any]) -> None:
    run("call", "create_tag", "name=Grüße", **as_owner)
    status, screen = at_terminal("call", "list_tags", PYTHONIOENCODING="ascii", **as_owner)
    assert status == 0
    assert "Gr\\xfc\\xdfe" in screen


@pytest.mark.parametrize(
    ("packages", "text", "needs"),
    [
        (("markdown_it",), "Text", "Markdown needs a package that isn't installed"),
        (("yaml",), "---\nsubject: Hi\n---\nText", "the top of a Markdown file needs a package that isn't installed"),
    ],
)
def test_without_the_extra_the_command_says_what_to_install(
    as_owner: dict[str, Any], tmp_path: Path, packages: tuple[str, ...], text: str, needs: str
) -> None:
    (tmp_path / "post.md").write_text(text)
    status, _, err = run("broadcast", str(tmp_path / "post.md"), program=without(*packages), **as_owner)
    assert (status, err) == (1, f'kit-client: {needs}: pip install "kit-client[cli]"\n')


def test_all_but_markdown_works_without_the_extra(mock: KitMock, as_owner: dict[str, Any], tmp_path: Path) -> None:
    bare = without("rich", "markdown_it", "yaml")
    for arguments in (("whoami",), ("call", "get_account"), ("call", "--list"), ("doctor",), ("--help",)):
        assert run(*arguments, program=bare, **as_owner)[0] == 0


def test_the_help_imports_hardly_more_than_the_client() -> None:
    """Counted, since seconds measure the machine."""
    modules = "import sys, contextlib, io\n{}\nprint(*sys.modules)"
    helped = "from kit_cli.cli import main\nwith contextlib.redirect_stdout(io.StringIO()):\n main(['--help'])"

    def imported(code: str) -> set[str]:
        found = subprocess.run(
            [sys.executable, "-c", modules.format(code)], capture_output=True, text=True, check=True, env=environment()
        )
        return set(found.stdout.split())

    more = {name.partition(".")[0] for name in imported(helped) - imported("import kit_client")}
    assert more <= {"kit_cli", "argparse", "gettext", "locale", "shutil", "textwrap", "_sitebuiltins", "readline"}
