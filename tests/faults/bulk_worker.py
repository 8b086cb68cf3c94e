"""Imports people with a checkpoint, and prints a line for each outcome: ``python bulk_worker.py URL CHECKPOINT COUNT [STEP]``.

A line has the address, the row's number, whether it is ok, and whether it is from an earlier run. With STEP, processes are
killed at every STEP-th line of checkpoint.py, each with a new checkpoint, with which another process then goes on. The lines
of that one are printed, after one that says that it begins.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import kit_client.bulk.checkpoint
from kit_client import Kit, RetryPolicy


def rows(count: int) -> Iterator[dict[str, str]]:
    for number in range(1, count + 1):
        bad = number % 50 == 0
        yield {"email_address": f"p{number}@{'nowhere' if bad else 'example.com'}", "first_name": f"P {number}"}


def kill_at(number: int) -> Any:
    """A trace function that kills the process at the line of that number which checkpoint.py comes to."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        code = frame.f_code
        # What is done for each row only reads it.
        if code.co_filename != kit_client.bulk.checkpoint.__file__ or code.co_name in ("_encoded", "<listcomp>"):
            return None
        if event == "line":
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def load(url: str, checkpoint: str, count: int) -> None:
    retry = RetryPolicy(max_retries=8, backoff=0.01)
    with Kit(access_token="test_access_token", base_url=url, rate_limiter=None, retry=retry) as kit:
        imported = kit.bulk.import_subscribers(rows(count), tags=[31], checkpoint=checkpoint, parallel=4)
        for row, outcome in imported:
            print(row["email_address"], outcome.index, int(outcome.ok), int(outcome.resumed), flush=True)


def in_a_process(function: Callable[[], None]) -> int:
    """Call a function in a forked process, and return the status of that."""
    pid = os.fork()
    if pid == 0:
        function()
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def kill_at_lines(url: str, checkpoint: str, count: int, step: int) -> None:
    def killed() -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.settrace(kill_at(line))
        load(url, path, count)

    for line in itertools.count(1, step):
        path = f"{checkpoint}-{line}"
        status = in_a_process(killed)
        assert status in (0, signal.SIGKILL), status
        print("killed", flush=True)
        assert in_a_process(lambda: load(url, path, count)) == 0  # noqa: B023  # it is called at once
        if status == 0:
            return


if __name__ == "__main__":
    if len(sys.argv) == 4:
        load(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        kill_at_lines(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
