"""How clients keep to the rate limit: what is counted, who waits for whom, and what is said of it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import pickle
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import anyio
import httpx
import pytest

from kit_client import (
    AsyncKit,
    Clock,
    ConfigurationError,
    DeadlineExceededError,
    Kit,
    KitError,
    LimiterState,
    RateLimiter,
    RateLimitError,
    RateLimitWaitError,
    RetryPolicy,
    ServerError,
)
from kit_mock import KitMock

from .service import ACCOUNT, FakeClock, Service

OK = httpx.Response(200, json=ACCOUNT)
TOO_MANY = httpx.Response(429, text="Retry later")
SECRET = "kit_very_secret"
BACK_ENDS = pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])


def state(kit: Kit | AsyncKit) -> LimiterState:
    assert kit.rate_limiter is not None
    return kit.rate_limiter.state()


class ManualClock(Clock):
    """A clock that a test moves on, while threads and tasks wait by it."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleepers: set[object] = set()

    def monotonic(self) -> float:
        return self.now

    def wait(self, event: threading.Event, seconds: float) -> None:
        end, patience = self.now + seconds, time.monotonic() + 20
        self.sleepers.add(event)
        while self.now < end and not event.wait(0.001):
            assert time.monotonic() < patience, "nobody was woken"
        self.sleepers.discard(event)

    async def await_event(self, event: anyio.Event, seconds: float) -> None:
        end = self.now + seconds
        self.sleepers.add(event)
        try:
            with anyio.fail_after(20):
                while self.now < end and not event.is_set():  # noqa: ASYNC110  # the test moves the time on
                    await anyio.sleep(0.001)
        finally:
            self.sleepers.discard(event)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


