"""Rate limiters that processes share: what they lend together, and what happens where their store is not to be used."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_client import (
    AsyncKit,
    ConfigurationError,
    Kit,
    KitError,
    LimiterState,
    RateLimiter,
    RateLimiterError,
    RateLimitWaitError,
    RedisRateLimiter,
    SQLiteRateLimiter,
)
from kit_client.limits.slots import MARGIN, Slots
from kit_mock import KitMock
from tests.redis_server import RedisServer
from tests.unit.service import ACCOUNT, FakeClock, Service

ROOT = Path(__file__).parents[2]
SECRET = "kit_very_secret"
Make = Callable[..., RateLimiter]
STORES = ["sqlite", pytest.param("redis", marks=pytest.mark.redis)]


@pytest.fixture(params=STORES)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Make limiters that share their slots with each other, and with no other test's."""
    if request.param == "sqlite":
        made: list[SQLiteRateLimiter] = []

        def sqlite(**arguments: Any) -> RateLimiter:
            made.append(SQLiteRateLimiter(tmp_path / "limits.sqlite3", **arguments))
            return made[-1]

        yield sqlite
        for limiter in made:
            limiter.close()
        return
    url, prefix = request.getfixturevalue("redis_url"), uuid.uuid4().hex
    yield lambda **arguments: RedisRateLimiter(url, prefix=prefix, **arguments)


def state(kit: Kit | AsyncKit) -> LimiterState:
    assert kit.rate_limiter is not None
    return kit.rate_limiter.state()


def ok(request: httpx.Request | None = None) -> httpx.Response:
    return httpx.Response(200, json=ACCOUNT)


def kit_of(limiter: RateLimiter, answer: Callable[[httpx.Request], Any] = ok, **arguments: Any) -> Kit:
    arguments.setdefault("max_retries", 0)
    return Kit(SECRET, transport=httpx.MockTransport(answer), rate_limiter=limiter, **arguments)


def test_slots_are_shared(make: Make) -> None:
    first, second = (kit_of(make(limit=3, window=1000)) for _ in range(2))
    first.account.get()
    second.account.get()
    for kit in (first, second):
        seen = state(kit)
        assert (seen.limit, seen.free, seen.lent, seen.cooling) == (3, 1, 0, 2)
    first.account.get()
    with pytest.raises(RateLimitWaitError) as caught:
        second.account.get()
    assert 990 < caught.value.wait <= 1000
    assert state(second).waiting == 0
    other = Kit("other", transport=httpx.MockTransport(ok), rate_limiter=make(limit=3, window=1000))
    assert state(other).free == 3


def test_a_429_of_one_closes_the_slots_of_all(make: Make) -> None:
    first = kit_of(make(limit=3, window=1000), lambda request: httpx.Response(429))
    second = kit_of(make(limit=3, window=1000))
    with pytest.raises(KitError):
        first.account.get()
    assert (state(second).free, state(second).cooling) == (0, 3)
    with pytest.raises(RateLimitWaitError):
        second.account.get()


def test_what_was_not_sent_is_free_for_all_and_what_was_lost_cools_for_longer(make: Make) -> None:
    def fail(error: Exception) -> None:
        def answer(request: httpx.Request) -> httpx.Response:
            raise error

        with pytest.raises(KitError):
            kit_of(make(limit=1, window=1000), answer).account.get()

    fail(httpx.ConnectError("refused"))
    assert state(kit_of(make(limit=1, window=1000))).free == 1
    fail(httpx.ReadTimeout("slow"))
    assert state(kit_of(make(limit=1, window=1000))).ready_in > 1000


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_tasks_wait_without_holding_up_their_event_loop(make: Make) -> None:
    limiter = make(limit=5, window=0.3)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await anyio.sleep(0.01)
            turns += 1

    counted: list[float] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        counted.append(time.monotonic())
        return ok()

    async with AsyncKit(SECRET, transport=httpx.MockTransport(answer), rate_limiter=limiter) as kit:
        async with anyio.create_task_group() as loop:
            loop.start_soon(turn)
            async with anyio.create_task_group() as group:
                for _ in range(15):
                    group.start_soon(kit.account.get)
            loop.cancel_scope.cancel()
        assert len(counted) == 15
        assert all(sum(start < moment <= start + 0.3 for moment in counted) <= 5 for start in counted)
        assert turns > 5


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_task_that_is_cancelled_gives_its_slot_back(make: Make) -> None:
    gate = anyio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        await gate.wait()
        return ok()

    limiter = make(limit=1, window=1000)
    async with AsyncKit(
        SECRET, transport=httpx.MockTransport(answer), rate_limiter=limiter, deadline=None, max_retries=0
    ) as kit:
        async with anyio.create_task_group() as group:
            group.start_soon(kit.account.get)
            with anyio.fail_after(20):
                while (await anyio.to_thread.run_sync(state, kit)).lent < 1:  # noqa: ASYNC110  # the limiter tells nobody
                    await anyio.sleep(0.01)
            for _ in range(5):
                group.start_soon(kit.account.get)
            with anyio.fail_after(20):
                while (await anyio.to_thread.run_sync(state, kit)).waiting < 5:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
            group.cancel_scope.cancel()
        seen = await anyio.to_thread.run_sync(state, kit)
        assert (seen.lent, seen.cooling, seen.waiting) == (0, 1, 0)


