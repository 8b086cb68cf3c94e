"""Processes forked after a client was used: each has connections, threads and half-walked lists of its own."""

from __future__ import annotations

import asyncio
import os
import pickle
import select
import signal
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import pytest

from kit_api.api import Resources
from kit_api.api.subscribers import SubscribersResource
from kit_client import AsyncKit, ConfigurationError, Kit, RetryPolicy, ServerError
from kit_mock import KitMock

from .echo import PAGES, EchoServer, plenty

# The server runs in a thread of this process, which is all that is meant.
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
SECONDS = 20


class Child:
    """A forked process that runs a function; `result` is what it returned."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._read, write = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            try:
                result = function()
            except BaseException as error:  # noqa: BLE001  # it is the parent's to judge
                result = error
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(result, pipe)
            os._exit(0)
        os.close(write)

    def result(self) -> Any:
        ready, _, _ = select.select([self._read], [], [], SECONDS)
        if not ready:
            os.kill(self._pid, signal.SIGKILL)
        with os.fdopen(self._read, "rb") as pipe:
            data = pipe.read()
        os.waitpid(self._pid, 0)
        assert data, "the child hung"
        result = pickle.loads(data)
        if isinstance(result, BaseException):
            raise result
        return result


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as server:
        yield server


def test_workers_get_their_own_answers(server: EchoServer) -> None:
    with Kit("key", base_url=server.url, rate_limiter=plenty()) as kit:
        assert kit.subscribers.get(1).id == 1

        def work(first: int) -> Callable[[], int]:
            return lambda: sum(kit.subscribers.get(i).id != i for i in range(first, first + 100))

        children = [Child(work(1000 * number)) for number in range(1, 5)]
        wrong = work(10)()
        assert [child.result() for child in children] == [0] * 4
        assert wrong == 0
        assert kit.subscribers.get(2).id == 2
    assert server.opened == 5


def test_workers_with_threads_of_their_own(server: EchoServer) -> None:
    with Kit("key", base_url=server.url, rate_limiter=plenty()) as kit:
        kit.subscribers.get(1)

        def work() -> list[bool]:
            right: list[bool] = []
            threads = [
                threading.Thread(
                    target=lambda first=first: right.extend(
                        kit.with_options(max_retries=0).subscribers.get(i).id == i for i in range(first, first + 20)
                    )
                )
                for first in (100, 200, 300)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(SECONDS)
            return right

        children = [Child(work) for _ in range(3)]
        assert [child.result() for child in children] == [[True] * 60] * 3


def test_a_child_that_closes_the_client_leaves_the_parent_its_connection(server: EchoServer) -> None:
    with Kit("key", base_url=server.url, rate_limiter=plenty()) as kit:
        kit.subscribers.get(1)

        def close() -> int:
            with kit:
                return kit.subscribers.get(3).id

        assert Child(close).result() == 3
        assert Child(kit.close).result() is None
        assert kit.subscribers.get(2).id == 2
    assert server.opened == 2


def test_a_child_of_a_child(server: EchoServer) -> None:
    with Kit("key", base_url=server.url, rate_limiter=plenty()) as kit:
        kit.subscribers.get(1)
        assert Child(
            lambda: (kit.subscribers.get(2).id, Child(lambda: kit.subscribers.get(3).id).result())
        ).result() == (2, 3)
        # One that passes the client on without a call of its own.
        assert Child(lambda: Child(lambda: kit.subscribers.get(4).id).result()).result() == 4
    assert server.opened == 4


def test_each_process_walks_a_half_walked_list_to_its_end(server: EchoServer) -> None:
    with Kit("key", base_url=server.url, rate_limiter=plenty()) as kit:
        walk = iter(kit.tags.list())
        assert [next(walk).id for _ in range(3)] == [1, 2, 3]
        children = [Child(lambda: [tag.id for tag in walk]) for _ in range(3)]
        assert [child.result() for child in children] == [list(range(4, PAGES + 1))] * 3
        assert [tag.id for tag in walk] == list(range(4, PAGES + 1))


def test_each_process_takes_a_half_walked_export_to_its_end() -> None:
    with KitMock() as mock, Kit(mock.api_key, base_url=mock.url, rate_limiter=plenty()) as kit:
        for number in range(60):
            mock.subscribers.add(
                f"reader{number}@example.com", created_at=datetime(2024, 1, 1, number % 24, tzinfo=UTC)
            )
        walk = iter(kit.bulk.export_subscribers(per_page=2, parallel=4))
        begun = {next(walk).id for _ in range(5)}
        children = [Child(lambda: {subscriber.id for subscriber in walk}) for _ in range(2)]
        rest = set(range(1, 61)) - begun
        assert [child.result() for child in children] == [rest, rest]
        assert {subscriber.id for subscriber in walk} == rest


def test_a_list_whose_next_page_is_on_its_way_at_the_fork() -> None:
    with (
        EchoServer(lambda path: 0.2 if "after=1" in path else 0.0) as server,
        Kit("key", base_url=server.url, rate_limiter=plenty()) as kit,
    ):
        walk = kit.tags.list(limit=2, per_page=1).pages()
        next(walk)
        child = Child(lambda: [tag.id for tag in next(walk).items])
        assert child.result() == [tag.id for tag in next(walk).items] == [2]
        left = kit.tags.list().pages()
        next(left)
        assert Child(left.close).result() is None
        left.close()


def test_a_fork_while_other_threads_make_calls(server: EchoServer) -> None:
    with Kit("key", base_url=server.url, rate_limiter=plenty()) as kit:
        done = threading.Event()
        wrong: list[int] = []

        def busy(first: int) -> None:
            i = first
            while not done.is_set():
                i += 1
                if kit.with_options(timeout=10).subscribers.get(i).id != i:
                    wrong.append(i)

        threads = [threading.Thread(target=busy, args=(1000 * number,)) for number in (1, 2, 3)]
        for thread in threads:
            thread.start()
        try:
            for i in range(1, 11):
                assert Child(lambda: kit.with_options(timeout=10).subscribers.get(i).id).result() == i  # noqa: B023
        finally:
            done.set()
            for thread in threads:
                thread.join(SECONDS)
        assert wrong == []


def test_a_fork_while_another_thread_makes_a_resource_class(
    server: EchoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, done = threading.Event(), threading.Event()
    make = SubscribersResource.__init__

    def make_slowly(resource: SubscribersResource, client: Resources) -> None:
        if threading.current_thread() is thread:
            held.set()
            done.wait(SECONDS)
        make(resource, client)

    monkeypatch.setattr(SubscribersResource, "__init__", make_slowly)
    with Kit("key", base_url=server.url, rate_limiter=plenty()) as kit:
        thread = threading.Thread(target=lambda: kit.subscribers)
        thread.start()
        assert held.wait(SECONDS)
        try:
            assert Child(lambda: kit.subscribers.get(1).id).result() == 1
        finally:
            done.set()
            thread.join(SECONDS)


def test_async_clients_after_a_fork(server: EchoServer) -> None:
    kit = AsyncKit("key", base_url=server.url, rate_limiter=plenty())

    async def get(*ids: int) -> list[int]:
        return [subscriber.id for subscriber in await asyncio.gather(*(kit.subscribers.get(i) for i in ids))]

    def run(ids: range) -> list[int]:
        return asyncio.run(get(*ids))

    async def fork_inside() -> list[int]:
        await get(5)
        # The child has a copy of this loop, and starts one of its own.
        child = Child(lambda: asyncio.run(get(6)))
        return [*await get(7), *child.result()]

    assert asyncio.run(get(1, 2)) == [1, 2]
    children = [Child(partial(run, range(number, number + 50))) for number in (100, 200)]
    assert [child.result() for child in children] == [list(range(100, 150)), list(range(200, 250))]
    assert asyncio.run(fork_inside()) == [7, 6]


def test_async_lists_after_a_fork(server: EchoServer) -> None:
    kit = AsyncKit("key", base_url=server.url, rate_limiter=plenty())
    walk = aiter(kit.tags.list())

    async def some(count: int) -> list[int]:
        return [(await anext(walk)).id for _ in range(count)]

    assert asyncio.run(some(3)) == [1, 2, 3]
    assert Child(lambda: asyncio.run(some(4))).result() == [4, 5, 6, 7]
    assert asyncio.run(some(4)) == [4, 5, 6, 7]


def test_a_transport_of_ones_own_is_refused_to_the_child_before_anything_is_sent(server: EchoServer) -> None:
    with Kit("key", base_url=server.url, rate_limiter=plenty(), transport=httpx.HTTPTransport()) as kit:
        kit.subscribers.get(1)
        with pytest.raises(ConfigurationError, match="transport: its connections belong to the process"):
            Child(lambda: kit.subscribers.get(2)).result()
        assert kit.subscribers.get(3).id == 3
    assert server.requests == ["/v4/subscribers/1", "/v4/subscribers/3"]


def test_a_child_counts_retries_on_from_its_parent_whatever_the_parents_threads_do() -> None:
    policy = RetryPolicy(backoff=0, retry_reserve=6)
    transport = httpx.MockTransport(lambda request: httpx.Response(503))
    kit = Kit("key", rate_limiter=None, transport=transport, retry=policy, max_retries=4)
    others = Kit("key", rate_limiter=None, transport=transport, retry=policy)
    over = threading.Event()

    def attempts(kit: Kit) -> int:
        with pytest.raises(ServerError) as caught:
            kit.account.get()
        return caught.value.attempts

    def hammer() -> None:
        while not over.is_set():
            attempts(others)

    threads = [threading.Thread(target=hammer) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        assert attempts(kit) == 5
        children = [Child(lambda: [attempts(kit), attempts(kit)]) for _ in range(20)]
        assert [child.result() for child in children] == [[3, 1]] * 20
        assert attempts(kit) == 3
    finally:
        over.set()
        for thread in threads:
            thread.join(SECONDS)