async def auntil(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110  # of the limiter, which tells nobody
            await anyio.sleep(0.001)


# What holds by default.


@pytest.mark.parametrize(("credential", "limit"), [("api_key", 120), ("access_token", 600)])
def test_a_key_has_120_and_a_token_600_requests_in_a_rolling_minute(credential: str, limit: int) -> None:
    service = Service(OK)
    kit = service.kit(**{credential: SECRET})
    assert (state(kit).limit, state(kit).window, state(kit).free) == (limit, 60, limit)
    for _ in range(limit):
        kit.account.get()
    assert service.clock.slept == []
    kit.account.get()
    assert service.clock.slept == [60]
    assert len(service.requests) == limit + 1


def test_none_is_no_limit() -> None:
    service = Service(OK)
    kit = service.kit(rate_limiter=None)
    assert kit.rate_limiter is None
    for _ in range(700):
        kit.account.get()
    assert service.clock.slept == []


def test_a_mock_without_a_limit_says_so_and_one_with_a_limit_is_never_asked_too_often() -> None:
    with KitMock() as mock:
        assert Kit(mock.api_key, transport=mock.transport).rate_limiter is None
        assert AsyncKit(mock.api_key, transport=mock.async_transport).rate_limiter is None
        assert Kit(mock.api_key, http_client=httpx.Client(transport=mock.transport)).rate_limiter is None
        with Kit(mock.api_key, transport=mock.transport, rate_limiter=RateLimiter()) as told:
            assert told.rate_limiter is not None
    with KitMock(rate_limit="kit") as mock:

        class MocksClock(FakeClock):
            def monotonic(self) -> float:
                return mock.clock.now().timestamp()

            def sleep(self, seconds: float) -> None:
                mock.advance(seconds=seconds)

        kit = Kit(mock.api_key, transport=mock.transport, clock=MocksClock())
        for _ in range(400):
            kit.account.get()
        assert {request.status for request in mock.requests} == {200}


def test_clients_share_the_limit_of_a_credential_at_a_place() -> None:
    with KitMock() as mock, KitMock() as other:
        kit = Kit(mock.api_key, base_url=mock.url)
        for _ in range(3):
            kit.account.get()
        again = Kit(mock.api_key, base_url=mock.url)
        assert state(again).cooling == state(kit).cooling == 3
        assert state(AsyncKit(mock.api_key, base_url=mock.url)).cooling == 3
        assert state(Kit(access_token=mock.access_token, base_url=mock.url)).cooling == 0
        assert state(Kit(mock.api_key, base_url=other.url)).cooling == 0
        own = Kit(mock.api_key, base_url=mock.url, rate_limiter=RateLimiter())
        assert state(own).cooling == 0
        kit.with_options(timeout=3).account.get()
        assert state(again).cooling == 4
        for client in (kit, again, own):
            client.close()


def test_no_credential_is_in_what_a_limiter_shows_or_keeps() -> None:
    service = Service(OK)
    kit = service.kit(api_key=SECRET)
    kit.account.get()
    seen: set[int] = set()
    left: list[Any] = [kit.rate_limiter, repr(kit.rate_limiter), kit.rate_limiter and kit.rate_limiter.limiter]
    while left:
        value = left.pop()
        if id(value) in seen or isinstance(value, httpx.Auth | type):
            continue
        seen.add(id(value))
        assert SECRET not in repr(value)
        left += [*getattr(value, "__dict__", {}).values(), *(value if isinstance(value, list | tuple | set) else ())]
        left += [*value, *value.values()] if isinstance(value, dict) else []


# What is counted, and how.


def test_each_attempt_takes_a_slot() -> None:
    service = Service(httpx.Response(503), httpx.Response(503), OK)
    kit = service.kit(api_key=SECRET, rate_limiter=RateLimiter(limit=2, window=60))
    kit.account.get()
    assert service.clock.slept == [0.375, 0.75, 60 - 0.375 - 0.75]


def test_answers_cool_for_a_window_and_lost_ones_for_longer_and_what_was_not_sent_for_no_time() -> None:
    service = Service(OK)
    kit = service.kit(api_key=SECRET, rate_limiter=RateLimiter(limit=1, window=60), max_retries=0)
    for answer, cools in ((OK, 60), (httpx.ReadTimeout("slow"), 65), (httpx.ReadError("gone"), 65), (OK, 60)):
        service.answers = [answer]
        with contextlib.suppress(KitError):
            kit.account.get()
        assert state(kit).ready_in == cools
        service.clock.sleep(cools)
    for error in (httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("busy")):
        service.answers = [error]
        with pytest.raises(KitError):
            kit.account.get()
        assert state(kit).free == 1


def test_a_429_closes_all_slots_of_its_credential_for_a_window_or_as_long_as_it_says() -> None:
    limiter = RateLimiter(limit=5, window=60)
    service = Service(TOO_MANY, OK)
    kit, other = (service.kit(api_key=key, rate_limiter=limiter, max_retries=0) for key in ("one", "other"))
    with pytest.raises(RateLimitError):
        kit.account.get()
    assert (state(kit).free, state(kit).cooling, state(kit).ready_in) == (0, 5, 60)
    assert state(other).free == 5
    assert state(service.kit(api_key="one", rate_limiter=limiter)).free == 0
    kit.account.get()
    assert service.clock.slept == [60]
    for value, closed in (("7", 7), ("0", 0), ("3600", 60)):
        service = Service(httpx.Response(429, headers={"Retry-After": value}))
        kit = service.kit(api_key="one", rate_limiter=RateLimiter(limit=5, window=60), max_retries=0)
        with pytest.raises(RateLimitError):
            kit.account.get()
        assert state(kit).ready_in == closed


class RefreshesFirst(httpx.Auth):
    """Asks for a token before each request, as an OAuth client does."""

    def __init__(self, token_url: str) -> None:
        self._token_url = token_url

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        yield httpx.Request("POST", self._token_url, headers={"Authorization": "Basic YTpi"})
        request.headers["Authorization"] = f"Bearer {SECRET}"
        yield request


@pytest.mark.parametrize(
    "token_url",
    [
        "https://api.convertkit.com/oauth/token",
        "https://api.convertkit.com/v4/oauth/token",
        "https://api.convertkit.com/v4/oauth/revoke",
        "https://elsewhere.example/token",
    ],
)
def test_token_requests_and_other_places_are_not_counted(token_url: str) -> None:
    service = Service(OK)
    kit = service.kit(auth=RefreshesFirst(token_url))
    kit.account.get()
    assert len(service.requests) == 2
    assert (state(kit).limit, state(kit).cooling) == (600, 1)


def test_a_call_without_credentials_is_not_counted() -> None:
    tokens = {"access_token": "a", "token_type": "Bearer", "expires_in": 1, "refresh_token": "b", "scope": "public"}
    service = Service(httpx.Response(200, json={**tokens, "created_at": 1}))
    kit = service.kit(api_key=SECRET)
    kit.oauth.create_token(client_id="c", grant_type="refresh_token", refresh_token="r")
    assert state(kit).free == 120


def test_calls_of_the_httpx_client_and_of_undocumented_routes_are_counted() -> None:
    service = Service(OK)
    kit = service.kit(api_key=SECRET)
    kit.get_httpx_client().get("/v4/account")
    kit.request("GET", "/v4/posts")
    assert state(kit).cooling == 2


def test_credentials_that_change_share_a_quota_that_has_a_name() -> None:
    class Rotating(httpx.Auth):
        number = 0

        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            self.number += 1
            request.headers["Authorization"] = f"Bearer token-{self.number}"
            yield request

    service, limiter = Service(OK), RateLimiter()
    nameless, named = Rotating(), Rotating()
    named.quota_name = "my-app/ada"  # type: ignore[attr-defined]  # what an auth may have
    for auth, cooling in ((nameless, 1), (named, 3)):
        kit = service.kit(auth=auth, rate_limiter=limiter)
        for _ in range(3):
            kit.account.get()
        assert state(kit).cooling == cooling
    assert state(service.kit(auth=named, rate_limiter=limiter)).cooling == 3


# What is said.


def test_waits_are_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "kit_client")
    told: list[float] = []
    service = Service(OK)
    kit = service.kit(api_key=SECRET, rate_limiter=RateLimiter(limit=2, window=10, on_wait=told.append))
    for _ in range(5):
        kit.account.get()
    assert told == service.clock.slept == [10, 10]
    waits = [record.getMessage() for record in caplog.records if "waits" in record.getMessage()]
    assert waits == ["get_account: waits 10.000 s for the rate limit"] * 2
    assert "get_account: 200 in 0.000 s (attempt 1)" in caplog.text, "an attempt takes as long as its answer"
    assert SECRET not in caplog.text


