"""Exports: each subscriber once, whatever the windows, and several pages at a time."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit_client import AsyncKit, Kit, KitError, PaginationError, ServerError
from kit_mock import KitMock
from tests.unit.audience import Audience, Reading, days_loosely, exclusive, inclusive, unheeded, whole_days

START = 1_600_000_000
YEARS = 3 * 365 * 86_400

# A few moments around which many were created, some far apart, some in one second.
MOMENTS = st.lists(st.integers(0, YEARS), min_size=1, max_size=5).flatmap(
    lambda centres: st.lists(
        st.builds(
            lambda centre, near, fraction: START + centre + near + fraction,
            st.sampled_from(centres),
            st.sampled_from([0, 0, 0, 1, 2, 60, 86_400]),
            st.sampled_from([0.0, 0.5, 0.999]),
        ),
        max_size=150,
    )
)
READINGS = st.sampled_from([exclusive, inclusive, whole_days, days_loosely, unheeded])


@settings(max_examples=150)
@given(MOMENTS, READINGS, st.integers(1, 4), st.integers(1, 8), st.booleans(), st.randoms(use_true_random=False))
def test_each_subscriber_comes_once(
    moments: list[float], reading: Reading, per_page: int, parallel: int, counts: bool, random: Any
) -> None:
    if random.random() < 0.7:
        moments.sort()
    no_moment = [id_ for id_ in range(1, len(moments) + 1) if random.random() < 0.02]
    audience = Audience(moments, reading, counts=counts, no_moment=no_moment)
    export = audience.kit().bulk.export_subscribers(raw=True, per_page=per_page, parallel=parallel)
    assert sorted(item["id"] for item in export) == audience.ids
    assert export.cursor is None


@settings(max_examples=60)
@given(MOMENTS, st.integers(1, 3), st.integers(1, 6), st.integers(0, 40), st.booleans())
def test_an_export_goes_on_where_it_stopped(
    moments: list[float], per_page: int, parallel: int, pages: int, raw: bool
) -> None:
    audience = Audience(moments)
    bulk = audience.kit().bulk
    found: list[int] = []
    cursor, rounds = None, 0
    while True:
        export = bulk.export_subscribers(raw=raw, per_page=per_page, parallel=parallel, after=cursor)
        for number, page in enumerate(export.pages()):
            if number == pages and rounds < 3:
                break
            found += [item["id"] if raw else item.id for item in page]
        else:
            break
        # The page in hand comes again.
        cursor, rounds = export.cursor, rounds + 1
    assert sorted(found) == audience.ids


def test_even_lists_cost_few_requests_more_than_their_pages() -> None:
    audience = Audience([START + YEARS * number / 4_000 for number in range(4_000)])
    export = audience.kit().bulk.export_subscribers(per_page=20)
    assert len(list(export)) == export.total == 4_000
    assert len(audience.requests) <= 1.2 * 4_000 / 20


def test_all_in_one_second_end_soon() -> None:
    moments = sorted([START + 40_000_000] * 3_000 + [START + YEARS * number / 1_000 for number in range(1_000)])
    audience = Audience(moments)
    assert sorted(s.id for s in audience.kit().bulk.export_subscribers(per_page=20)) == audience.ids
    assert len(audience.requests) <= 1.4 * 4_000 / 20


def test_a_short_list_costs_its_pages_only() -> None:
    audience = Audience([START + number for number in range(50)])
    assert len(list(audience.kit().bulk.export_subscribers())) == 50
    assert len(audience.requests) == 1
    assert dict(audience.requests[0].url.params) == {"per_page": "1000", "include_total_count": "true"}
    assert list(Audience([]).kit().bulk.export_subscribers()) == []


@pytest.mark.parametrize("reading", [whole_days, unheeded])
def test_a_service_that_reads_limits_otherwise_is_walked_page_after_page(reading: Reading) -> None:
    audience = Audience([START + 40_000 * number for number in range(300)], reading)
    assert [s.id for s in audience.kit().bulk.export_subscribers(per_page=10)] == audience.ids[::-1]
    assert len(audience.requests) == 30 + 2


def test_pages_are_asked_for_side_by_side_and_no_more_than_that() -> None:
    audience = Audience([START + YEARS * number / 1_000 for number in range(1_000)])
    gate, together, most = threading.Barrier(4), [0], [0]
    lock = threading.Lock()

    def watch(request: httpx.Request, number: int) -> None:
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        if 10 <= number < 18:
            gate.wait(10)
        with lock:
            together[0] -= 1

    audience.before_answer = watch
    assert len(list(audience.kit().bulk.export_subscribers(per_page=10, parallel=4))) == 1_000
    assert most == [4]


def test_what_is_not_taken_holds_the_others_back() -> None:
    audience = Audience([START + YEARS * number / 1_000 for number in range(1_000)])
    idle = threading.Event()

    def watch(request: httpx.Request, number: int) -> None:
        idle.clear()

    audience.before_answer = watch
    pages = audience.kit().bulk.export_subscribers(per_page=10, parallel=3).pages()
    for taken in range(1, 20):
        next(pages)
        _wait_for_calm()
        # The first page and the two that look around are not handed over, and windows may be cut anew.
        assert len(audience.requests) <= taken + 3 + 3
    asked = len(audience.requests)
    pages.close()
    _wait_for_calm()
    assert len(audience.requests) == asked


def _wait_for_calm() -> None:
    for thread in threading.enumerate():
        if thread.name == "kit-page":
            thread.join(10)


@pytest.mark.parametrize("raw", [False, True])
def test_an_error_says_where_to_go_on(raw: bool) -> None:
    audience = Audience([START + YEARS * number / 1_000 for number in range(1_000)])
    audience.before_answer = lambda request, number: httpx.Response(500) if number == 40 else None
    bulk = audience.kit().bulk
    found: list[int] = []
    with pytest.raises(ServerError) as caught:
        for page in bulk.export_subscribers(per_page=10, raw=raw).pages():
            found += [item["id"] if raw else item.id for item in page]
    assert 0 < len(found) < 1_000
    assert caught.value.cursor
    found += [item.id for item in bulk.export_subscribers(per_page=10, after=caught.value.cursor)]
    assert sorted(found) == audience.ids


def test_a_failure_of_the_first_page_leaves_nothing_to_go_on_from() -> None:
    audience = Audience([START])
    audience.before_answer = lambda request, number: httpx.Response(500)
    export = audience.kit().bulk.export_subscribers()
    with pytest.raises(ServerError) as caught:
        list(export)
    assert (caught.value.cursor, export.cursor, export.total) == (None, None, None)


def test_cursors_that_lead_nowhere() -> None:
    audience = Audience([START + number for number in range(5)])

    def without_cursor(request: httpx.Request, number: int) -> httpx.Response | None:
        page = audience.answer(request).json()
        page["pagination"]["end_cursor"] = None
        return httpx.Response(200, json=page) if "after" in request.url.params else None

    audience.before_answer = without_cursor
    found = []
    with pytest.raises(PaginationError, match="gives no cursor") as caught:
        for subscriber in audience.kit().bulk.export_subscribers(per_page=2):
            found.append(subscriber.id)
    assert found == [5, 4, 3, 2], "what came is given first"
    audience.before_answer = lambda request, number: None
    again = audience.kit().bulk.export_subscribers(per_page=2, after=caught.value.cursor)
    assert sorted(item.id for item in again) == [1, 2, 3]


def test_what_cannot_be_exported_is_refused_before_anything_is_sent() -> None:
    audience = Audience([START + number for number in range(9)])
    bulk = audience.kit().bulk
    refused: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"parallel": 0}, ValueError, "parallel: expected 1 or more"),
        ({"parallel": 2.5}, TypeError, "parallel: expected a whole number"),
        ({"per_page": 1001}, ValueError, "per_page: expected 1 to 1000"),
        ({"tag_id": 1, "form_id": 2}, ValueError, "tag_id, form_id: give one of them only"),
        ({"tag_id": 0}, ValueError, "tag_id: expected a positive integer"),
        ({"sequence_id": "x"}, TypeError, "sequence_id: expected a positive integer"),
        (
            {"tag_id": 1, "updated_after": date(2024, 1, 1)},
            TypeError,
            "updated_after: list_tag_subscribers has no such filter",
        ),
        (
            {"tagged_after": date(2024, 1, 1)},
            TypeError,
            "tagged_after: list_subscribers has no such filter; it has created",
        ),
        ({"sort_order": "asc"}, TypeError, "sort_order: list_subscribers has no such filter"),
        ({"created_after": datetime(2024, 1, 1)}, ValueError, "created_after: expected a datetime with a time zone"),
        ({"created_before": "2024-01-01"}, TypeError, "created_before: expected a date or a datetime"),
        ({"after": "WzFd"}, ValueError, "after: expected the cursor of an export"),
        ({"after": "é"}, ValueError, "after: expected the cursor of an export"),
        ({"after": 7}, TypeError, "after: expected the cursor of an export"),
        ({"raw": "no"}, TypeError, "raw: expected True or False, got 'no'"),
        ({"raw": None}, TypeError, "raw: expected True or False"),
    ]
    for arguments, kind, message in refused:
        with pytest.raises(kind, match=message):
            bulk.export_subscribers(**arguments)
    assert not audience.requests


@pytest.mark.parametrize(
    "change",
    [
        {"windows": [["a", None, None]]},
        {"windows": [[10**20, None, None]]},
        {"windows": [[None, -(10**12), None]]},
        {"windows": [[None, None, 5]]},
        {"windows": [[None, None]]},
        {"windows": [5]},
        {"windows": {}},
        {"windows": None},
        {"range": [1]},
        {"range": ["1", 2]},
        {"range": [1, 10**20]},
        {"range": 5},
        {"total": "x"},
        {"of": None},
    ],
)
def test_a_cursor_that_was_changed_is_refused(change: dict[str, Any]) -> None:
    audience = Audience([START + number for number in range(8)])
    bulk = audience.kit().bulk
    export = bulk.export_subscribers(per_page=2)
    pages = export.pages()
    next(pages), next(pages)
    assert export.cursor is not None
    state = json.loads(base64.urlsafe_b64decode(export.cursor))
    changed = base64.urlsafe_b64encode(json.dumps({**state, **change}).encode()).decode()
    with pytest.raises(ValueError, match="after: expected the cursor of an export as it was, got something else"):
        bulk.export_subscribers(after=changed)


@given(st.one_of(st.text(), st.binary().map(lambda content: base64.urlsafe_b64encode(content).decode())))
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="after: expected the cursor of an export as it was"):
        Audience([]).kit().bulk.export_subscribers(after=text or "x")
    deep = base64.urlsafe_b64encode(b"[" * 100_000).decode()
    with pytest.raises(ValueError, match="after: expected the cursor"):
        Audience([]).kit().bulk.export_subscribers(after=deep)


def test_the_cursor_of_another_export_is_refused() -> None:
    audience = Audience([START + number for number in range(8)])
    bulk = audience.kit().bulk
    export = bulk.export_subscribers(per_page=2, status="all")
    pages = export.pages()
    next(pages), next(pages)
    cursor = export.cursor
    assert cursor is not None
    for other in ({}, {"status": "active"}, {"tag_id": 1, "status": "all"}):
        with pytest.raises(ValueError, match="after: it is the cursor of an export with other filters"):
            bulk.export_subscribers(after=cursor, **other)
    again = bulk.export_subscribers(per_page=1, parallel=2, raw=True, after=cursor, status="all")
    assert again.cursor == cursor
    assert sorted(item["id"] for item in again) == [1, 2, 3, 4, 5, 6]
    assert bulk.export_subscribers(after="").cursor is None, (
        "an empty cursor is none, so that a loop can begin with one"
    )


def test_each_loop_is_an_export_of_its_own() -> None:
    audience = Audience([START + number for number in range(8)])
    export = audience.kit().bulk.export_subscribers(per_page=2)
    assert [s.id for s in export] == [s.id for s in export] == audience.ids[::-1]
    assert repr(export) == "<Export with parallel=8>"
    assert not hasattr(export, "__next__")


def test_a_client_that_is_closed_meanwhile() -> None:
    audience = Audience([START + YEARS * number / 1_000 for number in range(1_000)])
    kit = audience.kit()
    walk = iter(kit.bulk.export_subscribers(per_page=10))
    next(walk)
    kit.close()
    with pytest.raises(KitError, match="closed"):
        list(walk)


# With the mock, whose lists are those of the service.


@pytest.fixture
def mock() -> Iterator[KitMock]:
    """400 subscribers over four years, every second one with a tag and in a form and a sequence."""
    seed = {"tags": [{"name": "Even"}], "forms": [{"name": "Sign up"}], "sequences": [{"name": "Welcome"}]}
    with KitMock(seed=seed) as mock:
        for number in range(400):
            created = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=3 * number)
            belongs: dict[str, Any] = {"tags": [1], "forms": [1], "sequences": [1]} if number % 2 else {}
            mock.subscribers.add(f"reader{number}@example.com", created_at=created, **belongs)
        yield mock


@pytest.fixture
def kit(mock: KitMock) -> Iterator[Kit]:
    with Kit(mock.api_key, transport=mock.transport) as kit:
        yield kit


def ids_of(items: Sequence[Any]) -> list[int]:
    return sorted(item.id for item in items)


@pytest.mark.parametrize("behaviour", ["current", "reference"])
def test_exports_are_the_lists(behaviour: Any) -> None:
    with (
        KitMock(behaviour=behaviour, seed={"tags": [{"name": "Even"}]}) as mock,
        Kit(mock.api_key, transport=mock.transport) as kit,
    ):
        for number in range(200):
            mock.subscribers.add(
                f"reader{number}@example.com",
                created_at=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=number),
                state="cancelled" if number % 5 == 0 else "active",
            )
        for status in (None, "all", "cancelled"):
            listed = list(kit.subscribers.list(status=status))
            exported = list(kit.bulk.export_subscribers(status=status, per_page=5))
            assert sorted(exported, key=lambda s: -s.id) == listed


def test_members_and_filters(kit: Kit) -> None:
    bulk = kit.bulk
    members: list[tuple[Any, Any]] = [
        (bulk.export_subscribers(tag_id=1, per_page=5), kit.tags.list_subscribers(1)),
        (bulk.export_subscribers(form_id=1, per_page=5), kit.forms.list_subscribers(1)),
        (bulk.export_subscribers(sequence_id=1, per_page=5), kit.sequences.list_subscribers(1)),
    ]
    for exported, listed in members:
        found = sorted(exported, key=lambda s: -s.id)
        assert (found, len(found)) == (list(listed), 200)
    day, moment = date(2021, 5, 6), datetime(2022, 3, 4, 5, 6, 7, tzinfo=UTC)
    for limits in (
        {"created_after": day},
        {"created_before": moment},
        {"created_after": day, "created_before": moment},
    ):
        filters: Any = limits
        assert ids_of([*bulk.export_subscribers(per_page=5, **filters)]) == ids_of([*kit.subscribers.list(**filters)])
        assert ids_of([*bulk.export_subscribers(tag_id=1, per_page=3, **filters)]) == ids_of(
            [*kit.tags.list_subscribers(1, **filters)]
        )
    slim = next(iter(bulk.export_subscribers(raw=True, slim=True, include=["tags"], per_page=5)))
    assert "fields" not in slim
    assert "tags" in slim


def test_what_changes_meanwhile(mock: KitMock, kit: Kit) -> None:
    """Those who stay come once, and nobody twice: neither who changes, nor who leaves or comes."""
    export = kit.bulk.export_subscribers(per_page=5, parallel=3)
    came: Counter[int] = Counter()
    gone, stay = set(range(3, 401, 7)), set(range(1, 401)) - set(range(3, 401, 7))
    leaving = sorted(gone)
    for number, page in enumerate(export.pages()):
        came.update(s.id for s in page)
        if leaving:
            kit.subscribers.unsubscribe(leaving.pop(0 if number % 2 else -1))
        kit.subscribers.create(email_address=f"new{number}@example.com")
        kit.subscribers.update(sorted(stay)[number % len(stay)], first_name=f"Changed {number}")
    assert stay <= set(came)
    assert max(came.values()) == 1


def test_those_changed_since_a_moment_come_though_they_change_again(mock: KitMock, kit: Kit) -> None:
    since = mock.clock.now() - timedelta(minutes=1)
    changed = list(range(1, 401, 3))
    for id_ in changed:
        kit.subscribers.update(id_, first_name="Changed")
    came: Counter[int] = Counter()
    for number, page in enumerate(kit.bulk.export_subscribers(updated_after=since, per_page=5, parallel=3).pages()):
        came.update(s.id for s in page)
        kit.subscribers.update(changed[-1 - number % len(changed)], first_name=f"Again {number}")
        # One who wasn't changed before the export began may come.
        kit.subscribers.update(2, first_name=f"New {number}")
    assert set(changed) <= set(came) <= {2, *changed}
    assert max(came.values()) == 1


# To await, on asyncio and trio.


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.mark.anyio
async def test_each_subscriber_comes_once_async() -> None:
    audience = Audience([START + number**3 for number in range(500)])
    async with audience.async_kit() as kit:
        export = kit.bulk.export_subscribers(per_page=7, parallel=5)
        assert sorted([s.id async for s in export]) == audience.ids
        assert (export.total, export.cursor) == (500, None)
        assert sorted([item["id"] async for item in kit.bulk.export_subscribers(raw=True)]) == audience.ids


@pytest.mark.anyio
async def test_an_error_says_where_to_go_on_async() -> None:
    audience = Audience([START + YEARS * number / 1_000 for number in range(1_000)])
    audience.before_answer = lambda request, number: httpx.Response(500) if number == 40 else None
    async with audience.async_kit() as kit:
        found: list[int] = []
        with pytest.raises(ServerError) as caught:
            async for page in kit.bulk.export_subscribers(per_page=10).pages():
                found += [subscriber.id for subscriber in page]
        rest = kit.bulk.export_subscribers(per_page=10, after=caught.value.cursor)
        assert sorted(found + [s.id async for s in rest]) == audience.ids


@pytest.mark.anyio
async def test_an_export_that_is_cancelled_can_go_on_or_be_left() -> None:
    audience = Audience([START + YEARS * number / 500 for number in range(500)])
    opened, waiting = anyio.Event(), anyio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if len(audience.requests) > 20:
            waiting.set()
            await opened.wait()
        return audience(request)

    async with kit_over(answer) as kit, anyio.create_task_group() as tasks:
        pages = kit.bulk.export_subscribers(per_page=10, parallel=4).pages()
        found: list[int] = []

        async def walk() -> None:
            async for page in pages:
                found.extend(s.id for s in page)

        with anyio.CancelScope() as scope:

            async def cancel() -> None:
                await waiting.wait()
                scope.cancel()

            tasks.start_soon(cancel)
            await walk()
        assert scope.cancelled_caught
        opened.set()
        await walk()
        assert sorted(found) == audience.ids


@pytest.mark.anyio
async def test_an_export_that_is_left_asks_for_no_more() -> None:
    audience = Audience([START + YEARS * number / 500 for number in range(500)])
    async with audience.async_kit() as kit:
        pages = kit.bulk.export_subscribers(per_page=10, parallel=4).pages()
        await anext(pages)
        await pages.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(pages)
        asked = len(audience.requests)
        for _ in range(100):
            await anyio.lowlevel.checkpoint()
        assert len(audience.requests) == asked <= 3 + 4


def test_an_export_goes_on_in_another_event_loop() -> None:
    audience = Audience([START + YEARS * number / 500 for number in range(500)])
    kit = audience.async_kit()
    pages = kit.bulk.export_subscribers(per_page=10, parallel=4).pages()

    async def take(count: int) -> list[int]:
        found: list[int] = []
        async for page in pages:
            found += [subscriber.id for subscriber in page]
            count -= 1
            if not count:
                break
        return found

    assert sorted(asyncio.run(take(5)) + asyncio.run(take(5)) + asyncio.run(take(-1))) == audience.ids


def kit_over(answer: Any) -> AsyncKit:
    return AsyncKit("key", transport=httpx.MockTransport(answer), rate_limiter=None, max_retries=0)
