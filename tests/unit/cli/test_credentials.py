"""Which credentials a command uses, and that none goes to a place it isn't for."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit_client import Kit
from kit_mock import KitMock
from kit_mock.service.faults.fault import WhatFails

from .conftest import Cli

OTHER_KEY = "kit_other_key"


@pytest.fixture
def other() -> Iterator[KitMock]:
    """Another service, with another key."""
    with KitMock(api_key=OTHER_KEY) as mock:
        yield mock


@pytest.fixture
def signed_in(mock: KitMock, offline: Cli, pipe_in: Callable[[bytes], None]) -> Cli:
    """The command, with a login at `mock`."""
    pipe_in(mock.api_key.encode())
    assert offline("login", "--api-key", "--base-url", mock.url).status == 0
    return offline


def test_a_login_is_used(signed_in: Cli, mock: KitMock) -> None:
    assert signed_in("whoami").out.endswith(f"by an API key at {mock.url}\n")
    data = signed_in("whoami", "--json").data
    assert (data["account"]["id"], data["credentials"]) == (1, f"by an API key at {mock.url}")


@pytest.mark.parametrize("spelling", ["{}", "{}/", "{}/v4", "{}/v4/"])
def test_its_own_place_may_be_named(signed_in: Cli, mock: KitMock, spelling: str) -> None:
    assert signed_in("whoami", "--base-url", spelling.format(mock.url)).status == 0
    assert signed_in("whoami", "--base-url", mock.url.replace("http", "HTTP")).status == 0


def test_it_goes_before_the_environment(signed_in: Cli, mock: KitMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_API_KEY", OTHER_KEY)
    assert signed_in("whoami").out.endswith(f"by an API key at {mock.url}\n")


@pytest.mark.parametrize("way", ["option", "variable"])
def test_it_goes_to_no_other_place(signed_in: Cli, other: KitMock, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    if way == "variable":
        monkeypatch.setenv("KIT_BASE_URL", other.url)
    more = ("--base-url", other.url) if way == "option" else ()
    for command in (("whoami",), ("call", "get_account"), ("doctor",), ("logout",)):
        status, out, err = signed_in(*command, *more)
        assert (status, out) == (1, "")
        assert "its credentials go nowhere else" in err
    assert not other.requests


def test_at_another_place_the_environment_is_used(
    signed_in: Cli, mock: KitMock, other: KitMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_API_KEY", OTHER_KEY)
    before = len(mock.requests)
    assert signed_in("whoami", "--base-url", other.url).out.endswith("by an API key of the environment\n")
    monkeypatch.setenv("KIT_BASE_URL", other.url)
    assert signed_in("whoami").status == 0
    assert len(other.requests) == 2
    assert len(mock.requests) == before


def test_what_the_environment_has_goes_to_the_place_of_the_environment_alone(
    offline: Cli, mock: KitMock, other: KitMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_API_KEY", OTHER_KEY)
    monkeypatch.setenv("KIT_BASE_URL", other.url)
    status, _, err = offline("whoami", "--base-url", mock.url)
    assert status == 1
    assert "--base-url and KIT_BASE_URL differ" in err
    assert not mock.requests
    assert offline("whoami", "--base-url", other.url + "/v4").status == 0


def test_an_account_that_is_named_is_a_login(
    signed_in: Cli, mock: KitMock, other: KitMock, monkeypatch: pytest.MonkeyPatch, pipe_in: Callable[[bytes], None]
) -> None:
    monkeypatch.setenv("KIT_API_KEY", mock.api_key)
    status, _, err = signed_in("whoami", "--account", "work", "--base-url", mock.url)
    assert (status, err) == (1, "kit-client: nobody is signed in to account 'work'; `kit-client login` signs in\n")
    pipe_in(OTHER_KEY.encode())
    assert signed_in("login", "--api-key", "--account", "work", "--base-url", other.url).status == 0
    assert signed_in("whoami", "--account", "work").out.endswith(f"at {other.url}\n")
    assert signed_in("whoami").out.endswith(f"at {mock.url}\n")


def test_an_access_token_of_the_environment_will_do(
    offline: Cli, mock: KitMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_ACCESS_TOKEN", mock.access_token)
    monkeypatch.setenv("KIT_BASE_URL", mock.url)
    assert offline("call", "list_purchases").data["purchases"] == []


def test_two_credentials_in_the_environment_are_refused(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_ACCESS_TOKEN", "secret_token")
    status, _, err = cli("whoami")
    assert status == 1
    assert "KIT_API_KEY and KIT_ACCESS_TOKEN: give one of them only" in err
    assert "secret_token" not in err


def test_nobody_is_signed_in(offline: Cli) -> None:
    status, _, err = offline("whoami", "--json")
    assert status == 1
    assert json.loads(err) == {
        "error": "nobody is signed in to account 'default'; `kit-client login` signs in",
        "exit_status": 1,
    }


@pytest.mark.parametrize("url", ["ftp://a.example", "https://user:secret@a.example", "http://a.example", "nonsense"])
def test_a_base_url_that_cannot_be_used_is_refused(signed_in: Cli, url: str) -> None:
    status, out, err = signed_in("whoami", "--base-url", url)
    assert (status, out) == (1, "")
    assert "secret" not in err


def test_the_file_is_for_its_owner_alone(signed_in: Cli, tmp_path: Path) -> None:
    file = tmp_path / "config" / "kit-client" / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert signed_in("logout", "--json").data == {"signed_in": False}
    assert json.loads(file.read_text()) == {}


def test_ctrl_d_gives_no_key(
    offline: Cli, type_in: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ask(prompt: str) -> str:
        raise EOFError(prompt)

    type_in("")
    monkeypatch.setattr("getpass.getpass", ask)
    assert offline("login", "--api-key") == (1, "", "kit-client: no API key was given\n")
    assert not (tmp_path / "config").exists()


@pytest.fixture
def homeless(offline: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command for a user whom the system doesn't know, as in some containers."""

    def nobody(*_: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("HOME", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    return offline


def test_without_a_home_folder_the_environment_or_a_named_file_is_used(
    homeless: Cli, mock: KitMock, monkeypatch: pytest.MonkeyPatch, pipe_in: Callable[[bytes], None], tmp_path: Path
) -> None:
    assert homeless("--help").status == homeless("whoami", "--help").status == 0
    status, _, err = homeless("whoami")
    assert (status, err) == (1, "kit-client: nobody is signed in to account 'default'; `kit-client login` signs in\n")
    for login in (("--api-key",), ("--client-id", "kit_test_client", "--no-browser")):
        status, _, err = homeless("login", *login, "--base-url", mock.url)
        assert status == 1
        assert "there is no home folder to keep credentials in: set HOME, or give --store FILE" in err
    assert homeless("logout").status == 1
    assert not mock.requests
    pipe_in(mock.api_key.encode())
    where = ("--store", str(tmp_path / "kept.json"))
    assert homeless("login", "--api-key", "--base-url", mock.url, *where).status == 0
    assert homeless("whoami", *where).status == homeless("logout", *where).status == 0
    monkeypatch.setenv("KIT_API_KEY", mock.api_key)
    monkeypatch.setenv("KIT_BASE_URL", mock.url)
    assert homeless("whoami").out.endswith("by an API key of the environment\n")


@pytest.mark.parametrize("name", ["login:default", "login:", "", " "])
def test_a_name_that_would_hold_something_else_is_refused(signed_in: Cli, tmp_path: Path, name: str) -> None:
    file = tmp_path / "config" / "kit-client" / "credentials.json"
    before = file.read_bytes()
    for command in (("whoami",), ("logout", "--local"), ("login", "--api-key")):
        status, _, err = signed_in(*command, "--account", name)
        assert (status, "can't be the name of a login" in err) == (2, True)
    assert file.read_bytes() == before


@pytest.fixture
def with_tokens(offline: Cli, mock: KitMock, tmp_path: Path, pipe_in: Callable[[bytes], None]) -> Callable[..., Path]:
    """Makes a login with tokens in a file, as which another app signed in before, and has the key of `mock` piped in."""

    def make(**login: object) -> Path:
        path = tmp_path / "kept.json"
        record = {"tokens": {"access_token": "of_the_login_before", "refresh_token": "refreshes_it"}}
        kept = {"login:default": {"base_url": mock.url, "client_id": "app", **login}, "default": record}
        path.write_text(json.dumps(kept))
        pipe_in(mock.api_key.encode())
        return path

    return make


NOT_REVOKED = "signed in, but the tokens of the login before may still be valid: "


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 200, "html": True}], ids=repr)
def test_replaced_tokens_are_revoked_even_if_nobody_can_say_whose_account_it_is(
    offline: Cli, mock: KitMock, with_tokens: Callable[..., Path], fault: WhatFails
) -> None:
    with Kit(mock.api_key, base_url=mock.url) as kit:
        account = kit.account.get().to_dict()
    store = with_tokens()
    # The first one is about the key.
    mock.faults.add(operation="get_account", times=1, status=200, body=account)
    mock.faults.add(operation="get_account", **fault)
    status, out, err = offline("login", "--api-key", "--base-url", mock.url, "--store", str(store))
    assert (status, out) == (3, "")
    assert "kit-client: signed in, but whose account it is could not be read: get_account: " in err
    assert sum(request.path == "/oauth/revoke" for request in mock.requests) == 1
    mock.faults.clear()
    assert offline("whoami", "--store", str(store)).status == 0


@pytest.mark.parametrize("login", [{"client_id": "app é"}, {"base_url": "ftp://a.example"}, {"base_url": 5}], ids=repr)
def test_a_login_that_can_not_be_used_is_replaced(
    offline: Cli, mock: KitMock, with_tokens: Callable[..., Path], login: dict[str, object]
) -> None:
    store = with_tokens(**login)
    status, out, err = offline("login", "--api-key", "--base-url", mock.url, "--store", str(store))
    assert (status, out.endswith(f"by an API key at {mock.url}\n")) == (3, True)
    assert err.startswith(f"kit-client: {NOT_REVOKED}")
    assert err.count("\n") == 1
    assert offline("whoami", "--store", str(store)).status == 0
