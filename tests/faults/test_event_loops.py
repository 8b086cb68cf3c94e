"""One `AsyncKit` in several event loops, after one another and at once: as many successes as effects."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
import weakref
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import httpx
import pytest
import trio

from kit_client import AsyncKit, ConfigurationError
from kit_mock import KitMock

from .echo import PAGES, EchoServer, plenty

Run = Callable[[Callable[[], Coroutine[Any, Any, Any]]], Any]


def by_hand(function: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """As older frameworks do."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(function())
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


RUNS: dict[str, Run] = {
    "asyncio.run": lambda function: asyncio.run(function()),
    "by hand": by_hand,
    "trio": trio.run,
}


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS.keys())
def test_a_client_of_a_module_is_used_in_one_event_loop_after_another(run: Run, kit_mock: KitMock) -> None:
    kit = AsyncKit(kit_mock.api_key, base_url=kit_mock.url)
    made = [run(lambda: kit.broadcasts.create(subject="Hello")).id for _ in range(4)]
    assert len(set(made)) == 4
    assert [request.status for request in kit_mock.requests] == [201] * 4


def test_the_connections_of_an_event_loop_end_with_it() -> None:
    with EchoServer() as server:
        kit = AsyncKit("key", base_url=server.url, rate_limiter=plenty())
        loops: list[weakref.ref[asyncio.AbstractEventLoop]] = []

        async def get() -> None:
            loops.append(weakref.ref(asyncio.get_running_loop()))
            await asyncio.gather(*(kit.subscribers.get(i) for i in range(1, 6)))

        for _ in range(6):
            asyncio.run(get())
            assert server.wait_until_open(0)
        gc.collect()
        assert [loop() for loop in loops[:-1]] == [None] * 5
        assert server.opened == 30


def test_loops_that_were_closed_without_a_word_are_forgotten() -> None:
    with EchoServer() as server:
        kit = AsyncKit("key", base_url=server.url, rate_limiter=plenty())
        loop = asyncio.new_event_loop()
        loop.run_until_complete(kit.subscribers.get(1))
        # It is this program that leaves a connection open, and is told so by asyncio.
        loop.close()
        forgotten = weakref.ref(loop)
        del loop
        with warnings.catch_warnings(record=True):
            warnings.simplefilter("always")
            assert asyncio.run(_get(kit, 2)) == 2
            gc.collect()
        assert forgotten() is None


async def _get(kit: AsyncKit, number: int) -> int:
    return (await kit.subscribers.get(number)).id


def test_event_loops_in_threads_at_the_same_time() -> None:
    with EchoServer(lambda path: 0.01) as server:
        kit = AsyncKit("key", base_url=server.url, rate_limiter=plenty())
        found: dict[int, list[int]] = {}

        async def get(first: int) -> list[int]:
            return [await _get(kit, i) for i in range(first, first + 20)]

        async def some(first: int) -> list[int]:
            each = await asyncio.gather(*(get(first + 100 * n) for n in range(5)))
            return [i for ids in each for i in ids]

        def work(number: int, run: Run) -> None:
            found[number] = run(lambda: some(number)) if number != 5000 else trio.run(get, number)

        threads = [threading.Thread(target=work, args=(1000 * n, RUNS["asyncio.run"])) for n in range(1, 6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        expected = {
            n: [i for m in range(5) for i in range(n + 100 * m, n + 100 * m + 20)] for n in range(1000, 5000, 1000)
        }
        assert found == {**expected, 5000: list(range(5000, 5020))}


def test_closing_it_in_one_event_loop_closes_what_others_have() -> None:
    with EchoServer() as server:
        kit = AsyncKit("key", base_url=server.url, rate_limiter=plenty())
        used, closed = threading.Event(), threading.Event()

        async def other() -> None:
            await kit.subscribers.get(1)
            used.set()
            await asyncio.get_running_loop().run_in_executor(None, closed.wait, 10)

        thread = threading.Thread(target=lambda: asyncio.run(other()))
        thread.start()
        assert used.wait(10)

        async def close() -> None:
            await kit.subscribers.get(2)
            await kit.aclose()

        asyncio.run(close())
        assert server.wait_until_open(0)
        closed.set()
        thread.join(10)


def test_a_list_begun_in_one_event_loop_goes_on_in_another() -> None:
    with EchoServer() as server:
        walk = aiter(AsyncKit("key", base_url=server.url, rate_limiter=plenty()).tags.list())

        async def some() -> list[int]:
            return [(await anext(walk)).id for _ in range(PAGES // 4)]

        found = [i for run in (*RUNS.values(), RUNS["trio"]) for i in run(some)]
        assert found == list(range(1, PAGES + 1))


def test_a_transport_of_ones_own_is_shared_as_it_is(kit_mock: KitMock) -> None:
    kit = AsyncKit(kit_mock.api_key, transport=kit_mock.async_transport)
    for run in RUNS.values():
        run(partial(_make, kit))
    assert len(kit_mock.requests) == 3


def test_pooled_connections_of_ones_own_are_refused_to_another_loop_before_anything_is_sent(kit_mock: KitMock) -> None:
    kit = AsyncKit(kit_mock.api_key, base_url=kit_mock.url, transport=httpx.AsyncHTTPTransport())
    asyncio.run(_make(kit))
    with pytest.raises(ConfigurationError, match="transport: its connections belong to the process and event loop"):
        asyncio.run(_make(kit))
    assert len(kit_mock.requests) == 1


async def _make(kit: AsyncKit) -> None:
    await kit.broadcasts.create(subject="Hello")
