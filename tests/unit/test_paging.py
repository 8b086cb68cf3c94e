"""Lists: every item once, in order, whatever the pages."""

from __future__ import annotations

import contextlib
import contextvars
import gc
import json
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_api.api.tags import list_tags
from kit_api.types import UNSET
from kit_client import Kit, KitError, PaginationError, RateLimiter, ServerError, apaginate, paginate
from kit_client.walk import Walk

from .service import Service, tag_page


def pages(sizes: list[int]) -> tuple[list[int], Service]:
    """A service with pages of these sizes, and the ids on them."""
    ids = list(range(1, sum(sizes) + 1))
    answers, start = [], 0
    for number, size in enumerate(sizes, 1):
        answers.append(tag_page(ids[start : start + size], f"c{number}==", number < len(sizes)))
        start += size
    return ids, Service(*answers)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.none() | st.integers(0, 20))
def test_every_item_once_and_in_order(sizes: list[int], limit: int | None) -> None:
    ids, service = pages(sizes)
    assert [tag.id for tag in service.kit().tags.list(limit=limit)] == ids[:limit]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6), st.none() | st.integers(0, 20))
def test_every_item_once_and_in_order_async(sizes: list[int], limit: int | None) -> None:
    import asyncio

    ids, service = pages(sizes)

    async def walk() -> list[int]:
        async with service.async_kit() as kit:
            return [tag.id async for tag in kit.tags.list(limit=limit)]

    assert asyncio.run(walk()) == ids[:limit]


def test_cursors_are_passed_on_whole_and_the_count_is_asked_for_once() -> None:
    ids, service = pages([2, 2])
    assert [tag.id for tag in service.kit().tags.list(include_total_count=True, per_page=2)] == ids
    assert [dict(request.url.params) for request in service.requests] == [
        {"include_total_count": "true", "per_page": "2"},
        {"after": "c1==", "per_page": "2"},
    ]
    assert b"after=c1%3D%3D" in service.requests[1].url.query


def test_an_empty_cursor_is_none() -> None:
    _, service = pages([1])
    assert len(list(service.kit().tags.list(after="", before=""))) == 1
    assert service.requests[0].url.query == b""


def test_pages_and_their_count() -> None:
    service = Service(tag_page([1, 2], "a", True, total_count=3), tag_page([3], "b", False))
    found = list(service.kit().tags.list(include_total_count=True).pages())
    assert [[tag.id for tag in page.items] for page in found] == [[1, 2], [3]]
    assert [page.total_count for page in found] == [3, None]
    assert found[0].pagination.end_cursor == "a"
    assert found[0].response.status_code == 200


def test_the_first_page_is_one_request() -> None:
    ids, service = pages([2, 2])
    assert [tag.id for tag in service.kit().tags.list().first_page().items] == ids[:2]
    assert len(service.requests) == 1


def test_nothing_is_asked_for_beyond_the_limit() -> None:
    _, service = pages([2, 2, 2])
    assert len(list(service.kit().tags.list(limit=2))) == 2
    assert [request.url.params["per_page"] for request in service.requests] == ["2"]
    assert list(service.kit().tags.list(limit=0)) == []
    assert len(service.requests) == 1
    for limit, per_page in ((1000, "1000"), (1001, None)):
        service = Service(tag_page([1], "a", False))
        list(service.kit().tags.list(limit=limit))
        assert service.requests[0].url.params.get("per_page") == per_page
    service = Service(tag_page([1], "a", False))
    list(service.kit().tags.list(limit=5, per_page=2))
    assert service.requests[0].url.params["per_page"] == "2"


def test_the_next_page_is_fetched_while_one_is_used() -> None:
    asked = threading.Event()

    def second(request: httpx.Request) -> httpx.Response:
        asked.set()
        return tag_page([2], "b", False)

    walk = iter(Service(tag_page([1], "a", True), second).kit().tags.list())
    assert next(walk).id == 1
    assert asked.wait(5)
    assert [tag.id for tag in walk] == [2]


