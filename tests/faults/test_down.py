"""A service that is down, over real sockets: how much load retries add to it, and that all is well afterwards."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from kit_client import AsyncKit, Kit, KitError, RetryPolicy, ServerError
from kit_mock import Fault, KitMock

AT_ONCE = 32
EACH = 8
CALLS = AT_ONCE * EACH
RETRY = RetryPolicy(backoff=0.001)
REFUSED = "not sent again, as too many retries have failed of late"

OUTAGES = [
    pytest.param(Fault(status=500), "500: ", id="500"),
    pytest.param(Fault(html=True), r"502: \d+ bytes of text/html", id="502 in HTML"),
    pytest.param(Fault(status=521), r"521: \d+ bytes of text/html", id="521"),
    pytest.param(Fault(reset="before"), "connection failed", id="reset before the effect"),
    pytest.param(Fault(status=200, body={}, cut_body=True), "connection failed", id="cut bodies"),
    pytest.param(Fault(delay=60), "timed out", id="silence"),
]


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        yield mock


@pytest.fixture
def arguments(mock: KitMock) -> dict[str, Any]:
    return {"api_key": mock.api_key, "base_url": mock.url, "rate_limiter": None, "retry": RETRY}


def storm(kit: Kit) -> list[KitError]:
    """Make all calls in many threads. Returns what they raised."""
    errors: list[KitError] = []

    def work() -> None:
        for _ in range(EACH):
            try:
                kit.account.get()
            except KitError as error:
                errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return errors


async def astorm(kit: AsyncKit) -> list[KitError]:
    """Do the same in tasks."""
    errors: list[KitError] = []

    async def work() -> None:
        for _ in range(EACH):
            try:
                await kit.account.get()
            except KitError as error:
                errors.append(error)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for _ in range(AT_ONCE):
                group.start_soon(work)
    return errors


def check(errors: list[KitError], requests: int, says: str) -> None:
    """Each call failed, and retries added a tenth to them, no more and no less."""
    assert len(errors) == CALLS
    attempts = sum(error.attempts for error in errors)
    # What timed out may not have got there.
    assert requests == attempts or (requests < attempts and "timed out" in says)
    assert CALLS * 1.09 < attempts <= CALLS * 1.10
    assert all(re.search(says, str(error)) for error in errors)
    assert sum(REFUSED in str(error) for error in errors) >= CALLS * 0.9


@pytest.mark.parametrize(("outage", "says"), OUTAGES)
def test_retries_add_a_tenth_to_the_load_and_the_first_call_afterwards_succeeds(
    mock: KitMock, arguments: dict[str, Any], outage: Fault, says: str
) -> None:
    with Kit(**arguments) as kit:
        kit.account.get()
        armed = mock.faults.activate(outage)
        check(storm(kit.with_options(timeout=0.2) if outage.delay else kit), armed.hits, says)
        mock.faults.clear()
        assert kit.account.get().account.id
        mock.fail_next(status=503)
        assert kit.account.get().account.id, "it has a retry again"
        assert storm(kit) == []


@pytest.mark.anyio
@pytest.mark.parametrize(("outage", "says"), [OUTAGES[0], OUTAGES[3], OUTAGES[5]])
async def test_retries_add_a_tenth_to_the_load_and_the_first_call_afterwards_succeeds_async(
    mock: KitMock, arguments: dict[str, Any], outage: Fault, says: str
) -> None:
    async with AsyncKit(**arguments) as kit:
        await kit.account.get()
        armed = mock.faults.activate(outage)
        check(await astorm(kit.with_options(timeout=0.2) if outage.delay else kit), armed.hits, says)
        mock.faults.clear()
        assert (await kit.account.get()).account.id
        mock.fail_next(status=503)
        assert (await kit.account.get()).account.id, "it has a retry again"
        assert await astorm(kit) == []


def refusing() -> str:
    """Return the URL of a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_connections_that_are_refused_are_tried_again_as_rarely() -> None:
    with Kit("key", base_url=refusing(), rate_limiter=None, retry=RETRY) as kit:
        errors = storm(kit)
    check(errors, sum(error.attempts for error in errors), "connection failed.*refused")


def test_clients_of_a_process_that_share_nothing_but_the_host_share_their_retries(
    mock: KitMock, arguments: dict[str, Any]
) -> None:
    arguments["retry"] = RetryPolicy(backoff=0, retry_reserve=2)
    armed = mock.faults.activate(Fault(status=500))
    errors = []
    for number in range(60):
        if number % 2:
            with Kit(**arguments) as kit, pytest.raises(ServerError) as caught:
                kit.account.get()
        else:
            caught = asyncio.run(fails(arguments))
        errors.append(caught.value)
    assert armed.hits == sum(error.attempts for error in errors) == 66


async def fails(arguments: dict[str, Any]) -> pytest.ExceptionInfo[ServerError]:
    async with AsyncKit(**arguments) as kit:
        with pytest.raises(ServerError) as caught:
            await kit.account.get()
    return caught
