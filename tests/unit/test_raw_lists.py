"""Lists of plain dicts: `pager.raw()`."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_api.api.tags import list_tags
from kit_client import AsyncKit, InvalidResponseError, Kit, KitError, PaginationError, ServerError, apaginate, paginate
from kit_mock import KitMock
from tests.unit.service import TAG, Service, tag_page


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock(seed={"custom_fields": [{"label": "City"}]}) as mock:
        tag = mock.tags.add("Newsletter")
        for number in range(5):
            mock.subscribers.add(f"reader{number}@example.com", fields={"city": "Köln"}, tags=[tag["id"]])
        yield mock


@pytest.fixture
def kit(mock: KitMock) -> Iterator[Kit]:
    with Kit(mock.api_key, transport=mock.transport) as kit:
        yield kit


def test_items_are_what_came(kit: Kit, mock: KitMock) -> None:
    with httpx.Client(
        transport=mock.transport, base_url="https://kit.test", headers={"X-Kit-Api-Key": mock.api_key}
    ) as http:
        came = http.get("/v4/subscribers").json()["subscribers"]
    pager = kit.subscribers.list(per_page=2)
    assert list(pager.raw()) == came
    assert [s.to_dict() for s in pager] == came, "the pager itself stays as it was"
    assert all(type(item) is dict for item in pager.raw())


def test_every_list_has_it(kit: Kit) -> None:
    lists: list[Any] = [kit.subscribers.list(), kit.tags.list(), kit.tags.list_subscribers(1), kit.custom_fields.list()]
    for pager in lists:
        assert [item["id"] for item in pager.raw()] == [item.id for item in pager]


def test_what_a_pager_does_holds_for_it(kit: Kit) -> None:
    pager = kit.subscribers.list(per_page=2).raw()
    assert [[item["id"] for item in page] for page in pager.pages()] == [[5, 4], [3, 2], [1]]
    page = pager.first_page()
    assert (page.items[0]["id"], page.pagination.has_next_page, page.response.status_code) == (5, True, 200)
    assert [item["id"] for item in kit.subscribers.list(limit=3).raw()] == [5, 4, 3]
    rows = kit.subscribers.list(after=page.pagination.end_cursor).raw().to_dicts(flatten=True)
    assert [(row["id"], row["fields.city"]) for row in rows] == [(3, "Köln"), (2, "Köln"), (1, "Köln")]
    first = pager.first()
    assert first is not None
    assert first["id"] == 5
    assert pager.total_count() == 5
    assert [item["id"] for item in pager.raw()] == [5, 4, 3, 2, 1]
    assert repr(pager) == repr(kit.subscribers.list())
    with pytest.raises(TypeError, match="has no length"):
        len(pager)  # type: ignore[arg-type]


async def test_the_same_async(mock: KitMock) -> None:
    async with AsyncKit(mock.api_key, transport=mock.async_transport) as kit:
        pager = kit.subscribers.list(per_page=2)
        assert [item async for item in pager.raw()] == [s.to_dict() async for s in pager]
        assert [len(page) async for page in pager.raw().pages()] == [2, 2, 1]
        assert await pager.raw().total_count() == 5


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=4))
def test_any_objects_are_given_as_they_are_and_nothing_is_reported(items: list[dict[str, Any]]) -> None:
    answer = json.loads(tag_page([1], None, False).content) | {"tags": items}
    kit = Service(httpx.Response(200, json=answer)).kit()
    assert list(kit.tags.list().raw()) == json.loads(json.dumps(items))
    assert kit.drift == ()


def test_the_page_around_the_items_is_checked() -> None:
    answer = json.loads(tag_page([1], None, False, shard=7).content) | {
        "tags": [{**TAG, "colour": "red"}, None],
        "took": 3,
    }
    kit = Service(httpx.Response(200, json=answer)).kit()
    assert list(kit.tags.list().raw()) == [{**TAG, "colour": "red"}, None]
    assert [drift.path for drift in kit.drift] == ["took", "pagination.shard", "tags[]"]


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"tags": []}', b'{"tags": {}, "pagination": {}}', b"", b'{"tags": [{"a": "\xff"}]}']
)
def test_what_is_no_page_is_an_error(body: bytes) -> None:
    kit = Service(httpx.Response(200, content=body, headers={"Content-Type": "application/json"})).kit()
    with pytest.raises(InvalidResponseError, match="list_tags"):
        list(kit.tags.list().raw())


def test_errors_carry_the_cursor() -> None:
    service = Service(tag_page([1], "a", True), httpx.Response(500))
    found = []
    with pytest.raises(ServerError) as caught:
        for item in service.kit(max_retries=0).tags.list().raw():
            found.append(item["id"])
    assert (found, caught.value.cursor, caught.value.operation) == ([1], "a", "list_tags")
    with pytest.raises(PaginationError, match="repeats a cursor"):
        list(Service(tag_page([1], "a", True)).kit().tags.list().raw())


def test_lists_of_other_clients_have_it_too() -> None:
    service = Service(tag_page([1, 2], "a", False))
    assert [tag["id"] for tag in paginate(list_tags, client=service.kit()).raw()] == [1, 2]

    async def walk() -> list[int]:
        async with service.async_kit() as kit:
            return [tag["id"] async for tag in apaginate(list_tags, client=kit).raw()]

    assert asyncio.run(walk()) == [1, 2]


def test_a_page_can_be_pickled(kit: Kit) -> None:
    page = kit.subscribers.list().raw().first_page()
    again = pickle.loads(pickle.dumps(page))
    assert (again.items, again.pagination, again.response.content) == (
        page.items,
        page.pagination,
        page.response.content,
    )
    assert again.response.parsed == page.response.parsed


def test_a_client_is_closed_for_it_as_well(kit: Kit) -> None:
    pager = kit.subscribers.list().raw()
    kit.close()
    with pytest.raises(KitError, match="closed"):
        list(pager)