def test_a_page_that_is_waited_for_is_decoded_while_the_service_works_on_the_next() -> None:
    asked, before, user = threading.Event(), [], threading.get_ident()

    def second(request: httpx.Request) -> httpx.Response:
        # Until the other thread waits for this answer, in `Future.result`.
        while (caller := sys._current_frames()[user].f_back) is None or caller.f_code.co_name != "result":
            time.sleep(0.001)
        return httpx.Response(200, json={**page, "tags": [{**page["tags"][0], "colour": "red"}]})

    def third(request: httpx.Request) -> httpx.Response:
        asked.set()
        return tag_page([3], "c", False)

    page = json.loads(tag_page([2], "b", True).content)
    service = Service(tag_page([1], "a", True), second, third)
    kit = service.kit(on_drift=lambda drift: before.append(asked.wait(5)))
    assert [tag.id for tag in kit.tags.list()] == [1, 2, 3]
    assert before == [True]
    assert [request.url.params.get("after") for request in service.requests] == [None, "a", "b"]


PAGINATION = {
    "has_previous_page": True,
    "has_next_page": True,
    "start_cursor": "a",
    "end_cursor": "b",
    "per_page": 2,
}
# Anything, and what looks like the end of a page.
VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.just(',"pagination":{"has_next_page":true,"end_cursor":"x"}'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.just("pagination"), inner),
    max_leaves=8,
)


@given(VALUES, st.sampled_from([None, (",", ":"), (" ,", " : ")]), st.permutations(["tags", "pagination", "more"]))
def test_what_a_page_says_of_the_next_one_is_read_from_it_alone(
    value: Any, separators: tuple[str, str] | None, order: list[str]
) -> None:
    page = {"tags": [value, {"pagination": {**PAGINATION, "end_cursor": "x"}}], "pagination": PAGINATION, "more": value}
    body = json.dumps({name: page[name] for name in order}, separators=separators, ensure_ascii=False).encode()
    assert Walk[Any]({}, None).peek(body) == {"after": "b", "before": UNSET, "include_total_count": UNSET}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"tags":[{"id":1,"pagination":{"has_next_page":true,"end_cursor":"x"}}]}',
        b'{"tags":[],"pagination":{"has_next_page":true,"end_cursor":"x"',
        b'{"tags":[],"pagination":{"has_next_page":true,"end_cursor":"\xff"}}',
        b'{"tags":[],"pagination":{"has_next_page":false,"end_cursor":"x"}}',
        b'{"tags":[],"pagination":{"has_next_page":true,"end_cursor":7}}',
    ],
)
def test_a_page_that_does_not_say_what_follows_is_followed_by_nothing(body: bytes) -> None:
    assert Walk[Any]({}, None).peek(body) is None


def wait_for_threads() -> None:
    for thread in threading.enumerate():
        if thread.name == "kit-page":
            thread.join(10)


@pytest.fixture
def no_garbage_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collector")
@pytest.mark.parametrize("raw", [False, True])
def test_a_page_that_was_used_does_not_wait_for_the_garbage_collector(raw: bool) -> None:
    answers: list[weakref.ref[httpx.Response]] = []
    hooks = {"response": [lambda response: answers.append(weakref.ref(response))]}
    _, service = pages([2] * 6)
    tags = service.kit(event_hooks=hooks).tags.list()
    used: list[weakref.ref[Any]] = []
    for page in (tags.raw() if raw else tags).pages():
        used.append(weakref.ref(page))
    del page
    wait_for_threads()
    service.requests.clear()
    assert len(answers) == len(used) == 6
    assert [answer() for answer in answers] == [page() for page in used] == [None] * 6


