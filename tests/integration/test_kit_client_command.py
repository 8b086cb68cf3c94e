"""The command `kit-client` without a browser: keys, refusals, and what is told on standard error."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kit_client import FileTokenStore, Kit, OAuth, __version__
from kit_mock import KitMock

from .command import command, run


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock(auto_approve=True) as mock:
        yield mock


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "kit" / "credentials.json"


def log_in(mock: KitMock, store: Path, *more: str) -> tuple[int, str, str]:
    """Sign in without a browser: follow the URL that is shown."""
    client = ("--client-id", "kit_test_client", "--base-url", mock.url, "--no-browser", "--store", str(store))
    with command("login", *client, *more) as process:
        assert process.stderr is not None
        process.stderr.readline()
        callback = httpx.get(process.stderr.readline().strip()).headers["Location"]
        assert httpx.get(callback).status_code == 200
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_key_is_asked_for_tried_and_kept(mock: KitMock, store: Path) -> None:
    where = ("--store", str(store))
    status, out, err = run("login", "--api-key", "--base-url", mock.url, *where, given=f"{mock.api_key}\n")
    assert (status, err) == (0, "")
    assert "by an API key at http://127.0.0.1" in out
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert run("whoami", *where)[:2] == (0, out)
    assert run("logout", *where)[:2] == (0, "Signed out\n")
    assert json.loads(store.read_text()) == {}
    assert mock.api_key not in out


def test_a_key_that_does_not_work_is_not_kept(mock: KitMock, store: Path) -> None:
    status, out, err = run("login", "--api-key", "--base-url", mock.url, "--store", str(store), given="kit_wrong\n")
    assert (status, out) == (1, "")
    assert "401: The access token is invalid" in err
    assert "kit_wrong" not in err
    assert not store.exists()


def test_tokens_serve_programs_too(mock: KitMock, store: Path) -> None:
    assert log_in(mock, store)[0] == 0
    oauth = OAuth(client_id="kit_test_client", store=FileTokenStore(store), token_url=f"{mock.url}/oauth/token")
    with Kit(auth=oauth, base_url=mock.url) as kit:
        mock.advance(days=3)
        assert kit.account.get().account.id == 1


def test_a_login_by_oauth_may_call_what_a_key_may_not(mock: KitMock, store: Path) -> None:
    log_in(mock, store)
    where = ("--store", str(store))
    status, out, _ = run("call", "bulk_create_tags", 'tags:=[{"name": "Mathematicians"}]', *where)
    assert status == 0
    assert json.loads(out)["tags"][0]["name"] == "Mathematicians"
    status, out, err = run("doctor", "--json", *where)
    assert (status, err) == (0, "")
    assert json.loads(out)["credentials"] == f"by OAuth at {mock.url}"
    assert json.loads(out)["rate_limit"]["limit"] == 600


def test_tokens_go_to_no_other_place(mock: KitMock, store: Path) -> None:
    log_in(mock, store)
    with KitMock() as other:
        for name in ("whoami", "doctor", "logout"):
            status, out, err = run(name, "--store", str(store), "--base-url", other.url)
            assert (status, out) == (1, "")
            assert "its credentials go nowhere else" in err
        assert not other.requests
    assert run("whoami", "--store", str(store))[0] == 0


def test_several_accounts_have_names(mock: KitMock, store: Path) -> None:
    assert log_in(mock, store, "--account", "work")[0] == 0
    where = ("--store", str(store))
    assert run("whoami", *where)[0] == 1
    assert run("whoami", "--account", "work", *where)[0] == 0
    assert (
        run("logout", *where)[2]
        == "kit-client: nobody is signed in to account 'default'; `kit-client login` signs in\n"
    )


def test_tokens_that_were_revoked_elsewhere_are_told(mock: KitMock, store: Path) -> None:
    log_in(mock, store)
    mock.fail_next("get_account", revoke_token=True)
    status, out, err = run("whoami", "--store", str(store))
    assert (status, out) == (1, "")
    assert "invalid_grant" in err
    assert err.endswith("is no longer good; `kit-client login` signs in\n")


def test_logout_keeps_the_tokens_if_the_service_is_away_unless_told_otherwise(mock: KitMock, store: Path) -> None:
    log_in(mock, store)
    before = store.read_bytes()
    mock.close()
    status, _, err = run("logout", "--store", str(store))
    assert status == 1
    assert "OAuth revoke: connection failed" in err
    assert store.read_bytes() == before
    assert run("logout", "--local", "--store", str(store))[0] == 0
    assert json.loads(store.read_text()) == {}


def access_token(store: Path) -> str:
    """Return the access token of the default account."""
    found = re.search('"access_token": ?"([^"]+)"', store.read_text())
    assert found is not None
    return found[1]


def is_valid(mock: KitMock, token: str) -> bool:
    return httpx.get(f"{mock.url}/v4/account", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def sign_in_anew(mock: KitMock, store: Path, way: str) -> tuple[int, str, str]:
    if way == "oauth":
        return log_in(mock, store)
    arguments = ("--api-key", "--base-url", mock.url, "--store", str(store))
    return run("login", *arguments, given=mock.api_key)


@pytest.mark.parametrize("way", ["key", "oauth"])
def test_a_login_revokes_the_tokens_that_it_replaces(mock: KitMock, store: Path, way: str) -> None:
    log_in(mock, store)
    token = access_token(store)
    assert is_valid(mock, token)
    status, _, err = sign_in_anew(mock, store, way)
    assert (status, err) == (0, "")
    assert not is_valid(mock, token)
    assert run("whoami", "--store", str(store))[0] == 0
    assert token not in store.read_text()
    assert run("logout", "--store", str(store))[:2] == (0, "Signed out\n")
    assert sum(request.path == "/oauth/revoke" for request in mock.requests) == (1 if way == "key" else 2)


def test_replaced_tokens_that_can_not_be_revoked_are_told(mock: KitMock, store: Path) -> None:
    with KitMock(auto_approve=True) as before:
        log_in(before, store)
        before.fail_next("POST /oauth/revoke", status=401)
        arguments = ("--api-key", "--base-url", mock.url, "--store", str(store))
        status, out, err = run("login", *arguments, given=mock.api_key)
        assert (status, out.splitlines()[1].endswith(f"by an API key at {mock.url}")) == (3, True)
        assert err.startswith(
            "kit-client: signed in, but the tokens of the login before may still be valid: OAuth revoke"
        )
        assert err.count("\n") == 1
    assert run("whoami", "--store", str(store))[0] == 0


def test_an_aborted_login_leaves_the_one_before(mock: KitMock, store: Path) -> None:
    log_in(mock, store)
    where = ("--base-url", mock.url, "--store", str(store))
    assert run("login", "--client-id", "kit_test_client", "--no-browser", "--timeout", "1", *where)[0] == 1
    assert run("login", "--api-key", *where, given="kit_wrong\n")[0] == 1
    assert run("whoami", "--store", str(store))[0] == 0


def test_without_a_login_the_environment_is_used(mock: KitMock, store: Path) -> None:
    status, out, _ = run("whoami", "--store", str(store), KIT_API_KEY=mock.api_key, KIT_BASE_URL=mock.url)
    assert status == 0
    assert out.endswith("by an API key of the environment\n")


def test_nobody_comes(mock: KitMock, store: Path) -> None:
    client = ("--client-id", "kit_test_client", "--base-url", mock.url, "--no-browser", "--store", str(store))
    status, _, err = run("login", *client, "--timeout", "1")
    assert status == 1
    assert err.endswith("kit-client: nobody signed in within 1 s\n")


def test_a_port_that_is_taken(mock: KitMock, store: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        client = ("--client-id", "kit_test_client", "--base-url", mock.url, "--no-browser", "--store", str(store))
        status, _, err = run("login", *client, "--port", port)
    assert status == 1
    assert err == f"kit-client: port {port} can't be used: Address already in use; choose another one with --port\n"


def test_ctrl_c_ends_it_quietly(mock: KitMock, store: Path) -> None:
    client = ("--client-id", "kit_test_client", "--base-url", mock.url, "--no-browser", "--store", str(store))
    with command("login", *client) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.readline()
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "kit-client: stopped\n")


def test_a_file_with_something_else_in_it_is_told_and_left(store: Path) -> None:
    store.parent.mkdir()
    for content in ("garbage", '{"login:default": 5}'):
        store.write_text(content)
        for name in ("whoami", "logout"):
            status, _, err = run(name, "--store", str(store))
            assert status == 1
            assert "holds" in err
        assert store.read_text() == content


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["login"], "one of the arguments --client-id --api-key is required"),
        (["login", "--client-id", "a", "--api-key"], "not allowed with"),
        (["login", "--client-id", "a", "--port", "70000"], "'70000' is not a port from 0 to 65535"),
        (["login", "--client-id", "a", "--timeout", "x"], "'x' is not a number of seconds from 1"),
        ([], "required: COMMAND"),
    ],
)
def test_a_mistake_in_the_call_is_told(arguments: list[str], said: str) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert said in err


def test_a_url_that_sends_secrets_in_clear_is_refused(store: Path) -> None:
    status, _, err = run("login", "--client-id", "a", "--base-url", "http://kit.example", "--store", str(store))
    assert status == 1
    assert "expected an https URL" in err
    assert not store.exists()


def test_it_says_its_version() -> None:
    assert run("--version")[:2] == (0, f"kit-client {__version__}\n")
