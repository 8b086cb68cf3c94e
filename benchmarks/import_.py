"""An import into the mock in another process: how many requests it takes, how long, and how much memory."""

from __future__ import annotations

import json
import math
import subprocess
import sys

from .export import MOST_MEMORY
from .servers import kit_mock
from .timing import goal, progress

ROWS = 100_000
SIZE = 100
"""The most items that the service takes in a request."""
KINDS = 3
"""Each row is a subscriber with a value of a custom field and a tag, and each of these is an item of a request."""
MOST = 1.02
"""Of the least number of requests."""


def run(rows: int = ROWS) -> None:
    """Measure and print."""
    with kit_mock() as port:
        progress(f"importing {rows:,} rows")
        command = [sys.executable, "-m", "benchmarks.import_worker", str(rows), f"http://127.0.0.1:{port}"]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout)
    if found["failed"]:
        raise RuntimeError(f"{found['failed']} rows failed")
    least, requests, more = KINDS * math.ceil(rows / SIZE), found["requests"], found["peak"] - found["idle"]
    print(f"\nImport of {rows:,} rows with a tag and a custom field, the mock in another process")
    print(
        f"  {requests:,} requests, {least:,} at least   {requests / least:6.3f} x"
        f"   {found['seconds']:.1f} s   peak {found['peak']:.0f} MB, {more:+.0f}"
    )
    goal(f"at most {MOST} times the least number of requests", requests <= MOST * least)
    goal(f"at most {MOST_MEMORY} MB more than an idle client", more <= MOST_MEMORY)
