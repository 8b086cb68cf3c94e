"""What is sent again, when, and what is left."""

from __future__ import annotations

import email.utils
import logging
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_client import (
    APIConnectionError,
    APITimeoutError,
    Kit,
    KitError,
    NotFoundError,
    RateLimitError,
    RetryPolicy,
    ServerError,
)

from .service import ACCOUNT, TAG, Service

OK = httpx.Response(200, json=ACCOUNT)
CREATED = httpx.Response(201, json={"tag": TAG})


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 522, 599])
def test_a_get_is_sent_again(status: int) -> None:
    service = Service(httpx.Response(status), OK)
    assert service.kit(rate_limiter=None).account.get().account.id == 1
    assert len(service.requests) == 2
    assert len(service.clock.slept) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 413, 422, 501])
def test_what_is_not_passing_is_not_sent_again(status: int) -> None:
    service = Service(httpx.Response(status), OK)
    with pytest.raises(KitError) as caught:
        service.kit().account.get()
    assert caught.value.attempts == len(service.requests) == 1


def test_a_post_that_is_not_safe_to_repeat_is_sent_again_after_429_only() -> None:
    service = Service(httpx.Response(429, text="Retry later"), CREATED)
    service.kit().tags.create(name="a")
    assert len(service.requests) == 2
    for answer in (httpx.Response(500), httpx.Response(408), httpx.ReadError("gone"), httpx.ReadTimeout("slow")):
        service = Service(answer, CREATED)
        with pytest.raises(KitError):
            service.kit().tags.create(name="a")
        assert len(service.requests) == 1


def test_a_post_that_the_document_calls_safe_is_sent_again() -> None:
    service = Service(httpx.Response(500), httpx.ReadError("gone"), httpx.Response(204))
    service.kit().subscribers.unsubscribe(1)
    assert len(service.requests) == 3


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("none free")]
)
def test_a_connection_that_was_never_made_is_tried_again_for_anything(error: Exception) -> None:
    service = Service(error, CREATED)
    service.kit().tags.create(name="a")
    assert len(service.requests) == 2


def test_the_error_says_how_often_it_was_tried() -> None:
    service = Service(httpx.Response(503))
    with pytest.raises(ServerError, match="after 3 attempts") as caught:
        service.kit(max_retries=2).account.get()
    assert caught.value.attempts == len(service.requests) == 3
    service = Service(httpx.ReadTimeout("slow"))
    with pytest.raises(APITimeoutError, match="get_account: timed out after 3 attempts") as timeout:
        service.kit(max_retries=2).account.get()
    assert timeout.value.attempts == 3
    assert isinstance(timeout.value.__cause__, httpx.ReadTimeout)
    assert isinstance(timeout.value, APIConnectionError)


def test_options_hold_for_the_calls_of_what_they_return() -> None:
    service = Service(httpx.Response(503))
    kit = service.kit()
    with pytest.raises(ServerError):
        kit.with_options(max_retries=0, timeout=3.0).account.get()
    assert len(service.requests) == 1
    assert service.requests[0].extensions["timeout"]["read"] == 3.0
    with pytest.raises(ServerError):
        kit.account.get()
    assert len(service.requests) == 1 + 5
    assert service.requests[1].extensions["timeout"]["read"] == 30.0


@pytest.mark.parametrize(
    ("options", "error"),
    [({"max_retries": -1}, ValueError), ({"max_retries": "2"}, TypeError), ({"timeout": -1}, ValueError)],
)
def test_bad_options_are_refused_by_name(options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(options))):
        Service(OK).kit().with_options(**options)  # type: ignore[arg-type]  # wrong on purpose


def test_delays_double_and_are_longer_for_429() -> None:
    service = Service(httpx.Response(500))
    with pytest.raises(ServerError):
        service.kit().account.get()
    assert service.clock.slept == [0.375, 0.75, 1.5, 3.0]
    service = Service(httpx.Response(429, text="Retry later"))
    with pytest.raises(RateLimitError):
        service.kit(rate_limiter=None).account.get()
    assert service.clock.slept == [4.5, 9.0, 18.0, 36.0]
    assert sum(service.clock.slept) > 60  # the rolling window, even with the least jitter


def test_retry_after_in_seconds_and_as_a_date_is_kept_to_and_capped() -> None:
    service = Service(httpx.Response(503, headers={"Retry-After": "7"}), OK)
    service.kit().account.get()
    assert service.clock.slept == [7.0]
    service = Service(OK)
    date = email.utils.formatdate(service.clock.now + 9, usegmt=True)
    service.answers = [httpx.Response(429, headers={"Retry-After": date}), OK]
    service.kit().account.get()
    assert service.clock.slept == [9.0]
    service = Service(httpx.Response(429, headers={"Retry-After": "86400"}), OK)
    service.kit().account.get()
    assert service.clock.slept == [60.0]


