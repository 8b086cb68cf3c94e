"""When tokens are refreshed, who waits for it, and what becomes of them when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from kit_client import (
    APIConnectionError,
    AsyncKit,
    AuthenticationError,
    Clock,
    DeadlineExceededError,
    FileTokenStore,
    Kit,
    KitError,
    MemoryTokenStore,
    OAuthError,
    TokenStore,
    TokenStoreError,
)
from kit_mock import KitMock
from tests.oauth_app import authorized, change_tokens, kill_tokens, make_oauth, refreshes, tokens_in

GATED = "/oauth/token"


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries wait for no time."""
    monkeypatch.setattr(Clock, "wait", lambda *_: None)


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        yield mock


class Gate(httpx.BaseTransport):
    """Holds token requests back until it is opened."""

    def __init__(self, mock: KitMock) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        self._mock = mock

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == GATED:
            self.reached.set()
            assert self.opened.wait(30)
        response: httpx.Response = self._mock.transport.handle_request(request)
        return response


class AsyncGate(httpx.AsyncBaseTransport):
    """`Gate` for asynchronous calls."""

    def __init__(self, mock: KitMock) -> None:
        self.reached, self.opened = anyio.Event(), anyio.Event()
        self._mock = mock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == GATED:
            self.reached.set()
            await self.opened.wait()
        response: httpx.Response = await self._mock.async_transport.handle_async_request(request)
        return response


def in_thread(function: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Start a thread; the list gets what the function returns or raises."""
    outcomes: list[object] = []

    def run() -> None:
        try:
            outcomes.append(function())
        except KitError as error:
            outcomes.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcomes


class Moved(Clock):
    """A clock that is wrong by so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def time(self) -> float:
        return super().time() + self.seconds


@pytest.mark.parametrize("death", ["clock", "server"])
def test_a_dead_token_is_replaced_and_the_call_succeeds(mock: KitMock, death: Any) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store)
    before = tokens_in(store)
    kill_tokens(mock, store, death)
    with Kit(auth=make_oauth(mock, store), transport=mock.transport) as kit:
        kit.tags.create(name="Newsletter")
        assert [tag.name for tag in kit.tags.list()] == ["Newsletter"]
    assert refreshes(mock) == [200]
    after = tokens_in(store)
    assert after["refresh_token"] != before["refresh_token"]
    with Kit(auth=oauth, transport=mock.transport) as kit:
        # It has the old token still, hears that it is dead, and finds the new one in the store.
        kit.account.get()
    assert refreshes(mock) == [200]
    assert tokens_in(store) == after


@pytest.mark.parametrize(
    ("headers", "messages", "is_dead"),
    [
        ({"WWW-Authenticate": 'Bearer error="invalid_token", error_description="x"'}, ["x"], True),
        ({"WWW-Authenticate": 'Bearer realm="a", error=invalid_token'}, ["x"], True),
        ({}, ["The access token expired"], True),
        ({}, ["The access token is invalid"], True),
        ({"WWW-Authenticate": "Bearer"}, ["The access token was revoked"], True),
        ({"WWW-Authenticate": 'Bearer error="insufficient_scope"'}, ["The access token expired"], False),
        ({}, ["OAuth authentication required"], False),
        ({}, ["This account was suspended"], False),
        ({}, ["The token lacks the scope"], False),
        ({}, [], False),
    ],
)
def test_only_a_401_that_says_that_the_token_is_dead_costs_it(
    mock: KitMock, headers: dict[str, str], messages: list[str], is_dead: bool
) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store)
    before = store.load("default")
    answers = [httpx.Response(401, headers=headers, json={"errors": messages})]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != GATED and answers:
            return answers.pop()
        response: httpx.Response = mock.transport.handle_request(request)
        return response

    with Kit(auth=oauth, transport=httpx.MockTransport(answer)) as kit:
        if is_dead:
            kit.account.get()
        else:
            with pytest.raises(AuthenticationError):
                kit.account.get()
    assert refreshes(mock) == ([200] if is_dead else [])
    assert (store.load("default") != before) == is_dead


