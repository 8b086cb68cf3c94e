"""New tokens whose place in the store isn't certain: they are kept, and stored when that can be done."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from kit_client import (
    Clock,
    ConfigurationError,
    Kit,
    KitError,
    MemoryTokenStore,
    OAuth,
    OAuthError,
    TokenStoreError,
)
from kit_mock import KitMock
from tests.oauth_app import authorized, change_tokens, consent, make_oauth, refreshes, tokens_in


class Cancelled(BaseException):
    """What a library such as gevent ends a thread with."""


@pytest.fixture
def strict() -> Iterator[KitMock]:
    """A service that takes each refresh token once, so that a pair that is lost can't be had again."""
    with KitMock(behaviour="reference") as mock:
        yield mock


class Fragile(MemoryTokenStore):
    """A store in which one use after so many fails."""

    def __init__(self) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self.saves_left = 0

    def fail(self, error: BaseException, *, after: int) -> None:
        self.error, self.saves_left = error, after

    def save(self, account: str, text: str, /) -> None:
        if self.error is not None and self.saves_left == 0:
            error, self.error = self.error, None
            raise error
        self.saves_left -= 1
        super().save(account, text)


class Transactions(MemoryTokenStore):
    """A store whose locks are transactions: those that fail at their end undo what was saved in them."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False
        self.at_commit: Callable[[], object] = lambda: None
        self.asked = threading.Semaphore(0)
        """Released each time that somebody asks for a lock."""

    @contextlib.contextmanager
    def lock(self, account: str, /) -> Generator[None]:
        self.asked.release()
        with super().lock(account):
            before = self.load(account)
            try:
                yield
                self.at_commit()
                if self.fails:
                    raise RuntimeError("COMMIT failed")
            except BaseException:
                self.delete(account) if before is None else self.save(account, before)
                raise


class Moved(Clock):
    """A clock that can be set ahead."""

    seconds = 0.0

    def time(self) -> float:
        return super().time() + self.seconds


ERRORS = [
    RuntimeError("the database is down"),
    TimeoutError("the write timed out"),
    KitError("the database is down"),
    ConfigurationError("no dsn"),
    OAuthError("no"),
    TokenStoreError("the store said so"),
    Cancelled(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_refreshed_pair_outlives_whatever_the_store_raises(strict: KitMock, error: BaseException) -> None:
    store = Fragile()
    oauth = authorized(strict, store)
    before = tokens_in(store)
    store.fail(error, after=1)
    with pytest.raises(KitError if isinstance(error, Cancelled) else TokenStoreError) as caught:
        oauth.refresh()
    if not isinstance(error, Cancelled):
        assert "The new tokens are in the memory of this process alone" in str(caught.value)
    assert tokens_in(store) == before
    oauth.refresh()
    oauth.refresh()
    assert refreshes(strict) == [200, 200]
    assert tokens_in(store) != before


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_the_pair_of_a_code_outlives_it_too(strict: KitMock, error: BaseException) -> None:
    store = Fragile()
    oauth = make_oauth(strict, store)
    callback = consent(strict, oauth.authorization_url())
    store.fail(error, after=1)
    with pytest.raises(KitError):
        oauth.exchange(callback)
    with Kit(auth=oauth, transport=strict.transport) as kit:
        kit.account.get()
    assert tokens_in(store)["access_token"]


@pytest.mark.parametrize("error", [TimeoutError("slow"), KitError("no"), ValueError("no")], ids=repr)
@pytest.mark.parametrize(("method", "what"), [("load", "read"), ("save", "written"), ("delete", "written")])
def test_an_error_of_a_method_is_told_as_one_of_that_method(
    strict: KitMock, monkeypatch: pytest.MonkeyPatch, method: str, what: str, error: Exception
) -> None:
    store = MemoryTokenStore()
    oauth = authorized(strict, store)

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(store, method, fail)
    with pytest.raises(TokenStoreError, match=rf"can't be {what}: {type(error).__name__} .*Mend the store"):
        (oauth.revoke if method == "delete" else oauth.refresh)()


def try_to_begin(oauth: OAuth) -> None:
    with contextlib.suppress(TokenStoreError):
        oauth.authorization_url()


def test_a_transaction_that_fails_while_others_wait_for_the_lock_costs_nothing(strict: KitMock) -> None:
    store = Transactions()
    oauth = authorized(strict, store)
    waiting = threading.Thread(target=try_to_begin, args=(oauth,))

    def wait_for_another() -> None:
        store.at_commit = lambda: None
        while store.asked.acquire(blocking=False):
            pass
        waiting.start()
        assert store.asked.acquire(timeout=30)

    store.fails, store.at_commit = True, wait_for_another
    with pytest.raises(TokenStoreError, match="The new tokens are in the memory"):
        oauth.refresh()
    waiting.join()
    store.fails = False
    oauth.refresh()
    oauth.refresh()
    assert refreshes(strict) == [200, 200]


def test_pairs_that_follow_each_other_in_memory_are_stored_as_the_last_one(strict: KitMock) -> None:
    store, clock = Transactions(), Moved()
    authorized(strict, store)
    oauth = make_oauth(strict, store, clock=clock)
    store.fails = True
    for days in (0, 3):
        clock.seconds = days * 86400
        with pytest.raises(TokenStoreError):
            oauth.refresh()
    store.fails = False
    oauth.refresh()
    assert refreshes(strict) == [200, 200]
    oauth.refresh()
    assert refreshes(strict) == [200, 200, 200]


def test_an_authorization_that_was_begun_meanwhile_stays(strict: KitMock) -> None:
    store = Fragile()
    oauth = authorized(strict, store)
    store.fail(OSError("full"), after=1)
    with pytest.raises(TokenStoreError):
        oauth.refresh()
    other = make_oauth(strict, store)
    callback = consent(strict, other.authorization_url())
    oauth.refresh()
    other.exchange(callback)


def test_tokens_that_were_revoked_meanwhile_do_not_come_back(strict: KitMock) -> None:
    store = Fragile()
    oauth = authorized(strict, store)
    store.fail(OSError("full"), after=1)
    with pytest.raises(TokenStoreError):
        oauth.refresh()
    make_oauth(strict, store).revoke()
    with pytest.raises(OAuthError, match="nobody has authorized"):
        oauth.refresh()
    assert store.load("default") is None


def test_revoked_tokens_do_not_come_back_from_memory(strict: KitMock) -> None:
    store = Fragile()
    oauth = make_oauth(strict, store)
    callback = consent(strict, oauth.authorization_url())
    store.fail(OSError("full"), after=1)
    with pytest.raises(TokenStoreError):
        oauth.exchange(callback)
    oauth.revoke()
    with pytest.raises(OAuthError, match="nobody has authorized"):
        oauth.refresh()
    assert store.load("default") is None


def storing_meanwhile(mock: KitMock, store: MemoryTokenStore, text: str) -> httpx.MockTransport:
    """A transport during whose token requests another process, to which the lock was lost, stores this."""

    def answer(request: httpx.Request) -> httpx.Response:
        response: httpx.Response = mock.transport.handle_request(request)
        if request.url.path == "/oauth/token":
            store.save("default", text)
        return response

    return httpx.MockTransport(answer)


def test_a_holder_whose_lock_was_lost_stores_nothing_over_newer_tokens() -> None:
    with KitMock() as mock:
        store = MemoryTokenStore()
        authorized(mock, store)
        newer = store.load("default") or ""
        change_tokens(store, access_token="old", refresh_token=tokens_in(store)["refresh_token"], expires_at=1.0)
        transport = storing_meanwhile(mock, store, newer)
        with Kit(auth=make_oauth(mock, store), transport=transport) as kit:
            kit.account.get()
        assert refreshes(mock) == [200]
        assert store.load("default") == newer


def test_an_exchange_that_fails_leaves_newer_tokens(strict: KitMock) -> None:
    store = MemoryTokenStore()
    oauth = authorized(strict, store)
    callback = consent(strict, oauth.authorization_url())
    newer = store.load("default") or ""
    change_tokens(store, access_token="old")
    strict.fail_next("POST /oauth/token", status=503)
    failing = make_oauth(strict, store, transport=storing_meanwhile(strict, store, newer))
    with pytest.raises(KitError):
        failing.exchange(callback)
    assert tokens_in(store) == msgspec.json.decode(newer)["tokens"]
    oauth.exchange(callback)


def test_state_and_verifier_of_twenty_authorizations_are_kept(strict: KitMock) -> None:
    oauth = make_oauth(strict)
    urls = [oauth.authorization_url() for _ in range(21)]
    with pytest.raises(OAuthError, match="is of no authorization"):
        oauth.exchange(f"http://127.0.0.1/?code=a&state={parse_qs(urlsplit(urls[0]).query)['state'][0]}")
    for url in (urls[1], urls[-1]):
        oauth.exchange(consent(strict, url))
