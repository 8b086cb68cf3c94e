"""How much of a rate limit is used, how many 429s it costs, and what a request costs more through the limiter."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kit_client import FileTokenStore, Kit, RateLimiter
from kit_mock import KitMock

from .data import Canned, page
from .rate_limit_worker import tokens_beside
from .timing import goal, medians, progress, table

LIMIT = 120
REQUESTS = 600
IN_FLIGHT = 8
"""How many requests are under way at most: a slot cools from its answer, and many at once are answered slowly."""
AT_MOST = 30e-6
WAYS = {
    "8 threads": 1,
    "8 threads, OAuth": 1,
    "200 tasks": 1,
    "4 processes, SQLite": 4,
    "4 processes, SQLite, OAuth": 4,
    "4 processes, Redis": 4,
}


def run() -> None:
    """At a window of 3 seconds, which takes a minute and a half; and what a request costs more."""
    shares(3.0, 0.95)
    cost()


def run_long() -> None:
    """At Kit's own window of 60 seconds, which takes 26 minutes."""
    shares(60.0, 0.99)


def shares(window: float, least: float) -> None:
    """Print the throughput that is sustained, from the answers to the first window's requests to those of the last.

    In theory these are as many windows, however long the machine takes for the requests of one.
    """
    print(f"\n{REQUESTS} requests at {LIMIT} in {window:g} s, {IN_FLIGHT} under way at most, no retries")
    redis_is_missing = _redis_missing()
    for way, processes in WAYS.items():
        if way.endswith("Redis") and redis_is_missing:
            print(f"  {way:<26} left out: {redis_is_missing}")
            continue
        progress(f"{way}: {REQUESTS / LIMIT - 1:g} windows of {window:g} s")
        with KitMock(rate_limit=LIMIT, rate_window=window) as mock, _place(way) as place:
            if way.endswith("OAuth"):
                authorize(mock, place)
            answered, refused = _measure(way, processes, place, mock.url, window)
        took = answered[-1] - answered[LIMIT - 1]
        share = (REQUESTS / LIMIT - 1) * window / took
        first = answered[LIMIT - 1] - answered[0]
        print(f"  {way:<26} {share:8.2%} of what can be   {refused} times 429   ({LIMIT} took {first:.2f} s at first)")
        goal(f"at least {least:.0%}, and no 429", share >= least and not refused)


def _measure(way: str, processes: int, place: str, url: str, window: float) -> tuple[list[float], int]:
    """Return when each answer came, the first one first, and the number of 429s."""
    command = [sys.executable, "-m", "benchmarks.rate_limit_worker", way, place, url, str(LIMIT), str(window)]
    command += [str(REQUESTS // processes), str(IN_FLIGHT // processes)]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    try:
        for worker in workers:
            _line(worker)
        # All begin at once, when they have imported what they need.
        for worker in workers:
            print("go", file=worker.stdin, flush=True)
        told = [json.loads(_line(worker)) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()
    return sorted(moment for answered, _ in told for moment in answered), sum(refused for _, refused in told)


def authorize(mock: KitMock, place: str) -> None:
    from tests.oauth_app import authorized  # What the tests' browser does is the benchmarks' too.

    authorized(mock, FileTokenStore(tokens_beside(place)), served=True)


def _line(worker: subprocess.Popen[str]) -> str:
    line = worker.stdout.readline() if worker.stdout else ""
    if not line:
        raise RuntimeError(f"{worker.args!r} failed")
    return line


def _redis_missing() -> str | None:
    from tests.redis_server import missing  # The tests' server is the benchmarks' too.

    return missing()


@contextmanager
def _place(way: str) -> Iterator[str]:
    """Where the limiter's state is kept."""
    if way.endswith("Redis"):
        from tests.redis_server import RedisServer

        with RedisServer() as server:
            yield server.url
    else:
        with tempfile.TemporaryDirectory() as folder:
            yield str(Path(folder) / "limits.sqlite3")


def cost() -> None:
    transport = Canned(page(1))
    given: dict[str, Any] = {"base_url": "http://kit.test", "transport": transport}
    with (
        Kit("key", rate_limiter=None, **given) as without,
        Kit("key", rate_limiter=RateLimiter(limit=10_000_000), **given) as limited,
    ):
        times = medians(
            {
                "without a limiter": lambda: without.subscribers.list().first_page(),
                "with a limiter": lambda: limited.subscribers.list().first_page(),
            },
            rounds=60,
            inner=50,
            clock=time.process_time,  # What others on the machine do is not to count.
        )
    table("A request for a page of 1, in process", times, "without a limiter")
    more = times["with a limiter"] - times["without a limiter"]
    goal(f"at most {AT_MOST * 1e6:g} µs more: {more * 1e6:.1f} µs of processor time", more <= AT_MOST)
