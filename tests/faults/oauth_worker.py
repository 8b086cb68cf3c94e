"""One of several processes that share tokens: ``python oauth_worker.py``.

A line on standard input names a store, the URL of a mock and a number of threads. It says `ready`, waits for another
line, and lets each thread make a request at once. Then it says how many succeeded, and which errors came of the others.
"""

from __future__ import annotations

import json
import sys
import threading

from kit_client import FileTokenStore, Kit, KitError, OAuth, RedisTokenStore, TokenStore


def work(place: str, url: str, threads: int) -> None:
    store: TokenStore = RedisTokenStore(place) if place.startswith("redis") else FileTokenStore(place)
    oauth = OAuth(
        client_id="kit_test_confidential",
        client_secret="kit_test_secret",
        store=store,
        token_url=f"{url}/oauth/token",
    )
    barrier = threading.Barrier(threads + 1)
    outcomes: list[str] = []

    def call(kit: Kit) -> None:
        barrier.wait()
        try:
            kit.account.get()
            outcomes.append("ok")
        except KitError as error:
            outcomes.append(repr(error))

    with Kit(auth=oauth, base_url=url, max_retries=0) as kit:
        callers = [threading.Thread(target=call, args=(kit,)) for _ in range(threads)]
        for caller in callers:
            caller.start()
        print("ready", flush=True)
        sys.stdin.readline()
        barrier.wait()
        for caller in callers:
            caller.join()
    print(json.dumps({"ok": outcomes.count("ok"), "errors": [each for each in outcomes if each != "ok"]}), flush=True)


if __name__ == "__main__":
    for line in sys.stdin:
        work(*json.loads(line))
