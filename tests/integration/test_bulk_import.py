"""Imports into the mock: the account has what the rows say, in any order of answers and under both behaviours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread
from typing import Any, cast

import pytest

from kit_api.models import BulkSubscribersResult
from kit_client import AsyncKit, Kit, PayloadTooLargeError
from kit_client.bulk import Outcome
from kit_client.webhooks import InvalidDeliveryError, parse
from kit_mock import KitMock

SEED = {
    "tags": [{"id": 31, "name": "VIP"}],
    "forms": [{"id": 42, "name": "Sign up"}],
    "custom_fields": [{"label": "Company"}],
}
PEOPLE = [
    {
        "Mail": f"Person{number}@Example.com ",
        "first_name": f"P {number}",
        "firm": f"Firm {number}" if number % 2 else "",
    }
    for number in range(230)
]
ROWS = [
    *PEOPLE,
    {"Mail": "person5@example.com", "first_name": "Again", "firm": ""},
    {"Mail": "five@example", "first_name": "No", "firm": ""},
    {"Mail": None, "first_name": "None", "firm": ""},
]
MAIL = {"Mail": "email_address"}
FIELDS = {**MAIL, "firm": "Company"}


def check(outcomes: dict[int, Outcome]) -> None:
    assert sorted(outcomes) == list(range(1, 234))
    for index in range(1, 231):
        outcome = outcomes[index]
        assert outcome.ok, outcome
        assert outcome.subscriber is not None
        assert outcome.subscriber.email_address == f"Person{index - 1}@Example.com"
    assert outcomes[231].duplicate_of == 6
    assert outcomes[232].errors == ("Email address is invalid",)
    assert outcomes[233].errors[0].startswith("email_address: expected an address")


@pytest.mark.parametrize("served", [False, True])
@pytest.mark.parametrize("bulk_order", ["request", "scrambled"])
@pytest.mark.parametrize("behaviour", ["current", "reference"])
def test_rows_get_what_became_of_them(behaviour: Any, bulk_order: Any, served: bool) -> None:
    with KitMock(behaviour=behaviour, bulk_order=bulk_order, seed=SEED) as mock:
        where: dict[str, Any] = (
            {"base_url": mock.serve(), "rate_limiter": None} if served else {"transport": mock.transport}
        )
        with Kit(access_token=mock.access_token, **where) as kit:
            imported = kit.bulk.import_subscribers(ROWS, fields=MAIL, tags=["vip", "New"], create_missing=True)
            check({outcome.index: outcome for _, outcome in imported})
            for tag in kit.tags.list():
                assert kit.tags.list_subscribers(tag.id).total_count() == 230
        bulk = [request for request in mock.requests if "/bulk/" in request.path]
        assert len(bulk) == 3 + 5


@pytest.mark.kit_mock(seed=SEED, auth="oauth", bulk_order="scrambled")
class TestToday:
    def test_values_and_forms_go_along(self, kit: Kit, kit_mock: KitMock) -> None:
        imported = kit.bulk.import_subscribers(ROWS, fields=FIELDS, forms=[42], tags=[31])
        check({outcome.index: outcome for _, outcome in imported})
        for person in kit.subscribers.list(status="all"):
            number = int(person.email_address.partition("@")[0].removeprefix("Person"))
            assert person.fields["company"] == (f"Firm {number}" if number % 2 else None)
        assert kit.forms.list_subscribers(42).total_count() == 230
        posts = [request.path.removeprefix("/v4/bulk/") for request in kit_mock.requests if "/bulk/" in request.path]
        wanted = {"subscribers": 3, "custom_fields/subscribers": 2, "tags/subscribers": 3, "forms/subscribers": 3}
        assert {path: posts.count(path) for path in posts} == wanted

    @pytest.mark.anyio
    async def test_the_same_to_await(self, async_kit: AsyncKit, kit_mock: KitMock) -> None:
        imported = async_kit.bulk.import_subscribers(ROWS, fields=FIELDS, forms=[42], tags=[31])
        check({outcome.index: outcome async for _, outcome in imported})
        assert await async_kit.forms.list_subscribers(42).total_count() == 230

    def test_blank_values_leave_what_is_there(self, kit: Kit) -> None:
        kit.subscribers.create(email_address="ada@example.com", first_name="Ada", fields={"company": "Engines"})
        row = {"email_address": "ADA@example.com", "first_name": " ", "state": None, "company": float("nan")}
        report = kit.bulk.import_subscribers([row], fields=["company"]).report()
        assert report.ok
        ada = kit.subscribers.get(1)
        assert (ada.first_name, ada.fields, ada.email_address) == ("Ada", {"company": "Engines"}, "ada@example.com")

    def test_what_was_listed_can_be_imported(self, kit: Kit, kit_mock: KitMock) -> None:
        kit_mock.subscribers.add("ada@example.com", fields={"company": "Engines"}, state="inactive")
        kit_mock.subscribers.add("bob@example.com")
        people = list(kit.subscribers.list(status="all"))
        with KitMock(seed=SEED) as other, Kit(access_token=other.access_token, transport=other.transport) as target:
            assert target.bulk.import_subscribers(kit.subscribers.list(status="all")).report().imported == 2
            assert target.bulk.import_subscribers(people).report().ok
            found = {person.email_address: person for person in target.subscribers.list(status="all")}
        assert found["ada@example.com"].state == "inactive"
        assert found["ada@example.com"].fields == {"company": "Engines"}

    @pytest.mark.anyio
    async def test_lists_of_both_clients_can_be_imported(
        self, async_kit: AsyncKit, kit: Kit, kit_mock: KitMock
    ) -> None:
        for number in range(3):
            kit_mock.subscribers.add(f"p{number}@example.com")
        lists: list[Any] = [kit.subscribers.list(), async_kit.subscribers.list()]
        with KitMock() as other:
            async with AsyncKit(access_token=other.access_token, transport=other.async_transport) as target:
                for people in lists:
                    assert (await target.bulk.import_subscribers(people).report()).imported == 3
            with pytest.raises(TypeError, match="async for"):
                kit.bulk.import_subscribers(lists[1])


@pytest.mark.kit_mock(seed=SEED)
def test_with_a_key_one_by_one(kit: Kit, kit_mock: KitMock) -> None:
    imported = kit.bulk.import_subscribers(ROWS, fields=FIELDS, tags=[31], forms=[42], fallback="single")
    check({outcome.index: outcome for _, outcome in imported})
    assert kit.subscribers.list(email_address="person1@example.com").first().fields == {"company": "Firm 1"}  # type: ignore[union-attr]
    assert kit.forms.list_subscribers(42).total_count() == kit.tags.list_subscribers(31).total_count() == 230
    assert not any("/bulk/" in request.path for request in kit_mock.requests)
    report = kit.bulk.import_subscribers(PEOPLE[:2], fields=MAIL, tags=[999], fallback="single").report()
    assert [outcome.errors for _, outcome in report.failures] == [("tag 999: Not Found",)] * 2


@pytest.fixture
def callbacks() -> Iterator[tuple[str, Queue[bytes]]]:
    """A receiver's URL, and what comes to it."""
    bodies: Queue[bytes] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/done", bodies
        server.shutdown()