def test_a_service_that_refuses_what_it_has_just_given_is_not_asked_again_and_again(mock: KitMock) -> None:
    oauth = authorized(mock)
    mock.faults.add(route="GET /v4/account", status=401, body={"errors": ["The access token is invalid"]})
    with Kit(auth=oauth, transport=mock.transport) as kit:
        for _ in range(5):
            with pytest.raises(AuthenticationError):
                kit.account.get()
        assert refreshes(mock) == [200]
        mock.faults.clear()
        kit.account.get()


@pytest.mark.parametrize("seconds", [-300, 300])
@pytest.mark.parametrize("death", ["clock", "server"])
def test_a_clock_that_is_five_minutes_off_costs_one_refresh(mock: KitMock, death: Any, seconds: float) -> None:
    store = MemoryTokenStore()
    authorized(mock, store)
    kill_tokens(mock, store, death)
    with Kit(auth=make_oauth(mock, store), transport=mock.transport, clock=Moved(seconds)) as kit:
        for _ in range(3):
            kit.account.get()
    assert refreshes(mock) == [200]


def test_shortly_before_its_expiry_a_token_is_refreshed_and_nobody_waits(mock: KitMock) -> None:
    store, gate = MemoryTokenStore(), Gate(mock)
    authorized(mock, store)
    before = tokens_in(store)
    change_tokens(store, expires_at=time.time() + 100)
    with Kit(auth=make_oauth(mock, store), transport=gate) as kit:
        for _ in range(3):
            kit.account.get()
        assert gate.reached.wait(30)
        assert tokens_in(store)["access_token"] == before["access_token"]
        kit.account.get()
        gate.opened.set()
        # The end of the client waits, as the new pair must not be lost.
    assert refreshes(mock) == [200]
    assert tokens_in(store)["access_token"] != before["access_token"]


async def test_nobody_waits_in_tasks_either_and_the_end_of_the_client_waits(mock: KitMock) -> None:
    store, gate = MemoryTokenStore(), AsyncGate(mock)
    authorized(mock, store)
    before = tokens_in(store)
    change_tokens(store, expires_at=time.time() + 100)
    async with AsyncKit(auth=make_oauth(mock, store), transport=gate) as kit:
        await kit.account.get()
        await gate.reached.wait()
        await kit.account.get()
        assert tokens_in(store)["access_token"] == before["access_token"]
        gate.opened.set()
    assert refreshes(mock) == [200]
    assert tokens_in(store)["access_token"] != before["access_token"]


@pytest.mark.parametrize("fault", [{"reset": "before"}, {"status": 503}, {"status": 400, "body": "no"}])
def test_an_early_refresh_that_fails_costs_nobody_anything(
    mock: KitMock, caplog: pytest.LogCaptureFixture, fault: dict[str, Any]
) -> None:
    store = MemoryTokenStore()
    authorized(mock, store)
    change_tokens(store, expires_at=time.time() + 100)
    before = tokens_in(store)
    mock.faults.add(route=f"POST {GATED}", **fault)
    with Kit(auth=make_oauth(mock, store), transport=mock.transport) as kit, caplog.at_level(logging.WARNING):
        for _ in range(10):
            kit.account.get()
    assert tokens_in(store) == before
    # It isn't tried again for a while.
    assert caplog.text.count("the access token is used until it expires") == 1


def test_a_lifetime_of_a_minute_is_used(mock: KitMock) -> None:
    store = MemoryTokenStore()
    authorized(mock, store)
    change_tokens(store, expires_at=time.time() + 50, expires_in=60)
    with Kit(auth=make_oauth(mock, store), transport=mock.transport) as kit:
        kit.account.get()
    assert refreshes(mock) == []