def test_what_on_wait_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(seconds: float) -> None:
        raise ValueError("no terminal")

    service = Service(OK)
    kit = service.kit(rate_limiter=RateLimiter(limit=1, on_wait=fail))
    kit.account.get()
    kit.account.get()
    assert "on_wait raised" in caplog.text


def test_a_wait_beyond_the_deadline_fails_at_once() -> None:
    service = Service(OK)
    kit = service.kit(api_key=SECRET, rate_limiter=RateLimiter(limit=1, window=60))
    kit.account.get()
    with pytest.raises(
        RateLimitWaitError, match=r"get_account: .* in 60\.0 s, after the deadline .* in 5\.0 s"
    ) as caught:
        kit.with_options(deadline=5).account.get()
    assert service.clock.slept == []
    assert (caught.value.operation, caught.value.wait, caught.value.attempts) == ("get_account", 60, 0)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.wait) == (str(caught.value), 60)
    assert len(service.requests) == 1
    assert (state(kit).waiting, state(kit).lent) == (0, 0)
    kit.with_options(deadline=61).account.get()


def test_an_attempt_that_the_limit_leaves_no_time_for_leaves_the_outcome_of_the_one_before() -> None:
    service = Service(httpx.Response(503))
    kit = service.kit(rate_limiter=RateLimiter(limit=1, window=60), deadline=30)
    with pytest.raises(ServerError) as caught:
        kit.account.get()
    assert (caught.value.attempts, len(service.requests)) == (1, 1)


