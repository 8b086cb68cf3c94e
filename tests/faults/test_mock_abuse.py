"""The mock, served, beside somebody who sends too much, half of it, or never answers: all others go on."""

from __future__ import annotations

import contextlib
import json
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from tests.unit.mock.conftest import START
from tests.unit.mock.delivering import bounce, eventually, seed
from tests.unit.mock.receiver import SOON, Receiver, listening

TOKEN = {"Authorization": "Bearer test_access_token"}
JSON = {"Content-Type": "application/json"}
ROWS = 20_000


@contextmanager
def served(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "kit_mock", "serve", "--rate-limit", "off", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 0), timeout=SOON) as connection:
        yield connection


def head(path: str, length: int, media_type: str = "application/json", more: str = "") -> bytes:
    fields = f"Host: kit.test\r\nAuthorization: {TOKEN['Authorization']}\r\nContent-Type: {media_type}\r\n{more}"
    return f"POST {path} HTTP/1.1\r\n{fields}Content-Length: {length}\r\n\r\n".encode()


def answer(connection: socket.socket) -> str:
    """All that comes until the other side hangs up, or pauses after something."""
    with closing(connection.makefile("rb")) as stream:
        status = stream.readline().decode()
        fields = dict(line.split(": ", 1) for line in iter(lambda: stream.readline().decode().strip().lower(), ""))
        return status + stream.read(int(fields.get("content-length", 0))).decode()


@pytest.mark.parametrize(
    ("path", "media_type", "told"),
    [
        ("/oauth/token", "application/x-www-form-urlencoded", '400 .*"error":"invalid_request"'),
        ("/v4/oauth/revoke", "application/json", '400 .*"error":"invalid_request"'),
        ("/v4/tags", "application/json", "413 .*at most 1048576 bytes"),
        ("/v4/subscribers/1", "application/json", "405 "),
        ("/nowhere", "application/x-www-form-urlencoded", "404 "),
        ("/_mock/fire", "application/json", "413 "),
    ],
)
def test_a_body_that_is_too_large_is_refused_before_it_has_come(path: str, media_type: str, told: str) -> None:
    with KitMock() as mock, connected(mock.url) as connection:
        connection.sendall(head(path, 31_000_000, media_type) + b"a=b&" * 300_000)
        found = answer(connection)
    status, _, rest = told.partition(" ")
    assert f" {status} " in found
    assert rest.removeprefix(".*") in found


def test_bulk_requests_may_be_larger() -> None:
    body = {"tags": [{"name": f"{'x' * 100} {n}"} for n in range(ROWS)]}
    with KitMock(clock=Clock(START)) as mock:
        assert httpx.post(f"{mock.url}/v4/bulk/tags", json=body, headers=TOKEN).status_code == 202
        refused = {"tags": [{"name": 5}, *([{"name": []}] * ROWS)]}
        found = httpx.post(f"{mock.url}/v4/bulk/tags", json=refused, headers=TOKEN)
        assert (found.status_code, len(found.json()["errors"])) == (422, 100)
        assert httpx.post(f"{mock.url}/v4/bulk/tags", json=refused).status_code == 401
        broken = httpx.post(f"{mock.url}/v4/bulk/tags", content=b"[" * 100_000, headers=TOKEN | JSON)
        assert (broken.status_code, "nested too deeply" in broken.text) == (400, True)
        mock.advance(seconds=2)
        assert httpx.get(f"{mock.url}/_mock/state").json()["state"]["tags"] == ROWS


@pytest.mark.parametrize("kind", ["a long field", "many fields", "a long path", "a field without an end"])
def test_a_head_that_is_too_large_is_refused(kind: str) -> None:
    fields = {
        "a long field": "X-A: " + "a" * 400_000 + "\r\n",
        "many fields": "".join(f"X-{n}: a\r\n" for n in range(40_000)),
        "a long path": "",
        "a field without an end": "X-A: ",
    }[kind]
    sent = head("/v4/tags" + "/a" * (60_000 if kind == "a long path" else 0), 0, more=fields)
    if kind == "a field without an end":
        sent = sent[:-4] + b"a" * 3_000_000
    with KitMock() as mock:
        with connected(mock.url) as connection:
            found = ""
            with suppress(BrokenPipeError, ConnectionResetError):  # It hangs up while there is more to come.
                connection.sendall(sent)
                found = answer(connection)
        assert not found or " 431 " in found
        assert httpx.get(f"{mock.url}/v4/account", headers=TOKEN).status_code == 200


def names(n: int) -> list[dict[str, Any]]:
    return [{"name": f"Tag {number}"} for number in range(n)]


def tags(url: str) -> int:
    found: int = httpx.get(f"{url}/_mock/state", timeout=SOON).json()["state"]["tags"]
    return found


def until_it_has_begun(url: str) -> int:
    while not (found := tags(url)):
        assert httpx.get(f"{url}/v4/account", headers=TOKEN, timeout=SOON).status_code == 200
    return found


