"""Many faults at once, over real sockets: what is bought and sent, and what the program is told of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import anyio
import anyio.to_thread
import pytest

from kit_client import AsyncKit, Kit, KitError, MemoryTokenStore, RetryPolicy
from kit_mock import KitMock
from tests.oauth_app import authorized, kill_tokens, refreshes

from .all_kinds import ALL_KINDS, arm
from .hurried import Hurried
from .ledger import Ledger

AT_ONCE = 8


def work(kit: Kit, ledger: Ledger, count: int) -> None:
    """Do so many things in many threads."""

    def one(names: list[str]) -> None:
        for name in names:
            try:
                ledger.act(name)(kit)
            except KitError as error:
                ledger.note(name, error)
            else:
                ledger.note(name, None)

    threads = [threading.Thread(target=one, args=(ledger.plan(count // AT_ONCE),)) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
        assert not thread.is_alive()


async def awork(kit: AsyncKit, ledger: Ledger, count: int) -> None:
    """Do the same in tasks."""

    async def one(names: list[str]) -> None:
        for name in names:
            try:
                await ledger.act(name)(kit)
            except KitError as error:
                ledger.note(name, error)
            else:
                ledger.note(name, None)

    with anyio.fail_after(90):
        async with anyio.create_task_group() as group:
            for _ in range(AT_ONCE):
                group.start_soon(one, ledger.plan(count // AT_ONCE))


@pytest.fixture(params=["sync", "asyncio", "trio"])
def how(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def run(how: str, mock: KitMock, ledger: Ledger, count: int, **arguments: Any) -> None:
    arguments = {"base_url": mock.url, "rate_limiter": None, **arguments}
    if "auth" not in arguments:
        arguments["access_token"] = mock.access_token
    if how == "sync":
        with Kit(**arguments) as kit:
            return work(kit, ledger, count)

    async def main() -> None:
        async with AsyncKit(**arguments) as kit:
            await awork(kit, ledger, count)

    return anyio.run(main, backend=how)


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        mock.serve()
        yield mock


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_nothing_is_done_twice_and_nothing_that_was_done_is_lost(how: str, mock: KitMock, share: float) -> None:
    ledger = Ledger(seed=20230217)
    arm(mock, share, seed=1)
    run(how, mock, ledger, 320, timeout=0.5, retry=RetryPolicy(backoff=0.001, rate_limit_backoff=0.001))
    ledger.check(mock)
    assert len(ledger) == 320
    assert len(ledger.done) > 320 * 0.3
    assert ledger.unsure


def test_all_get_through_when_429_comes_to_most(how: str) -> None:
    """As where other programs use the quota, without a limiter that would wait for it."""
    with KitMock(rate_limit=40, rate_window=0.5) as mock:
        mock.serve()
        ledger = Ledger(seed=20230218)
        retry = RetryPolicy(max_retries=50, rate_limit_backoff=0.02, max_delay=0.3, retry_reserve=0)
        run(how, mock, ledger, 160, retry=retry)
        assert len(ledger.done) == 160
        ledger.check(mock)
        assert any(request.status == 429 for request in mock.requests)


def test_a_storm_of_429_with_retry_after_is_sat_out(how: str, mock: KitMock) -> None:
    mock.faults.add(status=429, retry_after=7, times=60)
    clock = Hurried()
    ledger = Ledger(seed=20230219)
    run(how, mock, ledger, 80, clock=clock, retry=RetryPolicy(max_retries=50, budget=10_000, retry_reserve=0))
    assert len(ledger.done) == 80
    ledger.check(mock)
    assert len(clock.waits) == 60
    assert all(7 <= wait <= 7.7 for wait in clock.waits)


def test_a_storm_of_500_ends_and_nothing_was_done_twice(how: str, mock: KitMock) -> None:
    ledger = Ledger(seed=20230220)
    mock.faults.add(status=500, effect=True, probability=0.9, seed=2)
    retry = RetryPolicy(backoff=0.001)
    run(how, mock, ledger, 160, retry=retry)
    assert len(ledger.unsure) > 100
    mock.faults.clear()
    calm = Ledger(seed=20230221)
    run(how, mock, calm, 80, retry=retry)
    assert len(calm.done) == 80
    ledger.done |= calm.done
    ledger.check(mock)


def test_tokens_that_expire_in_a_storm_cost_nothing_that_is_not_told(how: str, mock: KitMock) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store, served=True)
    # Not the answer that never comes: a token request waits 20 seconds for it.
    arm(mock, 0.3, seed=4, kinds=ALL_KINDS[:-1])
    ledger = Ledger(seed=20230222)
    for _ in range(4):
        # Not while they are used: new tokens that are refused at once are taken to be of no use for a while.
        kill_tokens(mock, store, "server")
        run(how, mock, ledger, 64, auth=oauth, timeout=0.5, clock=Hurried())
    ledger.check(mock)
    assert len(ledger) == 256
    assert len(ledger.done) > 256 * 0.5
    assert len(refreshes(mock)) >= 4
