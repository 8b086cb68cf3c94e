"""The command `kit-mock`, run as a user runs it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from kit_mock import KitMock, __version__

COMMAND = [sys.executable, "-m", "kit_mock"]
HEADERS = {"X-Kit-Api-Key": "kit_test_key"}


def run(*arguments: str, redirect: str = "", env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = f"{shlex.join([*COMMAND, *arguments])} {redirect}"
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, env=env)


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [*COMMAND, "serve", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"kit-mock \(behaviour: current\) listening on (http://127\.0\.0\.1:\d+)\n", line)
        try:
            assert found, (line, process.stderr and process.stderr.read())
            yield process, found[1]
        finally:
            process.kill()


def test_serve_keeps_its_state_and_stops_on_a_signal(tmp_path: Path) -> None:
    db = str(tmp_path / "mock.db")
    for number, stop in enumerate((signal.SIGTERM, signal.SIGINT), 1):
        with served("--db", db) as (process, url):
            response = httpx.post(f"{url}/v4/tags", json={"name": f"Tag {number}"}, headers=HEADERS)
            assert response.json()["tag"]["id"] == number
            process.send_signal(stop)
            _, err = process.communicate(timeout=30)
            assert (process.returncode, err) == (0, "")


def test_serve_stops_while_a_client_is_connected() -> None:
    with served() as (process, url), httpx.Client(base_url=url, headers=HEADERS) as http:
        assert http.get("/v4/account").status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def test_own_credentials() -> None:
    with served("--api-key", "mine", "--access-token", "ours") as (_, url):
        assert httpx.get(f"{url}/v4/account", headers={"X-Kit-Api-Key": "mine"}).status_code == 200
        assert httpx.get(f"{url}/v4/account", headers={"Authorization": "Bearer ours"}).status_code == 200
        assert httpx.get(f"{url}/v4/account", headers=HEADERS).status_code == 401


def test_strict_refuses_what_is_cast_otherwise() -> None:
    for arguments, status in (([], 200), (["--strict"], 422)):
        with served(*arguments) as (_, url):
            assert httpx.get(f"{url}/v4/tags?include_total_count=1", headers=HEADERS).status_code == status
    assert "--strict" in run("serve", "--help").stdout


def test_time_stands_still_at_the_moment_that_is_given() -> None:
    with served("--now", "2026-03-02T10:30:00+01:00") as (_, url):
        made = [httpx.post(f"{url}/v4/tags", json={"name": name}, headers=HEADERS).json()["tag"] for name in "ab"]
        assert [tag["created_at"] for tag in made] == ["2026-03-02T09:30:00Z"] * 2
        assert httpx.get(f"{url}/_mock/clock").json()["stands_still"] is True


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 2
    assert result.stdout == ""
    assert re.fullmatch(r"kit-mock: .+\n", result.stderr), result.stderr
    return result.stderr


def test_a_port_in_use_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert "in use" in one_line(run("serve", "--port", port))


@pytest.mark.parametrize("host", ["203.0.113.1", "a" * 300, "..", "\u00e9" * 70])
def test_a_host_that_is_not_here_is_one_line(host: str) -> None:
    assert "cannot listen on" in one_line(run("serve", "--host", host))


def test_an_unusable_database_is_one_line(tmp_path: Path) -> None:
    assert "isn't a regular file" in one_line(run("serve", "--db", str(tmp_path)))
    db = tmp_path / "mock.db"
    with KitMock(db=db):
        assert "locked" in one_line(run("serve", "--db", str(db)))


def test_an_unusable_document_is_one_line(tmp_path: Path) -> None:
    assert "cannot read" in one_line(run("coverage", "--document", str(tmp_path / "none.json")))


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["coverage", "--help"]])
def test_help(arguments: list[str]) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: kit-mock")


def test_version() -> None:
    assert run("--version").stdout == f"kit-mock {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nothing"],
        ["serve", "--port", "x"],
        ["serve", "--port", "65536"],
        ["serve", "--api-key", ""],
        ["serve", "--now", "2026-03-02"],
    ],
)
def test_wrong_use_is_told(arguments: list[str]) -> None:
    assert re.search(r"; see kit-mock( serve)? --help$", one_line(run(*arguments)).strip())


WRITING = [
    ["--help"],
    ["--version"],
    ["serve", "--help"],
    ["serve", "--port", "0"],
    ["rules", "create_tag"],
    ["rules", "--json"],
    ["behaviours"],
    ["coverage", "--how", "create_tag"],
]


@pytest.mark.parametrize("arguments", WRITING)
def test_output_that_cannot_be_written_is_one_line(arguments: list[str]) -> None:
    for target, reason in ((">/dev/full", "No space left on device"), (">&-", "it is closed")):
        result = run(*arguments, redirect=target)
        assert one_line(result) == f"kit-mock: cannot write to standard output: {reason}\n", target


@pytest.mark.parametrize("arguments", [each for each in WRITING if "0" not in each])
def test_nobody_who_reads_on_is_no_error(arguments: list[str]) -> None:
    result = run(*arguments, redirect="| true")
    assert (result.returncode, result.stderr) == (0, "")


def test_what_the_encoding_lacks_is_escaped(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    rules = run("rules", env=environment)
    assert (rules.returncode, rules.stderr) == (0, "")
    assert "\\u2026" in rules.stdout
    db = tmp_path / "\u00e9.db"
    with subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", "--db", db], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(5)]
        process.kill()
    assert lines[-1].strip() == f"state         in {tmp_path}/\\xe9.db"


@pytest.mark.parametrize("redirect", ["2>/dev/full", "2>&-"])
def test_a_large_account_needs_no_place_for_its_progress(tmp_path: Path, redirect: str) -> None:
    result = run("seed", "--subscribers", "10", "--db", str(tmp_path / "kit.db"), redirect=redirect)
    assert (result.returncode, result.stdout) == (0, "")
    KitMock(db=tmp_path / "kit.db").close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("redirect", ["2>/dev/full", "2>&-"])
def test_a_problem_that_nobody_can_be_told_is_one_all_the_same(redirect: str) -> None:
    for arguments in (["rules", "no_such"], ["serve", "--host", ".."], ["no_such"]):
        result = run(*arguments, redirect=redirect)
        assert (result.returncode, result.stdout, result.stderr) == (2, "", "")


@pytest.mark.parametrize("closed", [False, True])
def test_it_serves_though_nobody_reads_its_warnings(closed: bool) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = f"exec {shlex.join([*COMMAND, 'serve', '--port', '0'])} {'2>&-' if closed else ''}"
    environment = {**os.environ, "KIT_MOCK_RATELIMIT": "off"}
    with subprocess.Popen(
        ["sh", "-c", command], stdout=subprocess.PIPE, stderr=writer, text=True, env=environment
    ) as process:
        os.close(writer)
        assert process.stdout is not None
        first = process.stdout.readline()
        try:
            assert httpx.get(f"{first.split()[-1]}/_mock/health").status_code == 200
        finally:
            process.kill()


def test_a_mock_can_be_served_without_a_standard_output() -> None:
    program = "import sys, httpx, kit_mock; sys.exit(httpx.get(kit_mock.KitMock().url + '/_mock/health').status_code)"
    command = f"exec {shlex.join([sys.executable, '-c', program])} >&-"
    result = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (200, "")