def test_a_refused_refresh_token_is_told_and_the_store_stays(mock: KitMock) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store)
    kill_tokens(mock, store, "clock")
    change_tokens(store, refresh_token="unknown")
    before = store.load("default")
    oauth = make_oauth(mock, store)
    with Kit(auth=oauth, transport=mock.transport) as kit:
        for _ in range(3):
            with pytest.raises(OAuthError, match=r"OAuth refresh: 400 invalid_grant: .* authorize again") as caught:
                kit.account.get()
            assert caught.value.error == "invalid_grant"
            assert caught.value.operation == "get_account"
        # The service isn't asked the same again.
        assert refreshes(mock) == [400]
        assert store.load("default") == before
        authorized(mock, store)
        kit.account.get()


def test_tokens_that_a_program_without_the_lock_has_stored_are_found(mock: KitMock) -> None:
    store = MemoryTokenStore()
    authorized(mock, store)
    newer = store.load("default")
    assert newer is not None
    change_tokens(store, access_token="old", refresh_token="old", expires_at=1.0)

    def answer(request: httpx.Request) -> httpx.Response:
        response: httpx.Response = mock.transport.handle_request(request)
        if request.url.path == GATED:
            store.save("default", newer)
        return response

    with Kit(auth=make_oauth(mock, store), transport=httpx.MockTransport(answer)) as kit:
        kit.account.get()
    assert store.load("default") == newer


@pytest.mark.parametrize("fault", [{"reset": "after"}, {"cut_body": True}, {"status": 502, "effect": True}])
def test_a_refresh_whose_answer_was_lost_is_made_again_and_the_newest_pair_is_stored(
    mock: KitMock, fault: dict[str, Any]
) -> None:
    store = MemoryTokenStore()
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    mock.fail_next(f"POST {GATED}", times=2, **fault)
    oauth = make_oauth(mock, store)
    with Kit(auth=oauth, transport=mock.transport, max_retries=0) as kit:
        kit.account.get()
        assert len(refreshes(mock)) == 3
        oauth.refresh()  # The refresh token that is stored is a good one.
        kit.account.get()


def test_an_answer_that_was_lost_by_a_service_that_takes_each_token_once_is_told(mock: KitMock) -> None:
    with KitMock(behaviour="reference") as strict:
        store = MemoryTokenStore()
        authorized(strict, store)
        change_tokens(store, expires_at=time.time() + 100)
        before = store.load("default")
        strict.fail_next(f"POST {GATED}", reset="after")
        oauth = make_oauth(strict, store)
        with Kit(auth=oauth, transport=strict.transport) as kit:
            # The access token still works, and is used.
            kit.account.get()
            oauth_error = pytest.raises(OAuthError, match=r"invalid_grant: .*authorize again")
            with oauth_error:
                oauth.refresh()
            kit.account.get()
            change_tokens(store, expires_at=1.0)
        with Kit(auth=make_oauth(strict, store), transport=strict.transport) as kit, oauth_error:
            kit.account.get()
        change_tokens(store, expires_at=tokens_in_text(before)["expires_at"])
        assert store.load("default") == before


def tokens_in_text(text: str | None) -> dict[str, Any]:
    store = MemoryTokenStore()
    store.save("default", text or "")
    return tokens_in(store)


@pytest.mark.parametrize("fault", [{"reset": "before"}, {"reset": "after"}])
def test_a_refresh_that_gets_no_answer_at_all_leaves_the_tokens_and_may_succeed_later(
    mock: KitMock, fault: dict[str, Any]
) -> None:
    store = MemoryTokenStore()
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    before = tokens_in(store)
    mock.faults.add(route=f"POST {GATED}", **fault)
    with Kit(auth=make_oauth(mock, store), transport=mock.transport) as kit:
        with pytest.raises(APIConnectionError, match="the stored tokens are as they were, call again") as caught:
            kit.account.get()
        assert caught.value.attempts == 4
        assert tokens_in(store) == before
        mock.faults.clear()
        kit.account.get()


