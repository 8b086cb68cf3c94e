"""A mock whose process is forked: children are refused in words, and the parent goes on."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock, KitMockError
from tests.unit.mock.conftest import START, client

from .test_fork import Child

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

WORDS = "belongs to the process that this one was forked from"


def told(function: Callable[[], Any]) -> str:
    """What an error says, or that there was none."""
    try:
        return f"none: {function()!r}"
    except (KitMockError, httpx.ConnectError) as error:
        return str(error)


@pytest.fixture(params=["in memory", "in a file"])
def mock(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KitMock]:
    db = tmp_path / "kit.db" if request.param == "in a file" else None
    with KitMock(clock=Clock(START), db=db) as mock:
        yield mock


@pytest.fixture
def kit(mock: KitMock) -> Iterator[httpx.Client]:
    with client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        yield http


USES: dict[str, Callable[[KitMock], object]] = {
    "tags": lambda mock: mock.tags.add("A"),
    "advance": lambda mock: mock.advance(days=1),
    "clock": lambda mock: mock.clock.advance(days=1),
    "requests": lambda mock: mock.requests,
    "fail_next": lambda mock: mock.fail_next(status=500),
    "faults": lambda mock: mock.faults.clear(),
    "reset": lambda mock: mock.reset(),
    "snapshot": lambda mock: mock.snapshot(),
    "deliver": lambda mock: mock.deliver(),
    "serve": lambda mock: mock.serve(),
    "url": lambda mock: mock.url,
    "transport": lambda mock: mock.transport,
    "auto_approve": lambda mock: mock.auto_approve,
    "with": lambda mock: mock.__enter__(),
}


def test_whatever_a_child_does_with_it_is_refused(mock: KitMock, kit: httpx.Client) -> None:
    def use() -> dict[str, str]:
        found = {name: told(lambda use=use: use(mock)) for name, use in USES.items()}  # type: ignore[misc]
        return {**found, "a client": told(lambda: kit.post("/v4/tags", json={"name": "A"}))}

    assert {name for name, error in Child(use).result().items() if WORDS not in error} == set()
    assert kit.get("/v4/tags").json()["tags"] == []
    assert kit.post("/v4/tags", json={"name": "B"}).json()["tag"]["id"] == 1
    assert mock.faults.active() == ()


def test_a_resource_and_an_async_client_from_before_are_refused_too(mock: KitMock) -> None:
    tags = mock.tags

    async def ask() -> object:
        async with httpx.AsyncClient(transport=transport, base_url="https://kit.test") as http:
            return await http.get("/v4/tags")

    transport = mock.async_transport
    assert WORDS in Child(lambda: told(lambda: asyncio.run(ask()))).result()
    assert WORDS in Child(lambda: told(lambda: tags.add("A"))).result()


def test_faults_and_the_clock_from_before_are_refused_too_but_not_a_clock_of_ones_own(mock: KitMock) -> None:
    faults, clock = mock.faults, mock.clock
    with KitMock() as other:
        own = other.clock
        assert WORDS in Child(lambda: told(lambda: own.advance(days=1))).result()
    for use in (lambda: faults.add(status=500), lambda: list(faults), lambda: len(faults), faults.clear):
        assert WORDS in Child(lambda use=use: told(use)).result()  # type: ignore[misc]
    assert Child(lambda: told(lambda: clock.advance(days=1))).result().startswith("none")
    assert (faults.active(), clock.now()) == ((), START)


def test_a_childs_own_is_refused_in_a_child_of_it(mock: KitMock) -> None:
    def use() -> list[str]:
        with KitMock() as own:
            faults = own.faults
            uses = (lambda: own.tags.add("A"), faults.active, lambda: mock.tags.add("A"))
            found: list[str] = Child(lambda: [told(use) for use in uses]).result()
            return [*found, told(lambda: own.tags.add("A")["id"])]

    *refused, answered = Child(use).result()
    assert [error for error in refused if WORDS not in error] == []
    assert answered == "none: 1"


@contextmanager
def waiting_child() -> Iterator[None]:
    """A child that is there until the block ends."""
    asked, told = os.pipe(), os.pipe()

    def wait() -> str:
        os.write(told[1], b"!")
        os.close(asked[1])  # Or its end would never come.
        os.read(asked[0], 1)
        return "outlived it"

    child = Child(wait)
    os.read(told[0], 1)
    yield
    os.close(asked[1])
    assert child.result() == "outlived it"
    for each in (asked[0], *told):
        os.close(each)


@pytest.mark.parametrize("end", ["cut", "reset", "close", "stop"])
def test_a_child_keeps_no_connection_of_its_parent_open(mock: KitMock, end: str) -> None:
    url = httpx.URL(mock.url)
    with socket.create_connection((url.host, url.port or 0), timeout=5) as connection:
        request = f"GET /v4/tags HTTP/1.1\r\nHost: kit.test\r\nX-Kit-Api-Key: {mock.api_key}\r\n"
        connection.sendall(f"{request}\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        with waiting_child():
            if end in ("cut", "reset"):
                mock.fail_next(cut_body=end == "cut", reset="before" if end == "reset" else None)
            if end == "stop":
                mock.close()
            else:
                connection.sendall(f"{request}{'Connection: close' * (end == 'close')}\r\n\r\n".encode())
            with suppress(ConnectionResetError):
                while connection.recv(65536):
                    pass


def test_a_child_that_does_not_use_it_is_not_hurt_and_hurts_nobody(mock: KitMock, kit: httpx.Client) -> None:
    kit.post("/v4/tags", json={"name": "A"})
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]

    def leave() -> str:
        with pytest.raises(KitMockError, match=WORDS), mock:
            pass
        mock.close()
        mock.__exit__(None, None, None)
        return repr(mock)

    assert Child(leave).result() == "<KitMock of another process, url=None>"
    pid = os.fork()
    if pid == 0:
        # Ended as Python ends, which takes everything apart.
        os.execv(sys.executable, [sys.executable, "-c", ""])
    assert os.waitpid(pid, 0)[1] == 0
    assert len(kit.get("/v4/tags").json()["tags"]) == 1


PROGRAM = """
import os, signal, sys, httpx
from kit_mock import KitMock
mock = KitMock(db=sys.argv[1])
with httpx.Client(transport=mock.transport, base_url="https://kit.test", headers={"X-Kit-Api-Key": mock.api_key}) as http:
    assert http.post("/v4/tags", json={"name": "before"}).status_code == 201
    for leave in (sys.exit, os._exit):
        pid = os.fork()
        if pid == 0:
            leave(0)
        assert os.waitpid(pid, 0)[1] == 0
    assert http.post("/v4/tags", json={"name": "after"}).status_code == 201
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_file_outlives_children_that_end(tmp_path: Path) -> None:
    db = tmp_path / "kit.db"
    finished = subprocess.run([sys.executable, "-c", PROGRAM, str(db)], capture_output=True, text=True, timeout=60)
    assert (finished.returncode, finished.stdout, finished.stderr) == (-9, "", "")
    with KitMock(db=db) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert [tag["name"] for tag in kit.get("/v4/tags").json()["tags"]] == ["after", "before"]


