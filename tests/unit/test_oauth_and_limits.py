"""Retries, the rate limiter and refreshes in one call: which requests take a slot, and whose slots they are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kit_client import AsyncKit, Clock, Kit, MemoryTokenStore, RateLimiter, RetryPolicy
from kit_mock import KitMock
from tests.oauth_app import authorized, kill_tokens, make_oauth, refreshes


class FastClock(Clock):
    """Waits take no time."""

    def sleep(self, seconds: float) -> None:
        pass

    async def asleep(self, seconds: float) -> None:
        pass


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as made:
        yield made


def used(kit: Kit | AsyncKit) -> int:
    assert kit.rate_limiter is not None
    state = kit.rate_limiter.state()
    return state.limit - state.free


def api_requests(mock: KitMock) -> list[int | None]:
    return [request.status for request in mock.requests if request.path.startswith("/v4/account")]


def test_each_attempt_takes_a_slot_and_a_refresh_takes_none(mock: KitMock) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store)
    with Kit(
        auth=oauth, transport=mock.transport, rate_limiter=RateLimiter(), clock=FastClock(), retry=RetryPolicy()
    ) as kit:
        kit.account.get()
        kill_tokens(mock, store, "server")
        mock.fail_next("get_account", status=503, times=1)
        kit.account.get()
        # One before; then an attempt that failed, one with the dead token, and one with the new one.
        assert api_requests(mock) == [200, 503, 401, 200]
        assert refreshes(mock) == [200]
        assert used(kit) == 4


async def test_each_attempt_takes_a_slot_and_a_refresh_takes_none_async(mock: KitMock) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store)
    async with AsyncKit(
        auth=oauth, transport=mock.async_transport, rate_limiter=RateLimiter(), clock=FastClock()
    ) as kit:
        await kit.account.get()
        kill_tokens(mock, store, "server")
        mock.fail_next("get_account", status=503, times=1)
        await kit.account.get()
        assert api_requests(mock) == [200, 503, 401, 200]
        assert refreshes(mock) == [200]
        assert used(kit) == 4


def test_the_count_goes_on_when_the_token_is_refreshed(mock: KitMock) -> None:
    store, limiter = MemoryTokenStore(), RateLimiter()
    authorized(mock, store)
    oauth = make_oauth(mock, store)
    with Kit(auth=oauth, transport=mock.transport, rate_limiter=limiter) as kit:
        kit.account.get()
        oauth.refresh()
        kit.account.get()
        assert used(kit) == 2
        assert kit.rate_limiter is not None
        assert kit.rate_limiter.state().limit == 600


def test_accounts_of_one_app_have_limits_of_their_own(mock: KitMock) -> None:
    limiter = RateLimiter()
    for _ in range(2):
        oauth = authorized(mock, MemoryTokenStore())
        with Kit(auth=oauth, transport=mock.transport, rate_limiter=limiter) as kit:
            kit.account.get()
            assert used(kit) == 1
