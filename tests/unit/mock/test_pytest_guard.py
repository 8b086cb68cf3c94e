"""The fixture `kit_mock_guard`, in a project that uses it."""

from __future__ import annotations

import contextlib
import re
import socket
from pathlib import Path

import pytest

from kit_mock import KitMock, NetworkGuard
from tests.unit.mock.plugin_project import Run, in_project


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return in_project(tmp_path)


LED = """
import asyncio
import os
import subprocess
import sys

import pytest

from kit_client import AsyncKit, Kit, OAuthRequiredError
from kit_mock import KitMock, NetworkGuard


def sign_up(name: str) -> None:
    with Kit() as kit:
        kit.tags.create(name=name)


def test_a_client_of_the_codes_own(kit_mock_guard: NetworkGuard, kit_mock: KitMock) -> None:
    sign_up("Newsletter")
    assert [tag["name"] for tag in kit_mock.tags.all()] == ["Newsletter"]
    with Kit() as kit, pytest.raises(OAuthRequiredError):
        kit.purchases.list().first_page()


@pytest.mark.usefixtures("kit_mock_guard")
@pytest.mark.kit_mock(auth="oauth", api_key="mine", access_token="ours")
def test_by_a_token_and_asynchronously(kit_mock: KitMock) -> None:
    async def go() -> None:
        async with AsyncKit() as kit:
            assert [purchase async for purchase in kit.purchases.list()] == []
            await kit.tags.create(name="Newsletter")

    asyncio.run(go())
    assert [request.status for request in kit_mock.requests] == [200, 201]


CODE = "from kit_client import Kit\\nwith Kit() as kit: kit.tags.create(name='Newsletter')"


def test_a_program_that_the_test_starts(kit_mock_guard: NetworkGuard, kit_mock: KitMock) -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True)
    assert len(kit_mock.tags.all()) == 1


def test_the_fixtures_of_clients_as_ever(kit_mock_guard: NetworkGuard, kit: Kit, kit_mock: KitMock) -> None:
    kit.tags.create(name="Newsletter")
    assert len(kit_mock.tags.all()) == 1


def test_without_it_the_environment_is_what_it_was() -> None:
    assert [os.environ.get(f"KIT_{name}") for name in ("BASE_URL", "API_KEY", "ACCESS_TOKEN")] == [None, None, "real"]
    assert os.environ["NO_PROXY"] == "mirror.example"
"""


def test_every_kit_calls_the_mock(run: Run) -> None:
    # A proxy would be in between, and a credential that is there already would go to the mock.
    proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    assert "5 passed" in run(LED, **proxy, NO_PROXY="mirror.example", KIT_ACCESS_TOKEN="real")


EVERYWHERE = """
import unittest

import httpx
import pytest

from kit_client import Kit


def test_plain():
    with Kit() as kit:
        assert kit.account.get().account.id == 1
    with pytest.raises(pytest.fail.Exception, match="api.example.com"):
        httpx.get("https://api.example.com")


class TestCase(unittest.TestCase):
    def test_method(self):
        with Kit() as kit:
            assert list(kit.tags.list()) == []
"""


def test_a_setting_guards_every_test(run: Run) -> None:
    assert "2 passed" in run(EVERYWHERE, ini="kit_mock_guard = true\n")
    assert "2 passed" in run(EVERYWHERE, "-n", "2", ini="kit_mock_guard = true\n")
    assert "2 failed" in run(EVERYWHERE, failing=True, ini="kit_mock_guard = false\n")


WIDER = """
import contextlib
import socket

import pytest


def is_guarded():
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        try:
            with contextlib.suppress(OSError):  # There may be no route.
                sock.connect(("203.0.113.9", 9))  # Sends nothing.
        except pytest.fail.Exception:
            return True
    return False


@pytest.fixture(scope="session")
def database():
    return is_guarded()


@pytest.fixture
def narrow():
    return is_guarded()


def test_it(narrow, database):
    assert (database, narrow, is_guarded()) == (False, True, True)
"""


def test_fixtures_of_a_wider_scope_are_set_up_before_and_others_after_it(run: Run) -> None:
    assert "1 passed" in run(WIDER, ini="kit_mock_guard = true\n")


def test_what_does_not_use_it_pays_nothing(run: Run) -> None:
    tests = (
        "import socket, sys\n\n\ndef test_it():\n    assert 'kit_mock.network_guard' not in sys.modules\n"
        "    assert socket.getaddrinfo.__module__ == 'socket'\n"
    )
    assert "1 passed" in run(tests)


def test_a_guard_of_ones_own_ends_with_its_block() -> None:
    guard = NetworkGuard()
    with KitMock() as mock, guard.active():
        host, _, port = mock.url.removeprefix("http://").partition(":")
        socket.create_connection((host, int(port))).close()
        with pytest.raises(pytest.fail.Exception, match=re.escape("kit_mock_guard.allow('api.example.com')")):
            socket.getaddrinfo(b"API.example.com", 443)
    with socket.socket(type=socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):  # There may be no route.
        sock.connect(("203.0.113.9", 9))  # Sends nothing.
