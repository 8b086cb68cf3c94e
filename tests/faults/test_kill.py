"""`kit-mock serve --db` killed in the middle of writes, or told to stop: what was acknowledged is in the file."""

from __future__ import annotations

import json
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

from kit_mock import KitMock

HEADERS = {"Authorization": "Bearer test_access_token"}
BATCH = 20
LINES = 3


@contextmanager
def served(db: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "kit_mock", "serve", "--rate-limit", "off", "--db", str(db)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().split()[-1]
        finally:
            process.kill()


class Writers:
    """Threads that write as fast as they are answered, until the server is gone.

    They keep what was `sent`, under a name of its own, and of that what was `acknowledged`, with the ids that it was
    given. `first` makes the names of one run differ from those of another.
    """

    def __init__(self, url: str, first: int) -> None:
        self.sent: set[str] = set()
        self.acknowledged: dict[str, list[int]] = {}
        self.problems: list[str] = []
        self._url = url
        self._first = first
        self._changed = threading.Condition()
        kinds = [subscribe, subscribe, tag_in_bulk, tag_in_bulk, buy, buy]
        self._threads = [threading.Thread(target=self._write, args=each) for each in enumerate(kinds)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()

    def wait_for(self, count: int) -> None:
        """Until that many writes were acknowledged."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= count or self.problems, timeout=30)

    def _write(self, number: int, write: Callable[[httpx.Client, str], tuple[httpx.Response, list[int]]]) -> None:
        with httpx.Client(base_url=self._url, headers=HEADERS, timeout=20) as http:
            for count in range(1_000_000):
                name = f"{write.__name__}-{self._first}-{number}-{count}"
                self.sent.add(name)
                try:
                    response, ids = write(http, name)
                except httpx.TransportError:
                    return
                except (KeyError, ValueError) as error:
                    self.problems.append(repr(error))
                    return
                with self._changed:
                    if response.status_code not in {200, 201}:
                        self.problems.append(response.text)
                        return
                    self.acknowledged[name] = ids
                    self._changed.notify_all()


def subscribe(http: httpx.Client, name: str) -> tuple[httpx.Response, list[int]]:
    response = http.post("/v4/subscribers", json={"email_address": f"{name}@example.com"})
    return response, [response.json()["subscriber"]["id"]]


def tag_in_bulk(http: httpx.Client, name: str) -> tuple[httpx.Response, list[int]]:
    response = http.post("/v4/bulk/tags", json={"tags": [{"name": f"{name}.{n}"} for n in range(BATCH)]})
    return response, [tag["id"] for tag in response.json()["tags"]]


def buy(http: httpx.Client, name: str) -> tuple[httpx.Response, list[int]]:
    products = [
        {"name": f"Part {n}", "pid": f"{name}.{n}", "lid": f"{n}", "quantity": 1, "unit_price": 5} for n in range(LINES)
    ]
    purchase = {"email_address": f"{name}@example.com", "transaction_id": name, "currency": "USD", "products": products}
    response = http.post("/v4/purchases", json={"purchase": purchase})
    return response, [response.json()["purchase"]["id"]]


class State:
    """What a file holds, as the API shows it: ids by name."""

    def __init__(self, db: Path) -> None:
        with (
            KitMock(db=db) as mock,
            httpx.Client(transport=mock.transport, base_url="https://kit.test", headers=HEADERS) as http,
        ):
            people = {found["email_address"].partition("@")[0]: found["id"] for found in walk(http, "subscribers")}
            tags = {found["name"]: found["id"] for found in walk(http, "tags")}
            purchases = list(walk(http, "purchases"))
        self.batches: dict[str, list[int]] = {}
        for name, id_ in tags.items():
            self.batches.setdefault(name.partition(".")[0], []).append(id_)
        self.subscribers = {name: id_ for name, id_ in people.items() if name.startswith("subscribe-")}
        self.buyers = {name for name in people if name.startswith("buy-")}
        self.purchases = {found["transaction_id"]: found["id"] for found in purchases}
        self.lines = {found["transaction_id"]: len(found["products"]) for found in purchases}

    @property
    def ids(self) -> dict[str, list[int]]:
        single = {name: [id_] for name, id_ in (self.subscribers | self.purchases).items()}
        return single | self.batches


def walk(http: httpx.Client, name: str) -> Iterator[dict[str, Any]]:
    query: dict[str, Any] = {"per_page": 1000}
    while True:
        response = http.get(f"/v4/{name}", params=query)
        assert response.status_code == 200, response.text
        found = response.json()
        yield from found[name]
        if not found["pagination"]["has_next_page"]:
            return
        query["after"] = found["pagination"]["end_cursor"]


def check_file(db: Path) -> None:
    """SQLite's own opinion of the file, which it mends from its log as it opens it."""
    connection = sqlite3.connect(db)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    finally:
        connection.close()


def check(state: State, sent: set[str], acknowledged: dict[str, list[int]]) -> None:
    """All that was acknowledged is there, and beside it nothing but what was sent; all of it whole."""
    assert acknowledged.keys() <= state.ids.keys() <= sent
    for name, ids in acknowledged.items():
        assert sorted(state.ids[name]) == sorted(ids), name
    assert {len(ids) for ids in state.batches.values()} <= {BATCH}
    assert set(state.lines.values()) <= {LINES}
    assert state.buyers == state.purchases.keys()


def test_what_was_acknowledged_survives_kills_in_the_middle_of_writes(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    moments = random.Random(20230217)
    sent: set[str] = set()
    acknowledged: dict[str, list[int]] = {}
    highest = dict.fromkeys(("subscribe", "tag_in_bulk", "buy"), 0)
    for number in range(3):
        with served(db) as (process, url), Writers(url, number) as writers:
            writers.wait_for(moments.randrange(60, 240))
            process.kill()
            process.wait(timeout=10)
        assert writers.problems == []
        # Each thread had one in flight when the server was gone, which may be in the file or not.
        assert len(writers.sent) - len(writers.acknowledged) == 6
        assert Path(f"{db}-wal").stat().st_size > 0  # It did not get to end in good order.
        check_file(db)
        sent |= writers.sent
        acknowledged |= writers.acknowledged
        state = State(db)
        check(state, sent, acknowledged)
        # No id is given twice: not within a round, and none that was in the file before, acknowledged or not.
        for kind in highest:
            ids = [id_ for name, found in writers.acknowledged.items() if name.startswith(kind) for id_ in found]
            assert len(ids) == len(set(ids))
            assert min(ids) > highest[kind]
            highest[kind] = max(id_ for name, found in state.ids.items() if name.startswith(kind) for id_ in found)
    assert state.batches
    assert state.lines


def test_ctrl_c_ends_it_quietly_while_requests_are_in_flight(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    with served(db) as (process, url), Writers(url, 0) as writers:
        writers.wait_for(30)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")
    assert writers.problems == []
    check(State(db), writers.sent, writers.acknowledged)
    assert [path.name for path in tmp_path.iterdir()] == ["mock.db"]


def test_a_signal_ends_it_quietly_while_a_body_is_still_to_come(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    with served(db) as (process, url):
        address = httpx.URL(url)
        with socket.create_connection((address.host, address.port or 0), timeout=20) as half:
            body = json.dumps({"email_address": "ada@example.com"})
            head = f"POST /v4/subscribers HTTP/1.1\r\nHost: kit.test\r\nContent-Length: {len(body)}\r\n"
            authorization = f"Authorization: {HEADERS['Authorization']}\r\n"
            half.sendall(f"{head}Content-Type: application/json\r\n{authorization}\r\n{body[:10]}".encode())
            # The server has seen it once it answers somebody who came later.
            assert httpx.get(f"{url}/v4/account", headers=HEADERS).status_code == 200
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
    assert State(db).ids == {}
