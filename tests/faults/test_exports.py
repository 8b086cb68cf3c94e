"""Exports over real sockets: failures of the service, and Ctrl-C."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import anyio
import attrs
import pytest

from kit_client import AsyncKit, Kit, KitError, RetryPolicy
from kit_mock import Fault, KitMock

SECONDS = 20
MEMBERS = 300
# At most two attempts, so that some calls fail for good.
RETRY = RetryPolicy(max_retries=1, backoff=0.001, rate_limit_backoff=0.001)

EXPORT = """
import sys
from kit_client import Kit
with Kit("kit_test_key", base_url=sys.argv[1], rate_limiter=None) as kit:
    try:
        list(kit.bulk.export_subscribers())
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        for number in range(MEMBERS):
            joined = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=number)
            mock.subscribers.add(f"reader{number}@example.com", created_at=joined)
        yield mock


def break_often(mock: KitMock) -> None:
    """Let a fifth of all requests go wrong, in every way that there is."""
    troubles = [
        Fault(reset="before"),
        Fault(reset="after"),
        Fault(cut_body=True),
        Fault(html=True),
        Fault(status=520),
        Fault(status=429),
        Fault(status=500),
    ]
    for seed, trouble in enumerate(troubles):
        mock.faults.add(attrs.evolve(trouble, operation="list_subscribers", probability=0.03, seed=seed))


def test_each_subscriber_comes_once_through_failures(mock: KitMock) -> None:
    break_often(mock)
    failures, cursor = 0, None
    found: list[int] = []
    with Kit(mock.api_key, base_url=mock.url, rate_limiter=None, retry=RETRY) as kit:
        while len(found) < MEMBERS:
            assert failures < 100
            try:
                for page in kit.bulk.export_subscribers(per_page=5, after=cursor).pages():
                    found += [subscriber.id for subscriber in page]
            except KitError as error:
                cursor, failures = error.cursor, failures + 1
    assert sorted(found) == list(range(1, MEMBERS + 1))
    assert failures


async def test_each_subscriber_comes_once_through_failures_async(mock: KitMock) -> None:
    break_often(mock)
    failures, cursor = 0, None
    found: list[int] = []
    async with AsyncKit(mock.api_key, base_url=mock.url, rate_limiter=None, retry=RETRY) as kit:
        while len(found) < MEMBERS:
            assert failures < 100
            try:
                async for page in kit.bulk.export_subscribers(per_page=5, after=cursor).pages():
                    found += [subscriber.id for subscriber in page]
            except KitError as error:
                cursor, failures = error.cursor, failures + 1
    assert sorted(found) == list(range(1, MEMBERS + 1))
    assert failures


@pytest.mark.parametrize("moment", [0.001, 0.003, 0.01, 0.03])
async def test_no_page_is_lost_wherever_an_export_is_cancelled(mock: KitMock, moment: float) -> None:
    found: list[int] = []
    async with AsyncKit(mock.api_key, base_url=mock.url, rate_limiter=None) as kit:
        pages = kit.bulk.export_subscribers(per_page=10, parallel=4).pages()
        with anyio.fail_after(SECONDS):
            while len(found) < MEMBERS:
                with anyio.move_on_after(moment):
                    async for page in pages:
                        found += [subscriber.id for subscriber in page]
                # Calls that are under way go on.
                await anyio.sleep(0.001)
    assert sorted(found) == list(range(1, MEMBERS + 1))


def test_ctrl_c_ends_an_export_that_waits() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(SECONDS)
        command = [sys.executable, "-c", EXPORT, f"http://127.0.0.1:{server.getsockname()[1]}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(SECONDS)
                    assert connection.recv(1)
                    process.send_signal(signal.SIGINT)
                    said, _ = process.communicate(timeout=SECONDS)
            finally:
                process.kill()
    assert (said, process.returncode) == ("stopped\n", 0)
