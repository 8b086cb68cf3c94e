"""Closing a client while its calls wait: they end, and nothing is sent after it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from kit_client import AsyncKit, KitError, RateLimiter, RetryPolicy, ServerError
from kit_client.exclusive import ExclusiveTransport
from kit_client.pools import AsyncPools, Pools
from kit_mock import KitMock

from .service import ACCOUNT, FakeClock, Service
from .test_rate_limiter import ManualClock, auntil, until

OK = httpx.Response(200, json=ACCOUNT)
DOWN = httpx.Response(503)
CLOSED = "get_account: the client was closed during the call"
HOUR = RetryPolicy(backoff=3600, max_delay=3600, budget=7200)


def begin(call: Callable[[], object]) -> tuple[threading.Thread, list[KitError]]:
    """Call in a thread, and keep what it raises."""
    raised: list[KitError] = []

    def run() -> None:
        with pytest.raises(KitError) as caught:
            call()
        raised.append(caught.value)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


@pytest.mark.parametrize("waiters", [1, 3])
def test_calls_that_wait_for_the_rate_limit_end(waiters: int) -> None:
    service, clock = Service(OK), ManualClock()
    kit = service.kit(clock=clock, rate_limiter=RateLimiter(limit=1))
    kit.account.get()
    calls = [begin(kit.account.get) for _ in range(waiters)]
    until(lambda: len(clock.sleepers) == waiters)
    kit.close()
    for thread, raised in calls:
        thread.join(20)
        assert str(raised[0]) == CLOSED
        assert (raised[0].attempts, raised[0].may_have_taken_effect) == (0, False)
    assert len(service.requests) == 1
    assert kit.rate_limiter is not None
    assert kit.rate_limiter.state().waiting == 0


def test_a_client_that_shares_the_limiter_goes_on_waiting() -> None:
    service, clock, limiter = Service(OK), ManualClock(), RateLimiter(limit=1)
    kit, other = (service.kit(clock=clock, rate_limiter=limiter) for _ in range(2))
    kit.account.get()
    thread = threading.Thread(target=other.account.get)
    thread.start()
    until(lambda: len(clock.sleepers) == 1)
    kit.close()
    clock.now += 60
    thread.join(20)
    assert len(service.requests) == 2


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_tasks_that_wait_for_the_rate_limit_end(anyio_backend: str) -> None:
    service, clock = Service(OK), ManualClock()
    kit = service.async_kit(clock=clock, rate_limiter=RateLimiter(limit=1))
    await kit.account.get()
    raised: list[str] = []

    async def call() -> None:
        with pytest.raises(KitError) as caught:
            await kit.account.get()
        raised.append(str(caught.value))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        tasks.start_soon(call)
        await auntil(lambda: len(clock.sleepers) == 2)
        await kit.aclose()
    assert raised == [CLOSED] * 2
    assert len(service.requests) == 1


def test_a_call_that_waits_for_a_retry_ends_with_what_came() -> None:
    service, clock = Service(DOWN), ManualClock()
    kit = service.kit(clock=clock, retry=HOUR, deadline=None)
    thread, raised = begin(kit.account.get)
    until(lambda: bool(clock.sleepers))
    kit.close()
    thread.join(20)
    assert isinstance(raised[0], ServerError)
    assert raised[0].attempts == len(service.requests) == 1


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_task_that_waits_for_a_retry_ends_with_what_came(anyio_backend: str) -> None:
    with KitMock() as mock:
        mock.faults.add(route="GET /v4/account", status=503)
        clock = ManualClock()
        kit = AsyncKit(mock.api_key, base_url=mock.url, retry=HOUR, deadline=None, clock=clock)
        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:

                async def call() -> None:
                    with pytest.raises(ServerError):
                        await kit.account.get()

                tasks.start_soon(call)
                await auntil(lambda: bool(clock.sleepers))
                await kit.aclose()
        assert len(mock.requests) == 1


def test_what_comes_after_closing_is_not_sent_even_if_its_clock_can_not_be_woken() -> None:
    class ClosesWhileItSleeps(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            kit.close()

    service = Service(DOWN, OK)
    kit = service.kit(clock=ClosesWhileItSleeps())
    with pytest.raises(ServerError):
        kit.account.get()
    assert len(service.requests) == 1


def never() -> Any:
    raise AssertionError("a transport was made for a client that is closed")


async def test_no_connections_are_made_that_nobody_would_close() -> None:
    request = httpx.Request("GET", "https://kit.test")
    pools = Pools(never)
    pools.close()
    exclusive = ExclusiveTransport(never, httpx.Limits())
    exclusive.close()
    for transport in (pools, exclusive):
        with pytest.raises(KitError, match="closed"):
            transport.handle_request(request)
    apools = AsyncPools(never)
    await apools.aclose()
    with pytest.raises(KitError, match="closed"):
        await apools.handle_async_request(request)


async def test_nothing_is_sent_after_the_deadline_within_the_process_either() -> None:
    service = Service(OK)
    for kit in (service.kit(clock=Passing()), service.async_kit(clock=Passing())):
        with pytest.raises(KitError, match=r"the deadline of 1e-09 s") as caught:
            got: Any = kit.with_options(deadline=1e-9).account.get()
            if isinstance(kit, AsyncKit):
                await got
        assert not caught.value.may_have_taken_effect
    assert service.requests == []


class Passing(FakeClock):
    """A clock on which each look takes a millisecond."""

    def monotonic(self) -> float:
        self.now += 0.001
        return self.now