def test_a_service_without_expiry_and_without_a_new_refresh_token_is_taken(mock: KitMock) -> None:
    store = MemoryTokenStore()
    authorized(mock, store)
    access_token = tokens_in(store)["access_token"]
    change_tokens(store, access_token="old", refresh_token="kept")
    mock.fail_next(f"POST {GATED}", status=200, body={"access_token": access_token, "token_type": "bearer"})
    oauth = make_oauth(mock, store)
    oauth.refresh()
    assert tokens_in(store) == {
        "access_token": access_token,
        "refresh_token": "kept",
        "expires_at": None,
        "expires_in": None,
        "scope": None,
    }
    with Kit(auth=oauth, transport=mock.transport) as kit:
        kit.account.get()


@pytest.mark.parametrize(
    "body", ["<html>", "[]", {}, {"access_token": ""}, {"access_token": "a b"}, {"access_token": 5}]
)
def test_an_answer_without_usable_tokens_is_told_and_none_are_stored(mock: KitMock, body: object) -> None:
    store = MemoryTokenStore()
    oauth = authorized(mock, store)
    before = tokens_in(store)
    mock.fail_next(f"POST {GATED}", status=200, body=body)
    with pytest.raises(OAuthError, match="OAuth refresh: the answer has no usable tokens"):
        oauth.refresh()
    assert tokens_in(store) == before


def test_a_redirect_of_the_token_request_is_not_followed(mock: KitMock) -> None:
    store = MemoryTokenStore()
    authorized(mock, store)
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://elsewhere.example/"})

    oauth = make_oauth(mock, store, transport=httpx.MockTransport(answer))
    with pytest.raises(OAuthError, match="OAuth refresh: 307"):
        oauth.refresh()
    assert asked == ["api.convertkit.com"]


async def test_who_waits_gets_the_result_though_the_first_was_cancelled(mock: KitMock) -> None:
    store, gate = MemoryTokenStore(), AsyncGate(mock)
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    ids: list[object] = []

    async def wait(kit: AsyncKit) -> None:
        ids.append((await kit.account.get()).account.id)

    async with AsyncKit(auth=make_oauth(mock, store), transport=gate) as kit, anyio.create_task_group() as group:
        first = asyncio.create_task(kit.account.get())
        await gate.reached.wait()
        group.start_soon(wait, kit)
        await anyio.wait_all_tasks_blocked()
        first.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await first
        gate.opened.set()
    assert ids == [1]
    assert refreshes(mock) == [200]


async def test_a_refresh_that_everybody_has_left_still_ends_and_is_stored(mock: KitMock) -> None:
    store, gate = MemoryTokenStore(), AsyncGate(mock)
    authorized(mock, store)
    before = tokens_in(store)
    kill_tokens(mock, store, "clock")
    async with AsyncKit(auth=make_oauth(mock, store), transport=gate) as kit:
        with anyio.move_on_after(0.05):
            await kit.account.get()
        await gate.reached.wait()
        gate.opened.set()
    assert tokens_in(store)["access_token"] != before["access_token"]


def test_a_call_waits_no_longer_than_its_deadline_and_the_refresh_goes_on(mock: KitMock) -> None:
    store, gate = MemoryTokenStore(), Gate(mock)
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    with Kit(auth=make_oauth(mock, store), transport=gate) as kit:
        with pytest.raises(DeadlineExceededError, match=r"the deadline of 0\.05 s"):
            kit.with_options(deadline=0.05).account.get()
        gate.opened.set()
        kit.account.get()
    assert refreshes(mock) == [200]


async def test_a_task_waits_no_longer_than_its_deadline(mock: KitMock) -> None:
    store, gate = MemoryTokenStore(), AsyncGate(mock)
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    async with AsyncKit(auth=make_oauth(mock, store), transport=gate) as kit:
        with pytest.raises(DeadlineExceededError):
            await kit.with_options(deadline=0.05).account.get()
        gate.opened.set()
        await kit.account.get()
    assert refreshes(mock) == [200]