def test_others_are_answered_while_a_job_runs_and_a_kill_in_the_middle_loses_and_repeats_nothing(
    tmp_path: Path,
) -> None:
    db = str(tmp_path / "kit.db")
    with listening() as receiver:
        body = {"tags": [*names(ROWS), {"name": "Tag 0"}, {"name": " "}], "callback_url": receiver.url}
        with served("--db", db) as (process, url):
            assert httpx.post(f"{url}/v4/bulk/tags", json=body, headers=TOKEN).status_code == 202
            assert 0 < until_it_has_begun(url) < ROWS
            assert httpx.post(f"{url}/v4/tags", json={"name": "Between"}, headers=TOKEN).status_code == 201
            assert receiver.received == []
            process.kill()
            process.wait(SOON)
        with served("--db", db) as (_, url):
            eventually(lambda: bool(receiver.received), 60)
            assert tags(url) == ROWS + 1
        (received,) = receiver.received
    assert [tag["name"] for tag in received.body["tags"]] == [each["name"] for each in names(ROWS)]
    assert len({tag["id"] for tag in received.body["tags"]}) == ROWS
    assert [each["errors"] for each in received.body["failures"]] == [["Name can't be blank"]]


def test_a_silent_receiver_keeps_up_no_other() -> None:
    with listening() as silent, listening() as prompt:
        silent.hold()
        with KitMock(clock=Clock(START), seed=seed(f"{silent.url}/1", f"{silent.url}/2", prompt.url)) as mock:
            for _ in range(3):
                bounce(mock)
            prompt.expect(3)
            # To each receiver one after the other, in the order in which they were queued.
            assert silent.paths == ["/1"]
            silent.released.set()
            mock.deliver(SOON)
    assert silent.paths == ["/1", "/2"] * 3


def test_there_is_a_bound_to_what_is_sent_at_once() -> None:
    with ExitStack() as stack:
        receivers: list[Receiver] = [stack.enter_context(listening()) for _ in range(20)]
        for receiver in receivers:
            receiver.hold()
        mock = stack.enter_context(KitMock(clock=Clock(START), seed=seed(*(each.url for each in receivers))))
        bounce(mock)
        eventually(lambda: sum(bool(each.received) for each in receivers) == 16)
        senders = [thread for thread in threading.enumerate() if thread.name.startswith("kit-mock deliveries to ")]
        assert len(senders) == 16
        assert sum(bool(each.received) for each in receivers) == 16
        for receiver in receivers:
            receiver.released.set()
        assert [each.state for each in mock.deliver(SOON)] == ["delivered"] * 20


@pytest.mark.parametrize(
    ("half", "drop"),
    [
        (b"", b"\r\n"),
        (b"GET /v4/acc", b"a"),
        (b"GET /v4/account HTTP/1.1\r\nHost: kit.test\r\nX-", b"a"),
        (head("/v4/tags", 2000) + b'{"name":', b" "),
    ],
    ids=["nothing", "a line", "headers", "a body"],
)
@pytest.mark.parametrize("drips", [False, True])
def test_half_a_request_has_an_end(monkeypatch: pytest.MonkeyPatch, half: bytes, drop: bytes, drips: bool) -> None:
    monkeypatch.setattr("kit_mock.adapters.server.REQUEST_SECONDS", 0.4)
    with KitMock() as mock:
        with connected(mock.url) as connection:
            connection.sendall(half)
            while drips and not select.select([connection], [], [], 0.1)[0]:
                connection.sendall(drop)
            assert answer(connection).startswith("HTTP/1.1 408 ")
            # What was sent as the server hung up makes of the end a reset.
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
        assert httpx.get(f"{mock.url}/v4/account", headers=TOKEN).status_code == 200


@pytest.mark.parametrize("half", [b"GET /v4/acc", head("/v4/tags", 2000) + b'{"name":'], ids=["a line", "a body"])
def test_half_a_request_that_comes_together_with_a_whole_one_has_an_end_too(
    monkeypatch: pytest.MonkeyPatch, half: bytes
) -> None:
    monkeypatch.setattr("kit_mock.adapters.server.REQUEST_SECONDS", 0.4)
    with KitMock() as mock, connected(mock.url) as connection, connection.makefile("rb") as stream:
        connection.sendall(b"GET /v4/account HTTP/1.1\r\nHost: kit.test\r\n\r\n" + half)
        assert stream.readline().startswith(b"HTTP/1.1 401 ")
        assert b"HTTP/1.1 408 " in stream.read()


