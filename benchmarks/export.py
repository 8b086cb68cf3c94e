"""Exports of a large account from the mock in another process: time, memory, and how much of the quota is used."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from kit_client import Kit, RateLimiter

from .servers import kit_mock, on_core
from .timing import goal, progress

WAYS = {
    "bare": "httpx and json.loads",
    "list": "subscribers.list()",
    "list raw": "subscribers.list().raw()",
    "parallel raw": "bulk.export_subscribers()",
}
ROUNDS, ENOUGH = 3, 120.0
"""Rounds, and the seconds after which no further one begins: on a busy machine one may take minutes."""
MOST_MEMORY = 30
"""MB more than an idle client."""
AT_MOST = {"list": 0.9, "list raw": 0.8}
"""Of the time of a bare loop."""

# Kit's 600 in 60 seconds, with a shorter window: a slot is free again a window and one answer later.
LIMIT, WINDOW = 100, 10.0
DELAY = 0.3
LEAST = 0.9
MEMBERS, PAGES = 400_000, 400
"""Four windows' worth of pages, of 1,000 subscribers if there are so many."""


def run(large: int = 1_000_000) -> None:
    """Measure and print; `large` is how many subscribers the account has."""
    with tempfile.TemporaryDirectory() as folder:
        _walks(_account(Path(folder), large), large)
        size = min(large, MEMBERS)
        quota(_account(Path(folder), size), size // PAGES)


def _account(folder: Path, size: int) -> Path:
    db = folder / f"{size}.db"
    if not db.exists():
        progress(f"making an account of {size:,} subscribers")
        command = [sys.executable, "-m", "kit_mock", "seed", "--subscribers", str(size), "--db", str(db)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return db


def _walks(db: Path, size: int) -> None:
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    begun, rounds = time.monotonic(), 0
    with ExitStack() as server:
        with on_core(0):
            port = server.enter_context(kit_mock("--db", str(db)))
        with on_core(1):
            for number in range(ROUNDS):
                if number and time.monotonic() - begun > ENOUGH:
                    break
                rounds = number + 1
                for way, results in found.items():
                    progress(f"exporting {size:,} subscribers, round {number + 1} of {ROUNDS}: {WAYS[way]}")
                    results.append(_export(way, port))
    counts = {result["count"] for results in found.values() for result in results}
    if len(counts) != 1:
        raise RuntimeError(f"one of them left somebody out: {counts}")
    count = counts.pop()
    print(
        f"\nExport of {count:,} active subscribers of {size:,}, the mock on another core, {rounds} of {ROUNDS} rounds"
    )
    times = {way: statistics.median(result["seconds"] for result in results) for way, results in found.items()}
    for way, name in WAYS.items():
        peak, idle = (max(result[which] for result in found[way]) for which in ("peak", "idle"))
        share = times[way] / times["bare"]
        print(f"  {name:<26} {times[way]:8.2f} s   {share:5.2f} x   peak {peak:5.0f} MB, {peak - idle:+.0f}")
        if way in AT_MOST:
            goal(f"at most {AT_MOST[way]} times the bare loop", share <= AT_MOST[way])
            goal(f"at most {MOST_MEMORY} MB more than an idle client", peak - idle <= MOST_MEMORY)


def _export(way: str, port: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.export_worker", way, f"http://127.0.0.1:{port}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def quota(db: Path, per_page: int) -> None:
    """Print how much of the rate limit an export uses if each answer takes 0.3 seconds.

    Counted in whole windows, from the answer to the last request of the first one, as all slots are free at first.
    """
    print(f"\nExport at {LIMIT} requests in {WINDOW:g} s, each answer after {DELAY:g} s")
    with kit_mock("--db", str(db), "--rate-limit", str(LIMIT), "--rate-window", str(WINDOW)) as port:
        url = f"http://127.0.0.1:{port}"
        httpx.post(f"{url}/_mock/faults", json={"delay": DELAY}).raise_for_status()
        answered: list[float] = []
        lock = threading.Lock()

        def note(response: httpx.Response) -> None:
            response.read()
            with lock:
                answered.append(time.monotonic())

        limiter = RateLimiter(limit=LIMIT, window=WINDOW)
        hooks = {"response": [note]}
        progress(f"exporting at {LIMIT} requests in {WINDOW:g} s: half a minute")
        with Kit("kit_test_key", base_url=url, rate_limiter=limiter, max_retries=0, event_hooks=hooks) as kit:
            count = sum(
                len(page) for page in kit.bulk.export_subscribers(raw=True, status="all", per_page=per_page).pages()
            )
        answered.sort()
    windows = len(answered) // LIMIT - 1
    took = answered[(windows + 1) * LIMIT - 1] - answered[LIMIT - 1]
    share = windows * WINDOW / took
    full = count / per_page / len(answered)
    print(f"  parallel=8   {share:8.2%} of what can be   {len(answered)} requests, {full:.0%} of the pages full")
    goal(f"at least {LEAST:.0%}", share >= LEAST)
