"""The cost of a request for a page of 500, without a network."""

from __future__ import annotations

import json

import httpx

from kit_client import Kit, RateLimiter

from .data import Canned, page
from .timing import goal, medians, table


def run() -> None:
    transport = Canned(page(500))
    bare = httpx.Client(base_url="http://kit.test", transport=transport, headers={"X-Kit-Api-Key": "key"}, timeout=30)
    limiter = RateLimiter(limit=1_000_000)  # It is never full, so that no request waits.
    with Kit("key", base_url="http://kit.test", transport=transport, rate_limiter=limiter) as kit:
        times = medians(
            {
                "bare httpx + json.loads": lambda: json.loads(bare.get("/v4/subscribers").content),
                "kit_client": lambda: kit.subscribers.list().first_page(),
            },
            rounds=30,
            inner=10,
        )
    table("A request for a page of 500", times, "bare httpx + json.loads")
    goal("at most 1.5 times bare httpx + json.loads", times["kit_client"] <= 1.5 * times["bare httpx + json.loads"])
