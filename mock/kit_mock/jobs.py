"""Bulk jobs: the queue of bulk requests that are too large to be answered at once, and what works it off.

A job runs 2 seconds of the mock's clock after its request, by the code that carries out a small request, and POSTs the
body that a 200 would have had to `callback_url`. It waits in the database, and what it does is kept together with its
end: after a restart, even a kill, it runs once. Chosen where the API says nothing:

- What counts against the limit of the queue is the JSON of each waiting request, without white space between its parts.
- What is wrong with a request as a whole is told at once and not looked for again: a job that was let in is carried out.
- Timestamps of what it makes are of the moment it was due, however far the clock was moved on.
- A job that fails, which is a fault of the mock, is logged and dropped, with all that it did, and calls back nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import msgspec

from kit_mock import behaviours, deliveries, due
from kit_mock.problems import Refusal
from kit_mock.registry import Call
from kit_mock.storage import Store

DELAY = 2
"""Seconds from the request to the job."""

FULL = (
    "This request exceeds your queued bulk requests limit."
    " Please wait while we process your existing requests and try again later."
)

Run = Callable[[Call], dict[str, Any]]

_log = logging.getLogger("kit_mock")
_runs: dict[str, Run] = {}


def register(operation_id: str, run: Run) -> None:
    """Make known what carries out the jobs of an operation and returns the body of its 200."""
    _runs[operation_id] = run


def enqueue(call: Call, callback_url: str | None) -> None:
    """Queue a request, which has been validated. Raises Refusal 413 if it is too much for the queue."""
    body = msgspec.json.encode(call.body)
    sql = "SELECT coalesce(sum(length(body)), 0) FROM bulk_jobs WHERE account_id = ? AND client = ?"
    if call.store.value(sql, (call.account_id, call.client)) + len(body) > call.bulk_queue_bytes:
        raise Refusal(413, (FULL,))
    call.store.insert(
        "INSERT INTO bulk_jobs (account_id, client, operation_id, body, behaviour, callback_url, created_at, run_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(call.account_id, call.client, call.operation_id, body, call.behaviour.name),
            *(callback_url, call.now, call.now + DELAY),
        ),
    )
    call.store.stirred = True


def next_at(store: Store) -> int | None:
    """When the next job is due, or None if none waits."""
    found: int | None = store.value("SELECT min(run_at) FROM bulk_jobs")
    return found


@due.task(next_at)
def run_jobs(store: Store, now: int) -> None:
    """Run the jobs that are due, in the order of their requests."""
    for (id_,) in store.rows("SELECT id FROM bulk_jobs WHERE run_at <= ? ORDER BY run_at, id", (now,)):
        try:
            with store.savepoint():
                _run(store, id_)
        except Exception:  # noqa: BLE001  (the requests that come after must not suffer from it)
            _log.exception("fault in the mock, bulk job %s is dropped", id_)
        store.write("DELETE FROM bulk_jobs WHERE id = ?", (id_,))


def _run(store: Store, id_: int) -> None:
    sql = "SELECT account_id, client, operation_id, body, behaviour, callback_url, run_at FROM bulk_jobs WHERE id = ?"
    row = store.row(sql, (id_,))
    assert row is not None
    account_id, client, operation_id, body, behaviour, callback_url, run_at = row
    call = Call(
        operation_id=operation_id,
        path={},
        query={},
        body=msgspec.json.decode(body),
        store=store,
        account_id=account_id,
        now=run_at,
        behaviour=behaviours.named(behaviour),
        client=client,
    )
    payload = _runs[operation_id](call)
    if callback_url is not None:
        deliveries.enqueue(
            store, account_id=account_id, event=operation_id, target_url=callback_url, payload=payload, now=run_at
        )
