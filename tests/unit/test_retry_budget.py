"""How many retries all calls together get, while the service is up, down, and in between."""

from __future__ import annotations

import logging
import random
import socket
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_client import (
    APIConnectionError,
    AsyncKit,
    Kit,
    KitError,
    RateLimiter,
    RateLimitError,
    RetryPolicy,
    ServerError,
)
from kit_client.retry_budget import RetryBudget

from .service import ACCOUNT, FakeClock, Service

OK = httpx.Response(200, json=ACCOUNT)
DOWN = httpx.Response(503)
SAYS = "not sent again, as too many retries have failed of late"

policies = st.builds(
    RetryPolicy,
    retry_ratio=st.sampled_from([0.0, 0.05, 0.1, 0.2, 1 / 3, 1.0]),
    retry_reserve=st.integers(0, 30),
)
steps = st.lists(st.sampled_from(["call", "retry", "retry", "retry", "success", "unsent"]), max_size=200)


class Calls:
    """Calls under way, of which a step moves one."""

    def __init__(self, policy: RetryPolicy, chance: random.Random) -> None:
        self.budget, self.policy, self._chance = RetryBudget(), policy, chance
        self.spent: list[int] = []
        """The retries of each call under way."""
        self.calls = self.retries = self.refused = 0
        """Since the last success."""

    def step(self, kind: str) -> None:
        if kind == "call" or not self.spent:
            self.calls += 1
            self.spent.append(0)
            return self.budget.earn(self.policy)
        one = self._chance.randrange(len(self.spent))
        if kind == "success":
            self.budget.succeed(self.spent.pop(one), self.policy)
            self.calls = self.retries = self.refused = 0
        elif self.budget.spend(self.policy):
            if kind == "unsent":
                return self.budget.give_back(1)
            self.spent[one] += 1
            self.retries += 1
        else:
            self.refused += 1
            self.spent.pop(one)
        return None

    @property
    def most(self) -> float:
        return max(self.policy.retry_reserve, (self.policy.retry_ratio or 0) * self.calls + 1e-6)


@given(policies, steps, st.integers(0, 2**32))
def test_without_a_success_there_are_no_more_retries_than_the_reserve_or_the_ratio(
    policy: RetryPolicy, kinds: list[str], seed: int
) -> None:
    """Whatever came before the last success."""
    state = Calls(policy, random.Random(seed))
    for kind in kinds:
        state.step(kind)
        assert state.retries <= state.most


@given(policies, st.integers(1, 300))
def test_all_of_them_are_made_if_calls_want_them(policy: RetryPolicy, calls: int) -> None:
    state = Calls(policy, random.Random(0))
    for _ in range(calls):
        state.step("call")
        for _ in range(4):
            if state.spent:
                state.step("retry")
    wanted = 4 * calls
    assert state.retries == min(wanted, int(state.most)) or state.retries > state.most - 1


@given(policies.filter(lambda policy: policy.retry_reserve > 0), st.integers(0, 3000), st.integers(1, 30))
def test_after_an_outage_each_success_brings_a_retry_back(policy: RetryPolicy, calls: int, successes: int) -> None:
    state = Calls(policy, random.Random(0))
    for _ in range(calls):
        state.step("call")
        state.step("retry")
    for _ in range(successes):
        state.budget.earn(policy)
        state.budget.succeed(0, policy)
    wanted = min(successes, policy.retry_reserve)
    assert [state.budget.spend(policy) for _ in range(wanted)] == [True] * wanted


@pytest.mark.parametrize("at_once", [1, 8, 32, 100])
def test_a_fifth_of_all_requests_may_fail_and_no_retry_is_refused(at_once: int) -> None:
    chance, policy, budget = random.Random(20230217), RetryPolicy(), RetryBudget()
    under_way = [0] * at_once
    given_up = 0
    for _ in range(50_000):
        one = chance.randrange(at_once)
        retries = under_way[one]
        if retries == 0:
            budget.earn(policy)
        under_way[one] = 0
        if chance.random() >= 0.2:
            budget.succeed(retries, policy)
        elif retries == policy.max_retries:
            given_up += 1
        else:
            assert budget.spend(policy)
            under_way[one] = retries + 1
    assert given_up < 50_000 * 0.8 * 0.2**5 * 2


