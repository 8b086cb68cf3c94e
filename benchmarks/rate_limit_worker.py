"""A process that sends requests as fast as its rate limiter lets it. See rate_limit.py for the arguments.

It prints a line when it is ready, waits for one, and prints as JSON when each answer came, by the machine's monotonic
clock, and how often it was refused. With OAuth, the tokens are refreshed when half of the requests are sent.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from typing import Any

import httpx

from kit_client import (
    AsyncKit,
    FileTokenStore,
    Kit,
    OAuth,
    RateLimiter,
    RateLimitError,
    RedisRateLimiter,
    SQLiteRateLimiter,
)

TASKS = 200
NOT_COUNTED = "/_mock/"
"""What is asked for without credentials, and beside the limit, to set clients and connections up."""


def main(way: str, place: str, url: str, limit: str, window: str, requests: str, in_flight: str) -> None:
    limiter: RateLimiter
    if "SQLite" in way:
        limiter = SQLiteRateLimiter(place, limit=int(limit), window=float(window))
    elif "Redis" in way:
        limiter = RedisRateLimiter(place, limit=int(limit), window=float(window))
    else:
        limiter = RateLimiter(limit=int(limit), window=float(window))
    # Kept for less time than the server keeps them, as a connection that it closes meanwhile may cost a request.
    limits = httpx.Limits(max_connections=int(in_flight), keepalive_expiry=2)
    settings: dict[str, Any] = {
        "base_url": url,
        "rate_limiter": limiter,
        "limits": limits,
        "max_retries": 0,
        "deadline": None,
        **({"auth": oauth_of(place, url)} if way.endswith("OAuth") else {"api_key": "kit_test_key"}),
    }
    if way == "200 tasks":
        told = asyncio.run(tasks(settings, int(requests), int(in_flight)))
    else:
        told = threads(settings, int(requests), int(in_flight))
    print(json.dumps(told), flush=True)


def oauth_of(place: str, url: str) -> OAuth:
    """An app whose tokens are beside the limiter's file."""
    return OAuth(
        client_id="kit_test_confidential",
        client_secret="kit_test_secret",
        store=FileTokenStore(tokens_beside(place)),
        token_url=f"{url}/oauth/token",
    )


def tokens_beside(place: str) -> str:
    return f"{place}.tokens.json"


def threads(settings: dict[str, Any], requests: int, in_flight: int) -> tuple[list[float], int]:
    answered: list[float] = []
    refused: list[RateLimitError] = []
    numbers = iter(range(requests))
    start = threading.Barrier(in_flight + 1)

    def work() -> None:
        kit.get_httpx_client().get(NOT_COUNTED, auth=None)
        start.wait()
        for number in numbers:
            if number == requests // 2 and isinstance(settings.get("auth"), OAuth):
                settings["auth"].refresh()
            try:
                kit.account.get()
            except RateLimitError as error:
                refused.append(error)
            answered.append(time.monotonic())

    with Kit(**settings) as kit:
        workers = [threading.Thread(target=work) for _ in range(in_flight)]
        for worker in workers:
            worker.start()
        wait_for_the_others()
        start.wait()
        for worker in workers:
            worker.join()
        return answered, len(refused)


async def tasks(settings: dict[str, Any], requests: int, in_flight: int) -> tuple[list[float], int]:
    answered: list[float] = []
    refused: list[RateLimitError] = []

    async def work(count: int) -> None:
        for _ in range(count):
            try:
                await kit.account.get()
            except RateLimitError as error:
                refused.append(error)
            answered.append(time.monotonic())

    async with AsyncKit(**settings) as kit:
        async with asyncio.TaskGroup() as group:
            for _ in range(in_flight):
                group.create_task(kit.get_async_httpx_client().get(NOT_COUNTED, auth=None))
        wait_for_the_others()
        async with asyncio.TaskGroup() as group:
            for _ in range(TASKS):
                group.create_task(work(requests // TASKS))
        return answered, len(refused)


def wait_for_the_others() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
