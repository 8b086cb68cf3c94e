"""Kills processes with SIGKILL at every line of a refresh that changes something: ``python oauth_killer.py FILE MOCK_URL``.

Each child starts with the same tokens, which have expired. After each, the file has to hold them or the new ones, whole,
and a successor has to get on with what it finds. The last child is not killed. Says in JSON what came of it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import kit_client
from kit_client import FileTokenStore, Kit, OAuth

MODULES = {str(Path(kit_client.__file__).with_name("oauth") / f"{name}.py") for name in ("grant", "records", "stores")}
# They change nothing, and take time.
READING = {"_read", "_check_owner", "load", "_errors", "_make_folder", "_is_good"}


def call(store: FileTokenStore, url: str) -> None:
    oauth = OAuth(
        client_id="kit_test_confidential",
        client_secret="kit_test_secret",
        store=store,
        token_url=f"{url}/oauth/token",
    )
    with Kit(auth=oauth, base_url=url, max_retries=0) as kit:
        kit.account.get()


def kill_at(number: int, pipe: int) -> Any:
    """A trace function for threads that kills the process at the line of that number."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if frame.f_code.co_filename not in MODULES or frame.f_code.co_name in READING:
            return None
        if event == "line":
            count += 1
            if count == number:
                os.write(pipe, frame.f_code.co_qualname.encode())
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def child(store: FileTokenStore, url: str, number: int) -> tuple[int, str]:
    """Refresh in a process that is killed at a line; returns its status and the function that it was in."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        threading.settrace(kill_at(number, writing))
        call(store, url)
        os._exit(0)
    os.close(writing)
    _, status = os.waitpid(pid, 0)
    with os.fdopen(reading) as pipe:
        return status, pipe.read()


def main(path: str, url: str) -> None:
    store = FileTokenStore(path)
    original = store.load("default")
    assert original is not None
    old = json.loads(original)["tokens"]
    killed: Counter[str] = Counter()
    found: Counter[str] = Counter()
    number = 0
    while True:
        number += 1
        store.save("default", original)
        status, function = child(store, url, number)
        tokens = json.loads(store.load("default") or "")["tokens"]
        assert tokens.keys() == old.keys(), tokens.keys()
        found["old" if tokens == old else "new"] += 1
        assert (tokens["access_token"] == old["access_token"]) == (tokens["refresh_token"] == old["refresh_token"])
        call(store, url)
        if status == 0:
            break
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        killed[function] += 1
    left = [each.name for each in Path(path).parent.iterdir() if each.name.endswith(".tmp")]
    print(json.dumps({"killed": killed, "found": found, "left": left}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
