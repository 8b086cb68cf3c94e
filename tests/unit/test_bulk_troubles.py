"""Imports that meet trouble: refusals, outages, callers who leave, and checkpoints."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from kit_client import AsyncKit, AuthenticationError, CheckpointError, Clock, KitError, RateLimiter, ServerError
from kit_client.bulk import Outcome

from .bulk_service import BulkService
from .test_bulk_import import people


class Refusing(BulkService):
    """Answers the requests that `refusal` has an answer for with that."""

    def refusal(self, key: str, addresses: list[str]) -> httpx.Response | None:
        return None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        key = f"{request.method} {request.url.path}"
        items = json.loads(request.content).get("subscribers", []) if request.content else []
        # No other request comes between the refusal and the effect.
        with self.lock:
            refused = self.refusal(key, [item["email_address"] for item in items])
            if refused is not None:
                self.requests[key] += 1
                return refused
            return super().__call__(request)


def test_a_row_that_spoils_a_request_is_found() -> None:
    class Service(Refusing):
        def refusal(self, key: str, addresses: list[str]) -> httpx.Response | None:
            spoilt = "p77@example.com" in addresses
            return httpx.Response(422, json={"errors": ["The request is spoilt"]}) if spoilt else None

    service = Service()
    with service.kit() as kit:
        report = kit.bulk.import_subscribers(people(300)).report()
    assert report.imported == 299
    ((row, outcome),) = report.failures
    assert (row["email_address"], outcome.errors) == ("p77@example.com", ("The request is spoilt",))
    assert service.requests["POST /v4/bulk/subscribers"] <= 3 + 2 * 7


def test_a_full_account_fails_the_rows_and_says_why() -> None:
    class Service(Refusing):
        def refusal(self, key: str, addresses: list[str]) -> httpx.Response | None:
            full = len(self.people) >= 200
            return httpx.Response(403, json={"errors": ["This would exceed your limit"]}) if full else None

    with Service().kit() as kit:
        report = kit.bulk.import_subscribers(people(350), parallel=1).report()
    assert (report.imported, report.failed) == (200, 150)
    assert {outcome.errors for _, outcome in report.failures} == {("This would exceed your limit",)}


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (501, ServerError)])
def test_what_holds_for_all_rows_is_raised(status: int, kind: type[KitError], is_async: bool) -> None:
    class Service(Refusing):
        def refusal(self, key: str, addresses: list[str]) -> httpx.Response | None:
            return httpx.Response(status, json={"errors": ["No"]}) if len(self.people) >= 200 else None

    done: list[Any] = []
    service = Service()

    def sync() -> None:
        with service.kit() as kit:
            done.extend(kit.bulk.import_subscribers(people(5000), parallel=2))

    async def main() -> None:
        async with service.async_kit() as kit:
            async for pair in kit.bulk.import_subscribers(people(5000), parallel=2):
                done.append(pair)

    with pytest.raises(kind):
        asyncio.run(main()) if is_async else sync()
    assert len(done) == 200
    assert service.requests["POST /v4/bulk/subscribers"] <= 4


def test_an_outage_is_waited_for() -> None:
    class Service(Refusing):
        def refusal(self, key: str, addresses: list[str]) -> httpx.Response | None:
            return httpx.Response(503) if self.clock.now < 1_700_000_000 + 60 else None

    service = Service()
    with service.kit() as kit:
        report = kit.bulk.import_subscribers(people(2000)).report()
    assert report.imported == 2000
    # Eight requests at a time, each four times: what can't be sent is not read either.
    assert service.requests["POST /v4/bulk/subscribers"] <= 20 + 20 * 4


def test_a_service_that_stays_down_fails_rows_and_then_the_import() -> None:
    class Service(Refusing):
        def refusal(self, key: str, addresses: list[str]) -> httpx.Response | None:
            return httpx.Response(503)

    service = Service()
    with service.kit() as kit:
        report = kit.bulk.import_subscribers(people(150)).report()
        assert report.failed == 150
        assert all("503" in outcome.errors[0] for _, outcome in report.failures)
        assert report.requests == 2 * 5
        with pytest.raises(ServerError):
            kit.bulk.import_subscribers({"email_address": f"p{n}@example.com"} for n in range(10**9)).report()


def test_whoever_stops_iterating_ends_the_import() -> None:
    service = BulkService()
    with service.kit() as kit:
        for _, outcome in kit.bulk.import_subscribers(people(100_000), parallel=4):
            assert outcome.ok
            break
        with pytest.raises(ZeroDivisionError):
            for _ in kit.bulk.import_subscribers(people(100_000), parallel=4):
                raise ZeroDivisionError
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and thread.name == "kit-import":
                thread.join(10)
    assert service.requests["POST /v4/bulk/subscribers"] <= 2 * 8


def test_an_error_in_the_rows_is_raised_as_it_is() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield from people(250)
        raise OSError("the disk is gone")

    done: list[Any] = []
    service = BulkService()
    with service.kit() as kit, pytest.raises(OSError, match="the disk is gone"):
        done.extend(kit.bulk.import_subscribers(rows()))
    with service.kit() as kit:
        imported = kit.bulk.import_subscribers(rows(), parallel=1)
        with pytest.raises(OSError, match="the disk is gone"):
            imported.report()
        assert imported.so_far.rows == imported.so_far.imported


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_cancelled_import_sends_nothing_more() -> None:
    service = BulkService()
    sent = anyio.Event()

    async def hang(request: httpx.Request) -> httpx.Response:
        sent.set()
        await anyio.sleep_forever()
        raise AssertionError

    async with service.async_kit() as kit:
        kit.get_async_httpx_client()._transport = httpx.MockTransport(hang)
        imported = kit.bulk.import_subscribers(people(1000))
        async with anyio.create_task_group() as group:
            group.start_soon(imported.report)
            await sent.wait()
            group.cancel_scope.cancel()
        assert imported.so_far.rows == 0
    async with service.async_kit() as kit:
        run = aiter(kit.bulk.import_subscribers(people(100_000), parallel=4))
        async with aclosing(run):
            async for _ in run:
                break
        before = sum(service.requests.values())
        await anyio.sleep(0.01)
        assert sum(service.requests.values()) == before <= 8
        with pytest.raises(StopAsyncIteration):
            await anext(run)
        gone = aiter(kit.bulk.import_subscribers(people(1000)))
        await anext(gone)
        del gone
        gc.collect()


def test_an_import_belongs_to_one_event_loop_and_one_task() -> None:
    service = BulkService()
    kit = service.async_kit()
    run = aiter(kit.bulk.import_subscribers(people(1000)))

    async def one() -> Any:
        return await anext(run)

    async def two() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(one)
            group.start_soon(one)

    asyncio.run(one())
    with pytest.raises(RuntimeError, match="in the event loop in which it began"):
        asyncio.run(one())
    run = aiter(kit.bulk.import_subscribers(people(1000)))
    with pytest.raises(ExceptionGroup) as caught:
        asyncio.run(two())
    assert caught.group_contains(RuntimeError, match="iterated over by another task")


def outcomes(pairs: list[tuple[Any, Outcome]]) -> dict[int, tuple[bool, tuple[str, ...], int | None]]:
    return {each.index: (each.ok, each.errors, each.subscriber.id if each.subscriber else None) for _, each in pairs}


@pytest.mark.parametrize("is_async", [False, True])
def test_an_import_goes_on_where_it_stopped(tmp_path: Path, is_async: bool) -> None:
    service = BulkService(faults=0.1)
    checkpoint = tmp_path / "import.checkpoint"
    wanted = [
        *people(900),
        {"email_address": "P5@example.com"},
        {"email_address": "badx@example.com"},
        {"email_address": "no"},
    ]
    arguments: dict[str, Any] = {"tags": [1], "checkpoint": checkpoint, "parallel": 2}

    def part(count: int) -> list[tuple[Any, Outcome]]:
        with service.kit() as kit, closing(iter(kit.bulk.import_subscribers(iter(wanted), **arguments))) as run:
            return [pair for pair, _ in zip(run, range(count), strict=False)]

    async def apart(count: int) -> list[tuple[Any, Outcome]]:
        async with (
            service.async_kit() as kit,
            aclosing(aiter(kit.bulk.import_subscribers(iter(wanted), **arguments))) as run,
        ):
            return [await anext(run) for _ in range(count)]

    first = asyncio.run(apart(300)) if is_async else part(300)
    assert stat.S_IMODE(checkpoint.stat().st_mode) == 0o600
    before = service.sent.copy()
    with service.kit() as kit:
        again = list(kit.bulk.import_subscribers(iter(wanted), **arguments))
        known = {outcome.index for _, outcome in again if outcome.resumed}
        assert {outcome.index for _, outcome in first} <= known
        assert all(
            service.sent[wanted[i - 1]["email_address"]] == before[wanted[i - 1]["email_address"]] for i in known
        )
        whole = outcomes(again)
        assert len(again) == len(whole) == 903
        assert sum(ok for ok, _, _ in whole.values()) == 900
        assert whole.items() >= outcomes(first).items()
        # Once it is done, all is known.
        sent, report = service.sent.copy(), kit.bulk.import_subscribers(wanted, **arguments).report()
        assert (report.resumed, report.imported, report.failed, report.duplicates) == (901, 900, 2, 1)
        assert report.requests == 1
        assert service.sent == sent


def test_rows_that_failed_for_a_passing_reason_are_sent_again(tmp_path: Path) -> None:
    class Service(Refusing):
        is_down = True

        def refusal(self, key: str, addresses: list[str]) -> httpx.Response | None:
            return httpx.Response(503) if self.is_down and "p150@example.com" in addresses else None

    service, checkpoint = Service(), tmp_path / "c"
    with service.kit() as kit:
        assert kit.bulk.import_subscribers(people(300), checkpoint=checkpoint).report().failed == 100
        service.is_down = False
        report = kit.bulk.import_subscribers(people(300), checkpoint=checkpoint).report()
    assert (report.imported, report.resumed) == (300, 200)


def test_a_checkpoint_is_of_one_import(tmp_path: Path) -> None:
    service, checkpoint = BulkService(), tmp_path / "c"
    wanted = people(250)
    with service.kit() as kit:
        kit.bulk.import_subscribers(wanted, tags=["VIP", 7], checkpoint=checkpoint, create_missing=True).report()
        sent = service.sent.copy()
        cases: list[tuple[list[dict[str, Any]], dict[str, Any], str]] = [
            (wanted, {"tags": [7]}, "it is of an import with other tags or forms, or into another account"),
            (wanted, {"tags": ["VIP", 7], "forms": [1]}, "it is of an import with other tags"),
            (wanted[1:], {}, "row 1 is another one than when the import began"),
            ([*wanted[:200], *wanted[:50]], {}, "row 201 is another one"),
            ([{**row, "first_name": "Eve"} for row in wanted], {}, "row 1 is another one"),
            (wanted[:249], {}, "it has an outcome of row 250, and only 249 came"),
        ]
        for rows, arguments, says in cases:
            with pytest.raises(CheckpointError, match=says) as caught:
                kit.bulk.import_subscribers(
                    rows, **{"tags": [7, "vip"], "checkpoint": checkpoint, **arguments}
                ).report()
            assert str(checkpoint) in str(caught.value)
        assert service.sent == sent
    another = OtherAccount()
    with pytest.raises(CheckpointError, match="into another account"), another.kit() as kit:
        kit.bulk.import_subscribers(wanted, tags=["vip", 7], create_missing=True, checkpoint=checkpoint).report()
    assert not another.sent


class OtherAccount(BulkService):
    def _get_account(self, _: dict[str, Any]) -> dict[str, Any]:
        found = super()._get_account(_)
        return {**found, "account": {**found["account"], "id": 2}}


def test_a_file_that_is_no_checkpoint_is_left_as_it_is(tmp_path: Path) -> None:
    text, database = tmp_path / "people.csv", tmp_path / "other.sqlite3"
    text.write_text("email_address\nada@example.com\n" * 100)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE mine (a)")
    before = {path: path.read_bytes() for path in (text, database)}
    with BulkService().kit() as kit:
        for path in (text, database, tmp_path, tmp_path / "none" / "c"):
            with pytest.raises(CheckpointError, match=r"checkpoint .*: it "):
                kit.bulk.import_subscribers(people(5), checkpoint=path).report()
    assert {path: path.read_bytes() for path in before} == before


def test_one_import_at_a_time_uses_a_checkpoint(tmp_path: Path) -> None:
    service, checkpoint = BulkService(), tmp_path / "c"
    with service.kit() as kit:
        run = iter(kit.bulk.import_subscribers(people(1000), checkpoint=checkpoint))
        next(run)
        with pytest.raises(CheckpointError, match="another import uses it"):
            kit.bulk.import_subscribers(people(1000), checkpoint=checkpoint).report()
        assert len(list(run)) == 999


def test_a_closed_client_ends_the_import() -> None:
    service = BulkService()
    kit = service.kit()
    run = iter(kit.bulk.import_subscribers(people(5000), parallel=1))
    next(run)
    kit.close()
    with pytest.raises(KitError, match="closed"):
        list(run)


def test_what_waits_for_the_rate_limit_when_an_import_ends_is_not_sent() -> None:
    service = BulkService()
    limiter = RateLimiter(limit=3, window=0.3)
    with service.kit(rate_limiter=limiter, clock=Clock()) as kit:
        for number, _ in enumerate(kit.bulk.import_subscribers(people(5000), parallel=8)):
            if number == 300:
                # The fourth request has had its slot, and seven others wait for the next ones.
                break
        workers = [thread for thread in threading.enumerate() if thread.name == "kit-import"]
        for thread in workers:
            thread.join(10)
    assert len(workers) >= 4
    assert sum(service.requests.values()) <= 6


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_can_not_go_on_with_an_import(tmp_path: Path) -> None:
    service = BulkService()
    with service.kit() as kit:
        run = iter(kit.bulk.import_subscribers(people(2000), checkpoint=tmp_path / "c", parallel=1))
        next(run)
        for thread in threading.enumerate():
            if thread.name == "kit-import":
                thread.join(10)
        pid = os.fork()
        if pid == 0:
            try:
                list(run)
            except RuntimeError as error:
                os._exit(7 if "can't go on in a forked process" in str(error) else 1)
            os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
        assert len(list(run)) == 1999
        assert kit.bulk.import_subscribers(people(2000), checkpoint=tmp_path / "c").report().resumed == 2000


def test_progress_is_told_of_rows_that_are_known_too(tmp_path: Path) -> None:
    with BulkService().kit() as kit:
        kit.bulk.import_subscribers(people(500), checkpoint=tmp_path / "c").report()
        told: list[tuple[int, int]] = []
        again = kit.bulk.import_subscribers(
            people(500),
            checkpoint=tmp_path / "c",
            on_progress=lambda report: told.append((report.rows, report.resumed)),
        )
        assert again.report().ok
    assert told[-1] == (500, 500)
    assert len(told) >= 5


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_a_cancellation_at_any_await_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    wanted = people(250)
    stopped = 0
    for steps in range(1, 60, 3):
        service, checkpoint, done = BulkService(), tmp_path / f"c{steps}", set[int]()
        async with service.async_kit() as kit, anyio.create_task_group() as group:

            async def load(kit: AsyncKit, checkpoint: Path, done: set[int]) -> None:
                async for _, outcome in kit.bulk.import_subscribers(
                    wanted, tags=[1], checkpoint=checkpoint, parallel=2
                ):
                    done.add(outcome.index)
                    await anyio.lowlevel.checkpoint()

            group.start_soon(load, kit, checkpoint, done)
            for _ in range(steps):
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
        stopped += len(done) < len(wanted)
        with service.kit() as kit_again:
            pairs = list(kit_again.bulk.import_subscribers(wanted, tags=[1], checkpoint=checkpoint))
        assert len(pairs) == 250
        assert all(outcome.ok for _, outcome in pairs)
        assert done <= {outcome.index for _, outcome in pairs if outcome.resumed}
        assert len(service.tagged) == len(service.people) == 250
    assert stopped > 10
