"""What `kit-mock serve` listens on, says when it is ready, and logs."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import httpx
import pytest

from kit_mock import KitMock, __version__
from kit_mock.cli import main
from tests.unit.mock.delivering import eventually, unused_port
from tests.unit.mock.serving import SECONDS, serving

KEY = {"X-Kit-Api-Key": "kit_test_key"}


def test_the_banner_says_what_a_client_needs() -> None:
    port = str(unused_port())
    with serving("--port", port) as served:
        assert served.first == f"kit-mock (behaviour: current) listening on http://127.0.0.1:{port}\n"
        assert served.rows(4) == {
            "page": f"http://127.0.0.1:{port}/_mock/",
            "API key": "kit_test_key",
            "access token": "test_access_token",
            "state": "in memory",
        }
        assert served.rest() == ("", "")


def test_all_of_the_banner_is_there_when_its_first_line_is() -> None:
    command = [sys.executable, "-m", "kit_mock", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert os.read(process.stdout.fileno(), 10_000).endswith(b"in memory\n")
        finally:
            process.kill()


def test_the_banner_masks_keys_and_tokens_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text("api_keys: [hush_seeded]\naccess_tokens: [hush_first, hush_second]\n")
    files = ("--seed", "seed.yaml", "--no-control", "--port", "0", "--behaviour", "reference")
    given = ("--api-key", "hush_flag", "--access-token", "hush_flag_too")
    for db, arguments, key, token in (
        ("first.db", (), "kit_test_key, ***", "test_access_token, ***, ***"),
        ("second.db", given, "***, ***", "***, ***, ***"),
    ):
        with serving(*files, "--db", db, *arguments, cwd=tmp_path) as served:
            assert "(behaviour: reference)" in served.first
            rows = served.rows(4)
            assert rows == {"API key": key, "access token": token, "state": f"in {db}", "seed": "seed.yaml"}
            assert served.rest() == ("", "")


def test_without_a_port_it_is_4010_unless_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIT_MOCK_PORT")
    # Whoever has it, this test or another program, it is taken.
    with socket.socket() as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            ours.bind(("127.0.0.1", 4010))
            ours.listen()
            was_free = True
        except OSError:
            was_free = False
        with serving() as served:
            assert served.url != "http://127.0.0.1:4010"
            assert served.rows(5)["port"] == "4010 is taken, so this is a free one"
            assert httpx.get(f"{served.url}/_mock/health").status_code == 200
    if was_free:
        with serving() as served:
            # Another test may have been faster.
            assert served.url == "http://127.0.0.1:4010" or served.rows(5)["port"].startswith("4010 is taken")


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    assert capsys.readouterr() == ("", f"kit-mock: cannot listen on 127.0.0.1:{port}: Address already in use\n")


def test_on_every_address_the_url_is_one_that_can_be_called() -> None:
    with serving("--host", "0.0.0.0", "--port", "0") as served:
        assert served.url.startswith("http://127.0.0.1:")
        assert served.rows(5)["address"] == "every one of this machine"
        assert httpx.get(f"{served.url}/v4/account", headers=KEY).status_code == 200


def test_health_and_the_way_to_the_page() -> None:
    with serving("--port", "0", "--behaviour", "reference") as served:
        healthy = httpx.get(f"{served.url}/_mock/health")
        assert healthy.status_code == 200
        assert healthy.json() == {"status": "ok", "version": __version__, "behaviour": "reference"}
        page = httpx.get(served.url, follow_redirects=True)
        assert str(page.url) == f"{served.url}/_mock/"
        assert page.headers["Content-Type"].startswith("text/html")
        assert httpx.head(served.url).headers["Location"] == "/_mock/"
        assert httpx.post(served.url).status_code == 405
    with serving("--port", "0", "--no-control") as served:
        assert httpx.get(served.url).status_code == httpx.get(f"{served.url}/_mock/health").status_code == 404


def lines(stream: IO[str] | str) -> list[str]:
    """Lines of the log, with the milliseconds left out."""
    return [re.sub(r" \d+\.\d ms", " _", line) for line in str(stream).splitlines()]


def test_the_log_has_a_line_for_each_request_without_secrets() -> None:
    with serving("--port", "0", "--log") as served, httpx.Client(base_url=served.url, headers=KEY) as http:
        http.post("/v4/tags", json={"name": "A"})
        http.get("/v4/tags?per_page=5&api_secret=hush&after=")
        http.get("/v4/subscribers/9")
        http.get("/nothing%0AGET /forged?x=a%0Ab&Api%5FKey=hush")
        http.head("/v4/account", headers={"X-Kit-Api-Key": "hush"})
        http.get("/oauth/authorize?client_id=kit_test_client&state=hush&response_type=code&code_challenge=hush")
        http.get("/_mock/state")
        http.post("/_mock/faults", json={"reset": "before", "times": 1})
        with pytest.raises(httpx.TransportError):
            http.get("/v4/account")
        http.post("/_mock/faults", json={"cut_body": True, "times": 1})
        with pytest.raises(httpx.TransportError):
            http.get("/v4/account")
        http.close()
        served.rows(4)
        out, err = served.rest()
    assert out == ""
    assert lines(err) == [
        "POST /v4/tags 201 _ create_tag",
        "GET /v4/tags?per_page=5&api_secret=***&after= 200 _ list_tags",
        "GET /v4/subscribers/9 404 _ get_subscriber",
        "GET /nothing%0AGET%20/forged?x=a%0Ab&Api%5FKey=*** 404 _",
        "HEAD /v4/account 401 _ get_account",
        "GET /oauth/authorize?client_id=kit_test_client&state=***&response_type=code&code_challenge=*** 400 _ authorize",
        "POST /_mock/faults 201 _",
        "GET /v4/account reset _ get_account",
        "POST /_mock/faults 201 _",
        "GET /v4/account 200 cut _ get_account",
    ]


def test_the_log_counts_the_time_of_a_delay_and_says_who_went_away() -> None:
    with serving("--port", "0", "--log") as served, httpx.Client(base_url=served.url, headers=KEY) as http:
        http.post("/_mock/faults", json={"delay": 0.2, "times": 1})
        http.get("/v4/account")
        http.post("/_mock/faults", json={"delay": 60, "times": 1})
        with pytest.raises(httpx.ReadTimeout):
            http.get("/v4/account", timeout=0.1)
        http.close()
        assert served.process.stderr is not None
        _, slow, _, gone = (served.process.stderr.readline() for _ in range(4))
    match = re.fullmatch(r"GET /v4/account 200 (\d+\.\d) ms get_account\n", slow)
    assert match, slow
    assert float(match[1]) >= 200
    assert re.fullmatch(r"GET /v4/account gone \d+\.\d ms get_account\n", gone), gone


def test_without_being_asked_nothing_is_logged() -> None:
    with serving("--port", "0") as served:
        httpx.get(f"{served.url}/v4/account", headers=KEY)
        served.rows(4)
        assert served.rest() == ("", "")


def test_in_a_thread_it_ends_at_once_with_connections_that_wait_for_nothing() -> None:
    took = []
    for _ in range(10):
        with KitMock() as mock, httpx.Client(base_url=mock.url, headers=KEY) as http:
            assert http.get("/v4/account").status_code == 200
            began = time.monotonic()
            mock.close()
            took.append(time.monotonic() - began)
            with pytest.raises(httpx.TransportError):
                http.get("/v4/account")
    # A test that uses the address of its mock would otherwise pay two ticks of a tenth of a second.
    assert min(took) < 0.1


def test_in_a_thread_a_request_that_is_under_way_is_answered_before_it_ends() -> None:
    with KitMock() as mock, ThreadPoolExecutor(1) as pool:
        mock.fail_next(status=503, delay=0.5)
        answer = pool.submit(httpx.get, f"{mock.url}/v4/account", headers=KEY)
        eventually(lambda: len(mock.requests) == 1)
        mock.close()
        assert answer.result(SECONDS).status_code == 503