def test_a_child_may_call_the_server_of_its_parent(mock: KitMock, kit: httpx.Client) -> None:
    url = mock.url

    def call() -> tuple[bool, int]:
        headers = {"X-Kit-Api-Key": mock.api_key}
        return mock.url == url, httpx.post(f"{mock.url}/v4/tags", json={"name": "A"}, headers=headers).status_code

    assert Child(call).result() == (True, 201)
    assert [tag["name"] for tag in kit.get("/v4/tags").json()["tags"]] == ["A"]


def test_a_child_does_not_keep_the_port_of_a_parent_that_has_closed(mock: KitMock) -> None:
    url = httpx.URL(mock.url)
    with waiting_child():
        assert httpx.get(f"{url}/_mock/clock").status_code == 200, "the parent goes on while a child is there"
        mock.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((url.host, url.port or 0), timeout=5)


def test_a_fork_in_the_middle_of_a_request_of_another_thread(tmp_path: Path) -> None:
    stop = threading.Event()
    with KitMock(db=tmp_path / "kit.db") as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:

        def write() -> None:
            number = 0
            while not stop.is_set():
                kit.post("/v4/tags", json={"name": f"Tag {number}"})
                number += 1

        thread = threading.Thread(target=write)
        thread.start()
        try:
            errors = [Child(lambda: told(lambda: mock.tags.add("A"))).result() for _ in range(20)]
        finally:
            stop.set()
            thread.join(20)
        assert [error for error in errors if WORDS not in error] == []
        assert kit.post("/v4/tags", json={"name": "After"}).status_code == 201


# As gunicorn does it with `--preload`: the application is made in one process and served by its children.
PRELOADED = """
import os, sys, uvicorn
from kit_mock import KitMock
app = KitMock().asgi
pid = os.fork()
if pid == 0:
    uvicorn.run(app, port=0, lifespan=sys.argv[1], log_level="error")
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_worker_of_a_server_that_made_it_before_it_forked_does_not_start() -> None:
    finished = subprocess.run([sys.executable, "-c", PRELOADED, "on"], capture_output=True, text=True, timeout=60)
    assert finished.returncode == 3
    assert WORDS in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_server_that_announces_nothing_answers_503(mock: KitMock) -> None:
    app = mock.asgi

    def ask() -> tuple[int, list[str]]:
        async def get() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://kit.test") as http:
                return await http.get("/v4/tags")

        answer = asyncio.run(get())
        return answer.status_code, answer.json()["errors"]

    status, (error,) = Child(ask).result()
    assert status == 503
    assert WORDS in error