def test_a_task_cancelled_by_asyncio_itself_leaves_nothing_behind(make: Make) -> None:
    limiter = make(limit=2, window=1000)

    async def main() -> None:
        async with AsyncKit(SECRET, transport=httpx.MockTransport(ok), rate_limiter=limiter, deadline=None) as kit:
            for pause in (0.0, 0.0005, 0.001, 0.002, 0.004, 0.01, 0.02):
                tasks = [asyncio.create_task(kit.account.get()) for _ in range(4)]
                await asyncio.sleep(pause)
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            end = time.monotonic() + 20
            # Threads may still be on their way.
            while (seen := state(kit)).lent or seen.waiting:
                assert time.monotonic() < end
                await asyncio.sleep(0.01)

    asyncio.run(main())


@pytest.mark.parametrize("kind", STORES)
def test_processes_use_all_of_the_quota_and_get_no_429(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = str(tmp_path / "limits.sqlite3") if kind == "sqlite" else request.getfixturevalue("redis_url")
    with KitMock(rate_limit=20, rate_window=1) as mock:
        # None of them has made the file before the others look for it.
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.integration.limit_worker", kind, place, mock.url, "20", "1", "5", "3"],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(4)
        ]
        told = [(*worker.communicate(timeout=60), worker.returncode) for worker in workers]
        assert told == [("15\n", "", 0)] * 4
        assert [asked.status for asked in mock.requests] == [200] * 60


# Workers that are killed.


def test_the_slots_of_a_killed_process_come_back(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit_client.limits.slots.MARGIN", 0.2)
    monkeypatch.setattr("kit_client.limits.redis.MARGIN", 0.2)
    arguments = {"limit": 2, "window": 0.3, "lease": 0.5}
    make(**arguments)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:

        def answer(request: httpx.Request) -> httpx.Response:
            os.write(write, b".")
            time.sleep(60)
            raise AssertionError

        for _ in range(2):
            threading.Thread(target=kit_of(make(**arguments), answer).account.get, daemon=True).start()
        time.sleep(60)
        os._exit(1)
    assert os.read(read, 1) + os.read(read, 1) == b".."
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(read)
    os.close(write)
    kit = kit_of(make(**arguments))
    assert state(kit).lent == 2
    began = time.monotonic()
    kit.account.get()
    assert time.monotonic() - began > 0.5, "the requests that were under way may be counted until their lease ends"
    assert state(kit).lent == 0


def test_a_forked_child_shares_the_slots_of_its_parent(make: Make) -> None:
    kit = kit_of(make(limit=5, window=1000))
    kit.account.get()
    children = [os.fork() for _ in range(2)]
    # The second is a child of both the parent and the first child: three processes of the four make a call.
    if 0 in children:
        status = 1
        try:
            kit.account.get()
            status = 0
        finally:
            os._exit(status)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    end = time.monotonic() + 20
    while state(kit).cooling < 4:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert (state(kit).free, state(kit).lent) == (1, 0)


# Stores that can't be used.


def test_a_file_that_is_no_database_is_refused_with_what_to_do(tmp_path: Path) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\0not a database\n" * 500)
    for path in (garbage, tmp_path, tmp_path / "missing" / "limits.sqlite3"):
        with pytest.raises(RateLimiterError, match=r"can't be used: .*delete it") as caught:
            SQLiteRateLimiter(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("row", [b"", b"garbage", b"\x80", b'{"limit": 1}', "text", 5])
def test_a_row_of_garbage_is_refused_before_anything_is_sent(tmp_path: Path, row: object) -> None:
    path, sent = tmp_path / "limits.sqlite3", []
    limiter = SQLiteRateLimiter(path)

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return ok()

    kit = kit_of(limiter, answer)
    kit.account.get()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE kit_rate_limits SET slots = ?", (row,))
    connection.commit()
    connection.close()
    with pytest.raises(RateLimiterError, match="delete it") as caught:
        kit.account.get()
    assert caught.value.operation == "get_account"
    assert len(sent) == 1
    limiter.close()


@pytest.mark.skipif(not hasattr(os, "setuid"), reason="the system has no users")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "limits.sqlite3"
    limiter = SQLiteRateLimiter(path)
    limiter.close()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    if os.getuid() != 0:
        with pytest.raises(RateLimiterError, match="may write"):
            SQLiteRateLimiter(path)
        return
    # For the superuser every file can be written.
    for parent in tmp_path.parents:
        if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
            parent.chmod(0o755)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setuid(65534)
            SQLiteRateLimiter(path)
        except RateLimiterError as error:
            status = 0 if "may write" in str(error) else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


def test_redis_that_goes_away_stops_calls_before_they_are_sent_but_loses_no_answer(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        redis_server.stop()
        return ok()

    kit = kit_of(RedisRateLimiter(redis_server.url), answer)
    assert kit.account.get().account.id == 1
    assert "a slot of the rate limit was not given back" in caplog.text
    assert "nothing was sent" not in caplog.text
    with pytest.raises(RateLimiterError, match=r"get_account: .*Redis .*nothing was sent.*See that it runs") as caught:
        kit.account.get()
    assert caught.value.operation == "get_account"
    assert len(sent) == 1
    with pytest.raises(RateLimiterError):
        state(kit)


def test_bad_arguments_of_stores_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("localhost:6379", "http://localhost", "", "redis://user:hunter2@host:port"):
        with pytest.raises(ConfigurationError, match="url: expected one such as redis://") as caught:
            RedisRateLimiter(url)
        assert "hunter2" not in str(caught.value)
    with pytest.raises(TypeError, match="lease"):
        SQLiteRateLimiter(tmp_path / "a", lease="60")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="limit"):
        RedisRateLimiter("redis://localhost", limit=0)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'kit-client\[redis\]'"):
        RedisRateLimiter("redis://localhost")


def test_no_credential_reaches_a_store(tmp_path: Path, redis_url: str) -> None:
    path, prefix = tmp_path / "limits.sqlite3", uuid.uuid4().hex
    limiter = SQLiteRateLimiter(path)
    kit_of(limiter).account.get()
    limiter.close()
    assert SECRET.encode() not in path.read_bytes()
    kit_of(RedisRateLimiter(redis_url, prefix=prefix)).account.get()
    import redis

    with redis.Redis.from_url(redis_url) as connection:
        keys = connection.keys(f"{prefix}*")
        assert len(keys) == 1
        assert SECRET.encode() not in keys[0]


# One policy.

Step = tuple[str, int, Any]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(0, 5), st.none()),
        # Long ago, or a long time from now, so that it makes no difference how long the test takes.
        st.tuples(st.just("end"), st.integers(0, 5), st.sampled_from([None, 1e-6, 1000.0, 1000.0 + MARGIN])),
        st.tuples(st.just("refused"), st.integers(0, 5), st.just(1000.0)),
    ),
    max_size=12,
)


