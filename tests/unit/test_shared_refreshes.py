"""One refresh that serves several requests, clients and processes: what becomes of those who share it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from types import FrameType

import httpx
import pytest

from kit_client import (
    APITimeoutError,
    AsyncKit,
    AuthenticationError,
    Clock,
    DeadlineExceededError,
    Kit,
    KitError,
    MemoryTokenStore,
    OAuth,
    OAuthError,
)
from kit_mock import KitMock
from tests.oauth_app import authorized, kill_tokens, make_oauth, refreshes
from tests.unit.service import ACCOUNT

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        yield mock


class Unmoved(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A service that says that a token is dead, and gives the same one again."""

    def __init__(self, refresh_token: str) -> None:
        self.paths: list[str] = []
        self._refresh_token = refresh_token

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        if request.url.path.endswith("/oauth/token"):
            return httpx.Response(200, json={"access_token": "same", "refresh_token": self._refresh_token})
        return httpx.Response(401, json={"errors": ["The access token is invalid"]})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self.handle_request(request)


def unmoved(refresh_token: str) -> tuple[OAuth, Unmoved]:
    store = MemoryTokenStore()
    store.save("default", '{"tokens": {"access_token": "same", "refresh_token": "R1"}}')
    return OAuth(client_id="a", store=store), Unmoved(refresh_token)


ONE_REFRESH = ["/v4/account", "/oauth/token", "/v4/account"]


@pytest.mark.parametrize("refresh_token", ["R1", "R2"])
def test_a_refresh_that_gives_the_same_token_is_made_once(refresh_token: str) -> None:
    oauth, service = unmoved(refresh_token)
    with Kit(auth=oauth, transport=service, deadline=5) as kit:
        with pytest.raises(AuthenticationError):
            kit.account.get()
        assert service.paths == ONE_REFRESH
        with pytest.raises(AuthenticationError):
            kit.account.get()
    assert service.paths == [*ONE_REFRESH, "/v4/account"]


@pytest.mark.parametrize("refresh_token", ["R1", "R2"])
async def test_a_refresh_that_gives_the_same_token_is_made_once_async(refresh_token: str) -> None:
    oauth, service = unmoved(refresh_token)
    async with AsyncKit(auth=oauth, transport=service, deadline=5) as kit:
        with pytest.raises(AuthenticationError):
            await kit.account.get()
    assert service.paths == ONE_REFRESH


def waits_in(frame: FrameType | None, file: str) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.endswith(file) and frame.f_code.co_name == "wait":
            return True
        frame = frame.f_back
    return False


async def until_it_waits_for_the_refresh(thread: threading.Thread) -> None:
    while not waits_in(sys._current_frames().get(thread.ident or 0), "single_flight.py"):
        assert thread.is_alive()
        await asyncio.sleep(0.001)


def call_beside_a_loop_that_ends(mock: KitMock, answer: Callable[[httpx.Request], httpx.Response]) -> list[object]:
    """Let a thread call while a task of another client refreshes, and end that task's event loop. Return the outcome."""
    store = MemoryTokenStore()
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    oauth = make_oauth(mock, store)
    outcomes: list[object] = []

    def call() -> None:
        with Kit(auth=oauth, transport=httpx.MockTransport(answer), max_retries=0) as kit:
            try:
                outcomes.append(kit.account.get().account.id)
            except KitError as error:
                outcomes.append(error)

    thread = threading.Thread(target=call)

    async def main() -> None:
        reached = asyncio.Event()

        async def never(_: httpx.Request) -> httpx.Response:
            reached.set()
            await asyncio.Event().wait()
            raise AssertionError

        task = asyncio.create_task(AsyncKit(auth=oauth, transport=httpx.MockTransport(never)).account.get())
        await reached.wait()
        thread.start()
        await until_it_waits_for_the_refresh(thread)
        task.cancel()

    asyncio.run(main())
    thread.join()
    return outcomes


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries wait for no time."""
    monkeypatch.setattr(Clock, "wait", lambda *_: None)


def test_the_end_of_another_clients_event_loop_fails_no_call(mock: KitMock) -> None:
    assert call_beside_a_loop_that_ends(mock, mock.transport.handle_request) == [1]
    assert refreshes(mock) == [200]


def test_a_call_refreshes_once_itself_when_anothers_refresh_has_failed(mock: KitMock) -> None:
    asked: list[str] = []

    def fail(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(500, json=ACCOUNT)

    (error,) = call_beside_a_loop_that_ends(mock, fail)
    assert isinstance(error, OAuthError)
    assert set(asked) == {"/oauth/token"}


class Asked(MemoryTokenStore):
    """A store that says that somebody asks for its lock."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = threading.Semaphore(0)

    @contextlib.contextmanager
    def lock(self, account: str, /) -> Generator[None]:
        self.asked.release()
        with super().lock(account):
            yield


