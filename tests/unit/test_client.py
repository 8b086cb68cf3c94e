"""The clients themselves: arguments, hooks, sharing, and bad input."""

from __future__ import annotations

import contextlib
import datetime
import enum
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from kit_api import AuthenticatedClient
from kit_api.api.account import get_account
from kit_api.api.purchases import create_purchase
from kit_api.api.tags import create_tag, update_tag
from kit_api.models import NewPurchase
from kit_client import AsyncKit, ConfigurationError, InvalidResponseError, Kit, KitError, ServerError, __version__

from .service import ACCOUNT, TAG, Service, tag_page

OK = httpx.Response(200, json=ACCOUNT)
NOT_A_BODY: Any = "x"
EMPTY: Any = {}
MISSPELT: Any = {"nme": "x"}
PURCHASE: dict[str, Any] = {"transaction_id": "1", "email_address": "a@b.c", "currency": "USD", "products": []}


class NoOffset(datetime.tzinfo):
    """A zone in name only: a datetime with it is as naive as one without."""

    def utcoffset(self, when: datetime.datetime | None) -> None:
        return None

    def dst(self, when: datetime.datetime | None) -> None:
        return None

    def tzname(self, when: datetime.datetime | None) -> None:
        return None


def test_kit_is_a_generated_client() -> None:
    assert issubclass(Kit, AuthenticatedClient)
    assert issubclass(AsyncKit, AuthenticatedClient)


def test_each_client_says_which_calls_it_is_for() -> None:
    with pytest.raises(TypeError, match="use AsyncKit"):
        Service(OK).kit().get_async_httpx_client()
    with pytest.raises(TypeError, match="use Kit"):
        get_account.sync(client=Service(OK).async_kit())


