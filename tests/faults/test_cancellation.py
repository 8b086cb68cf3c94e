"""Calls cancelled anywhere: no connection is lost, and the client goes on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from kit_client import APITimeoutError, AsyncKit, Clock, DeadlineExceededError, Kit, RetryPolicy

from .echo import PAGES, EchoServer, plenty

pytestmark = pytest.mark.anyio
ANYIO = [pytest.param("asyncio", id="asyncio"), pytest.param("trio", id="trio")]
Limit = Callable[[float], AbstractAsyncContextManager[Any]]


@pytest.fixture
def server() -> Iterator[EchoServer]:
    chance = random.Random(1)
    with EchoServer(lambda path: chance.choice([0, 0, 0.002, 0.01, 0.02])) as server:
        yield server


@asynccontextmanager
async def cancel_scope(seconds: float) -> AsyncIterator[None]:
    with anyio.fail_after(seconds):
        yield


WAYS = [
    pytest.param("asyncio", asyncio.timeout, id="asyncio.timeout"),
    pytest.param("asyncio", cancel_scope, id="anyio on asyncio"),
    pytest.param("trio", cancel_scope, id="trio"),
]


@pytest.mark.parametrize(("anyio_backend", "limit"), WAYS)
async def test_no_connection_is_stuck_after_many_calls_were_cancelled(server: EchoServer, limit: Limit) -> None:
    chance = random.Random(2)
    outcomes: list[bool] = []
    connections = 10
    transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=connections))
    async with AsyncKit("key", base_url=server.url, rate_limiter=plenty(), transport=transport, max_retries=0) as kit:

        async def call(number: int, seconds: float) -> None:
            try:
                async with limit(seconds):
                    assert (await kit.subscribers.get(number)).id == number
                outcomes.append(True)
            except TimeoutError:
                outcomes.append(False)

        for _ in range(40):
            async with anyio.create_task_group() as group:
                for number in range(1, 21):
                    group.start_soon(call, number, chance.uniform(0, 0.03))
        assert len(outcomes) == 800
        assert False in outcomes

        outcomes.clear()
        async with anyio.create_task_group() as group:
            for number in range(1, connections * 3):
                group.start_soon(call, number, 10)
        assert outcomes == [True] * (connections * 3 - 1)
    assert await anyio.to_thread.run_sync(server.wait_until_open, 0)


@pytest.mark.parametrize("anyio_backend", ANYIO)
async def test_a_cancelled_call_gives_its_connection_up_at_once() -> None:
    with EchoServer(lambda path: 60 if path.endswith("/9") else 0) as server:
        async with AsyncKit("key", base_url=server.url, rate_limiter=plenty()) as kit:
            async with anyio.create_task_group() as group:
                group.start_soon(kit.subscribers.get, 9)
                assert await anyio.to_thread.run_sync(server.wait_for_requests, 1)
                group.cancel_scope.cancel()
            assert await anyio.to_thread.run_sync(server.wait_until_open, 0)
            assert (await kit.subscribers.get(1)).id == 1
        assert server.requests == ["/v4/subscribers/9", "/v4/subscribers/1"], "it isn't sent again"


@pytest.mark.parametrize("anyio_backend", ANYIO)
@pytest.mark.parametrize("seconds", [0.2, 60])
async def test_a_call_that_ends_during_a_tls_handshake_gives_its_connection_up(seconds: float) -> None:
    with EchoServer(lambda path: 60) as silent:
        url = silent.url.replace("http:", "https:")
        async with AsyncKit("key", base_url=url, timeout=seconds, max_retries=0) as kit:
            with anyio.move_on_after(0.4), pytest.raises(APITimeoutError):
                await kit.account.get()
            assert silent.opened == 1
            assert await anyio.to_thread.run_sync(silent.wait_until_open, 0)


@pytest.mark.parametrize("anyio_backend", ANYIO)
@pytest.mark.parametrize("arguments", [{}, {"http2": True}, {"transport": httpx.AsyncHTTPTransport}], ids=repr)
@pytest.mark.parametrize("scheme", ["http:", "https:"])
async def test_a_deadline_that_passes_before_the_request_is_sent_says_that_nothing_took_effect(
    arguments: dict[str, Any], scheme: str
) -> None:
    if "transport" in arguments:
        arguments = {"transport": arguments["transport"]()}
    with EchoServer(lambda path: 60) as silent:
        url = silent.url.replace("http:", scheme)
        async with AsyncKit("key", base_url=url, deadline=0.3, max_retries=0, **arguments) as kit:
            with pytest.raises(DeadlineExceededError) as caught:
                await kit.tags.create(name="a")
        # A TLS handshake is never answered, and a request never gets that far.
        assert (caught.value.attempts, caught.value.may_have_taken_effect) == (1, scheme == "http:")


@pytest.mark.parametrize("anyio_backend", ANYIO)
async def test_a_call_that_is_cancelled_while_it_waits_for_a_connection_is_never_sent() -> None:
    with EchoServer(lambda path: 1 if path.endswith("/9") else 0) as server:
        transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=1))
        async with (
            AsyncKit("key", base_url=server.url, rate_limiter=plenty(), transport=transport) as kit,
            anyio.create_task_group() as group,
        ):
            group.start_soon(kit.subscribers.get, 9)
            assert await anyio.to_thread.run_sync(server.wait_for_requests, 1)
            with anyio.move_on_after(0.05):
                async with anyio.create_task_group() as cancelled:
                    for number in (1, 2, 3):
                        cancelled.start_soon(kit.subscribers.get, number)
            assert (await kit.subscribers.get(4)).id == 4
        assert server.requests == ["/v4/subscribers/9", "/v4/subscribers/4"]


@pytest.mark.parametrize("anyio_backend", ANYIO)
async def test_a_call_is_cancelled_while_it_waits_to_be_sent_again() -> None:
    waiting = anyio.Event()

    class Signals(Clock):
        async def asleep(self, seconds: float) -> None:
            waiting.set()
            await super().asleep(seconds)

    sent = 0

    def unavailable(request: httpx.Request) -> httpx.Response:
        nonlocal sent
        sent += 1
        return httpx.Response(503)

    transport = httpx.MockTransport(unavailable)
    async with AsyncKit("key", transport=transport, clock=Signals(), retry=RetryPolicy(backoff=60)) as kit:
        async with anyio.create_task_group() as group:
            group.start_soon(kit.account.get)
            with anyio.fail_after(5):
                await waiting.wait()
            group.cancel_scope.cancel()
        assert sent == 1


@pytest.mark.parametrize("anyio_backend", ANYIO)
async def test_a_walk_goes_on_after_its_wait_for_a_page_was_cancelled() -> None:
    with EchoServer(lambda path: 0.2 if "after=2" in path else 0) as server:
        async with AsyncKit("key", base_url=server.url, rate_limiter=plenty()) as kit:
            found = []
            items = aiter(kit.tags.list())
            found += [(await anext(items)).id, (await anext(items)).id]
            with anyio.move_on_after(0.05):
                found.append((await anext(items)).id)
            found += [tag.id async for tag in items]
        assert found == list(range(1, PAGES + 1))
        assert len(server.requests) == PAGES, "no page is asked for twice"


@pytest.mark.parametrize("anyio_backend", ANYIO)
async def test_leaving_a_list_early_gives_the_page_fetched_ahead_up() -> None:
    with EchoServer(lambda path: 60 if "after=2" in path else 0) as server:
        async with AsyncKit("key", base_url=server.url, rate_limiter=plenty()) as kit:
            async for tag in kit.tags.list():
                if tag.id == 2:
                    await anyio.sleep(0.1)
                    break
            assert server.requests[-1].endswith("after=2")
            assert await anyio.to_thread.run_sync(server.wait_until_open, 0)


async def test_a_transport_of_ones_own_is_cancelled_where_it_is() -> None:
    cancelled = False

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal cancelled
            try:
                await anyio.sleep(60)
            except BaseException:
                cancelled = True
                raise
            raise AssertionError

    async with AsyncKit("key", transport=Slow()) as kit:
        with anyio.move_on_after(0.05):
            await kit.account.get()
    assert cancelled


def test_as_many_connections_as_calls_at_once() -> None:
    import threading

    with EchoServer() as server, Kit("key", base_url=server.url, rate_limiter=plenty()) as kit:
        barrier = threading.Barrier(64)
        wrong: list[int] = []

        def work(first: int) -> None:
            barrier.wait(10)
            wrong.extend(i for i in range(first, first + 5) if kit.subscribers.get(i).id != i)

        threads = [threading.Thread(target=work, args=(1000 * number,)) for number in range(1, 65)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert wrong == []
        assert len(server.requests) == 64 * 5
        assert server.opened <= 64


@pytest.mark.parametrize("anyio_backend", ANYIO)
async def test_as_many_connections_as_calls_at_once_async() -> None:
    with EchoServer() as server:
        async with AsyncKit("key", base_url=server.url, rate_limiter=plenty()) as kit:

            async def work(first: int) -> None:
                for i in range(first, first + 5):
                    assert (await kit.subscribers.get(i)).id == i

            async with anyio.create_task_group() as group:
                for number in range(1, 65):
                    group.start_soon(work, 1000 * number)
        assert len(server.requests) == 64 * 5
        assert server.opened <= 64