def outcomes_of_waiting(mock: KitMock, error: Exception) -> list[KitError | None]:
    """Let a refresh fail while three wait for its lock, and make one after them. Return what each raises, if anything."""
    store, sent = Asked(), threading.Event()
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    outcomes: list[KitError | None] = [None] * 5

    def call(number: int, transport: httpx.BaseTransport) -> None:
        try:
            make_oauth(mock, store, transport=transport).refresh()
        except KitError as error:
            outcomes[number] = error

    waiting = [threading.Thread(target=call, args=(number, mock.transport)) for number in (1, 2, 3)]

    def fail(_: httpx.Request) -> httpx.Response:
        if not sent.is_set():
            sent.set()
            for thread in waiting:
                thread.start()
                assert store.asked.acquire(timeout=30)
        raise error

    while store.asked.acquire(blocking=False):
        pass
    first = threading.Thread(target=call, args=(0, httpx.MockTransport(fail)))
    first.start()
    assert store.asked.acquire(timeout=30)
    for thread in (first, *waiting):
        thread.join()
    call(4, mock.transport)
    return outcomes


@pytest.mark.parametrize("error", [httpx.ReadTimeout("slow"), httpx.ConnectTimeout("slow")], ids=repr)
def test_who_waits_for_a_refresh_that_times_out_does_not_wait_for_another(mock: KitMock, error: Exception) -> None:
    first, *waited, later = outcomes_of_waiting(mock, error)
    assert "timed out after 4 attempts" in str(first)
    for each in waited:
        assert isinstance(each, APITimeoutError)
        assert "timed out in another process, whose request this one has waited for" in str(each)
    assert later is None
    assert refreshes(mock) == [200]


def test_who_waits_for_a_refresh_whose_connection_fails_makes_one(mock: KitMock) -> None:
    first, *waited = outcomes_of_waiting(mock, httpx.ConnectError("no route from this process"))
    assert "connection failed" in str(first)
    assert waited == [None] * 4


def in_child(function: Callable[[], object]) -> int | None:
    """Call a function in a forked child, and return its exit code, or None if it hangs."""
    child = FORK.Process(target=function)
    child.start()
    child.join(20)
    code = child.exitcode
    child.kill()
    child.join()
    return code


class Held(httpx.BaseTransport):
    """Holds token requests back until it is opened."""

    def __init__(self, mock: KitMock) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self._mock = mock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            self.reached.set()
            assert self.opened.wait(60)
        response: httpx.Response = self._mock.transport.handle_request(request)
        return response


def test_a_forked_child_closes_its_clients_without_waiting_for_the_refresh_of_its_parent(mock: KitMock) -> None:
    store, held = MemoryTokenStore(), Held(mock)
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    oauth = make_oauth(mock, store)
    async_kit = AsyncKit(auth=oauth, transport=mock.async_transport)

    async def join() -> None:
        with pytest.raises(DeadlineExceededError):
            await async_kit.with_options(deadline=0.05).account.get()

    def close() -> None:
        kit.close()
        asyncio.run(async_kit.aclose())

    with Kit(auth=oauth, transport=held) as kit:
        thread = threading.Thread(target=kit.account.get)
        thread.start()
        assert held.reached.wait(30)
        asyncio.run(join())
        code = in_child(close)
        held.opened.set()
        thread.join()
    assert code == 0
    assert refreshes(mock) == [200]