@pytest.mark.usefixtures("no_garbage_collector")
@pytest.mark.parametrize("raw", [False, True])
async def test_a_page_that_was_used_does_not_wait_for_the_garbage_collector_async(raw: bool) -> None:
    answers: list[weakref.ref[httpx.Response]] = []

    async def note(response: httpx.Response) -> None:
        answers.append(weakref.ref(response))

    _, service = pages([2] * 6)
    tags = service.async_kit(event_hooks={"response": [note]}).tags.list()
    used: list[weakref.ref[Any]] = []
    async for page in (tags.raw() if raw else tags).pages():
        used.append(weakref.ref(page))
    del page
    service.requests.clear()
    assert len(answers) == len(used) == 6
    assert [answer() for answer in answers] == [page() for page in used] == [None] * 6


def test_no_more_than_the_next_page_is_asked_for() -> None:
    _, service = pages([1, 1, 1, 1])
    walk = service.kit().tags.list().pages()
    for taken in (1, 2):
        next(walk)
        wait_for_threads()
        assert len(service.requests) == taken + 1


def test_lists_within_the_calls_of_a_list_are_lists_of_their_own() -> None:
    _, service = pages([1, 1, 1])
    _, others = pages([2, 2])
    inner = others.kit()

    def hook(response: httpx.Response) -> None:
        response.read()
        assert len(list(inner.tags.list())) == 4
        others.answers = pages([2, 2])[1].answers

    kit = service.kit(event_hooks={"response": [hook]})
    assert [tag.id for tag in kit.tags.list()] == [1, 2, 3]
    assert [request.url.params.get("after") for request in service.requests] == [None, "c1==", "c2=="]


def test_a_page_that_waits_for_the_rate_limit_is_not_asked_for_once_it_is_not_wanted() -> None:
    service = Service(tag_page([1], "a", True), tag_page([2], "b", False))
    limiter = RateLimiter(limit=1, window=0.1)
    with Kit("key", transport=httpx.MockTransport(service), rate_limiter=limiter) as kit:
        pages = kit.tags.list().pages()
        next(pages)
        pages.close()
        for thread in threading.enumerate():
            if thread.name == "kit-page":
                thread.join(10)
        assert len(service.requests) == 1
        kit.tags.list().first_page()
    assert len(service.requests) == 2


def test_an_error_in_the_middle_says_where_to_go_on() -> None:
    service = Service(tag_page([1], "a", True), tag_page([2], "b", True), httpx.Response(500))
    found = []
    with pytest.raises(ServerError) as caught:
        for tag in service.kit(max_retries=0).tags.list():
            found.append(tag.id)
    assert (found, caught.value.cursor) == ([1, 2], "b")
    service.answers = [tag_page([3], "c", False)]
    assert [tag.id for tag in service.kit().tags.list(after=caught.value.cursor)] == [3]
    assert service.requests[-1].url.params["after"] == "b"


NO_STRING: Any = [141]
LEADS_NOWHERE = pytest.mark.parametrize(
    ("answers", "says", "cursor"),
    [
        pytest.param([tag_page([1], "a", True), tag_page([2], "a", True)], "repeats a cursor", "a", id="repeated"),
        pytest.param(
            [tag_page([1], "a", True), tag_page([2], "b", True), tag_page([3], "a", True)], "repeats", "b", id="circle"
        ),
        pytest.param([tag_page([1], None, True)], "gives no cursor", None, id="none"),
        pytest.param([tag_page([1], "", True)], "gives no cursor", None, id="empty"),
        pytest.param([tag_page([1], NO_STRING, True)], "gives no cursor", None, id="no string"),
        pytest.param([tag_page([1], "a", True, has_next_page=None)], "doesn't say", None, id="null flag"),
        pytest.param([tag_page([1], "a", True, has_next_page="false")], "doesn't say", None, id="text flag"),
    ],
)


@LEADS_NOWHERE
def test_cursors_that_lead_nowhere(answers: list[Any], says: str, cursor: str | None) -> None:
    found = []
    with pytest.raises(PaginationError, match=says) as caught:
        for tag in Service(*answers).kit().tags.list():
            found.append(tag.id)
    assert found == list(range(1, len(answers) + 1)), "what came is given first"
    assert caught.value.cursor == cursor