async def test_threads_and_tasks_share_one_refresh(mock: KitMock) -> None:
    store, gate = MemoryTokenStore(), Gate(mock)
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    oauth = make_oauth(mock, store)
    with Kit(auth=oauth, transport=gate) as kit:
        thread, outcomes = in_thread(lambda: kit.account.get().account.id)
        assert gate.reached.wait(30)
        async with AsyncKit(auth=oauth, transport=mock.async_transport) as async_kit:
            task = asyncio.create_task(async_kit.account.get())
            await anyio.wait_all_tasks_blocked()
            gate.opened.set()
            assert (await task).account.id == 1
        thread.join()
    assert outcomes == [1]
    assert refreshes(mock) == [200]


def test_one_oauth_serves_one_event_loop_after_another(mock: KitMock) -> None:
    store = MemoryTokenStore()
    authorized(mock, store)
    oauth = make_oauth(mock, store)

    async def main() -> None:
        change_tokens(store, expires_at=1.0)
        async with AsyncKit(auth=make_oauth(mock, store), transport=mock.async_transport) as kit:
            await kit.account.get()
        async with AsyncKit(auth=oauth, transport=mock.async_transport) as kit:
            await kit.account.get()

    asyncio.run(main())
    asyncio.run(main())
    assert refreshes(mock) == [200, 200]


def test_the_end_of_an_event_loop_strands_nobody(mock: KitMock) -> None:
    store, gate = MemoryTokenStore(), None
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    before = store.load("default")
    oauth = make_oauth(mock, store)

    async def main() -> None:
        nonlocal gate
        gate = AsyncGate(mock)
        task = asyncio.create_task(AsyncKit(auth=oauth, transport=gate).account.get())
        await gate.reached.wait()
        task.cancel()

    asyncio.run(main())
    with Kit(auth=oauth, transport=mock.transport) as kit:
        kit.account.get()
    assert refreshes(mock) == [200]
    assert store.load("default") != before


def test_a_refresh_outlives_the_event_loop_of_a_client_that_makes_its_own_connections(tmp_path: Path) -> None:
    with KitMock(behaviour="reference") as strict:
        store = FileTokenStore(tmp_path / "tokens.json")
        authorized(strict, store, served=True)
        kill_tokens(strict, store, "clock")
        strict.fail_next(f"POST {GATED}", delay=0.5)
        oauth = make_oauth(strict, store, served=True)

        async def main() -> None:
            task = asyncio.create_task(AsyncKit(auth=oauth, base_url=strict.url).account.get())
            while not strict.requests:  # noqa: ASYNC110  # the mock has no event for it
                await asyncio.sleep(0.01)
            task.cancel()

        asyncio.run(main())
        with Kit(auth=oauth, base_url=strict.url) as kit:
            kit.account.get()
        assert refreshes(strict) == [200]


def refresh_in_child(store: TokenStore, url: str, oauth: Any) -> None:
    change_tokens(store, expires_at=1.0)
    oauth._cached = None
    with Kit(auth=oauth, base_url=url) as kit:
        kit.account.get()


def test_an_oauth_that_was_used_works_in_a_forked_child(mock: KitMock, tmp_path: Path) -> None:
    store = FileTokenStore(tmp_path / "tokens.json")
    oauth = authorized(mock, store, served=True)
    with Kit(auth=oauth, base_url=mock.url) as kit:
        kit.account.get()
    child = multiprocessing.get_context("fork").Process(target=refresh_in_child, args=(store, mock.url, oauth))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert refreshes(mock) == [200]


