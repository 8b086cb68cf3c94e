"""A client or a list that is used as what it is not says at once what to write instead."""

from __future__ import annotations

import asyncio
import copy
import inspect
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from kit_api.api.tags import list_tags
from kit_client import AsyncKit, Kit, apaginate, paginate

from .service import Service, tag_page


def service() -> Service:
    return Service(tag_page([1, 2], "a", False))


async def await_it(value: Any) -> Any:
    return await value


async def loop_async(value: Any) -> None:
    async for _ in value:
        pass


async def enter_async(value: Any) -> None:
    async with value:
        pass


def enter(value: Any) -> None:
    with value:
        pass


def run(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: asyncio.run(function(value))


BOTH: list[tuple[Callable[[Any], Any], str]] = [
    (lambda pager: pager[0], "list"),
    (lambda pager: pager[:10], "list"),
    (lambda pager: pager["name"], "list"),
    (len, "include_total_count=True"),
    (bool, "neither true nor false"),
    (lambda pager: pager or [], "neither true nor false"),
    (lambda pager: not pager, "neither true nor false"),
    (reversed, "reversed"),
    (next, "no iterator"),
    (run(await_it), "isn't awaited"),
]
SYNC = [*BOTH, (run(loop_async), "synchronous: write `for item in pager:`, or use AsyncKit")]
ASYNC: list[tuple[Callable[[Any], Any], str]] = [
    *BOTH,
    (iter, "asynchronous: write `async for item in pager:`, or use Kit"),
    (list, "asynchronous: write"),
    (sorted, "asynchronous: write"),
    (lambda pager: 1 in pager, "asynchronous: write"),
    (lambda pager: [*pager], "asynchronous: write"),
    (run(anext), "no iterator"),
]


@pytest.mark.parametrize(("use", "says"), SYNC)
def test_a_pager_is_not_a_list(use: Callable[[Any], Any], says: str) -> None:
    asked = service()
    for pager in (asked.kit().tags.list(), paginate(list_tags, client=asked.kit())):
        with pytest.raises(TypeError, match=says) as caught:
            use(pager)
        assert str(caught.value).startswith("<Pager of list_tags> ")
    assert asked.requests == []


@pytest.mark.parametrize(("use", "says"), ASYNC)
def test_an_async_pager_is_not_a_list(use: Callable[[Any], Any], says: str) -> None:
    asked = service()
    for pager in (asked.async_kit().tags.list(), apaginate(list_tags, client=asked.async_kit())):
        with pytest.raises(TypeError, match=says) as caught:
            use(pager)
        assert str(caught.value).startswith("<AsyncPager of list_tags> ")
    assert asked.requests == []


@pytest.mark.parametrize("name", ["items", "data", "results", "count", "all"])
def test_an_attribute_of_a_page_is_not_one_of_the_pager(name: str) -> None:
    pagers: list[tuple[Any, str]] = [
        (service().kit().tags.list(), "write `for item in pager:`, or `pager.first_page()`"),
        (service().async_kit().tags.list(), "write `async for item in pager:`, or `(await pager.first_page())`"),
    ]
    for pager, says in pagers:
        with pytest.raises(AttributeError, match=f"Pager of list_tags> has no '{name}'") as caught:
            getattr(pager, name)
        assert says in str(caught.value)
        assert "Did you mean" not in "".join(traceback.format_exception(caught.value))
        assert not hasattr(pager, "__nonsense__")
        assert not hasattr(copy.copy(pager), name)


def test_a_pager_is_still_iterated_over_in_every_usual_way() -> None:
    pager = service().kit().tags.list()
    assert [tag.id for tag in pager] == [tag.id for tag in list(pager)] == [1, 2]
    assert len([*pager, *tuple(pager)]) == 4
    assert next(iter(pager)).id == 1
    assert sorted(tag.id for tag in pager) == [1, 2]
    assert {tag.id: tag for tag in pager}.keys() == {1, 2}
    assert next(iter(pager)) in pager
    first, *_ = pager
    assert first.id == 1


def test_each_client_is_entered_and_closed_in_its_own_way() -> None:
    asked = service()
    for use, says in (
        (enter, "AsyncKit is asynchronous: write `async with AsyncKit"),
        (lambda kit: kit.close(), "await kit.aclose()"),
    ):
        with pytest.raises(TypeError, match=says):
            use(asked.async_kit())
    for use_async, says in (
        (enter_async, "Kit is synchronous: write `with Kit"),
        (lambda kit: kit.aclose(), r"write `kit\.close\(\)`"),
    ):
        with pytest.raises(TypeError, match=says):
            asyncio.run(use_async(asked.kit()))


@pytest.mark.parametrize("kind", [Kit, AsyncKit])
def test_messages_and_reprs_have_public_names_only(kind: type[Any]) -> None:
    kit = kind("key", transport=httpx.MockTransport(service()))
    calls: list[Callable[[], Any]] = [
        lambda: kind("key", tiemout=1),
        lambda: kind("key", "other"),
        lambda: kit.with_options(tiemout=1),
        lambda: kit.tags.list(tiemout=1),
        lambda: kit.tags.list().first_page(1),
        lambda: kit.tags.list().nonsense,
        lambda: kit.nonsense,
        lambda: kit.tags.list() * 2,
    ]
    for call in calls:
        with pytest.raises((TypeError, AttributeError)) as caught:
            call()
        assert "_Pager" not in str(caught.value)
        assert "BaseKit" not in str(caught.value)
        assert "_AsyncPager" not in str(caught.value)
    pager = kit.tags.list()
    assert type(pager).__name__ in ("Pager", "AsyncPager")
    assert repr(pager) == f"<{type(pager).__name__} of list_tags>"
    assert repr(kit.subscribers.list()).endswith("of list_subscribers>")
    assert inspect.signature(kind).parameters["http_client"].default is None