@BACK_ENDS
async def test_the_deadline_is_held_against_the_place_in_the_line() -> None:
    clock = ManualClock()
    service = Service(OK)
    async with service.async_kit(clock=clock, rate_limiter=RateLimiter(limit=2, window=60)) as kit:
        await kit.account.get()
        clock.now = 50.0
        await kit.account.get()
        async with anyio.create_task_group() as group:
            group.start_soon(kit.account.get)
            await auntil(lambda: len(clock.sleepers) == 1)
            # The first slot, in 10 seconds, is the other's.
            with pytest.raises(RateLimitWaitError) as caught:
                await kit.with_options(deadline=30).account.get()
            assert caught.value.wait == 60
            clock.now = 60.0


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"limit": 0}, ValueError, "limit"),
        ({"limit": 1.5}, TypeError, "limit"),
        ({"limit": True}, TypeError, "limit"),
        ({"window": 0}, ValueError, "window"),
        ({"window": -1}, ValueError, "window"),
        ({"window": float("inf")}, ValueError, "window"),
        ({"window": "60"}, TypeError, "window"),
        ({"on_wait": "print"}, TypeError, "on_wait"),
    ],
)
def test_bad_arguments_are_refused_by_name(arguments: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        RateLimiter(**arguments)


@pytest.mark.parametrize("wrong", [120, "off", False, RateLimiter])
def test_what_is_no_limiter_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigurationError, match="rate_limiter: expected a RateLimiter or None"):
        Kit("key", rate_limiter=wrong)


# Who waits for whom.


def test_threads_are_served_in_the_order_in_which_they_came() -> None:
    clock, served = ManualClock(), []
    service = Service(OK)
    kit = service.kit(clock=clock, rate_limiter=RateLimiter(limit=1, window=10))
    kit.account.get()

    def work(number: int) -> None:
        kit.account.get()
        served.append(number)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(6)]
    for number, thread in enumerate(threads, 1):
        thread.start()
        until(lambda: len(clock.sleepers) == number)  # noqa: B023  # called at once
    for number in range(1, 7):
        clock.now += 10
        until(lambda: len(served) == number and len(clock.sleepers) == 6 - number)  # noqa: B023
    assert served == list(range(6))
    assert state(kit).waiting == state(kit).lent == 0


def test_threads_and_event_loops_share_a_limiter_and_its_line() -> None:
    clock, limiter, served = ManualClock(), RateLimiter(limit=1, window=10), []
    service = Service(OK)
    kit = service.kit(clock=clock, rate_limiter=limiter)
    kit.account.get()

    def thread(number: int) -> None:
        kit.account.get()
        served.append(number)

    async def task(number: int) -> None:
        async with service.async_kit(clock=clock, rate_limiter=limiter) as async_kit:
            await async_kit.account.get()
        served.append(number)

    kinds: list[Callable[[int], None]] = [
        lambda number: anyio.run(task, number, backend="trio"),
        lambda number: anyio.run(task, number),
        thread,
    ]
    threads = [threading.Thread(target=kinds[number % 3], args=(number,), daemon=True) for number in range(9)]
    for number, each in enumerate(threads, 1):
        each.start()
        until(lambda: len(clock.sleepers) == number)  # noqa: B023
    for number in range(1, 10):
        clock.now += 10
        until(lambda: len(served) == number and len(clock.sleepers) == 9 - number)  # noqa: B023
    assert served == list(range(9))
    for each in threads:
        each.join(20)


