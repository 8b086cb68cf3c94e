"""Bulk jobs: queue and run the bulk requests that are too large to be answered at once.

A job runs 2 seconds of the mock's clock after its request, with the handler of a small request, and POSTs the body that a
200 would have had to `callback_url`. It runs in slices of 500 items, each in its own transaction, so that requests are
answered in between. Items and results are in the database, and the changes of a slice are committed together with the mark
that it is done: after a restart, even a kill, each slice runs once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from kit_mock.endpoints.handlers import Call
from kit_mock.model import result_order, rows
from kit_mock.model.account import Account
from kit_mock.outbox import deliveries
from kit_mock.protocol.errors import Refusal, UnwritableError
from kit_mock.rules import behaviours
from kit_mock.state import schedule
from kit_mock.state.store import Store

DELAY = 2
"""Seconds from the request to the job."""
SLICE = 500
"""Items per transaction. A slice takes some hundredths of a second, and several times that if each item fires events."""

FULL = (
    "This request exceeds your queued bulk requests limit."
    " Please wait while we process your existing requests and try again later."
)

Items = list[dict[str, Any]]
Results = dict[str, dict[str, dict[str, Any]]]
"""The lists of a bulk operation's answer by name. Each has its results by key, so that equal ones are shown once."""
Run = Callable[[Call, Items], Results]


class Job(NamedTuple):
    """A row of `bulk_jobs`."""

    id: int
    account_id: int
    client: str
    operation_id: str
    behaviour: str
    callback_url: str | None
    run_at: int
    done: int
    """Slices that have run."""


_log = logging.getLogger("kit_mock")
_runs: dict[str, Run] = {}
_decode_items = msgspec.json.Decoder(Items).decode
_decode_results = msgspec.json.Decoder(dict[str, dict[str, msgspec.Raw]]).decode


def register(operation_id: str, run: Run) -> None:
    """Set the function that runs the jobs of an operation."""
    _runs[operation_id] = run


def enqueue(call: Call, name: str, items: Items, callback_url: str | None) -> None:
    """Queue a validated request, whose items are in the field `name`. Raises Refusal 413 if the queue is full."""
    slices = [msgspec.json.encode(items[at : at + SLICE]) for at in range(0, len(items), SLICE)]
    # The size of the body as JSON: the slices without their brackets, with commas between them.
    size = len(msgspec.json.encode({**call.body, name: []})) + sum(map(len, slices)) - len(slices) - 1
    sql = "SELECT coalesce(sum(size), 0) FROM bulk_jobs WHERE account_id = ? AND client = ?"
    store, now = call.account.store, call.account.now
    if store.value(sql, (call.account.id, call.client)) + size > store.settings.bulk_queue_bytes:
        raise Refusal(413, (FULL,))
    row = {
        "account_id": call.account.id,
        "client": call.client,
        "operation_id": call.operation_id,
        "size": size,
        "behaviour": call.account.behaviour.name,
        "callback_url": callback_url,
        "created_at": now,
        "run_at": now + DELAY,
    }
    id_ = store.insert_row("bulk_jobs", row)
    for number, encoded in enumerate(slices):
        store.insert_row("bulk_slices", {"job_id": id_, "number": number, "items": encoded})
    store.has_new_work = True


def next_at(store: Store) -> int | None:
    """Return when the next job is or was due, or None if none waits."""
    found: int | None = store.value("SELECT min(run_at) FROM bulk_jobs")
    return found


@schedule.task(next_at)
def run_jobs(store: Store, now: int) -> None:
    """Run one slice of a due job."""
    job = rows.first(store, "bulk_jobs", Job, "run_at <= ? ORDER BY done, run_at, id LIMIT 1", now)
    if job is None:
        return
    try:
        with store.savepoint():
            is_over = _run_slice(store, job)
    except UnwritableError:  # The disk is full. The job waits until there is room.
        raise
    except Exception:  # noqa: BLE001  (one broken job must not block those after it)
        _log.exception("fault in the mock, bulk job %s is dropped", job.id)
        is_over = True
    if is_over:
        store.write("DELETE FROM bulk_slices WHERE job_id = ?", (job.id,))
        store.write("DELETE FROM bulk_jobs WHERE id = ?", (job.id,))
        store.job_results.pop(job.id, None)


def _run_slice(store: Store, job: Job) -> bool:
    """Run the next slice of a job and return whether it was the last. After the last, queue the POST to `callback_url`."""
    call = Call(
        operation_id=job.operation_id,
        path={},
        query={},
        body={},
        account=Account(store, job.account_id, job.run_at, behaviours.named(job.behaviour)),
        client=job.client,
    )
    sql = "SELECT items FROM bulk_slices WHERE job_id = ? AND number = ?"
    results = _runs[job.operation_id](call, _decode_items(store.value(sql, (job.id, job.done))))
    encoded = None if job.callback_url is None else msgspec.json.encode(_with_unique_failures(results, job.done))
    sql = "UPDATE bulk_slices SET items = NULL, results = ? WHERE job_id = ? AND number = ?"
    store.write(sql, (encoded, job.id, job.done))
    store.update_row("bulk_jobs", job.id, {"done": job.done + 1})
    if encoded is not None:
        _gather(store, job.id, encoded)
    sql = "SELECT 1 FROM bulk_slices WHERE job_id = ? AND number = ?"
    if store.value(sql, (job.id, job.done + 1)) is not None:
        return False
    if job.callback_url is not None:
        deliveries.enqueue(
            store,
            account_id=job.account_id,
            event=job.operation_id,
            target_url=job.callback_url,
            payload=_payload(store, job.id),
            now=job.run_at,
        )
    return True


def _with_unique_failures(results: Results, number: int) -> Results:
    """Return results with keys of failures that differ from those of other slices, so that no failure is replaced."""
    failures = results.get("failures", {})
    return {**results, "failures": {f"{number}.{key}": each for key, each in failures.items()}}


def _gather(store: Store, id_: int, encoded: bytes) -> None:
    """Add the results of a slice to those of its job in memory. Adding them twice makes no difference.

    They are in the database too, but decoding all of them at the end would take too long.
    """
    if id_ not in store.job_results:  # The first slice, or the first after a restart.
        sql = "SELECT results FROM bulk_slices WHERE job_id = ? AND results NOT NULL ORDER BY number"
        parts = [part for (part,) in store.rows(sql, (id_,))]
        store.job_results[id_] = {}
    else:
        parts = [encoded]
    for part in parts:
        for name, found in _decode_results(part).items():
            # Copied, since a Raw keeps all of its slice in memory.
            store.job_results[id_].setdefault(name, {}).update({key: bytes(each) for key, each in found.items()})


def _payload(store: Store, id_: int) -> bytes:
    """Return the body of a job's callback as JSON."""
    lists = [
        msgspec.json.encode(name)
        + b":["
        + b",".join(result_order.arranged(list(found.values()), store.settings.bulk_order))
        + b"]"
        for name, found in store.job_results[id_].items()
    ]
    return b"{" + b",".join(lists) + b"}"
