"""A service that is killed and started anew, again and again, while programs use it."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from kit_client import Kit, KitError, RetryPolicy
from kit_mock import KitMock

from .ledger import Ledger
from .service_process import free_port, served

AT_ONCE = 4
KILLS = 3


def test_what_a_program_was_told_is_what_the_service_has_after_kills(tmp_path: Path) -> None:
    db, port = tmp_path / "mock.db", free_port()
    moments = random.Random(20230217)
    ledger = Ledger(seed=20230217)
    changed = threading.Condition()
    over, up = threading.Event(), threading.Event()

    def work(kit: Kit) -> None:
        while not over.is_set():
            with changed:
                (name,) = ledger.plan(1)
            try:
                ledger.act(name)(kit)
            except KitError as error:
                ledger.note(name, error)
                # A server that was just killed may still take a connection, and answer nothing.
                up.wait(60)
            else:
                ledger.note(name, None)
            with changed:
                changed.notify_all()

    # Long enough to outlast the time that a server needs to start.
    retry = RetryPolicy(max_retries=400, backoff=0.05, max_delay=0.05, retry_ratio=None)
    with Kit(
        access_token="test_access_token", base_url=f"http://127.0.0.1:{port}", rate_limiter=None, retry=retry
    ) as kit:
        threads = [threading.Thread(target=work, args=(kit,)) for _ in range(AT_ONCE)]
        for number in range(KILLS + 1):
            with served(db, port) as process:
                up.set()
                if not number:
                    for thread in threads:
                        thread.start()
                enough = len(ledger.done) + moments.randrange(60, 200)
                with changed:
                    while len(ledger.done) < enough:
                        assert changed.wait(60)
                if number == KILLS:
                    over.set()
                    for thread in threads:
                        thread.join(60)
                up.clear()
                process.kill()
                process.wait(timeout=10)
    with KitMock(db=db) as mock:
        ledger.check(mock)
    # No more than what was under way at a kill; connections that were refused took what was asked to the next server.
    assert len(ledger.unsure) <= KILLS * AT_ONCE
    assert not ledger.refused