@pytest.mark.kit_mock(auth="oauth", bulk_order="scrambled")
class TestJobs:
    def test_a_job_calls_back_with_the_same_outcomes(
        self, kit: Kit, kit_mock: KitMock, callbacks: tuple[str, Queue[bytes]]
    ) -> None:
        url, bodies = callbacks
        submission = kit.bulk.submit(ROWS, callback_url=url, fields=MAIL)
        assert submission.is_queued
        assert sorted(outcome.index for _, outcome in submission.outcomes) == [231, 233]
        assert len([request for request in kit_mock.requests if "/bulk/" in request.path]) == 1
        kit_mock.clock.advance(seconds=2)
        body = bodies.get(timeout=10)
        for given in (body, body.decode(), json.loads(body), parse(body, BulkSubscribersResult)):
            matched = list(kit.bulk.match_callback(given, ROWS, fields=MAIL))
            check({outcome.index: outcome for _, outcome in matched})
            assert all(row is ROWS[outcome.index - 1] for row, outcome in matched)

    def test_rows_of_which_the_result_says_nothing_are_told(self, kit: Kit) -> None:
        for body in (b'{"subscribers": [], "failures": []}', parse(b'{"failures": []}')):
            outcomes = [outcome for _, outcome in kit.bulk.match_callback(body, PEOPLE, fields=MAIL)]  # type: ignore[arg-type]
            assert len(outcomes) == 230
            assert {outcome.errors for outcome in outcomes} == {("the service didn't say what became of it",)}

    @pytest.mark.anyio
    async def test_few_rows_are_done_at_once(self, async_kit: AsyncKit) -> None:
        submission = await async_kit.bulk.submit(
            ROWS[:99] + ROWS[231:], callback_url="https://example.com", fields=MAIL
        )
        assert not submission.is_queued
        assert len(submission.outcomes) == 101
        assert [outcome.index for _, outcome in submission.outcomes if not outcome.ok] == [101, 100]
        nobody = await async_kit.bulk.submit([{"email_address": "no"}], callback_url="https://example.com")
        assert not nobody.is_queued
        assert not nobody.outcomes[0][1].ok

    @pytest.mark.kit_mock(auth="oauth", bulk_queue_bytes=1000)
    def test_a_full_queue_is_said(self, kit: Kit) -> None:
        with pytest.raises(PayloadTooLargeError):
            kit.bulk.submit(PEOPLE, callback_url="https://example.com", fields=MAIL)

    def test_what_a_job_can_not_do_is_refused(self, kit: Kit, kit_mock: KitMock) -> None:
        with pytest.raises(ValueError, match="fields: a job can't set custom fields, such as 'Company'"):
            kit.bulk.submit(PEOPLE, callback_url="https://example.com", fields=FIELDS)
        for url in ("", "not a url", "ftp://example.com/x", "example.com/x", " https://example.com/", "https://"):
            with pytest.raises(ValueError, match="callback_url: expected an absolute URL with http or https"):
                kit.bulk.submit(PEOPLE, callback_url=url, fields=MAIL)
        for odd in (None, b"https://example.com", 5):
            with pytest.raises(TypeError, match="callback_url: expected a URL as text"):
                kit.bulk.submit(PEOPLE, callback_url=odd, fields=MAIL)  # type: ignore[arg-type]
        bodies: list[Any] = [b"", b"[]", b"{}", "{", {"subscribers": []}, {"subscribers": None, "failures": []}]
        for body in bodies:
            with pytest.raises(InvalidDeliveryError):
                list(kit.bulk.match_callback(body, PEOPLE, fields=MAIL))
        with pytest.raises(TypeError, match="body"):
            list(kit.bulk.match_callback(cast("Any", None), PEOPLE, fields=MAIL))
        assert not kit_mock.requests
