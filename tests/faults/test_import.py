"""A list brought in while a fifth of all requests fails, in all ways: each row is there once, each failure is reported."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Self

import anyio
import pytest

from kit_client import AsyncKit, Kit, KitError, RetryPolicy
from kit_client.bulk import Outcome, Report
from kit_mock import KitMock

from .all_kinds import arm
from .hurried import Hurried
from .ledger import Ledger
from .service_process import free_port, served

SHARE = 0.2
BAD = 97
"""Each row of that number has no address that the service takes."""
TWICE = 83
"""Each row of that number has the address of the row before."""
Rows = list[dict[str, Any]]


def rows(count: int) -> Rows:
    made: Rows = []
    for number in range(1, count + 1):
        address = f"reader{number}@example.com"
        if number % BAD == 0:
            address = f"reader{number}@nowhere"
        elif number % TWICE == 0:
            address = made[-1]["email_address"].upper()
        made.append({"email_address": address, "first_name": f"Reader {number}", "company": f"Company {number % 7}"})
    return made


@pytest.fixture
def mock() -> Iterator[KitMock]:
    seed = {
        "tags": [{"name": "Newsletter"}],
        "forms": [{"name": "Sign up", "id": 7}],
        "custom_fields": [{"label": "Company"}],
    }
    with KitMock(seed=seed, bulk_order="scrambled") as mock:
        mock.serve()
        yield mock


class Others:
    """Threads that buy, and send broadcasts, while the list comes in."""

    def __init__(self, kit: Kit) -> None:
        self.ledger = Ledger(seed=20230217)
        self._kit, self._over = kit, threading.Event()
        self._threads = [threading.Thread(target=self._work) for _ in range(2)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def _work(self) -> None:
        while not self._over.wait(0.02):
            (name,) = self.ledger.plan(1)
            try:
                self.ledger.act(name)(self._kit)
            except KitError as error:
                self.ledger.note(name, error)
            else:
                self.ledger.note(name, None)


def arguments(mock: KitMock) -> dict[str, Any]:
    return {
        "access_token": mock.access_token,
        "base_url": mock.url,
        "rate_limiter": None,
        "timeout": 2,
        "clock": Hurried(),
        "retry": RetryPolicy(),
    }


def bring_in(how: str, mock: KitMock, given: Rows) -> tuple[list[tuple[dict[str, Any], Outcome]], Report]:
    wanted: dict[str, Any] = {"tags": ["newsletter"], "forms": [7], "fields": ["company"]}
    if how == "sync":
        with Kit(**arguments(mock)) as kit:
            imported = kit.bulk.import_subscribers(given, **wanted)
            return list(imported), imported.so_far

    async def main() -> tuple[list[tuple[dict[str, Any], Outcome]], Report]:
        async with AsyncKit(**arguments(mock)) as kit:
            imported = kit.bulk.import_subscribers(given, **wanted)
            return [pair async for pair in imported], imported.so_far

    return anyio.run(main, backend=how)


def check(mock: KitMock, given: Rows, found: list[tuple[dict[str, Any], Outcome]], *, with_form: bool = True) -> None:
    """Each row has its outcome, and what is ok is there, once and whole."""
    outcomes = {outcome.index: outcome for _, outcome in found}
    assert sorted(outcomes) == list(range(1, len(given) + 1)), "each row has its outcome"
    assert len(found) == len(given)
    assert all(row is given[outcome.index - 1] for row, outcome in found)
    good = {}
    for number, row in enumerate(given, 1):
        outcome = outcomes[number]
        if number % BAD == 0:
            assert (outcome.ok, outcome.errors) == (False, ("Email address is invalid",))
        elif number % TWICE == 0:
            assert outcome.duplicate_of == number - 1
        else:
            good[row["email_address"]] = row
            assert outcome.ok, outcome
            assert outcome.subscriber is not None
            assert outcome.subscriber.email_address == row["email_address"]
    people = [each for each in mock.subscribers.all() if each["email_address"].startswith("reader")]
    assert len(people) == len(good)
    for each in people:
        row = good.pop(each["email_address"])
        assert each["first_name"] == row["first_name"]
        assert each["fields"] == {"company": row["company"]}
    with Kit(access_token=mock.access_token, base_url=mock.url, rate_limiter=None) as kit:
        ids = {each["id"] for each in people}
        assert {each.id for each in kit.tags.list_subscribers(1, per_page=1000)} == ids
        if with_form:
            assert {each.id for each in kit.forms.list_subscribers(7, per_page=1000)} == ids


@pytest.mark.parametrize(
    ("how", "count"),
    [
        ("sync", 3_000),
        ("asyncio", 3_000),
        ("trio", 1_000),
        pytest.param("sync", 100_000, marks=pytest.mark.deep),
        pytest.param("asyncio", 100_000, marks=pytest.mark.deep),
    ],
)
def test_each_row_is_there_once_and_nothing_was_bought_or_sent_twice(how: str, count: int, mock: KitMock) -> None:
    given = rows(count)
    arm(mock, SHARE, seed=count)
    with Kit(**arguments(mock)) as kit, Others(kit) as others:
        found, report = bring_in(how, mock, given)
    mock.faults.clear()
    check(mock, given, found)
    others.ledger.check(mock)
    assert others.ledger.done
    assert (report.total, report.rows) == (count, count)
    assert report.failed == count // BAD


def test_an_import_outlasts_a_service_that_is_killed_and_started_anew(tmp_path: Path) -> None:
    db, port, count = tmp_path / "mock.db", free_port(), 4_000
    given = rows(count)
    found: list[tuple[dict[str, Any], Outcome]] = []
    arguments: dict[str, Any] = {"access_token": "test_access_token", "base_url": f"http://127.0.0.1:{port}"}
    with Kit(**arguments, rate_limiter=None, retry=RetryPolicy(backoff=0.05)) as kit:
        with served(db, port):
            kit.tags.create(name="Newsletter")
            kit.custom_fields.create(label="Company")
            imported = iter(kit.bulk.import_subscribers(given, tags=["newsletter"], fields=["company"]))
            found += islice(imported, 700)
        for more in (1_300, count):
            # Connections are refused, until the next one listens.
            with served(db, port):
                found += islice(imported, more)
    with KitMock(db=db) as mock:
        check(mock, given, found, with_form=False)
