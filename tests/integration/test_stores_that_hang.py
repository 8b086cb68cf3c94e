"""Stores of rate limiters that hang, are locked, or lose an answer: calls keep their deadlines, and slots aren't lost."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from kit_client import AsyncKit, Kit, RateLimiter, RateLimiterError, RedisRateLimiter, SQLiteRateLimiter
from kit_client.limits import redis as redis_limits
from kit_client.limits import sqlite as sqlite_limits
from tests.unit.service import ACCOUNT

ENOUGH = 30.0
"""Longer than any of these calls may take, even on a busy machine, and shorter than the patience with a store."""


def ok(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=ACCOUNT)


def disconnect(limiter: RateLimiter) -> None:
    """Close connections that an exception with its traceback may keep."""
    for name in {"_redis"} & vars(limiter).keys():
        vars(limiter)[name].close()


@pytest.fixture(params=["sqlite", "redis"])
def hanging(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[float], RateLimiter]]:
    """Make a limiter whose store gives no answer, and which waits so many seconds for one."""
    patch = pytest.MonkeyPatch()
    made: list[RateLimiter] = []
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            path = tmp_path / "limits.sqlite3"
            SQLiteRateLimiter(path).close()
            other = stack.enter_context(contextlib.closing(sqlite3.connect(path, isolation_level=None)))

            def make(patience: float) -> RateLimiter:
                patch.setattr(sqlite_limits, "BUSY", patience)
                patch.setattr(SQLiteRateLimiter, "patience", 2 * patience)
                made.append(SQLiteRateLimiter(path))
                other.execute("BEGIN EXCLUSIVE")
                return made[0]

        else:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def make(patience: float) -> RateLimiter:
                patch.setattr(redis_limits, "PATIENCE", patience)
                patch.setattr(RedisRateLimiter, "patience", 4 * patience)
                made.append(RedisRateLimiter(f"redis://127.0.0.1:{server.getsockname()[1]}"))
                return made[0]

        yield make
    patch.undo()
    # Threads that were left behind end, as the store has gone.
    while made[0].is_busy:
        time.sleep(0.01)
    disconnect(made[0])


def failures(kit: Kit, threads: int) -> list[RateLimiterError]:
    """Call in several threads at once, and return what was raised."""
    raised: list[RateLimiterError] = []

    def call() -> None:
        with pytest.raises(RateLimiterError, match="nothing was sent") as caught:
            kit.account.get()
        raised.append(caught.value)

    calls = [threading.Thread(target=call) for _ in range(threads)]
    for thread in calls:
        thread.start()
    for thread in calls:
        thread.join(ENOUGH)
    return raised


def test_threads_keep_their_deadlines(hanging: Callable[[float], RateLimiter]) -> None:
    kit = Kit("key", transport=httpx.MockTransport(ok), rate_limiter=hanging(60.0), deadline=0.2)
    raised = failures(kit, 5)
    assert len(raised) == 5
    assert not any(error.attempts or error.may_have_taken_effect for error in raised)


def test_tasks_keep_their_deadlines_and_can_be_cancelled(hanging: Callable[[float], RateLimiter]) -> None:
    # Its threads end before the interpreter does.
    limiter = hanging(3.0)
    ended: list[str] = []

    async def main() -> None:
        kit = AsyncKit("key", transport=httpx.MockTransport(ok), rate_limiter=limiter)

        async def call(deadline: float | None, patience: float | None) -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    with pytest.raises(RateLimiterError, match="deadline"):
                        await kit.with_options(deadline=deadline).account.get()
                    ended.append("deadline")
                    return
            ended.append("cancelled")

        begun = time.monotonic()
        await asyncio.gather(*(call(0.2, None) for _ in range(3)), *(call(None, 0.2) for _ in range(3)))
        assert time.monotonic() - begun < 3.0

    asyncio.run(main())
    assert sorted(ended) == ["cancelled"] * 3 + ["deadline"] * 3


def test_what_stands_in_line_fails_with_the_first(hanging: Callable[[float], RateLimiter]) -> None:
    patience = 0.5
    kit = Kit("key", transport=httpx.MockTransport(ok), rate_limiter=hanging(patience), deadline=None)
    begun = time.monotonic()
    assert len(failures(kit, 16)) == 16
    # One after the other they would take at least this long.
    assert time.monotonic() - begun < 16 * patience


def test_it_works_again_once_the_store_does(tmp_path: Path) -> None:
    limiter = SQLiteRateLimiter(tmp_path / "limits.sqlite3")
    kit = Kit("key", transport=httpx.MockTransport(ok), rate_limiter=limiter)
    with contextlib.closing(sqlite3.connect(tmp_path / "limits.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RateLimiterError):
            kit.with_options(deadline=0.1).account.get()
    assert kit.account.get().account.id == 1
    assert kit.rate_limiter is not None
    assert (kit.rate_limiter.state().lent, kit.rate_limiter.state().cooling) == (0, 1)
    limiter.close()


class Lossy:
    """A relay in front of a Redis server that ends connections instead of passing on answers to `take`.

    Attributes:
        losses: How many answers are still to be lost.
    """

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self.losses = 0
        self._target = (address.hostname or "", address.port or 6379)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = address._replace(netloc=f"127.0.0.1:{self._server.getsockname()[1]}").geturl()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._relay, args=(self._server.accept()[0],), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as redis, contextlib.suppress(OSError):
            while asked := client.recv(65536):
                redis.sendall(asked)
                answer = redis.recv(65536)
                if self.losses and b"EVALSHA" in asked and b"take" in asked and not answer.startswith(b"-NOSCRIPT"):
                    self.losses -= 1
                    return
                client.sendall(answer)

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def lossy(redis_url: str) -> Iterator[Lossy]:
    with contextlib.closing(Lossy(redis_url)) as relay:
        yield relay


@pytest.mark.redis
@pytest.mark.parametrize("losses", [1, 2, 6])
def test_an_answer_that_redis_lost_lends_no_slot_to_nobody(losses: int, lossy: Lossy) -> None:
    limiter = RedisRateLimiter(lossy.url, limit=1, window=60, prefix=uuid.uuid4().hex)
    arguments: dict[str, Any] = {"transport": httpx.MockTransport(ok), "rate_limiter": limiter, "deadline": 5.0}
    with Kit("key", **arguments) as kit:
        lossy.losses = losses
        failed = 0
        while lossy.losses:
            # A take is sent twice at most.
            try:
                kit.account.get()
            except RateLimiterError:
                failed += 1
        sent = 1 if losses % 2 else 0
        assert failed == losses // 2
        for _ in range(1 - sent):
            kit.account.get()
        assert kit.rate_limiter is not None
        state = kit.rate_limiter.state()
        assert (state.lent, state.cooling) == (0, 1)
    disconnect(limiter)