@pytest.mark.parametrize("url", ["", "api.kit.com", "ftp://api.kit.com", "http://", "http://h:abc", "http://[::1"])
def test_a_base_url_that_is_none(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url: expected an http or https URL"):
        Kit("key", base_url=url)


@pytest.mark.parametrize("url", ["https://me:p4ss@kit.test", "https://kit.test?p4ss=1", "https://kit.test#p4ss"])
def test_a_base_url_with_more_than_a_place_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url: expected no user, query or fragment") as caught:
        Kit("key", base_url=url)
    assert "p4ss" not in str(caught.value)


@pytest.mark.parametrize(("timeout", "error"), [(-1, ValueError), (float("nan"), ValueError), ("x", TypeError)])
def test_a_timeout_that_is_none_is_refused(timeout: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="timeout: expected"):
        Kit("key", timeout=timeout)
    with pytest.raises(error, match="timeout: expected"):
        Service(OK).kit().with_options(timeout=timeout)


def test_the_base_url_and_the_headers() -> None:
    service = Service(OK)
    service.kit(base_url="http://127.0.0.1:4010/prefix", headers={"X-Mine": "yes"}).account.get()
    (request,) = service.requests
    assert str(request.url) == "http://127.0.0.1:4010/prefix/v4/account"
    assert request.headers["X-Mine"] == "yes"
    assert request.headers["User-Agent"].startswith(f"kit-client/{__version__} python/")


def test_the_default_base_url_is_the_documents_first_server() -> None:
    service = Service(OK)
    service.kit().account.get()
    assert str(service.requests[0].url) == "https://api.convertkit.com/v4/account"


def test_event_hooks_see_each_call_once() -> None:
    seen: list[object] = []
    hooks = {"request": [seen.append], "response": [lambda response: seen.append(response.status_code)]}
    Service(httpx.Response(503), OK).kit(event_hooks=hooks).account.get()
    assert len(seen) == 2
    assert seen[1] == 200


def test_closing() -> None:
    class Transport(httpx.MockTransport):
        closed = False

        def close(self) -> None:
            self.closed = True

    transport = Transport(lambda request: OK)
    with Kit("key", transport=transport) as kit:
        kit.account.get()
    assert transport.closed
    Kit("key").close()


def test_a_client_in_use_can_be_entered_and_what_shares_its_connections_leaves_them_open() -> None:
    kit = Service(OK).kit()
    kit.account.get()
    with kit:
        with kit.with_options(timeout=3) as patient:
            patient.account.get()
        patient.close()
        kit.account.get()
    with pytest.raises(KitError, match="get_account: the client is closed"):
        kit.account.get()


@pytest.mark.anyio
async def test_closing_async() -> None:
    class Transport(httpx.MockTransport):
        closed = False

        async def aclose(self) -> None:
            self.closed = True

    transport = Transport(lambda request: httpx.Response(200, json=ACCOUNT))
    kit = AsyncKit("key", transport=transport)
    await kit.account.get()
    async with kit:
        async with kit.with_options(timeout=3) as patient:
            await patient.account.get()
        assert not transport.closed
    assert transport.closed


def test_options_share_the_connections_and_leave_the_original_alone() -> None:
    kit = Service(OK).kit()
    resource = kit.account
    patient = kit.with_options(timeout=120)
    assert patient.get_httpx_client() is kit.get_httpx_client()
    assert kit.account is resource
    assert patient.account is not resource
    service = Service(httpx.Response(503))
    with pytest.raises(ServerError):
        service.kit().with_options(max_retries=0).with_options(timeout=None).account.get()
    assert len(service.requests) == 1
    assert service.requests[0].extensions["timeout"]["read"] is None


def test_a_header_of_ones_own_takes_the_place_of_ours() -> None:
    service = Service(OK)
    service.kit(headers={"user-agent": "mine"}).account.get()
    assert service.requests[0].headers.get_list("User-Agent") == ["mine"]


class State(str, enum.Enum):  # noqa: UP042  # the kind that users have
    """As it was written before StrEnum: its `str()` is `State.ACTIVE`."""

    ACTIVE = "active"


def test_how_values_stand_in_a_query() -> None:
    service = Service(tag_page([], None, False))
    kit = service.kit()
    list(kit.tags.list(include_total_count=False, after=None, per_page=None))
    list(kit.tags.list(include_total_count=True))
    with contextlib.suppress(InvalidResponseError):
        active: Any = State.ACTIVE
        kit.subscribers.list(status=active, email_address="é+1@example.com").first_page()
    assert [dict(request.url.params) for request in service.requests] == [
        {"include_total_count": "false"},
        {"include_total_count": "true"},
        {"status": "active", "email_address": "é+1@example.com"},
    ]


def test_threads_share_one_client() -> None:
    kit = Service(OK).kit()
    with ThreadPoolExecutor(8) as pool:
        clients = set(pool.map(lambda _: kit.get_httpx_client(), range(64)))
    assert len(clients) == 1


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda kit: kit.subscribers.get(0), ValueError, "id: expected a positive integer, got 0"),
        (lambda kit: kit.subscribers.get(-3), ValueError, "id: expected a positive integer, got -3"),
        (lambda kit: kit.subscribers.get(""), TypeError, "id: expected a positive integer, got ''"),
        (lambda kit: kit.subscribers.get(None), TypeError, "id: expected a positive integer, got None"),
        (lambda kit: kit.subscribers.get(True), TypeError, "id: expected a positive integer, got True"),
        (lambda kit: kit.subscribers.get("../tags"), TypeError, "id: expected a positive integer"),
        (lambda kit: kit.tags.tag_subscriber(1, 0), ValueError, "^id: expected"),
        (lambda kit: kit.tags.tag_subscriber(0, 1), ValueError, "^tag_id: expected"),
        (lambda kit: kit.tags.create(nam="x"), TypeError, "unexpected keyword argument 'nam'"),
        (lambda kit: kit.tags.create(), TypeError, "'name'"),
        (lambda kit: kit.tags.list(status="x"), TypeError, "unexpected keyword argument 'status'"),
        (lambda kit: kit.tags.create(name=b"x"), TypeError, r"^name: a value of type bytes"),
        (lambda kit: kit.tags.bulk_create(tags=[{"name": object()}]), TypeError, r"^tags\[0\]\.name"),
        (lambda kit: create_tag.sync(client=kit, body=EMPTY), TypeError, "body: name missing"),
        (lambda kit: create_tag.sync(client=kit, body=MISSPELT), TypeError, "body: unknown nme; a NewTag has name"),
        (
            lambda kit: kit.subscribers.bulk_create(subscribers=[{"email_address": "a@b.c"}, {"email": "a@b.c"}]),
            TypeError,
            r"^subscribers\[1\]: unknown email; a NewSubscriber has",
        ),
        (lambda kit: kit.tags.bulk_create(tags="ab"), TypeError, r"^tags: expected a list, got a str"),
        (lambda kit: kit.tags.bulk_create(tags={"name": "a"}), TypeError, r"^tags: expected a list, got a dict"),
        (lambda kit: kit.tags.create(name=bytearray(b"x")), TypeError, r"^name: a value of type bytearray"),
        (
            lambda kit: create_tag.sync(client=kit, body=NOT_A_BODY),
            TypeError,
            "body: expected a .* or a dict, got a str",
        ),
        (lambda kit: update_tag.sync(0, client=kit, body={"name": "x"}), ValueError, "id: expected"),
        (
            lambda kit: kit.broadcasts.create(subject="x", send_at=datetime.datetime(2024, 1, 1)),
            ValueError,
            r"^send_at: expected a datetime with a time zone",
        ),
        (
            lambda kit: list(kit.subscribers.list(created_after=datetime.datetime(2024, 1, 1))),
            ValueError,
            "created_after: expected a datetime with a time zone",
        ),
        (lambda kit: list(kit.subscribers.list(status=["active"])), TypeError, "status: a value of type list"),
        (
            lambda kit: kit.purchases.create(**PURCHASE, total=float("nan")),
            ValueError,
            r"^total: expected a finite number",
        ),
        (lambda kit: kit.purchases.create(**PURCHASE, total=float("inf")), ValueError, "finite number"),
        (
            lambda kit: kit.purchases.create(currency="USD"),
            TypeError,
            "'email_address', 'transaction_id', and 'products'",
        ),
        (
            lambda kit: kit.purchases.create(**{**PURCHASE, "products": [{"nam": "Book"}]}),
            TypeError,
            r"^products\[0\]: unknown nam; a NewPurchaseProduct has",
        ),
        (
            lambda kit: kit.purchases.create(**{**PURCHASE, "products": {"name": "Book"}}),
            TypeError,
            "^products: expected a list",
        ),
        (
            lambda kit: kit.purchases.create(**{**PURCHASE, "products": [{"name": "Book"}]}),
            TypeError,
            r"^products\[0\]: quantity, unit_price missing; a NewPurchaseProduct needs it",
        ),
        (
            lambda kit: create_purchase.sync(client=kit, body={"purchase": {"currency": "USD"}}),  # type: ignore[arg-type]
            TypeError,
            r"^body\.purchase: email_address, transaction_id, products missing",
        ),
        (
            lambda kit: create_purchase.sync(
                client=kit, body={"purchase": NewPurchase(**PURCHASE, total=float("nan"))}
            ),
            ValueError,
            r"^body\.purchase\.total: expected a finite number",
        ),
        (
            lambda kit: create_purchase.sync(
                client=kit, body={"purchase": NewPurchase(**{**PURCHASE, "products": [{"nam": "Book"}]})}
            ),
            TypeError,
            r"^body\.purchase\.products\[0\]: unknown nam",
        ),
        (
            lambda kit: kit.webhooks.create(target_url="https://example.com", event={}),
            TypeError,
            "^event: name missing",
        ),
        (
            lambda kit: create_tag.sync(client=kit, body={"name": b"x"}),  # type: ignore[arg-type]
            TypeError,
            r"^body\.name: a value of type bytes",
        ),
        (
            lambda kit: kit.broadcasts.create(send_at=datetime.datetime(2024, 1, 1, tzinfo=NoOffset())),
            ValueError,
            "time zone",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused_by_name(call: Any, error: type[Exception], says: str) -> None:
    service = Service(OK)
    with pytest.raises(error, match=says):
        call(service.kit())
    assert service.requests == []


def test_warnings_of_the_service_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    subscriber: dict[str, Any] = {
        "id": 1,
        "first_name": None,
        "email_address": "ada@example.com",
        "state": "active",
        "created_at": "2024-02-29T12:30:00Z",
        "fields": {},
    }
    answer = httpx.Response(201, json={"subscriber": subscriber, "warnings": ["Unknown custom field: shoe_size"]})
    with caplog.at_level(logging.WARNING, "kit_api"):
        Service(answer).kit().subscribers.create(email_address="ada@example.com", fields={"shoe_size": "38"})
    assert caplog.messages == ["create_subscriber: Unknown custom field: shoe_size"]


def test_attempts_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "kit_client"):
        Service(httpx.Response(503), OK).kit().account.get()
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("DEBUG", "get_account: 503 in 0.000 s (attempt 1)"),
        ("INFO", "get_account: 503; attempt 2 in 0.4 s"),
        ("DEBUG", "get_account: 200 in 0.000 s (attempt 2)"),
    ]


def test_what_the_document_does_not_know_is_in_the_response() -> None:
    answer = httpx.Response(201, json={"tag": {**TAG, "colour": "green"}, "hint": 1})
    response = create_tag.sync_detailed(client=Service(answer).kit(), body={"name": "a"})
    assert response.parsed.tag.name == "a"
    assert b'"colour":"green"' in response.content
