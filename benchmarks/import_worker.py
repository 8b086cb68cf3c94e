"""A process that imports rows once, and prints as JSON what it took. Arguments: how many rows, and the URL of the mock.

Memory is the most that the process ever had, in MB: with an idle client, after one request; and at the end.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator

import httpx

from kit_client import Kit

from .export_worker import megabytes

TOKEN = "test_access_token"


def people(count: int) -> Iterator[dict[str, str]]:
    return (
        {"email_address": f"reader{number}@example.com", "first_name": f"Reader {number}", "company": f"{number % 100}"}
        for number in range(count)
    )


def main(rows: str, url: str) -> None:
    count, requests = int(rows), 0

    def note(response: httpx.Response) -> None:
        nonlocal requests
        requests += 1

    with Kit(access_token=TOKEN, base_url=url, rate_limiter=None, event_hooks={"response": [note]}) as kit:
        kit.account.get()
        idle, begun, requests = megabytes(), time.perf_counter(), 0
        imported = kit.bulk.import_subscribers(
            people(count), tags=["Newsletter"], fields=["company"], create_missing=True, count=count
        )
        failed = sum(not outcome.ok for _, outcome in imported)
        seconds = time.perf_counter() - begun
    print(json.dumps({"failed": failed, "requests": requests, "seconds": seconds, "idle": idle, "peak": megabytes()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