@given(STEPS)
def test_sqlite_lends_as_one_process_does(steps: list[Step]) -> None:
    clock = FakeClock()
    with tempfile.TemporaryDirectory() as folder:
        limiter = SQLiteRateLimiter(Path(folder) / "a", limit=3, window=1000)
        compare(limiter, steps, clock.monotonic, clock)
        limiter.close()


@given(steps=STEPS)
def test_redis_lends_as_one_process_does(redis_url: str, steps: list[Step]) -> None:
    limiter = RedisRateLimiter(redis_url, limit=3, window=1000, prefix=uuid.uuid4().hex)
    compare(limiter, steps, time.time, None)


def compare(limiter: RateLimiter, steps: list[Step], now: Callable[[], float], clock: FakeClock | None) -> None:
    """Do the same to a limiter and to slots in memory, and see that they are alike."""
    account = limiter._account("name", 3, 0.0)
    model = Slots(3, 1000, lease=60)
    for what, number, cools in steps:
        ticket = str(number)
        if what == "take":
            if ticket in model.lent:
                continue
            ready = limiter._take(account, ticket, now(), 0)
            expected = model.ready(now())
            if expected <= now():
                model.take(ticket, now())
            assert abs(ready - expected) < 5
        else:
            closed = 1000.0 if what == "refused" else 0.0
            if ticket not in model.lent:
                continue
            limiter._end(account, ticket, now(), cools, closed)
            model.end(ticket, now(), cools, closed)
        if clock is not None:
            clock.now += 0.001
        else:
            time.sleep(1e-5)
        found, expected_state = limiter._state(account, now()), model.state(now())
        assert (found.free, found.lent, found.cooling) == (
            expected_state.free,
            expected_state.lent,
            expected_state.cooling,
        )


def test_a_service_that_is_asked_through_a_store_goes_by_the_client_s_clock(tmp_path: Path) -> None:
    service = Service(ok())
    limiter = SQLiteRateLimiter(tmp_path / "limits.sqlite3")
    kit = service.kit(api_key=SECRET, rate_limiter=limiter)
    for _ in range(121):
        kit.account.get()
    assert sum(service.clock.slept) == pytest.approx(60)
    limiter.close()