def test_any_httpx_client_may_have_it_and_only_the_api_gets_the_token(mock: KitMock) -> None:
    oauth = authorized(mock)
    seen: list[tuple[str, str | None]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((request.url.host, request.headers.get("Authorization", "")[:7]))
        response: httpx.Response = mock.transport.handle_request(request)
        return response

    with httpx.Client(auth=oauth, transport=httpx.MockTransport(answer)) as http:
        assert http.get("https://api.kit.com/v4/account").status_code == 200
        http.get("https://elsewhere.example/v4/account")
        http.get("http://api.kit.com/v4/account")
        mock.advance(days=3)
        parts, headers = iter([b'{"name":', b' "a"}']), {"Content-Type": "application/json"}
        assert http.post("https://api.kit.com/v4/tags", content=parts, headers=headers).status_code == 201
    hosts = ["api.kit.com", "elsewhere.example", "api.kit.com", "api.kit.com", "api.kit.com"]
    assert seen == list(zip(hosts, ["Bearer ", "", "", "Bearer ", "Bearer "], strict=True))
    assert refreshes(mock) == [200]


async def test_any_asynchronous_httpx_client_may_have_it(mock: KitMock) -> None:
    oauth = authorized(mock)
    async with httpx.AsyncClient(auth=oauth, transport=mock.async_transport) as http:
        mock.advance(days=3)
        assert (await http.get("https://api.kit.com/v4/account")).status_code == 200
        assert (await http.get("https://elsewhere.example/v4/account")).status_code == 401
    assert refreshes(mock) == [200]


class Fragile(MemoryTokenStore):
    """A store that can be broken."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: set[str] = set()
        self.saves_left = 1000

    def load(self, account: str, /) -> str | None:
        if "load" in self.broken:
            raise ConnectionError("the database is at secret.example")
        return super().load(account)

    def save(self, account: str, text: str, /) -> None:
        if self.saves_left == 0:
            raise ValueError(f"can't store {text}")
        self.saves_left -= 1
        super().save(account, text)


def test_a_store_that_cannot_be_written_is_found_before_the_token_is_spent(mock: KitMock) -> None:
    store = Fragile()
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    store.saves_left = 0
    with Kit(auth=make_oauth(mock, store), transport=mock.transport) as kit:
        with pytest.raises(TokenStoreError, match=r"can't be written: ValueError .*no token was lost.* call again"):
            kit.account.get()
        assert refreshes(mock) == []
        store.saves_left = 2
        kit.account.get()


def test_a_store_that_breaks_during_a_refresh_gets_the_tokens_later(mock: KitMock) -> None:
    with KitMock(behaviour="reference") as strict:
        store = Fragile()
        authorized(strict, store)
        kill_tokens(strict, store, "clock")
        store.saves_left = 1
        before = store.load("default")
        with Kit(auth=make_oauth(strict, store), transport=strict.transport) as kit:
            for _ in range(2):
                with pytest.raises(TokenStoreError, match="can't be written"):
                    kit.account.get()
            assert store.load("default") == before
            store.saves_left = 1000
            kit.account.get()
        assert refreshes(strict) == [200]
        with Kit(auth=make_oauth(strict, store), transport=strict.transport) as kit:
            kit.account.get()
        assert refreshes(strict) == [200]


def test_calls_go_on_without_the_store_while_the_token_works(mock: KitMock) -> None:
    store = Fragile()
    oauth = authorized(mock, store)
    store.broken.add("load")
    with Kit(auth=oauth, transport=mock.transport) as kit:
        kit.account.get()
        mock.advance(days=3)
        with pytest.raises(TokenStoreError, match=r"can't be read: ConnectionError") as caught:
            kit.account.get()
        assert "secret.example" not in str(caught.value)
        store.broken.clear()
        kit.account.get()


@pytest.mark.parametrize("text", ["", "garbage", "[]", '{"tokens": 5}', '{"tokens": {"access_token": 5}}', "\udcff"])
def test_garbage_in_the_store_is_told_and_left(mock: KitMock, text: str) -> None:
    store = MemoryTokenStore()
    store.save("default", text)
    oauth = make_oauth(mock, store)
    with Kit(auth=oauth, transport=mock.transport) as kit:
        for do in (kit.account.get, oauth.refresh, oauth.revoke, oauth.authorization_url):
            with pytest.raises(TokenStoreError, match="holds no tokens for account 'default', but something else"):
                do()
    assert store.load("default") == text


def test_a_lock_that_is_never_free_is_told(mock: KitMock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit_client.oauth.stores.LOCK_SECONDS", 0.05)
    store = MemoryTokenStore()
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    with (
        store.lock("default"),
        Kit(auth=make_oauth(mock, store), transport=mock.transport) as kit,
        pytest.raises(TokenStoreError, match="another process has had the lock of account 'default'"),
    ):
        kit.account.get()
