"""`AsyncKit` on asyncio and trio, and `Kit` without either."""

from __future__ import annotations

import subprocess
import sys
import types
from typing import Any

import anyio
import httpx
import pytest

from kit_client import APIConnectionError, AsyncKit, Clock, KitError, RetryPolicy, ServerError
from kit_mock import KitMock

from .service import ACCOUNT, Service, tag_page

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def test_every_item_of_every_page() -> None:
    service = Service(tag_page([1, 2], "a", True), tag_page([], "b", True), tag_page([3], "c", False))
    async with service.async_kit() as kit:
        assert [tag.id async for tag in kit.tags.list()] == [1, 2, 3]
    assert [request.url.params.get("after") for request in service.requests] == [None, "a", "b"]


async def test_the_next_page_is_fetched_while_one_is_used() -> None:
    asked = anyio.Event()

    async def answer(request: httpx.Request) -> httpx.Response:
        if "after" in request.url.params:
            asked.set()
            return tag_page([2], "b", False)
        return tag_page([1], "a", True)

    async with AsyncKit("key", transport=httpx.MockTransport(answer)) as kit:
        walk = aiter(kit.tags.list())
        assert (await anext(walk)).id == 1
        with anyio.fail_after(5):
            await asked.wait()
        assert [tag.id async for tag in walk] == [2]


async def test_pages_are_an_async_generator() -> None:
    service = Service(tag_page([1], "a", True), tag_page([2], "b", True), tag_page([3], "c", False))
    async with service.async_kit() as kit:
        pages = kit.tags.list().pages()
        assert [tag.id for tag in (await anext(pages)).items] == [1]
        with pytest.raises(LookupError):
            await pages.athrow(LookupError("mine"))
        with pytest.raises(StopAsyncIteration):
            await anext(pages)
        pages = kit.tags.list().pages()
        await anext(pages)
        await pages.aclose()
        await pages.aclose()
        assert [page async for page in pages] == []


async def test_leaving_a_list_anywhere_gives_no_warning() -> None:
    ids = list(range(1, 9))
    for last in ids:
        service = Service(*(tag_page([i], str(i), i < len(ids)) for i in ids))
        async with service.async_kit() as kit:
            async for tag in kit.tags.list():
                if tag.id == last:
                    break
        assert last <= len(service.requests) <= last + 1


async def test_an_error_in_the_middle_says_where_to_go_on() -> None:
    service = Service(tag_page([1], "a", True), tag_page([2], "b", True), httpx.Response(500))
    found = []
    async with service.async_kit(max_retries=0) as kit:
        walk = aiter(kit.tags.list())
        with pytest.raises(ServerError) as caught:
            async for tag in walk:
                found.append(tag.id)
        assert [tag async for tag in walk] == []
    assert (found, caught.value.cursor) == ([1, 2], "b")


async def test_two_tasks_do_not_share_a_walk() -> None:
    async def slow(request: httpx.Request) -> httpx.Response:
        await anyio.sleep(0.01)
        return tag_page([1], "a", False)

    problems: list[Exception] = []
    async with AsyncKit("key", transport=httpx.MockTransport(slow)) as kit, anyio.create_task_group() as group:
        pages = kit.tags.list().pages()

        async def take() -> None:
            try:
                await anext(pages)
            except RuntimeError as error:
                problems.append(error)

        group.start_soon(take)
        group.start_soon(take)
    assert [str(problem) for problem in problems] == ["the list is being iterated over by another task"]


async def test_it_waits_and_sends_again() -> None:
    service = Service(httpx.Response(503), httpx.ReadError("gone"), httpx.Response(200, json=ACCOUNT))
    async with service.async_kit(clock=Clock(), retry=RetryPolicy(backoff=0.01)) as kit:
        assert (await kit.account.get()).account.id == 1
    assert len(service.requests) == 3


async def test_the_deadline_ends_a_transport_of_ones_own() -> None:
    async def silent(request: httpx.Request) -> httpx.Response:
        await anyio.sleep(60)
        raise AssertionError

    async with AsyncKit("key", transport=httpx.MockTransport(silent), deadline=0.05) as kit:
        with pytest.raises(KitError, match=r"the deadline of 0\.05 s"):
            await kit.account.get()


async def test_a_served_mock(kit_mock: KitMock) -> None:
    for number in range(30):
        kit_mock.subscribers.add(f"reader{number}@example.com")
    async with AsyncKit(kit_mock.api_key, base_url=kit_mock.url) as kit:
        assert len([found async for found in kit.subscribers.list(per_page=7)]) == 30

        async def create(name: str) -> None:
            await kit.tags.create(name=name)

        async with anyio.create_task_group() as group:
            for number in range(10):
                group.start_soon(create, str(number))
        with pytest.raises(KitError, match="422"):
            await kit.tags.create(name=" ")


async def test_nobody_is_there() -> None:
    async with AsyncKit("key", base_url="http://127.0.0.1:9", max_retries=0) as kit:
        with pytest.raises(APIConnectionError):
            await kit.account.get()


PROGRAM = """
import sys
import types
import httpx
from kit_client import Kit, KitError, RetryPolicy
kit = Kit("key", base_url="http://127.0.0.1:9", retry=RetryPolicy(max_retries=1, backoff=0.001))
try:
    kit.account.get()
except KitError:
    pass
print(sorted({"asyncio", "anyio", "trio"} & set(sys.modules) - before))
"""


def test_synchronous_programs_import_no_event_loop() -> None:
    """Beyond what httpx and httpcore import for themselves."""
    bare = "import sys, httpx\ntry: httpx.get('http://127.0.0.1:9')\nexcept httpx.HTTPError: pass\nbefore = set(sys.modules)"
    assert (
        run("import sys\nbefore = set()\nimport kit_client\nprint({'asyncio', 'anyio', 'trio'} & set(sys.modules))")
        == "set()"
    )
    assert run(bare + PROGRAM) == "[]"


def run(program: str) -> Any:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_call_while_another_thread_imports_trio(monkeypatch: pytest.MonkeyPatch) -> None:
    """As httpcore does at the first use of a client in the process."""
    # What a module is before its first line has run.
    monkeypatch.setitem(sys.modules, "trio", types.ModuleType("trio"))
    with KitMock() as mock:
        async with AsyncKit(mock.api_key, base_url=mock.url, rate_limiter=None) as kit:
            assert (await kit.account.get()).account.id
