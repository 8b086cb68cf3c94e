"""Connections that a server ends while the client keeps them, or when it just uses them again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from kit_client import APIConnectionError, Kit, RetryPolicy
from kit_mock import KitMock

from .callers import CALLERS, calling
from .relay import Ending, Moment, Relay

AT_ONCE = 8
EACH = 25
ENDINGS: list[Ending] = ["close", "reset"]


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        yield mock


@pytest.fixture
def relay(mock: KitMock) -> Iterator[Relay]:
    with Relay(mock.url) as relay:
        yield relay


@pytest.fixture
def arguments(mock: KitMock, relay: Relay) -> dict[str, Any]:
    retry = RetryPolicy(backoff=0.001)
    return {"access_token": mock.access_token, "base_url": relay.url, "rate_limiter": None, "retry": retry}


def buy(kit: Any, number: int) -> Any:
    line = {"name": "Book", "pid": "book", "lid": "a", "quantity": 1, "unit_price": 5.0}
    return kit.purchases.create(
        transaction_id=f"order-{number}", email_address="ada@example.com", currency="USD", products=[line]
    )


@pytest.mark.parametrize("how", CALLERS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_connection_that_ended_between_two_calls_goes_unnoticed(
    mock: KitMock, relay: Relay, arguments: dict[str, Any], how: str, ending: Ending
) -> None:
    relay.ending = ending
    with calling(how, **arguments) as call:
        for number in range(3):
            call(partial(buy, number=number))
            call(lambda kit: kit.account.get())
            assert relay.end_idle() == 1
    assert len(mock.purchases.all()) == 3
    assert relay.requests == 6
    assert relay.opened == 3


@pytest.mark.parametrize("how", CALLERS)
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(("moment", "effects"), [("asked", 0), ("head", 1)])
def test_a_connection_that_ends_as_it_is_used_again(
    mock: KitMock, relay: Relay, arguments: dict[str, Any], how: str, ending: Ending, moment: Moment, effects: int
) -> None:
    relay.ending, relay.moment = ending, moment
    with calling(how, **arguments) as call:
        call(lambda kit: kit.account.get())
        with pytest.raises(APIConnectionError) as caught:
            call(lambda kit: buy(kit, 1))
        assert caught.value.attempts == 1
        assert len(mock.purchases.all()) == effects
        call(lambda kit: kit.account.get())
        call(lambda kit: kit.subscribers.create(email_address="bob@example.com"))
        assert relay.requests == 5, "what is safe to repeat is sent again"
    assert sum(each["email_address"] == "bob@example.com" for each in mock.subscribers.all()) == 1


def test_connections_that_end_after_each_answer_cost_nothing_that_is_not_told(
    mock: KitMock, relay: Relay, arguments: dict[str, Any]
) -> None:
    relay.moment = "answered"
    done: list[str] = []
    unsure: list[str] = []

    def work(first: int) -> None:
        for number in range(first, first + EACH):
            try:
                done.append(buy(kit, number).transaction_id)
            except APIConnectionError:
                unsure.append(f"order-{number}")
            assert kit.account.get().account.id

    with Kit(**arguments) as kit:
        threads = [threading.Thread(target=work, args=(1000 * number,)) for number in range(AT_ONCE)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    there = [each["transaction_id"] for each in mock.purchases.all()]
    assert len(done) + len(unsure) == AT_ONCE * EACH
    assert len(there) == len(set(there))
    assert set(done) <= set(there) <= {*done, *unsure}
    assert all(len(each["products"]) == 1 for each in mock.purchases.all())
