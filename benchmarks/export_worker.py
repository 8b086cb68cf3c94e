"""A process that exports all subscribers once, and prints as JSON what came, how long it took, and its memory.

Arguments: the way, and the URL of the mock. Memory is the most that the process ever had, in MB: with an idle client, after
one request; and at the end.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from kit_client import Kit

KEY = "kit_test_key"
PER_PAGE = 1_000


def bare(url: str) -> tuple[int, float, float]:
    """What a script without a client does."""
    with httpx.Client(base_url=url, headers={"X-Kit-Api-Key": KEY}) as http:
        json.loads(http.get("/v4/account").content)
        idle, begun, count = megabytes(), time.perf_counter(), 0
        query: dict[str, Any] = {"per_page": PER_PAGE}
        while True:
            page = json.loads(http.get("/v4/subscribers", params=query).raise_for_status().content)
            for subscriber in page["subscribers"]:
                count += subscriber["id"] > 0
            if not page["pagination"]["has_next_page"]:
                return count, time.perf_counter() - begun, idle
            query["after"] = page["pagination"]["end_cursor"]


def client(url: str, way: str) -> tuple[int, float, float]:
    with Kit(KEY, base_url=url, rate_limiter=None) as kit:
        kit.account.get()
        idle, begun = megabytes(), time.perf_counter()
        subscribers = kit.subscribers.list(per_page=PER_PAGE)
        count = 0
        if way.endswith("raw"):
            rows = kit.bulk.export_subscribers(raw=True) if way.startswith("parallel") else subscribers.raw()
            for row in rows:
                count += row["id"] > 0
        else:
            models = kit.bulk.export_subscribers() if way.startswith("parallel") else subscribers
            for model in models:
                count += model.id > 0
        return count, time.perf_counter() - begun, idle


def megabytes() -> float:
    try:
        told = Path("/proc/self/status").read_text()
        return int(told.partition("VmHWM:")[2].split()[0]) / 1e3
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def main(way: str, url: str) -> None:
    count, seconds, idle = bare(url) if way == "bare" else client(url, way)
    print(json.dumps({"count": count, "seconds": seconds, "idle": idle, "peak": megabytes()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
