"""However many threads, tasks and processes find the token dead: there is one refresh, and every request succeeds."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from kit_client import AsyncKit, FileTokenStore, Kit, KitError, MemoryTokenStore, RedisTokenStore, TokenStore
from kit_mock import KitMock
from kit_mock.rules.behaviours import BehaviourName
from tests.oauth_app import Death, authorized, kill_tokens, refreshes
from tests.redis_server import RedisServer

# What the service does today takes a superseded refresh token; what its reference says takes each once.
pytestmark = [
    pytest.mark.parametrize("behaviour", ["current", "reference"], ids=["reuse", "single-use"]),
    pytest.mark.parametrize("death", ["clock", "server"]),
]


@pytest.fixture
def mock(behaviour: BehaviourName) -> Iterator[KitMock]:
    with KitMock(behaviour=behaviour) as mock:
        yield mock


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    workers = Workers()
    yield workers
    workers.end()


def test_64_threads(mock: KitMock, death: Death) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store, served=True)
    kill_tokens(mock, store, death)
    barrier = threading.Barrier(64)
    outcomes: list[object] = []

    def call(kit: Kit) -> None:
        barrier.wait()
        try:
            outcomes.append(kit.account.get().account.id)
        except KitError as error:
            outcomes.append(error)

    with Kit(auth=oauth, base_url=mock.url, max_retries=0) as kit:
        threads = [threading.Thread(target=call, args=(kit,)) for _ in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert refreshes(mock) == [200]
    assert outcomes == [1] * 64


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_200_tasks(mock: KitMock, death: Death, anyio_backend: str) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store, served=True)
    kill_tokens(mock, store, death)
    ids: list[object] = []

    async def call(kit: AsyncKit) -> None:
        ids.append((await kit.account.get()).account.id)

    async with AsyncKit(auth=oauth, base_url=mock.url, max_retries=0) as kit, anyio.create_task_group() as group:
        for _ in range(200):
            group.start_soon(call, kit)
    assert refreshes(mock) == [200]
    assert ids == [1] * 200


def test_8_processes_of_8_threads_with_a_file(mock: KitMock, workers: Workers, death: Death, tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "tokens.json")
    authorized(mock, store, served=True)
    kill_tokens(mock, store, death)
    assert workers.run(mock, str(store.path), threads=8) == 64
    assert refreshes(mock) == [200]


def test_8_processes_with_redis(mock: KitMock, workers: Workers, death: Death, redis_server: RedisServer) -> None:
    store: TokenStore = RedisTokenStore(redis_server.url)
    authorized(mock, store, served=True)
    kill_tokens(mock, store, death)
    assert workers.run(mock, redis_server.url, threads=2) == 16
    assert refreshes(mock) == [200]


class Workers:
    """Eight processes that begin at once."""

    def __init__(self) -> None:
        command = [sys.executable, str(Path(__file__).with_name("oauth_worker.py"))]
        self._processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
            for _ in range(8)
        ]

    def tell(self, line: str) -> list[str]:
        """Say something to all of them, and return their answers."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{line}\n")
        return [process.stdout.readline() for process in self._processes if process.stdout is not None]

    def run(self, mock: KitMock, place: str, threads: int) -> int:
        """Let each make a request from so many threads, and return how many succeeded."""
        assert self.tell(json.dumps([place, mock.url, threads])) == ["ready\n"] * 8
        reports = [json.loads(answer) for answer in self.tell("go")]
        assert [report["errors"] for report in reports] == [[]] * 8
        return sum(report["ok"] for report in reports)

    def end(self) -> None:
        for process in self._processes:
            process.kill()
            process.communicate()
