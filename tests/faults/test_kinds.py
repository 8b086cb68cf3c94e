"""Each kind of fault, on each kind of operation, over real sockets: what a program sees, and what the service then has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from kit_client import (
    APIConnectionError,
    APITimeoutError,
    InvalidResponseError,
    KitError,
    RetryPolicy,
    ServerError,
)
from kit_mock import Fault, KitMock

from .callers import CALLERS, Caller, calling

RETRY = RetryPolicy(backoff=0.001, rate_limit_backoff=0.001)
ADA = "ada@example.com"
LINE = {"name": "Book", "pid": "book", "lid": "a", "quantity": 1, "unit_price": 5.0}


class Kind(NamedTuple):
    """A fault that happens once.

    Attributes:
        fault: What happens.
        requests: How many it takes until an operation that is safe to repeat succeeds; 0 if it fails.
        error: What any other operation raises; None if it succeeds, after as many requests.
        effects: How often any other operation took effect.
    """

    fault: Fault
    requests: int
    error: type[KitError] | None
    effects: int


HALF: Any = {"body": '{"subscriber": {', "media_type": "application/json"}
KINDS = {
    "reset before the effect": Kind(Fault(reset="before"), 2, APIConnectionError, 0),
    "reset after the effect": Kind(Fault(reset="after"), 2, APIConnectionError, 1),
    "cut body": Kind(Fault(cut_body=True), 2, APIConnectionError, 1),
    "cut body of an error": Kind(Fault(status=500, cut_body=True), 2, APIConnectionError, 0),
    "empty body": Kind(Fault(status=200, body="", effect=True), 0, InvalidResponseError, 1),
    "empty body, no effect": Kind(Fault(status=200, body=""), 0, InvalidResponseError, 0),
    "HTML with a success": Kind(Fault(status=200, html=True), 0, InvalidResponseError, 0),
    "half an answer": Kind(Fault(status=200, effect=True, **HALF), 0, InvalidResponseError, 1),
    "502 in HTML": Kind(Fault(html=True), 2, ServerError, 0),
    "502 in HTML after the effect": Kind(Fault(html=True, effect=True), 2, ServerError, 1),
    "500": Kind(Fault(status=500), 2, ServerError, 0),
    "500 after the effect": Kind(Fault(status=500, effect=True), 2, ServerError, 1),
    "503 with Retry-After": Kind(Fault(status=503, retry_after=0), 2, ServerError, 0),
    "520": Kind(Fault(status=520), 2, ServerError, 0),
    "524 after the effect": Kind(Fault(status=524, effect=True), 2, ServerError, 1),
    "429": Kind(Fault(status=429), 2, None, 1),
    "429 with Retry-After": Kind(Fault(status=429, retry_after=0), 2, None, 1),
    "429 in HTML": Kind(Fault(status=429, html=True), 2, None, 1),
    "a body that takes its time": Kind(Fault(slow_body=0.05), 1, None, 1),
    "an answer that takes its time": Kind(Fault(delay=0.05), 1, None, 1),
}
TIMEOUT = 0.5
TOO_SLOW = {
    "too slow an answer": Kind(Fault(delay=60), 2, APITimeoutError, 1),
    "too slow a body": Kind(Fault(slow_body=60), 2, APITimeoutError, 1),
}

UNSAFE: dict[str, Callable[[Any], Any]] = {
    "purchases": lambda kit: kit.purchases.create(
        transaction_id="order-1", email_address=ADA, currency="USD", products=[LINE]
    ),
    "broadcasts": lambda kit: kit.broadcasts.create(subject="News"),
    "tags": lambda kit: kit.tags.create(name="New"),
    "custom_fields": lambda kit: kit.custom_fields.bulk_create(custom_fields=[{"label": "Company"}]),
    "webhooks": lambda kit: kit.webhooks.create(
        target_url="https://app.example.com/", event={"name": "subscriber.subscriber_activate"}
    ),
}


def state(mock: KitMock) -> dict[str, Any]:
    """Return what operations that are safe to repeat change here, without what counts how often."""
    people = mock.subscribers.all()
    return {
        "people": sorted((each["email_address"], each["first_name"], each["state"]) for each in people),
        "tags": [each["name"] for each in mock.tags.all()],
        "broadcasts": [each["subject"] for each in mock.broadcasts.all()],
    }


SAFE: dict[str, Callable[[Any], Any]] = {
    "read": lambda kit: kit.account.get(),
    "list": lambda kit: kit.tags.list(),
    "create": lambda kit: kit.subscribers.create(email_address="bob@example.com", first_name="Bob"),
    "create many": lambda kit: kit.subscribers.bulk_create(subscribers=[{"email_address": "eve@example.com"}]),
    "update": lambda kit: kit.subscribers.update(1, first_name="Augusta"),
    "unsubscribe": lambda kit: kit.subscribers.unsubscribe(1),
    "tag": lambda kit: kit.tags.tag_subscriber(1, 1),
    "untag": lambda kit: kit.tags.untag_subscriber(2, 1),
    "delete": lambda kit: kit.broadcasts.delete(1),
}


BODILESS = {"unsubscribe", "untag", "delete"}
"""They are answered with 204, which has no body that could be wrong."""


@pytest.fixture(scope="module")
def shared_mock() -> Iterator[KitMock]:
    seed = {
        "tags": [{"name": "One"}, {"name": "Two"}],
        "subscribers": [{"email_address": ADA, "tags": ["Two"]}],
        "broadcasts": [{"subject": "Old"}],
    }
    with KitMock(seed=seed) as mock:
        mock.serve()
        yield mock


@pytest.fixture
def mock(shared_mock: KitMock) -> KitMock:
    shared_mock.reset()
    return shared_mock


# Trio has all kinds at once in the tests of storms.
@pytest.fixture(params=["sync", "asyncio"])
def call(request: pytest.FixtureRequest, mock: KitMock) -> Iterator[Caller]:
    with client(request.param, mock, mock.url) as call:
        yield call


def client(how: str, mock: KitMock, url: str, **arguments: Any) -> Any:
    arguments = {"rate_limiter": None, "retry": RETRY, **arguments}
    return calling(how, access_token=mock.access_token, base_url=url, **arguments)


def check_unsafe(call: Caller, mock: KitMock, kind: Kind, name: str) -> None:
    """Nothing is sent twice that had its effect, or that may have had it."""
    before = len(getattr(mock, name).all())
    mock.forget_requests()
    mock.faults.add(kind.fault, times=1)
    if kind.error is None:
        assert call(UNSAFE[name])
        assert len(mock.requests) == kind.requests
    else:
        with pytest.raises(KitError) as caught:
            call(UNSAFE[name])
        assert type(caught.value) is kind.error
        assert caught.value.attempts == len(mock.requests) == 1
    assert len(getattr(mock, name).all()) - before == kind.effects, name


def check_safe(call: Caller, mock: KitMock, kind: Kind, name: str) -> None:
    """It is sent until it succeeds, and the service is as if nothing had happened."""
    mock.reset()
    call(SAFE[name])
    expected = state(mock)
    mock.reset()
    mock.forget_requests()
    mock.faults.add(kind.fault, times=1)
    if not kind.requests:
        with pytest.raises(InvalidResponseError):
            call(SAFE[name])
        assert len(mock.requests) == 1
        call(SAFE[name])
    else:
        call(SAFE[name])
        assert len(mock.requests) == kind.requests, name
    assert state(mock) == expected


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_not_safe_to_repeat_happens_at_most_once(call: Caller, mock: KitMock, kind: Kind) -> None:
    for name in UNSAFE:
        check_unsafe(call, mock, kind, name)
    assert all(len(each["products"]) == 1 for each in mock.purchases.all())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_safe_to_repeat_goes_through(call: Caller, mock: KitMock, kind: Kind) -> None:
    only_body = not kind.requests or (kind.fault.cut_body and not kind.fault.answers)
    for name in SAFE.keys() - (BODILESS if only_body else ()):
        check_safe(call, mock, kind, name)


@pytest.mark.parametrize("how", CALLERS)
@pytest.mark.parametrize("kind", TOO_SLOW.values(), ids=TOO_SLOW)
def test_what_takes_too_long_is_given_up(how: str, mock: KitMock, kind: Kind) -> None:
    with client(how, mock, mock.url, timeout=TIMEOUT) as call:
        for name in ("purchases", "broadcasts"):
            check_unsafe(call, mock, kind, name)
        check_safe(call, mock, kind, "create")