@BACK_ENDS
async def test_a_task_that_is_cancelled_leaves_the_line_and_no_trace() -> None:
    clock = ManualClock()
    service = Service(OK)
    async with service.async_kit(clock=clock, rate_limiter=RateLimiter(limit=1, window=10)) as kit:
        await kit.account.get()
        served: list[str] = []

        async def get(name: str) -> None:
            await kit.account.get()
            served.append(name)

        async with anyio.create_task_group() as group:
            async with anyio.create_task_group() as impatient:
                impatient.start_soon(get, "impatient")
                await auntil(lambda: len(clock.sleepers) == 1)
                group.start_soon(get, "patient")
                await auntil(lambda: len(clock.sleepers) == 2)
                impatient.cancel_scope.cancel()
            assert state(kit).waiting == 1
            clock.now += 10
        assert served == ["patient"]
        assert (state(kit).lent, state(kit).cooling, state(kit).waiting) == (0, 1, 0)


@BACK_ENDS
async def test_a_request_that_is_cancelled_may_have_been_counted() -> None:
    clock, sent = ManualClock(), anyio.Event()

    async def silence(request: httpx.Request) -> httpx.Response:
        sent.set()
        await anyio.sleep(60)
        raise AssertionError

    transport = httpx.MockTransport(silence)
    limiter = RateLimiter(limit=1, window=10)
    async with AsyncKit("key", transport=transport, clock=clock, rate_limiter=limiter) as kit:
        async with anyio.create_task_group() as group:
            group.start_soon(kit.account.get)
            with anyio.fail_after(20):
                await sent.wait()
            assert state(kit).lent == 1
            group.cancel_scope.cancel()
        assert (state(kit).lent, state(kit).cooling) == (0, 1)
        assert state(kit).ready_in > 10


@BACK_ENDS
async def test_a_slot_that_comes_back_unused_goes_to_the_first_at_once() -> None:
    clock, refuse = ManualClock(), anyio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if not refuse.is_set():
            await refuse.wait()
            raise httpx.ConnectError("refused")
        return httpx.Response(200, json=ACCOUNT)

    limiter = RateLimiter(limit=1, window=10)
    transport = httpx.MockTransport(answer)
    async with AsyncKit("key", transport=transport, clock=clock, rate_limiter=limiter, max_retries=0) as kit:

        async def fail() -> None:
            with pytest.raises(KitError):
                await kit.account.get()

        with anyio.fail_after(20):
            async with anyio.create_task_group() as group:
                group.start_soon(fail)
                await auntil(lambda: state(kit).lent == 1)
                group.start_soon(kit.account.get)
                await auntil(lambda: len(clock.sleepers) == 1)
                refuse.set()
        assert clock.now == 0


@BACK_ENDS
async def test_no_more_slots_are_lent_than_the_client_has_connections() -> None:
    most = 0
    gate = anyio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal most
        most = max(most, state(kit).lent)
        await gate.wait()
        return httpx.Response(200, json=ACCOUNT)

    transport = httpx.MockTransport(answer)
    transport._pool = type("Pool", (), {"_max_connections": 3})()  # type: ignore[attr-defined]  # as HTTPTransport has it
    limiter = RateLimiter(limit=100)
    async with (
        AsyncKit("key", transport=transport, rate_limiter=limiter) as kit,
        AsyncKit("key", transport=httpx.MockTransport(answer), rate_limiter=limiter) as other,
    ):
        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(kit.account.get)
            await auntil(lambda: state(kit).waiting == 7)
            assert state(kit).lent == 3
            # A client with connections left goes past them.
            group.start_soon(other.account.get)
            await auntil(lambda: state(kit).lent == 4)
            gate.set()
        assert (state(kit).cooling, state(kit).waiting) == (11, 0)
    assert most == 4


