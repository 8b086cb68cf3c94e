"""Calls cancelled at each await, one after the other, over a real socket."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Generator, Iterator
from functools import partial
from typing import Any

import anyio
import pytest

from kit_api.models import NewPurchaseProductDict
from kit_client import AsyncKit, RateLimiter, RetryPolicy
from kit_mock import KitMock

pytestmark = pytest.mark.anyio
SECONDS = 10


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


class CancelledAt:
    """An awaitable that cancels a scope where it would wait for the n-th time.

    Args:
        inner: What is awaited within that scope.
        number: n.
        scope: What to cancel.

    Attributes:
        waits: How often it has waited.
    """

    def __init__(self, inner: Awaitable[Any], number: int, scope: anyio.CancelScope) -> None:
        self._inner, self._number, self._scope = inner.__await__(), number, scope
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        step: Callable[[], Any] = partial(next, self._inner)
        while True:
            try:
                wait = step()
            except StopIteration as done:
                return done.value
            self.waits += 1
            if self.waits == self._number:
                self._scope.cancel()
            try:
                value = yield wait
            except BaseException as error:  # noqa: BLE001  # it is for what is awaited
                step = partial(self._inner.throw, error)
            else:
                step = partial(self._inner.send, value)


async def buy(kit: AsyncKit) -> None:
    line: NewPurchaseProductDict = {"name": "Book", "pid": "book", "lid": "a", "quantity": 1, "unit_price": 5.0}
    await kit.purchases.create(transaction_id="order", email_address="ada@example.com", currency="USD", products=[line])


async def walk(kit: AsyncKit) -> None:
    assert [tag.name async for tag in kit.tags.list(per_page=1)] == ["Two", "One"]


CALLS = {"buy": (buy, 429), "walk": (walk, 503)}
"""Each with the status of its first answer."""


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock(seed={"tags": [{"name": "One"}, {"name": "Two"}]}) as mock:
        mock.serve()
        yield mock


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("fresh", [False, True], ids=["connected", "not yet connected"])
async def test_a_call_cancelled_at_any_await_happened_once_or_not_and_costs_the_client_nothing(
    mock: KitMock, name: str, fresh: bool
) -> None:
    retry = RetryPolicy(backoff=0.001, rate_limit_backoff=0.001, retry_reserve=2, random=lambda: 1.0)
    call, status = CALLS[name]
    finished = False
    for number in itertools.count(1):
        limiter = RateLimiter(limit=1_000, window=0.02)
        async with AsyncKit(
            access_token=mock.access_token, base_url=mock.url, rate_limiter=limiter, retry=retry
        ) as kit:
            before = bought(mock)
            if not fresh:
                await kit.account.get()
            mock.fail_next(status=status)
            with anyio.CancelScope() as scope:
                await CancelledAt(call(kit), number, scope)
                finished = True
            mock.faults.clear()
            assert bought(mock) - before <= 1
            assert not finished or bought(mock) - before == (name == "buy")
            # Its connection and its slot are there for others.
            with anyio.fail_after(SECONDS):
                await settled(kit)
                mock.fail_next(status=503)
                assert (await kit.account.get()).account.id
            mock.faults.clear()
        if finished:
            break
    assert number > 4


def bought(mock: KitMock) -> int:
    """Return how many products were bought: a transaction that is sent again gets them once more."""
    return sum(len(each["products"]) for each in mock.purchases.all())


async def settled(kit: AsyncKit) -> None:
    """Wait until the slot of a request that was under way is given back."""
    assert kit.rate_limiter is not None
    while kit.rate_limiter.state().lent:  # noqa: ASYNC110  # nothing tells
        await anyio.sleep(0.001)