@pytest.mark.parametrize("zone", ["UTC0", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize(
    "form",
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S -0000"],
)
def test_each_form_of_a_date_is_in_utc(form: str, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(OK)
    date = time.strftime(form, time.gmtime(service.clock.now + 9))
    service.answers = [httpx.Response(503, headers={"Retry-After": date}), OK]
    with monkeypatch.context() as context:
        context.setenv("TZ", zone)
        time.tzset()
        service.kit().account.get()
    time.tzset()
    assert service.clock.slept == [9.0]


def test_no_delay_is_shorter_than_a_first_backoff() -> None:
    service = Service(OK)
    past = email.utils.formatdate(service.clock.now - 90, usegmt=True)
    for value in ("0", past):
        service = Service(httpx.Response(429, headers={"Retry-After": value}), OK)
        service.kit().account.get()
        assert service.clock.slept == [0.5]


def test_delays_are_jittered() -> None:
    for after in ({}, {"Retry-After": "7"}):
        delays = set()
        for chance in (0.0, 0.5, 1.0):
            service = Service(httpx.Response(503, headers=after), OK)
            service.kit(retry=RetryPolicy(random=partial(float, chance))).account.get()
            delays.update(service.clock.slept)
        assert len(delays) == 3
        assert min(delays) >= 7 if after else min(delays) > 0


@pytest.mark.parametrize(
    "error",
    [
        httpx.UnsupportedProtocol("no such scheme"),
        httpx.LocalProtocolError("bad header"),
        httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
        httpx.ConnectError("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca"),
        httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version number"),
        httpx.ReadError("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required"),
        ssl.SSLError(1, "[SSL: SSLV3_ALERT_BAD_CERTIFICATE] sslv3 alert bad certificate"),
        httpx.ProxyError("407 Proxy Authentication Required"),
        httpx.ProxyError("403 Forbidden"),
        httpx.ProxyError("Proxy Server could not connect: Connection not allowed by ruleset."),
        httpx.ProxyError("Invalid username/password"),
    ],
)
def test_what_no_second_attempt_mends_is_not_sent_again(error: Exception) -> None:
    service = Service(error, OK)
    with pytest.raises(APIConnectionError):
        service.kit().account.get()
    assert len(service.requests) == 1


def test_a_cause_that_is_hopeless_makes_its_effect_hopeless() -> None:
    def lost(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("") from ssl.SSLError(1, "[SSL: TLSV1_ALERT_ACCESS_DENIED] denied")

    service = Service(lost)
    with pytest.raises(APIConnectionError):
        service.kit().account.get()
    assert len(service.requests) == 1


@pytest.mark.parametrize("error", [httpx.ProxyError("503 Service Unavailable"), httpx.ProxyError("502 Bad Gateway")])
def test_a_proxy_with_trouble_of_its_own_is_tried_again_for_anything(error: Exception) -> None:
    service = Service(error, CREATED)
    service.kit().tags.create(name="a")
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred in violation of protocol"),
        ConnectionResetError("reset by peer"),
    ],
)
def test_a_connection_that_merely_ended_is_tried_again(error: Exception) -> None:
    service = Service(error, OK)
    assert service.kit().account.get().account.id == 1


GONE = httpx.Response(404, json={"errors": ["Not Found"]})
DELETIONS: list[Callable[[Kit], object]] = [
    lambda kit: kit.broadcasts.delete(1),
    lambda kit: kit.custom_fields.delete(1),
    lambda kit: kit.webhooks.delete(1),
    lambda kit: kit.tags.untag_subscriber(1, 2),
    lambda kit: kit.tags.untag_subscriber_by_email(1, email_address="ada@example.com"),
    lambda kit: kit.get_httpx_client().delete("/v4/of/my/own").raise_for_status(),
]


@pytest.mark.parametrize("lost", [httpx.ReadError("gone"), httpx.ReadTimeout("slow"), httpx.Response(502)], ids=str)
@pytest.mark.parametrize("delete", DELETIONS)
def test_a_deletion_whose_answer_was_lost_is_done(
    delete: Callable[[Kit], object], lost: Any, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(lost, httpx.ConnectError("refused"), httpx.Response(429), GONE)
    with caplog.at_level(logging.INFO, "kit_client"):
        delete(service.kit())
    assert len(service.requests) == 4
    assert "404 after an attempt whose outcome is unknown" in caplog.messages[-1]


@pytest.mark.anyio
async def test_a_deletion_whose_answer_was_lost_is_done_async() -> None:
    async with Service(httpx.ReadError("gone"), GONE).async_kit() as kit:
        assert await kit.broadcasts.delete(1) is None  # type: ignore[func-returns-value]  # that is the test


@pytest.mark.parametrize("before", [[], [httpx.ConnectError("refused")], [httpx.Response(429)]], ids=str)
def test_a_deletion_of_what_never_was_there_is_not_found(before: list[Any]) -> None:
    for delete in DELETIONS[:-1]:
        with pytest.raises(NotFoundError):
            delete(Service(*before, GONE).kit())


def test_only_a_deletion_is_done_when_there_is_nothing() -> None:
    service = Service(httpx.ReadError("gone"), GONE)
    with pytest.raises(NotFoundError):
        service.kit().tags.update(1, name="a")
    assert len(service.requests) == 2


def test_the_deadline_ends_it() -> None:
    service = Service(httpx.Response(503, headers={"Retry-After": "50"}))
    with pytest.raises(ServerError):
        service.kit(deadline=120).account.get()
    assert service.clock.slept == [50, 50]
    with pytest.raises(ServerError):
        service.kit().with_options(deadline=99).account.get()
    assert service.clock.slept == [50, 50, 50]


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_the_deadline_ends_it_async() -> None:
    service = Service(httpx.Response(503, headers={"Retry-After": "50"}))
    async with service.async_kit(deadline=120) as kit:
        with pytest.raises(ServerError):
            await kit.account.get()
    assert service.clock.slept == [50, 50]


@pytest.mark.parametrize(
    ("arguments", "timeout"),
    [
        ({}, 30.0),
        ({"timeout": 5}, 5.0),
        ({"deadline": 2}, 2.0),
        ({"deadline": None}, 30.0),
        ({"timeout": None}, None),
        ({"timeout": None, "deadline": 7}, 7.0),
        ({"timeout": 500}, 500.0),
    ],
)
def test_no_wait_is_longer_than_what_is_left(arguments: dict[str, Any], timeout: float | None) -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"].get("read"))
        return OK

    Service(answer).kit(**arguments).account.get()
    assert seen == [timeout]


def test_a_request_of_ones_own_is_judged_by_its_method() -> None:
    for method, sent in (("GET", 2), ("POST", 1)):
        service = Service(httpx.Response(503), OK)
        service.kit().get_httpx_client().request(method, "/v4/of/my/own")
        assert len(service.requests) == sent


@pytest.mark.parametrize("value", [1.5, "2", None])
def test_a_policy_that_is_none_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="max_retries"):
        RetryPolicy(max_retries=value)
    with pytest.raises(ValueError, match="backoff"):
        RetryPolicy(backoff=-1)


@pytest.mark.parametrize(
    "value", ["", "soon", "Mon, 01 Jan 2024 00:00:00 +99999999999999", "-5", "1e9", "٣", "Wed, 99 Foo"]
)
def test_a_retry_after_that_says_nothing_is_ignored(value: str) -> None:
    service = Service(httpx.Response(503, headers={b"Retry-After": value.encode()}), OK)
    service.kit().account.get()
    assert service.clock.slept == [0.375]


def test_the_budget_ends_it() -> None:
    service = Service(httpx.Response(503, headers={"Retry-After": "50"}))
    with pytest.raises(ServerError) as caught:
        service.kit(retry=RetryPolicy(max_retries=100, budget=120, random=lambda: 0.0)).account.get()
    assert service.clock.slept == [50, 50]
    assert caught.value.retry_after == 50


@given(st.floats(0, 1), st.integers(0, 40), st.sampled_from([429, 503]), st.none() | st.floats(0, 1e9))
def test_jitter_keeps_a_delay_near_what_was_meant(
    chance: float, retries: int, status: int, after: float | None
) -> None:
    policy = RetryPolicy(random=lambda: chance)
    delay = policy.delay(httpx.Response(status), True, retries, after)
    assert delay is not None
    assert delay <= policy.max_delay * 1.1
    if after is not None:
        assert delay >= min(after, policy.max_delay), "never sooner than the service asked"


def test_a_body_cut_short_is_asked_for_again() -> None:
    def cut(request: httpx.Request) -> httpx.Response:
        class Cut(httpx.SyncByteStream):
            def __iter__(self):  # type: ignore[no-untyped-def]  # a generator is enough
                yield b'{"user"'
                raise httpx.RemoteProtocolError("peer closed connection")

        return httpx.Response(200, stream=Cut())

    service = Service(cut, OK)
    assert service.kit().account.get().user.email == "ada@example.com"
    assert len(service.requests) == 2


@pytest.mark.anyio
async def test_async_keeps_the_same_policy() -> None:
    service = Service(httpx.Response(503), httpx.ReadError("gone"), OK)
    async with service.async_kit() as kit:
        await kit.account.get()
    assert service.clock.slept == [0.375, 0.75]
    service = Service(httpx.Response(500), CREATED)
    async with service.async_kit() as kit:
        with pytest.raises(ServerError):
            await kit.tags.create(name="a")
    assert len(service.requests) == 1