def test_waiting_for_a_connection_ends_as_the_timeout_says() -> None:
    clock, release = ManualClock(), threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        release.wait(20)
        return httpx.Response(200, json=ACCOUNT)

    transport = httpx.MockTransport(answer)
    transport._pool = type("Pool", (), {"_max_connections": 1})()  # type: ignore[attr-defined]  # as HTTPTransport has it
    kit = Kit("key", transport=transport, clock=clock, max_retries=0, timeout=httpx.Timeout(30, pool=5))
    first = threading.Thread(target=kit.account.get)
    first.start()
    until(lambda: state(kit).lent == 1)
    errors: list[KitError] = []

    def fail(options: dict[str, Any]) -> None:
        try:
            kit.with_options(**options).account.get()
        except KitError as error:
            errors.append(error)

    for options in ({}, {"deadline": 3}):
        second = threading.Thread(target=fail, args=(options,))
        second.start()
        until(lambda: len(clock.sleepers) == 1)
        clock.now += 5
        second.join(20)
        assert not second.is_alive()
    release.set()
    first.join(20)
    assert "no connection was free in time" in str(errors[0])
    assert isinstance(errors[1], DeadlineExceededError | RateLimitWaitError)
    assert state(kit).lent == state(kit).waiting == 0


def test_an_event_loop_that_stands_still_or_is_closed_holds_nobody_up() -> None:
    clock, limiter = ManualClock(), RateLimiter(limit=1, window=10)
    service = Service(OK)
    kit = service.kit(clock=clock, rate_limiter=limiter)
    kit.account.get()
    loop = asyncio.new_event_loop()
    async_kit = service.async_kit(clock=clock, rate_limiter=limiter)
    task = loop.create_task(async_kit.account.get())
    loop.run_until_complete(asyncio.sleep(0.01))
    assert len(clock.sleepers) == state(kit).waiting == 1

    def call() -> None:
        thread = threading.Thread(target=kit.account.get, daemon=True)
        thread.start()
        until(lambda: len(clock.sleepers) == 2)
        for _ in range(4):
            clock.now += 10
            thread.join(0.05)
        thread.join(20)
        assert not thread.is_alive()

    call()
    # It goes on where it was.
    clock.now += 10
    loop.run_until_complete(asyncio.wait_for(task, 20))
    lost = loop.create_task(async_kit.account.get())
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()
    call()
    lost._log_destroy_pending = False  # type: ignore[attr-defined]  # it is meant
    del lost, task
    gc.collect()
    assert state(kit).waiting == 0


def test_a_clock_that_stands_still_is_waited_for_once() -> None:
    class Frozen(FakeClock):
        def sleep(self, seconds: float) -> None:
            self.slept.append(seconds)

    service = Service(OK)
    service.clock = Frozen()
    kit = service.kit(api_key=SECRET, rate_limiter=RateLimiter(limit=2, window=60))
    for _ in range(6):
        kit.account.get()
    assert service.clock.slept == [60, 60]


def test_many_credentials_are_not_remembered_for_ever() -> None:
    service, limiter = Service(OK), RateLimiter()
    for number in range(1000):
        service.kit(api_key=f"key-{number}", rate_limiter=limiter).account.get()
        service.clock.sleep(61)
    assert len(vars(limiter)["_accounts"]) < 100


@BACK_ENDS
async def test_all_of_the_quota_is_used_and_none_of_the_429s(anyio_backend: str) -> None:
    """In real time, as a whole: tasks of two clients against a service that counts when it answers."""
    counted: list[float] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        await anyio.sleep(0.003)
        now = time.monotonic()
        if sum(moment > now - 0.2 for moment in counted) >= 20:
            return httpx.Response(429, text="Retry later")
        counted.append(now)
        await anyio.sleep(0.003)
        return httpx.Response(200, json=ACCOUNT)

    limiter = RateLimiter(limit=20, window=0.2)
    policy = RetryPolicy(max_retries=0)
    transport = httpx.MockTransport(answer)
    kits = [AsyncKit("key", transport=transport, rate_limiter=limiter, retry=policy) for _ in range(2)]
    began = time.monotonic()
    async with anyio.create_task_group() as group:
        for number in range(100):
            group.start_soon(kits[number % 2].account.get)
    assert len(counted) == 100
    assert time.monotonic() - began >= 4 * 0.2
