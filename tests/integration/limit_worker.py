"""A process that sends requests through a shared rate limiter: `python -m tests.integration.limit_worker`.

Arguments: `sqlite` or `redis`, the file or URL, the base URL, the limit, the window, requests for each thread, threads.
It prints how many succeeded, and what the others raised.
"""

from __future__ import annotations

import sys
import threading

from kit_client import Kit, KitError, RateLimiter, RedisRateLimiter, SQLiteRateLimiter


def main(kind: str, place: str, url: str, limit: str, window: str, requests: str, threads: str) -> None:
    limiter: RateLimiter
    if kind == "sqlite":
        limiter = SQLiteRateLimiter(place, limit=int(limit), window=float(window))
    else:
        limiter = RedisRateLimiter(place, limit=int(limit), window=float(window))
    outcomes: list[str] = []
    with Kit("kit_test_key", base_url=url, rate_limiter=limiter, max_retries=0) as kit:

        def work() -> None:
            for _ in range(int(requests)):
                try:
                    kit.account.get()
                    outcomes.append("ok")
                except KitError as error:
                    outcomes.append(repr(error))

        started = [threading.Thread(target=work) for _ in range(int(threads))]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
    print(outcomes.count("ok"), *(outcome for outcome in outcomes if outcome != "ok"), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