@pytest.mark.anyio
@LEADS_NOWHERE
async def test_cursors_that_lead_nowhere_async(answers: list[Any], says: str, cursor: str | None) -> None:
    found = []
    async with Service(*answers).async_kit() as kit:
        with pytest.raises(PaginationError, match=says):
            async for tag in kit.tags.list():
                found.append(tag.id)
    assert len(found) == len(answers)


def test_leaving_early_ends_the_retries_of_the_page_that_nobody_wants() -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def second(request: httpx.Request) -> httpx.Response:
        asked.set()
        assert may_answer.wait(5)
        return httpx.Response(503)

    service = Service(tag_page([1], "a", True), second)
    threads = set(threading.enumerate())
    with service.kit() as kit, contextlib.closing(kit.tags.list().pages()) as pages:
        next(pages)
        assert asked.wait(5)
    (ahead,) = set(threading.enumerate()) - threads
    assert ahead.daemon
    may_answer.set()
    ahead.join(5)
    assert len(service.requests) == 2
    assert service.clock.slept == []


def test_the_context_of_the_caller_reaches_the_page_fetched_ahead() -> None:
    who: contextvars.ContextVar[str] = contextvars.ContextVar("who")
    seen = []

    def noted(page: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(who.get())
            return page

        return answer

    who.set("Ada")
    list(Service(noted(tag_page([1], "a", True)), noted(tag_page([2], "b", False))).kit().tags.list())
    assert seen == ["Ada", "Ada"]


def test_an_interrupt_in_the_page_fetched_ahead_reaches_the_loop() -> None:
    def interrupted(request: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(Service(tag_page([1], "a", True), interrupted).kit().tags.list())


def test_backwards() -> None:
    service = Service(
        tag_page([3, 4], "x", True, start_cursor="s3", has_previous_page=True),
        tag_page([1, 2], "y", True, start_cursor="s1", has_previous_page=False),
    )
    found = [[tag.id for tag in page.items] for page in service.kit().tags.list(before="s5").pages()]
    assert found == [[3, 4], [1, 2]]
    assert [request.url.params["before"] for request in service.requests] == ["s5", "s3"]


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"limit": -1}, ValueError, "limit: expected 0 or more"),
        ({"limit": 1.5}, TypeError, "limit: expected a whole number or None"),
        ({"limit": True}, TypeError, "limit: expected a whole number or None"),
        ({"after": "a", "before": "b"}, ValueError, "after, before: give one of them only"),
    ],
)
def test_bad_arguments_are_refused_at_once(arguments: dict[str, Any], error: type[Exception], says: str) -> None:
    service = Service(tag_page([], None, False))
    with pytest.raises(error, match=says):
        service.kit().tags.list(**arguments)
    assert service.requests == []


def test_the_generated_modules_are_paged_too() -> None:
    ids, service = pages([1, 1])
    assert [tag.id for tag in paginate(list_tags, client=service.kit())] == ids


@pytest.mark.anyio
async def test_the_generated_modules_are_paged_too_async() -> None:
    ids, service = pages([1, 1, 1])
    async with service.async_kit() as kit:
        assert [tag.id async for tag in apaginate(list_tags, client=kit)] == ids
        assert [tag.id for tag in (await kit.tags.list().first_page()).items] == ids[2:]


@pytest.mark.anyio
async def test_leaving_early_leaves_nothing_behind_async() -> None:
    _, service = pages([1, 1, 1])
    async with service.async_kit() as kit:
        walk = kit.tags.list().pages()
        async for _ in walk:
            break
        await walk.aclose()


@pytest.mark.anyio
async def test_an_error_in_the_middle_says_where_to_go_on_async() -> None:
    service = Service(tag_page([1], "a", True), httpx.Response(500))
    async with service.async_kit(max_retries=0) as kit:
        with pytest.raises(KitError) as caught:
            _ = [tag async for tag in kit.tags.list()]
    assert caught.value.cursor == "a"
