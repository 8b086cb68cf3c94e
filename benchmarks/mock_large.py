"""The mock with many subscribers: whether a page of a large account costs what one of a small account does, and memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from kit_mock import KitMock

from .timing import goal, medians, progress

SMALL = 1_000
TIMES_SMALL = 1.5
IN_MEMORY = 100_000

# Run in a process of its own: what it holds at the start, with an empty account, and at the end, in MB.
_MEMORY = f"""
import os, resource, sys
import httpx
from kit_mock import KitMock

def megabytes():
    try:
        with open("/proc/self/statm") as found:
            return int(found.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except OSError:  # The most it ever had, where the present isn't told.
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)

with KitMock() as mock:
    headers = {{"Authorization": f"Bearer {{mock.access_token}}"}}
    with httpx.Client(transport=mock.transport, base_url="https://kit.test", headers=headers) as http:
        def send(first):
            people = [{{"email_address": f"reader{{n}}@example.com", "first_name": "Reader"}} for n in range(first, first + 100)]
            assert http.post("/v4/bulk/subscribers", json={{"subscribers": people}}).status_code == 200
        for _ in range(20):
            send(0)  # Known ones, so that what is remembered of requests is there before.
        before = megabytes()
        for first in range(100, {IN_MEMORY} + 100, 100):
            send(first)
        print(before, megabytes())
"""


def run(large: int = 1_000_000) -> None:
    """Measure and print; `large` is how many subscribers the large account has."""
    _pages(large)
    _memory()


def _pages(large: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        accounts = {size: stack.enter_context(_account(folder, size)) for size in (SMALL, large)}
        progress(f"pages of accounts of {SMALL:,} and {large:,}")
        print(f"\nA page in process, of {large:,} subscribers beside {SMALL:,}")
        for per_page in (100, 500):
            for which in ("first", "last"):
                found = medians(
                    {f"{size}": _page(http, which, per_page) for size, http in accounts.items()}, rounds=40, inner=5
                )
                few, many = found[f"{SMALL}"] * 1e3, found[f"{large}"] * 1e3
                print(f"  {which} page of {per_page:<4}  {few:7.3f} ms   {many:7.3f} ms   {many / few:5.2f} x")
                goal(f"at most {TIMES_SMALL} times", many <= TIMES_SMALL * few)


@contextmanager
def _account(folder: Path, size: int) -> Iterator[httpx.Client]:
    """An account made by `kit-mock seed`, which tells how far it is, and a client for it."""
    db = folder / f"{size}.db"
    progress(f"making an account of {size:,} subscribers")
    command = [sys.executable, "-m", "kit_mock", "seed", "--subscribers", str(size), "--db", str(db)]
    subprocess.run(command, check=True)
    with KitMock(db=db) as mock:
        headers = {"X-Kit-Api-Key": mock.api_key}
        with httpx.Client(transport=mock.transport, base_url="https://kit.test", headers=headers) as http:
            yield http


def _page(http: httpx.Client, which: str, per_page: int) -> _Get:
    if which == "first":
        return _Get(http, f"/v4/subscribers?per_page={per_page}", per_page)
    # Of the list backwards, what stands right after the last page: the cursor that the last page comes after.
    end = http.get(f"/v4/subscribers?sort_order=asc&per_page={per_page + 1}").json()["pagination"]["end_cursor"]
    return _Get(http, f"/v4/subscribers?per_page={per_page}&after={end}", per_page)


class _Get:
    """Asks for a page, and sees to it that it is a whole one."""

    def __init__(self, http: httpx.Client, url: str, items: int) -> None:
        self._http = http
        self._url = url
        if len(self().json()["subscribers"]) != items:
            raise RuntimeError("that isn't a full page")

    def __call__(self) -> httpx.Response:
        return self._http.get(self._url).raise_for_status()


def _memory() -> None:
    progress(f"memory of {IN_MEMORY:,} subscribers")
    found = subprocess.run([sys.executable, "-c", _MEMORY], check=True, stdout=subprocess.PIPE, text=True)
    before, after = map(float, found.stdout.split())
    grown = after - before
    print(f"\nMemory of {IN_MEMORY:,} subscribers, kept in memory")
    print(f"  the process before           {before:9.0f} MB")
    print(f"  what they add                {grown:9.0f} MB   {grown * 1e6 / IN_MEMORY:6.0f} bytes each")
