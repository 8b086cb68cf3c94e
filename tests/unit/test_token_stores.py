"""Stores of tokens: who may read them, what a crash leaves, and what is said when they can't be used."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import redis.asyncio

from kit_client import (
    ConfigurationError,
    FileTokenStore,
    Kit,
    MemoryTokenStore,
    OAuth,
    RedisTokenStore,
    TokenStoreError,
)
from kit_mock import KitMock
from tests.oauth_app import authorized, kill_tokens, make_oauth, refreshes, tokens_in
from tests.redis_server import RedisServer

FORK = multiprocessing.get_context("fork")
NOBODY = 65534


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        yield mock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "tokens.json"


def in_child(function: Callable[[], Any], *, user: int | None = None) -> str:
    """Call a function in a forked child, perhaps as another user, and return what it returns or raises."""
    ours, theirs = FORK.Pipe()

    def run() -> None:
        if user is not None and os.geteuid() == 0:
            os.setegid(user)
            os.seteuid(user)
        try:
            theirs.send(str(function()))
        except TokenStoreError as error:
            theirs.send(f"TokenStoreError: {error}")

    child = FORK.Process(target=run)
    child.start()
    assert ours.poll(30)
    said: str = ours.recv()
    child.join(30)
    return said


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_file_is_its_owners_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        store = FileTokenStore(path)
        with store.lock("default"):
            store.save("default", '{"a": 1}')
    finally:
        os.umask(before)
    assert mode(path.parent) == 0o700
    assert {each.name: mode(each) for each in path.parent.iterdir() if mode(each) != 0o600} == {}
    path.chmod(0o644)
    store.save("default", '{"a": 2}')
    assert mode(path) == 0o600


def test_a_folder_that_exists_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    FileTokenStore(tmp_path / "tokens.json").save("a", "1")
    assert mode(tmp_path) == 0o755


def test_texts_are_kept_by_account(path: Path) -> None:
    store = FileTokenStore(path)
    assert store.load("a") is None
    store.delete("a")
    store.save("a", '{"x": "é"}')
    store.save("b", "[1]")
    again = FileTokenStore(str(path))
    assert (again.load("a"), again.load("b")) == ('{"x": "é"}', "[1]")
    again.delete("a")
    assert (store.load("a"), store.load("b")) == (None, "[1]")
    assert pickle.loads(pickle.dumps(store)).load("b") == "[1]"
    assert repr(store) == f"FileTokenStore({str(path)!r})"


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    FileTokenStore(tmp_path / "link.json").save("a", "1")
    assert (tmp_path / "link.json").is_symlink()
    assert FileTokenStore(tmp_path / "real.json").load("a") == "1"


@pytest.mark.parametrize("content", [b"", b"garbage", b"[]", b'{"a": ', b"\xff\xfe", b"5", b"[" * 100_000])
def test_a_file_with_garbage_is_told_and_left(path: Path, content: bytes) -> None:
    store = FileTokenStore(path)
    store.save("a", "1")
    path.write_bytes(content)
    uses: list[Callable[[], object]] = [
        partial(store.load, "a"),
        partial(store.save, "a", "1"),
        partial(store.delete, "a"),
    ]
    for use in uses:
        with pytest.raises(TokenStoreError, match="holds something else; it was left as it is"):
            use()
    assert path.read_bytes() == content


def test_what_a_killed_process_has_left_is_cleared_away(path: Path) -> None:
    store = FileTokenStore(path)
    store.save("a", "1")
    left = path.with_name(f".{path.name}.tmp")
    left.write_text("half")
    store.save("a", "2")
    assert not left.exists()
    assert store.load("a") == "2"


def test_a_folder_that_cannot_be_written_is_told(mock: KitMock, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o111)
    folder = tmp_path / "read-only"
    store = FileTokenStore(folder / "tokens.json")
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    before = store.path.read_bytes()
    for each in (folder, *folder.iterdir()):
        os.chown(each, NOBODY, NOBODY) if os.geteuid() == 0 else None
    folder.chmod(0o500)
    oauth = make_oauth(mock, store)
    said = in_child(oauth.refresh, user=NOBODY)
    folder.chmod(0o700)
    assert "can't be written: Permission denied; no token was lost. Make the file and its folder writable" in said
    assert refreshes(mock) == []
    assert store.path.read_bytes() == before


def test_a_full_disk_is_told_before_a_token_is_spent(mock: KitMock, path: Path) -> None:
    store = FileTokenStore(path)
    authorized(mock, store)
    kill_tokens(mock, store, "clock")
    before = path.read_bytes()
    oauth = make_oauth(mock, store)

    def refresh() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
        oauth.refresh()

    assert "can't be written: File too large; no token was lost." in in_child(refresh)
    assert refreshes(mock) == []
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir() if each.suffix == ".tmp"] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of other users")
def test_the_file_of_another_user_is_told(path: Path) -> None:
    store = FileTokenStore(path)
    store.save("a", "1")
    os.chown(path, NOBODY, NOBODY)
    uses: list[Callable[[], object]] = [partial(store.load, "a"), partial(store.save, "a", "2")]
    for use in uses:
        with pytest.raises(
            TokenStoreError, match=rf"belongs to another user \(id {NOBODY}\); no token was lost. Use a"
        ):
            use()
    # Nor can anybody else read it.
    os.chown(path, 0, 0)
    path.parent.chmod(0o711)
    for parent in path.parents[1:4]:
        parent.chmod(parent.stat().st_mode | 0o111)
    assert "can't be read: Permission denied; no token was lost" in in_child(lambda: store.load("a"), user=NOBODY)


@pytest.mark.parametrize("name", ["tokens.json", "folder/tokens.json"])
def test_a_path_that_cannot_be_one_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name.partition("/")[0]).write_text("a file") if "/" in name else (tmp_path / name).mkdir()
    with pytest.raises(TokenStoreError, match=r"Is a directory|Not a directory|File exists"):
        FileTokenStore(tmp_path / name).save("a", "1")


@pytest.mark.parametrize("place", [None, 5, "", b"tokens.json", "a\0b", "~nobody-of-that-name/tokens.json"])
def test_a_path_that_is_none_is_told_by_its_name(place: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^path: expected that of a file"):
        FileTokenStore(place)


HOLDER = """
import sys, time
from kit_client import FileTokenStore, RedisTokenStore
from kit_client.oauth import redis_store
redis_store.LEASE_SECONDS = 1
store = (RedisTokenStore if sys.argv[1].startswith("redis") else FileTokenStore)(sys.argv[1])
with store.lock("default"):
    print("locked", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def lock_of_another_process(place: str) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", HOLDER, place], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "locked\n"
            yield holder
        finally:
            holder.kill()


def test_a_lock_ends_with_its_process(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileTokenStore(path)
    with lock_of_another_process(str(path)) as holder:
        with monkeypatch.context() as patch:
            patch.setattr("kit_client.oauth.stores.LOCK_SECONDS", 0.1)
            with pytest.raises(TimeoutError), store.lock("default"):
                pass
        holder.kill()
        holder.wait()
        with store.lock("default"):
            pass


def test_a_lock_is_for_threads_too_and_accounts_have_their_own(path: Path) -> None:
    store, inside, most = FileTokenStore(path), [0], [0]

    def work() -> None:
        with FileTokenStore(path).lock("a"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0.001)
            inside[0] -= 1

    with store.lock("b"):
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most == [1]


def test_accounts_that_are_saved_at_once_do_not_lose_each_other(path: Path) -> None:
    def save(first: int) -> None:
        for number in range(10):
            FileTokenStore(path).save(f"{first}.{number}", f"{number}")

    children = [FORK.Process(target=save, args=(first,)) for first in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
    assert len(msgspec.json.decode(path.read_bytes())) == 40


class Row:
    """One's own store: a row of a database for each account."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._run("CREATE TABLE tokens (account TEXT PRIMARY KEY, text TEXT)")

    @contextlib.contextmanager
    def _open(self, suffix: str = "") -> Generator[sqlite3.Connection]:
        path = f"{self._path}{suffix}"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
            yield connection

    def _run(self, statement: str, *values: str) -> Any:
        with self._open() as connection:
            return connection.execute(statement, values).fetchone()

    def load(self, account: str, /) -> str | None:
        row = self._run("SELECT text FROM tokens WHERE account = ?", account)
        return None if row is None else row[0]

    def save(self, account: str, text: str, /) -> None:
        self._run("REPLACE INTO tokens VALUES (?, ?)", account, text)

    def delete(self, account: str, /) -> None:
        self._run("DELETE FROM tokens WHERE account = ?", account)

    @contextlib.contextmanager
    def lock(self, account: str, /) -> Generator[None]:
        with self._open(".lock") as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield


class Transactions(MemoryTokenStore):
    """A store whose locks are transactions, which fail at their end."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False

    @contextlib.contextmanager
    def lock(self, account: str, /) -> Generator[None]:
        before = self.load(account)
        with super().lock(account):
            yield
            if self.fails:
                self.save(account, before or "{}")
                raise ValueError("the transaction was rolled back")


def test_tokens_that_the_end_of_a_transaction_undoes_are_stored_later() -> None:
    with KitMock(behaviour="reference") as mock:
        store = Transactions()
        authorized(mock, store)
        kill_tokens(mock, store, "clock")
        before = store.load("default")
        with Kit(auth=make_oauth(mock, store), transport=mock.transport) as kit:
            store.fails = True
            for _ in range(3):
                with pytest.raises(TokenStoreError, match=r"can't be written: ValueError .* call again"):
                    kit.account.get()
            assert store.load("default") == before
            store.fails = False
            kit.account.get()
        assert refreshes(mock) == [200]
        assert store.load("default") != before


@pytest.mark.parametrize("text", [{"tokens": {}}, 5, ["{}"], bytearray(b"{}")], ids=repr)
def test_what_load_returns_is_told_if_it_is_no_text(
    mock: KitMock, monkeypatch: pytest.MonkeyPatch, text: object
) -> None:
    store = MemoryTokenStore()
    monkeypatch.setattr(store, "load", lambda _: text)
    kind = type(text).__name__
    with pytest.raises(TokenStoreError, match=f"expected the text that save was given, or None, from load, got {kind}"):
        make_oauth(mock, store).authorization_url()


@pytest.mark.parametrize("lock", [None, True, httpx.AsyncClient(), threading.Semaphore])
def test_what_lock_returns_is_told_if_it_is_no_context_manager(
    mock: KitMock, monkeypatch: pytest.MonkeyPatch, lock: object
) -> None:
    store = MemoryTokenStore()
    monkeypatch.setattr(store, "lock", lambda _: lock)
    with pytest.raises(TokenStoreError, match=f"expected a context manager from lock, got {type(lock).__name__}"):
        make_oauth(mock, store).authorization_url()


def test_a_store_of_ones_own_is_four_methods(mock: KitMock, tmp_path: Path) -> None:
    store = Row(tmp_path / "app.sqlite3")
    authorized(mock, store)
    kill_tokens(mock, store, "server")
    with Kit(auth=make_oauth(mock, store), transport=mock.transport) as kit:
        kit.account.get()
    assert refreshes(mock) == [200]
    make_oauth(mock, store).revoke()
    assert store.load("default") is None


def test_redis_keeps_texts_by_account(redis_url: str) -> None:
    store = RedisTokenStore(redis_url, prefix="texts:")
    assert store.load("a") is None
    store.delete("a")
    store.save("a", '{"x": "é"}')
    assert RedisTokenStore(redis_url, prefix="texts:").load("a") == '{"x": "é"}'
    assert RedisTokenStore(redis_url, prefix="others:").load("a") is None
    store.delete("a")
    assert store.load("a") is None


def test_redis_may_be_a_client_of_ones_own(mock: KitMock, redis_url: str) -> None:
    store = RedisTokenStore(redis.Redis.from_url(redis_url, decode_responses=True), prefix="own:")
    oauth = authorized(mock, store)
    oauth.refresh()
    assert tokens_in(store)


def test_a_lock_in_redis_outlives_a_dead_holder_for_a_moment_only(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RedisTokenStore(redis_url)
    monkeypatch.setattr("kit_client.oauth.redis_store.LOCK_SECONDS", 0.2)
    with lock_of_another_process(redis_url) as holder:
        with pytest.raises(TimeoutError), store.lock("default"):
            pass
        holder.kill()
        monkeypatch.setattr("kit_client.oauth.redis_store.LOCK_SECONDS", 20)
        with store.lock("default"):
            pass


def test_a_lock_in_redis_is_renewed_for_as_long_as_it_is_held(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = RedisTokenStore(redis_url, prefix="renewed:")
    monkeypatch.setattr("kit_client.oauth.redis_store.LEASE_SECONDS", 0.3)
    monkeypatch.setattr("kit_client.oauth.redis_store.LOCK_SECONDS", 1.0)
    with store.lock("a"), pytest.raises(TimeoutError), RedisTokenStore(redis_url, prefix="renewed:").lock("a"):
        pass
    with store.lock("a"):
        pass


@pytest.mark.redis
def test_redis_that_is_gone_is_told_and_calls_go_on_while_the_token_works(mock: KitMock) -> None:
    with RedisServer() as server:
        store = RedisTokenStore(server.url)
        oauth = authorized(mock, store)
    with Kit(auth=oauth, transport=mock.transport) as kit:
        kit.account.get()
        mock.advance(days=3)
        with pytest.raises(
            TokenStoreError, match=r"Redis doesn't answer as it should \(ConnectionError\); no token was"
        ):
            kit.account.get()
    assert refreshes(mock) == []


@pytest.mark.redis
def test_redis_that_goes_in_the_middle_of_a_refresh_gets_the_tokens_when_it_is_back(mock: KitMock) -> None:
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(RedisServer())
        store = RedisTokenStore(server.url)
        oauth = authorized(mock, store)
        text = store.load("default")
        assert text is not None
        kill_tokens(mock, store, "clock")

        def answer(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/oauth/token":
                stack.close()
            response: httpx.Response = mock.transport.handle_request(request)
            return response

        oauth = make_oauth(mock, store)
        with Kit(auth=oauth, transport=httpx.MockTransport(answer)) as kit:
            with pytest.raises(TokenStoreError, match="The new tokens are in the memory of this process"):
                kit.account.get()
            with RedisServer(server.port):
                store.save("default", text)
                kit.account.get()
                assert tokens_in(store) != msgspec.json.decode(text)["tokens"]
    assert refreshes(mock) == [200]


@pytest.mark.parametrize("url", ["", "localhost", "http://:secret@127.0.0.1", "redis://:secret@127.0.0.1:x"])
def test_a_url_that_is_none_of_redis_is_told_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigurationError, match="url: expected one such as redis://") as caught:
        RedisTokenStore(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", [None, 5, object(), redis.asyncio.Redis(), redis.Redis])
def test_what_is_neither_a_url_nor_a_client_of_redis_is_told(url: object) -> None:
    with pytest.raises(ConfigurationError, match=r"^url: expected one such as redis://.*, or a redis\.Redis, got"):
        RedisTokenStore(url)


def test_a_store_in_redis_says_which_and_how_to_tell_it_from_others() -> None:
    urls = [
        "redis://u:hidden@127.0.0.1:1/0",
        "redis://127.0.0.1:2/0",
        "redis://127.0.0.1:1/3",
        "unix:///tmp/redis?db=3",
    ]
    shown = [repr(RedisTokenStore(url)) for url in urls]
    assert shown[0] == "RedisTokenStore(host='127.0.0.1', port=1, db=0, prefix='kit-client:tokens:')"
    assert len(set(shown)) == len(urls)


def test_redis_needs_its_package_and_files_need_no_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'kit-client\[redis\]'"):
        RedisTokenStore("redis://127.0.0.1")


def test_a_store_in_redis_shows_no_password_and_is_not_pickled() -> None:
    store = RedisTokenStore("redis://:hidden@127.0.0.1:1/0")
    assert "hidden" not in f"{store!r} {vars(store)}"
    with pytest.raises(TypeError):
        pickle.dumps(store)


def test_neither_filelock_nor_redis_is_imported_before_it_is_needed() -> None:
    program = (
        "import sys; from kit_client import *; Kit(auth=OAuth(client_id='a', store=MemoryTokenStore()));"
        "print(sorted({'filelock', 'redis', 'asyncio'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


def test_who_has_a_key_imports_nothing_of_oauth() -> None:
    program = "import sys; import kit_client as k; k.Kit('a'); print([n for n in sys.modules if 'oauth' in n.lower()]); k.OAuth"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_an_oauth_takes_each_store(path: Path, redis_url: str) -> None:
    stores: list[Any] = [FileTokenStore(path), RedisTokenStore(redis_url, prefix="each:")]
    for store in stores:
        OAuth(client_id="a", store=store, redirect_uri="https://app.example/").authorization_url()
        assert store.load("default") is not None
