"""HTTP/2 over TLS, against a server on this machine: calls at once, cancelled, late, and ended by the server."""

from __future__ import annotations

import random
import ssl
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from kit_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncKit,
    DeadlineExceededError,
    Kit,
    ResponseTooLargeError,
    RetryPolicy,
)

from .echo import PAGES, EchoServer, plenty
from .http2 import Http2Server

ANYIO = [pytest.param("asyncio", id="asyncio"), pytest.param("trio", id="trio")]
AT_ONCE = RetryPolicy(backoff=0)


@pytest.fixture
def often_switched() -> Iterator[None]:
    """Have threads take turns often, so that what they share shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


def in_threads(count: int, work: Callable[[int], object]) -> None:
    """Call `work` with 1, 2, 3, … at once; raise what it raises."""
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, range(1, count + 1), timeout=30))


def test_calls_go_over_one_connection(server_tls: ssl.SSLContext, ca_file: Path) -> None:
    with (
        Http2Server(tls=server_tls) as server,
        Kit("key", base_url=server.url, rate_limiter=plenty(), http2=True, verify=ca_file) as kit,
    ):
        assert [kit.subscribers.get(number).id for number in range(1, 20)] == list(range(1, 20))
        assert kit.subscribers.update(7, first_name="a" * 100_000).id == 7
        assert (server.opened, server.versions) == (1, {"h2"})
        assert [tag.id for tag in kit.tags.list()] == list(range(1, PAGES + 1))
    assert server.wait_until_open(0)


@pytest.mark.parametrize("anyio_backend", ANYIO)
async def test_calls_go_over_one_connection_async(server_tls: ssl.SSLContext, ca_file: Path) -> None:
    with Http2Server(tls=server_tls) as server:
        async with AsyncKit("key", base_url=server.url, rate_limiter=plenty(), http2=True, verify=ca_file) as kit:
            assert [(await kit.subscribers.get(number)).id for number in range(1, 20)] == list(range(1, 20))
            assert (server.opened, server.versions) == (1, {"h2"})
            assert [tag.id async for tag in kit.tags.list()] == list(range(1, PAGES + 1))
        assert await anyio.to_thread.run_sync(server.wait_until_open, 0)


def test_a_server_without_http2_is_spoken_to_in_http_1(server_tls: ssl.SSLContext, ca_file: Path) -> None:
    with (
        EchoServer(tls=server_tls) as server,
        Kit("key", base_url=server.url, rate_limiter=plenty(), http2=True, verify=ca_file) as kit,
    ):
        in_threads(8, lambda number: [kit.subscribers.get(number) for _ in range(5)])
        assert server.opened <= 8


def test_a_certificate_that_is_not_trusted_is_not_tried_again(server_tls: ssl.SSLContext) -> None:
    with (
        Http2Server(tls=server_tls) as server,
        Kit("key", base_url=server.url, rate_limiter=plenty(), http2=True, retry=AT_ONCE) as kit,
        pytest.raises(APIConnectionError, match="CERTIFICATE_VERIFY_FAILED") as caught,
    ):
        kit.account.get()
    assert caught.value.attempts == 1


def test_threads_get_their_own_answers(server_tls: ssl.SSLContext, ca_file: Path, often_switched: None) -> None:
    chance = random.Random(1)
    with (
        Http2Server(lambda path: chance.choice([0, 0.001]), tls=server_tls) as server,
        Kit("key", base_url=server.url, rate_limiter=plenty(), http2=True, verify=ca_file, max_retries=0) as kit,
    ):

        def work(number: int) -> None:
            for wanted in range(number, 30 * number, number):
                if wanted % 2:
                    assert kit.subscribers.get(wanted).id == wanted
                else:
                    assert kit.subscribers.update(wanted, first_name="a" * wanted).id == wanted

        in_threads(16, work)
        assert server.opened <= 16


def test_there_are_no_more_connections_than_the_limits_say(server_tls: ssl.SSLContext, ca_file: Path) -> None:
    limits = httpx.Limits(max_connections=2, max_keepalive_connections=1)
    with (
        Http2Server(lambda path: 0.01, tls=server_tls) as server,
        Kit(
            "key", base_url=server.url, rate_limiter=plenty(), http2=True, verify=ca_file, limits=limits, max_retries=0
        ) as kit,
    ):
        in_threads(8, kit.subscribers.get)
        assert server.most_open <= 2
        assert server.wait_until_open(1)


@pytest.mark.parametrize("anyio_backend", ANYIO)
async def test_the_wait_for_a_connection_has_an_end(server_tls: ssl.SSLContext, ca_file: Path) -> None:
    limits, timeout = httpx.Limits(max_connections=1), httpx.Timeout(30, pool=0.1)
    settings: dict[str, Any] = {
        "http2": True,
        "verify": ca_file,
        "limits": limits,
        "timeout": timeout,
        "max_retries": 0,
    }
    with Http2Server(lambda path: 1 if path.endswith("/9") else 0, tls=server_tls) as server:
        async with (
            AsyncKit("key", base_url=server.url, rate_limiter=plenty(), **settings) as kit,
            anyio.create_task_group() as group,
        ):
            group.start_soon(kit.subscribers.get, 9)
            await anyio.sleep(0.1)
            with pytest.raises(APITimeoutError, match="no connection was free in time"):
                await kit.subscribers.get(1)


@pytest.mark.parametrize("anyio_backend", ANYIO)
async def test_a_call_that_is_cancelled_or_late_breaks_no_other(server_tls: ssl.SSLContext, ca_file: Path) -> None:
    chance = random.Random(2)
    done: list[bool] = []
    with Http2Server(lambda path: chance.choice([0, 0.002, 0.02]), tls=server_tls) as server:
        async with AsyncKit(
            "key", base_url=server.url, rate_limiter=plenty(), http2=True, verify=ca_file, max_retries=0
        ) as kit:

            async def call(number: int, seconds: float, deadline: float = 60) -> None:
                try:
                    with anyio.fail_after(seconds):
                        found = await kit.with_options(deadline=deadline).subscribers.get(number)
                    assert found.id == number
                    done.append(True)
                except (TimeoutError, DeadlineExceededError):
                    done.append(False)

            for _ in range(15):
                async with anyio.create_task_group() as group:
                    for _ in range(10):
                        group.start_soon(call, chance.randint(1, 30), chance.uniform(0, 0.08))
                    group.start_soon(call, chance.randint(1, 30), 30, chance.uniform(0.001, 0.05))
            assert len(done) == 165
            assert False in done

            done.clear()
            async with anyio.create_task_group() as group:
                for number in range(1, 40):
                    group.start_soon(call, number, 30)
            assert done == [True] * 39
        assert await anyio.to_thread.run_sync(server.wait_until_open, 0)


def test_a_call_that_is_late_breaks_no_other(server_tls: ssl.SSLContext, ca_file: Path) -> None:
    with (
        Http2Server(lambda path: 60 if path.endswith("/9") else 0.1, tls=server_tls) as server,
        Kit("key", base_url=server.url, rate_limiter=plenty(), http2=True, verify=ca_file, max_retries=0) as kit,
    ):

        def work(number: int) -> None:
            if number != 9:
                assert kit.subscribers.get(number).id == number
                return
            with pytest.raises(DeadlineExceededError):
                kit.with_options(deadline=0.05).subscribers.get(number)

        in_threads(12, work)
        with pytest.raises(ResponseTooLargeError):
            kit.with_options(max_response_bytes=10).subscribers.get(1)
        assert kit.subscribers.get(1).id == 1


@pytest.mark.parametrize("failure", ["reset", "goaway"])
def test_a_stream_or_connection_that_the_server_ends(failure: str, server_tls: ssl.SSLContext, ca_file: Path) -> None:
    with (
        Http2Server(tls=server_tls, fail=lambda path, number: failure if number in (2, 4) else "") as server,
        Kit("key", base_url=server.url, rate_limiter=plenty(), http2=True, verify=ca_file, retry=AT_ONCE) as kit,
    ):
        assert [kit.subscribers.get(number).id for number in (1, 2)] == [1, 2]
        if failure == "reset":
            with pytest.raises(APIConnectionError, match="connection failed") as caught:
                kit.request("POST", "/v4/subscribers/3")
            assert (caught.value.attempts, len(server.requests)) == (1, 4), "it may have been done"
        else:
            # The server says that it hasn't looked at it.
            assert kit.request("POST", "/v4/subscribers/3").parsed["subscriber"]["id"] == 3
            assert len(server.requests) == 5