def test_whole_requests_may_take_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is on the request, neither on its answer nor on a connection between two requests."""
    monkeypatch.setattr("kit_mock.adapters.server.REQUEST_SECONDS", 0.4)
    with KitMock() as mock, httpx.Client(base_url=mock.url, headers=TOKEN) as http:
        assert http.get("/v4/account").status_code == 200
        mock.fail_next(delay=2)
        begun = time.monotonic()
        assert http.post("/v4/tags", json={"name": "A"}).status_code == 201
        assert time.monotonic() - begun >= 2
        time.sleep(1.5)  # Of the server's own time: it looks once in a second.
        assert http.get("/v4/account").status_code == 200


def test_a_response_that_nobody_reads_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit_mock.adapters.server.UNREAD_SECONDS", 0.4)
    size = 30_000_000
    with KitMock() as mock:
        mock.faults.add(route="/v4/account", status=200, body="x" * size)
        request = b"GET /v4/account HTTP/1.1\r\nHost: kit.test\r\n\r\n"
        with connected(mock.url) as unread, connected(mock.url) as read, read.makefile("rb") as stream:
            unread.sendall(request)
            read.sendall(request)
            found = 0
            while found < size:  # Slowly, and all the same without an end before its time.
                found += len(stream.read1(size // 25))
                time.sleep(0.1)
            assert found >= size
            with suppress(ConnectionResetError):
                found = 0
                while part := unread.recv(1_000_000):
                    found += len(part)
            assert found < size


def test_part_of_a_further_request_does_not_put_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit_mock.adapters.server.REQUEST_SECONDS", 0.2)
    monkeypatch.setattr("kit_mock.adapters.server.UNREAD_SECONDS", 1.5)
    with KitMock() as mock:
        mock.faults.add(route="/v4/account", status=200, body="x" * 30_000_000)
        with connected(mock.url) as connection:
            connection.sendall(b"GET /v4/account HTTP/1.1\r\nHost: kit.test\r\n\r\n")
            select.select([connection], [], [], SOON)
            connection.sendall(b"G")
            time.sleep(6)  # Of the server's own time: it looks once in a second.
            found = 0
            with suppress(ConnectionResetError):
                while part := connection.recv(1_000_000):
                    found += len(part)
            assert found < 30_000_000


@pytest.mark.parametrize("more", [b"G", b"no request\r\n\r\n", b"GET /" + b"x" * 400_000])
def test_an_earlier_request_never_gets_the_refusal_of_a_later_one(more: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit_mock.adapters.server.REQUEST_SECONDS", 0.2)
    with KitMock() as mock:
        mock.fail_next(delay=5)
        with connected(mock.url) as connection, suppress(ConnectionResetError):
            connection.sendall(b"GET /v4/account HTTP/1.1\r\nHost: kit.test\r\n\r\n")
            time.sleep(0.5)  # So that they arrive one after the other.
            connection.sendall(more)
            assert connection.recv(1000) == b""


# What kit-mock says when nothing fits on the disk: files of this process may have so many bytes.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from kit_mock.cli import main
sys.exit(main(sys.argv[2:]))
"""


def limited(size: int, *arguments: str) -> list[str]:
    return [sys.executable, "-c", LIMITED, str(size), *arguments]


def test_a_full_disk_is_a_line_each_time_and_reads_go_on(tmp_path: Path) -> None:
    pytest.importorskip("resource")
    command = limited(1_000_000, "serve", "--rate-limit", "off", "--db", str(tmp_path / "kit.db"))
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process,
        listening() as receiver,
    ):
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[-1]
            with httpx.Client(base_url=url, headers=TOKEN, timeout=SOON) as http:
                made = 0
                while (found := http.post("/v4/tags", json={"name": f"{'x' * 50_000} {made}"})).status_code == 201:
                    made += 1
                assert made > 1
                assert found.status_code == 507
                assert "cannot write" in found.json()["errors"][0]
                body = {"tags": [{"name": f"{'y' * 1000} {n}"} for n in range(2000)], "callback_url": receiver.url}
                assert http.post("/v4/bulk/tags", json=body).status_code == 507
                assert http.post("/_mock/reset").status_code in (204, 507)
                left = http.get("/v4/tags")
                assert left.status_code == 200
                assert http.get("/v4/account").status_code == 200
                assert http.get("/_mock/state").status_code == 200
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=SOON)
        finally:
            process.kill()
    assert process.returncode == 0
    lines = err.splitlines()
    assert len(lines) >= 2
    assert all("cannot write" in line for line in lines), err


@pytest.mark.parametrize("size", [0, 4096, 200_000])
def test_a_disk_that_is_full_from_the_start_is_told_in_one_line(tmp_path: Path, size: int) -> None:
    pytest.importorskip("resource")
    many = {"subscribers": [{"email_address": f"reader{n}@example.com"} for n in range(3000)]}
    (tmp_path / "seed.json").write_text(json.dumps(many))
    db = str(tmp_path / "kit.db")
    for arguments in (
        ("serve", "--db", db, "--seed", str(tmp_path / "seed.json")),
        ("seed", "--subscribers", "5000", "--db", str(tmp_path / "large.db")),
    ):
        finished = subprocess.run(limited(size, *arguments), capture_output=True, text=True, timeout=60)
        assert finished.returncode == 2, finished.stderr
        (line,) = [line for line in finished.stderr.splitlines() if "subscribers" not in line]
        assert line.startswith("kit-mock: cannot ")
        assert "not an error" not in line