def test_calls_of_a_service_that_is_down_share_their_retries(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(DOWN)
    kit = service.kit(rate_limiter=None)
    errors = []
    with caplog.at_level(logging.INFO, "kit_client"):
        for _ in range(400):
            with pytest.raises(ServerError) as caught:
                kit.account.get()
            errors.append(caught.value)
    assert len(service.requests) == 400 + 40
    assert [error.attempts for error in errors[:6]] == [5, 5, 5, 5, 5, 1]
    assert SAYS not in str(errors[0])
    assert str(errors[5]).endswith(f"({SAYS})")
    assert caplog.messages.count(f"get_account: 503; {SAYS}") == 400 - 5


def test_a_call_that_is_refused_its_retry_ends_at_once() -> None:
    service = Service(DOWN)
    kit = service.kit(retry=RetryPolicy(retry_reserve=1, random=lambda: 0.0))
    with pytest.raises(ServerError, match=rf"after 2 attempts, {SAYS}"):
        kit.account.get()
    assert service.clock.slept == [0.375]


@pytest.mark.parametrize(
    ("error", "says"),
    [(httpx.ConnectError("refused"), "ConnectError refused"), (httpx.ReadError("reset"), "ReadError reset")],
)
def test_an_error_of_a_connection_says_so_too(error: Exception, says: str) -> None:
    kit = Service(error).kit(retry=RetryPolicy(retry_reserve=0))
    with pytest.raises(APIConnectionError, match=rf"get_account: connection failed: {says} \(host .*\); {SAYS}$"):
        kit.account.get()


def test_a_service_that_is_up_again_is_called_at_once() -> None:
    service = Service(DOWN)
    kit = service.kit(rate_limiter=None)
    for _ in range(1_000):
        with pytest.raises(ServerError):
            kit.account.get()
    service.answers = [OK]
    assert kit.account.get().account.id == 1
    service.answers = [DOWN, OK]
    assert kit.account.get().account.id == 1, "and a call has a retry again"


def test_a_refusal_of_the_request_is_a_success_of_the_service() -> None:
    service = Service(DOWN)
    kit = service.kit(retry=RetryPolicy(retry_reserve=1))
    for answers in ([DOWN], [httpx.Response(404)], [DOWN, OK]):
        service.answers = list(answers)
        if len(answers) == 1:
            with pytest.raises(KitError):
                kit.account.get()
        else:
            kit.account.get()


def test_429_is_no_matter_of_the_budget() -> None:
    service = Service(httpx.Response(429, text="Retry later"))
    kit = service.kit(rate_limiter=None, retry=RetryPolicy(retry_reserve=0))
    with pytest.raises(RateLimitError) as caught:
        kit.account.get()
    assert caught.value.attempts == 5


def test_429_is_no_success() -> None:
    service = Service(DOWN)
    kit = service.kit(rate_limiter=None, retry=RetryPolicy(retry_reserve=1))
    for answer, error, attempts in (
        (DOWN, ServerError, 2),
        (httpx.Response(429, text="Retry later"), RateLimitError, 5),
        (DOWN, ServerError, 1),
    ):
        service.answers = [answer]
        with pytest.raises(error) as caught:
            kit.account.get()
        assert caught.value.attempts == attempts


def test_a_success_gives_back_what_its_retries_took() -> None:
    service = Service(OK)
    kit = service.kit(rate_limiter=None, retry=RetryPolicy(retry_reserve=4))
    for _ in range(5):
        service.answers = [DOWN, DOWN, DOWN, DOWN, OK]
        assert kit.account.get().account.id == 1


def test_a_retry_between_two_others_counts_alone() -> None:
    limited = httpx.Response(429, text="Retry later")
    service = Service(limited, DOWN, limited, DOWN, OK)
    kit = service.kit(rate_limiter=None, retry=RetryPolicy(retry_reserve=1))
    with pytest.raises(ServerError) as caught:
        kit.account.get()
    assert caught.value.attempts == 4


def test_what_is_not_safe_to_repeat_earns_for_others() -> None:
    service = Service(DOWN)
    kit = service.kit(rate_limiter=None, retry=RetryPolicy(retry_reserve=0, retry_ratio=0.5))
    for _ in range(7):
        with pytest.raises(ServerError):
            kit.tags.create(name="a")
    assert len(service.requests) == 7
    with pytest.raises(ServerError) as caught:
        kit.account.get()
    assert caught.value.attempts == 5


def test_none_is_no_limit() -> None:
    service = Service(DOWN)
    kit = service.kit(rate_limiter=None, retry=RetryPolicy(retry_ratio=None))
    for _ in range(50):
        with pytest.raises(ServerError):
            kit.account.get()
    assert len(service.requests) == 50 * 5


@pytest.mark.parametrize("value", [-0.1, float("nan"), "0.1", True])
def test_a_ratio_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises((ValueError, TypeError), match=r"^retry_ratio: expected"):
        RetryPolicy(retry_ratio=value)
    with pytest.raises((ValueError, TypeError), match=r"^retry_reserve: expected"):
        RetryPolicy(retry_reserve=value)


def test_a_retry_for_which_the_rate_limit_leaves_no_slot_is_not_spent() -> None:
    service = Service(DOWN)
    limiter = RateLimiter(limit=1, window=60)
    kit = service.kit(rate_limiter=limiter, deadline=30, retry=RetryPolicy(retry_reserve=1, random=lambda: 0.0))
    for _ in range(3):
        with pytest.raises(ServerError) as caught:
            kit.account.get()
        assert caught.value.attempts == 1
        assert SAYS not in str(caught.value)
        service.clock.now += 60


class StopsWaiting(FakeClock):
    """Time in which nobody waits for a retry to its end."""

    def sleep(self, seconds: float) -> None:
        raise KeyboardInterrupt

    async def asleep(self, seconds: float) -> None:
        await anyio.sleep(60)


def test_a_retry_that_is_interrupted_before_it_is_sent_is_not_spent() -> None:
    service = Service(DOWN)
    kit = service.kit(clock=StopsWaiting(), rate_limiter=None, retry=RetryPolicy(retry_reserve=1))
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            kit.account.get()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_retry_that_is_cancelled_before_it_is_sent_is_not_spent() -> None:
    service = Service(DOWN)
    policy = RetryPolicy(retry_reserve=1)
    async with service.async_kit(clock=StopsWaiting(), rate_limiter=None, retry=policy) as kit:
        for _ in range(3):
            with anyio.move_on_after(0.02) as scope:
                await kit.account.get()
            assert scope.cancelled_caught


@pytest.mark.anyio
async def test_async_calls_share_their_retries_as_well() -> None:
    service = Service(DOWN)
    async with service.async_kit(rate_limiter=None) as kit:
        async with anyio.create_task_group() as group:
            for _ in range(400):
                group.start_soon(_fails, kit)
        assert len(service.requests) == 400 + 40
        service.answers = [DOWN, OK]
        with pytest.raises(ServerError):
            await kit.account.get()
        await kit.account.get()
        service.answers = [DOWN, OK]
        await kit.account.get()


async def _fails(kit: AsyncKit) -> None:
    with pytest.raises(ServerError):
        await kit.account.get()


@pytest.fixture
def nobody() -> str:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"http://127.0.0.1:{port}"


def attempts(kit: Kit) -> int:
    with kit, pytest.raises(APIConnectionError) as caught:
        kit.tags.create(name="a")
    return caught.value.attempts


def test_clients_of_a_process_share_what_they_know_of_a_host(nobody: str) -> None:
    retry = RetryPolicy(backoff=0, retry_reserve=3)
    assert attempts(Kit("key", base_url=nobody, retry=retry)) == 4
    assert attempts(Kit("another", base_url=nobody, retry=retry)) == 1
    assert attempts(Kit("key", base_url=nobody, retry=RetryPolicy(backoff=0, retry_ratio=None))) == 5
    # By another time, or to another place.
    assert attempts(Kit("key", base_url=nobody, retry=retry, clock=FakeClock())) == 4
    transport = httpx.MockTransport(refuse)
    assert attempts(Kit("key", base_url=nobody, retry=retry, transport=transport)) == 4


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def test_other_options_of_a_client_share_its_retries() -> None:
    service = Service(DOWN)
    kit = service.kit(retry=RetryPolicy(retry_reserve=3))
    with pytest.raises(ServerError):
        kit.with_options(timeout=5).account.get()
    with pytest.raises(ServerError):
        kit.account.get()
    assert len(service.requests) == 5
