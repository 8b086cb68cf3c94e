"""`kit-client login`: somebody signs in with a browser, by the consent page."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from kit_mock import KitMock
from tests.browser.conftest import Page


class Terminal:
    """A person's terminal, whose browser is opened by writing the URL to a file."""

    def __init__(self, folder: Path, mock: KitMock) -> None:
        self._folder, self._mock, self.opened = folder, mock, folder / "opened"
        opener = folder / "browser"
        opener.write_text(
            f'#!/bin/sh\nprintf %s "$1" > "{self.opened}.part"; mv "{self.opened}.part" "{self.opened}"\n'
        )
        opener.chmod(0o700)
        self._environment = {**os.environ, "BROWSER": f"{opener} %s", "XDG_CONFIG_HOME": str(folder / "config")}
        self._environment |= {"KIT_CLIENT_SECRET": "kit_test_secret"}
        self.file = folder / "config" / "kit-client" / "credentials.json"

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", "kit_cli", *arguments]
        with subprocess.Popen(
            command, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, *arguments: str) -> tuple[int, str, str]:
        with self.running(*arguments) as process:
            out, err = process.communicate(timeout=60)
            return process.returncode, out, err

    @contextmanager
    def login(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        client = ("--client-id", "kit_test_confidential", "--base-url", self._mock.url)
        with self.running("login", *client, *arguments) as process:
            yield process

    def url(self) -> str:
        """The URL that the browser was told to open."""
        for _ in range(600):
            if self.opened.exists():
                return self.opened.read_text()
            time.sleep(0.05)
        raise AssertionError("no browser was opened")


@pytest.fixture
def terminal(tmp_path: Path, mock: KitMock) -> Terminal:
    return Terminal(tmp_path, mock)


def open_consent(page: Page, url: str) -> str:
    """Open the consent page; returns where it leads back to."""
    back = parse_qs(urlsplit(url).query)["redirect_uri"][0]
    page.others = (urlsplit(back).netloc,)
    page.driver.get(url)
    page.shows("h1", "wants access")
    return back


def test_somebody_signs_in_calls_and_signs_out(page: Page, mock: KitMock, terminal: Terminal) -> None:
    with terminal.login() as process:
        url = terminal.url()
        assert parse_qs(urlsplit(url).query)["code_challenge_method"] == ["S256"]
        open_consent(page, url)
        page.press("Approve")
        page.shows("h1", "You are signed in")
        code = parse_qs(urlsplit(page.driver.current_url).query)["code"][0]
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "account 1" in out
    assert "by OAuth at http://127.0.0.1" in out
    assert url in err
    assert stat.S_IMODE(terminal.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(terminal.file.parent.stat().st_mode) == 0o700
    tokens = json.loads(terminal.file.read_text())["default"]["tokens"]
    for secret in (code, tokens["access_token"], tokens["refresh_token"]):
        assert secret not in out + err
    mock.advance(days=3)
    assert terminal.run("whoami")[:2] == (0, out)
    assert terminal.run("logout")[:2] == (0, "Signed out\n")
    assert json.loads(terminal.file.read_text()) == {}
    status, _, err = terminal.run("whoami")
    assert status == 1
    assert err == "kit-client: nobody is signed in to account 'default'; `kit-client login` signs in\n"


def test_who_says_no_is_told_in_the_browser_and_in_the_terminal(page: Page, terminal: Terminal) -> None:
    page.expected_complaints = ("400",)
    with terminal.login() as process:
        open_consent(page, terminal.url())
        page.press("Deny")
        page.shows("h1", "You are not signed in")
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "access_denied" in err
    assert "the owner of the account said no" in err
    assert "Traceback" not in err


def test_a_visitor_with_another_state_neither_signs_in_nor_ends_it(page: Page, terminal: Terminal) -> None:
    page.expected_complaints = ("400", "404")
    with terminal.login() as process:
        url = terminal.url()
        back = open_consent(page, url)
        page.driver.get(f"{back}?code=forged&state=forged")
        page.shows("h1", "Not this one")
        page.driver.get(back.replace("/callback", "/other"))
        open_consent(page, url)
        page.press("Approve")
        page.shows("h1", "You are signed in")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "account 1" in out
