"""Retries, the rate limiter and refreshes in one call: which requests take a slot, and whose slots they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from kit_client import (
    AsyncKit,
    Clock,
    FileTokenStore,
    Kit,
    MemoryTokenStore,
    OAuth,
    RateLimiter,
    RedisTokenStore,
    RetryPolicy,
    SQLiteRateLimiter,
    TokenStore,
)
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


class Unnamed(MemoryTokenStore):
    """A store of one's own, which doesn't say which one it is."""

    __repr__ = object.__repr__


@dataclass(eq=False)
class Named(MemoryTokenStore):
    """A store of one's own that says which one it is, and has an object in its repr."""

    table: str
    connection: object = field(default_factory=object)

    def __post_init__(self) -> None:
        super().__init__()


def test_processes_share_a_limiter_though_their_store_has_no_name(mock: KitMock, tmp_path: Path) -> None:
    path, first = tmp_path / "limits.sqlite3", Unnamed()
    authorized(mock, first)
    for count in (1, 2):
        store = Unnamed()
        store.save("default", first.load("default") or "")
        oauth = make_oauth(mock, store)
        with Kit(auth=oauth, transport=mock.transport, rate_limiter=SQLiteRateLimiter(path)) as kit:
            kit.account.get()
            assert used(kit) == count


@pytest.mark.parametrize(
    ("make", "make_other"),
    [
        (lambda: Named("tokens"), lambda: Named("others")),
        (lambda: RedisTokenStore("redis://:pw@127.0.0.1:1/2"), lambda: RedisTokenStore("redis://127.0.0.1:2/2")),
        (lambda: FileTokenStore("a.json"), lambda: FileTokenStore("b.json")),
        (lambda: FileTokenStore("a.json"), MemoryTokenStore),
        (Unnamed, MemoryTokenStore),
    ],
)
def test_a_quota_has_the_same_name_in_all_processes_and_another_one_for_another_store(
    make: Callable[[], TokenStore], make_other: Callable[[], TokenStore]
) -> None:
    def name(store: TokenStore, account: str = "ada") -> str:
        return OAuth(client_id="a", store=store, account=account).quota_name

    # Both are kept, so that they have different addresses.
    stores = make(), make()
    assert name(stores[0]) == name(stores[1])
    assert len({name(stores[0]), name(make_other()), name(stores[0], "grace")}) == 3
    assert "pw" not in name(stores[0])


def test_accounts_of_one_app_have_limits_of_their_own(mock: KitMock) -> None:
    limiter = RateLimiter()
    for _ in range(2):
        oauth = authorized(mock, MemoryTokenStore())
        with Kit(auth=oauth, transport=mock.transport, rate_limiter=limiter) as kit:
            kit.account.get()
            assert used(kit) == 1
