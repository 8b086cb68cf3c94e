"""Shortcuts of lists and pages, and the last response of a client."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from kit_client import AsyncKit, Kit, NotFoundError, PaginationError
from kit_mock import KitMock
from tests.unit.service import Service


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock(seed={"custom_fields": [{"label": "City"}]}) as mock:
        for number in range(5):
            mock.subscribers.add(f"reader{number}@example.com", fields={"city": f"City {number}"})
        yield mock


@pytest.fixture
def kit(mock: KitMock) -> Iterator[Kit]:
    with Kit(mock.api_key, transport=mock.transport) as kit:
        yield kit


def test_the_first_item_costs_one_request_for_one(kit: Kit, mock: KitMock) -> None:
    first = kit.subscribers.list().first()
    assert first is not None
    assert first.id == 5
    assert kit.subscribers.list(limit=3).first() == first
    assert kit.subscribers.list(status="bounced").first() is None
    assert [request.query["per_page"] for request in mock.requests] == [1, 1, 1]
    assert kit.subscribers.list(limit=0).first() is None
    assert len(mock.requests) == 3


def test_the_size_of_a_list(kit: Kit, mock: KitMock) -> None:
    page = kit.subscribers.list(per_page=2).first_page()
    assert kit.subscribers.list(limit=1, after=page.pagination.end_cursor, per_page=2).total_count() == 5
    assert kit.subscribers.list(status="cancelled").total_count() == 0
    assert mock.requests[-1].query["per_page"] == 1


def test_a_service_that_does_not_say_the_size() -> None:
    flags = {"has_previous_page": False, "has_next_page": False}
    pagination = {**flags, "start_cursor": None, "end_cursor": None, "per_page": 1}
    with pytest.raises(PaginationError, match="doesn't say how many"):
        Service(httpx.Response(200, json={"tags": [], "pagination": pagination})).kit().tags.list().total_count()


def test_rows_for_a_table(kit: Kit) -> None:
    rows = kit.subscribers.list(limit=2).to_dicts(flatten=True)
    assert [(row["id"], row["fields.city"]) for row in rows] == [(5, "City 4"), (4, "City 3")]
    assert kit.subscribers.list(limit=1).to_dicts()[0]["fields"] == {"city": "City 4"}


def test_a_page_is_a_sequence_of_its_items(kit: Kit) -> None:
    page = kit.subscribers.list(per_page=2).first_page()
    assert (len(page), page[0], page[-1], page[0:1]) == (2, page.items[0], page.items[1], page.items[:1])
    assert list(page) == page.items
    assert page
    assert not kit.subscribers.list(status="bounced").first_page()


async def test_the_same_async(mock: KitMock) -> None:
    async with AsyncKit(mock.api_key, transport=mock.async_transport) as kit:
        first = await kit.subscribers.list().first()
        assert first is not None
        assert first.id == 5
        assert await kit.subscribers.list(status="bounced").first() is None
        assert await kit.subscribers.list(limit=2).total_count() == 5
        assert [row["fields.city"] for row in await kit.subscribers.list(limit=1).to_dicts(flatten=True)] == ["City 4"]


def test_the_last_response_is_that_of_the_thread(kit: Kit, mock: KitMock) -> None:
    before = kit.last_response
    assert before is None
    kit.subscribers.get(1)
    last = kit.last_response
    assert last is not None
    assert (last.status_code, last.parsed.subscriber.id, last.request_id) == (200, 1, last.headers["X-Request-Id"])
    assert b"reader0@example.com" in last.content

    def fetch(number: int) -> tuple[int, int]:
        kit.with_options(timeout=5).subscribers.get(number)
        assert kit.last_response is not None
        return number, kit.last_response.parsed.subscriber.id

    with ThreadPoolExecutor(4) as pool:
        assert all(number == seen for number, seen in pool.map(fetch, [1, 2, 3, 4, 5] * 4))
    assert kit.last_response is last
    with pytest.raises(NotFoundError):
        kit.subscribers.get(99)
    assert kit.last_response is last
    with Kit(mock.api_key, transport=mock.transport) as other:
        other.account.get()
        assert kit.last_response is None


async def test_the_last_response_is_that_of_the_task(mock: KitMock) -> None:
    async with AsyncKit(mock.api_key, transport=mock.async_transport) as kit:

        async def fetch(number: int) -> int:
            await kit.subscribers.get(number)
            await asyncio.sleep(0)
            assert kit.last_response is not None
            found: int = kit.last_response.parsed.subscriber.id
            return found

        assert await asyncio.gather(*map(fetch, [1, 2, 3])) == [1, 2, 3]


def test_the_last_response_goes_with_its_client(mock: KitMock) -> None:
    kit = Kit(mock.api_key, transport=mock.transport)
    clone = kit.with_options(timeout=5)
    kit.subscribers.get(1)
    last = clone.last_response
    assert last is not None
    assert last is kit.last_response
    held = weakref.ref(last)
    del last, kit
    gc.collect()
    assert held() is clone.last_response is not None, "a client of with_options still shows it"
    del clone
    gc.collect()
    assert held() is None


async def test_the_last_response_of_a_task_goes_with_its_client_or_with_the_next_call(mock: KitMock) -> None:
    kit = AsyncKit(mock.api_key, transport=mock.async_transport)
    held = []
    for number in (1, 2):
        await kit.subscribers.get(number)
        assert kit.last_response is not None
        held.append(weakref.ref(kit.last_response))
    gc.collect()
    assert [response() is None for response in held] == [True, False]
    await kit.aclose()
    del kit
    gc.collect()
    assert held[1]() is None
