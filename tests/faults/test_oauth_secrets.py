"""A whole session of OAuth, in which much fails: no secret is in a log, repr, pickle, exception or traceback with locals."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest

from kit_client import AsyncKit, Kit, KitError, MemoryTokenStore, OAuth
from kit_mock import KitMock
from tests.oauth_app import CLIENT_SECRET, REDIRECT_URI, change_tokens, consent, make_oauth, tokens_in

# Each makes a token request fail in another place: in the service, on the wire, in what came.
TOKEN_FAULTS: list[dict[str, Any]] = [
    {"reset": "before", "times": 9},
    {"reset": "after", "times": 9},
    {"cut_body": True, "times": 9},
    {"status": 400, "body": {"error": "invalid_grant", "error_description": "{secrets}"}},
    {"status": 401, "body": {"error": "invalid_client", "error_description": "no {secrets}"}},
    {"status": 400, "body": "{secrets}", "media_type": "text/plain"},
    {"status": 503, "html": True, "times": 9},
    {"status": 200, "body": {"access_token": 5, "refresh_token": "{secrets}"}},
    {"status": 200, "body": "{secrets}", "media_type": "text/plain"},
]
CALL_FAULTS: list[dict[str, Any]] = [
    {"reset": "before", "times": 9},
    {"cut_body": True, "times": 9},
    {"status": 401, "body": {"errors": ["Wrong scope"]}},
    {"status": 500, "times": 9},
    {"status": 200, "html": True},
]


class Session:
    """A session and what is found out about it: its secrets, its log, its exceptions and its objects."""

    def __init__(self, mock: KitMock) -> None:
        self.mock, self.store = mock, MemoryTokenStore()
        self.oauth = make_oauth(mock, self.store, served=True)
        self.secrets = {CLIENT_SECRET}
        self.log: list[str] = []
        self.errors: list[BaseException] = []

    def learn(self) -> None:
        """Take note of the secrets that there are now."""
        record = msgspec.json.decode(self.store.load("default") or "{}")
        self.secrets |= {each["verifier"] for each in record.get("pending", [])}
        tokens = record.get("tokens") or {}
        self.secrets |= {tokens[name] for name in ("access_token", "refresh_token") if name in tokens}

    def tell_secrets(self, fault: dict[str, Any]) -> dict[str, Any]:
        """Let the service quote the secrets that it was sent, as some do in their errors."""
        quoted = msgspec.json.encode(fault).decode().replace("{secrets}", " ".join(sorted(self.secrets)))
        told: dict[str, Any] = msgspec.json.decode(quoted)
        return told

    def shown(self) -> Iterator[tuple[str, str]]:
        """All that can be seen, with where it was seen."""
        yield "log", "\n".join(self.log)
        for error in self.errors:
            for each in linked(error):
                yield from shown_of(each, repr(error)[:60])
        for part in (self.oauth, self.store):
            yield type(part).__name__, f"{part!r} {part} {vars(part)}"
            yield "pickle", pickled(part)
        for attribute in vars(self.oauth).values():
            yield "attribute", f"{attribute!r} {vars(attribute) if hasattr(attribute, '__dict__') else ''}"


def linked(error: BaseException | None, seen: tuple[int, ...] = ()) -> Iterator[BaseException]:
    if error is not None and id(error) not in seen:
        yield error
        for other in (error.__cause__, error.__context__):
            yield from linked(other, (*seen, id(error)))


def shown_of(error: BaseException, where: str) -> Iterator[tuple[str, str]]:
    yield where, f"{error!r} {error} {vars(error)}"
    yield f"{where}: pickle", pickled(error)
    yield f"{where}: traceback", "".join(traceback.format_exception(error))
    for line in traceback.TracebackException.from_exception(error, capture_locals=True).stack:
        if line.filename != __file__:
            yield f"{where}: locals of {line.name}", f"{line.locals}"
    for frame in frames(error.__traceback__):
        for name, value in frame.items():
            # As reporters of errors do, which also show what is inside.
            inside = {**vars(value)} if hasattr(value, "__dict__") and not isinstance(value, type) else {}
            if isinstance(value, httpx.Request):
                inside["headers"] = value.headers.raw
            yield f"{where}: {name}", f"{value!r} {inside}"


def frames(trace: TracebackType | None) -> Iterator[dict[str, Any]]:
    while trace is not None:
        if trace.tb_frame.f_code.co_filename != __file__:
            yield dict(trace.tb_frame.f_locals)
        trace = trace.tb_next


def pickled(value: object) -> str:
    try:
        return pickle.dumps(value).decode("latin-1")
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        return repr(error)


class Keeper(logging.Handler):
    """Keeps all that is logged."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def emit(self, record: logging.LogRecord) -> None:
        self._session.log += [self.format(record), repr(vars(record))]
        if record.exc_info and record.exc_info[1]:
            self._session.errors.append(record.exc_info[1])


@pytest.fixture
def session() -> Iterator[Session]:
    root = logging.getLogger()
    before = root.level
    with KitMock() as mock:
        session = Session(mock)
        handler = Keeper(session)
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            yield session
        finally:
            root.removeHandler(handler)
            root.setLevel(before)
            gc.collect()


Do = Callable[[Any], Awaitable[Any]]


async def play(session: Session, oauth: OAuth, client: Any, run: Do) -> None:
    """Authorize, call, refresh and revoke, and let each fail in each way."""
    mock = session.mock

    @contextlib.asynccontextmanager
    async def failing() -> Any:
        session.learn()
        try:
            yield
        except KitError as error:
            session.errors.append(error)
            mock.faults.clear()
        else:
            raise AssertionError("it didn't fail")

    url = await run(oauth.authorization_url)
    session.learn()
    before = len(session.log)
    callback = consent(mock, url)
    # What the browser did is not the client's.
    del session.log[before:]
    code, state = (parse_qs(urlsplit(callback).query)[name][0] for name in ("code", "state"))
    session.secrets |= {code, state}
    for fault in TOKEN_FAULTS[:3]:
        mock.faults.add(route="POST /oauth/token", **session.tell_secrets({**fault, "times": 1}))
        async with failing():
            await run(lambda: oauth.exchange(f"{REDIRECT_URI}?code={code}&state={state}x"))
    await run(lambda: oauth.exchange(callback))
    session.learn()
    async with failing():
        await run(lambda: oauth.exchange(callback))
    await run(client.account.get)
    for fault in TOKEN_FAULTS:
        mock.faults.add(route="POST /oauth/token", **session.tell_secrets(fault))
        async with failing():
            await run(oauth.refresh)
        change_tokens(session.store, refresh_token=tokens_in(session.store)["refresh_token"] + "x")
        mock.faults.add(route="POST /oauth/token", **session.tell_secrets(fault))
        async with failing():
            change_tokens(session.store, expires_at=1.0)
            oauth._cached = None  # what another process would see
            await run(client.account.get)
        record = tokens_in(session.store)
        change_tokens(session.store, refresh_token=record["refresh_token"][:-1], expires_at=None)
    await run(client.account.get)
    await run(oauth.refresh)
    session.learn()
    for fault in CALL_FAULTS:
        mock.faults.add(operation="get_account", **fault)
        async with failing():
            await run(client.account.get)
    for fault in TOKEN_FAULTS[:3]:
        mock.faults.add(route="POST /oauth/revoke", **fault)
        async with failing():
            await run(oauth.revoke)
        # The calls that were generated, whose arguments are the secrets.
        mock.faults.add(operation="create_token", **fault)
        async with failing():
            await run(
                lambda: client.oauth.create_token(
                    client_id="a",
                    grant_type="refresh_token",
                    client_secret=CLIENT_SECRET,
                    refresh_token=tokens_in(session.store)["refresh_token"],
                )
            )
    await run(oauth.revoke)


def check(session: Session) -> None:
    assert len(session.errors) > 2 * len(TOKEN_FAULTS)
    assert len(session.secrets) >= 8
    assert any("OAuth refresh" in line for line in session.log)
    leaks = {
        (where, "…" + text[max(0, text.index(secret) - 80) : text.index(secret) + 20])
        for where, text in session.shown()
        for secret in session.secrets
        if secret in text
    }
    assert not leaks, "\n".join(map(str, sorted(leaks)))


def test_no_secret_of_a_synchronous_session_is_shown(session: Session, fast: None) -> None:
    async def run(do: Any) -> Any:
        return do()

    with Kit(auth=session.oauth, base_url=session.mock.url, max_retries=1) as kit:
        asyncio.run(play(session, session.oauth, kit, run))
        check(session)


def test_no_secret_of_an_asynchronous_session_is_shown(session: Session, fast: None) -> None:
    oauth = session.oauth

    class Twin:
        """The methods to await, by the names of the others."""

        def __init__(self) -> None:
            self.authorization_url, self.exchange = oauth.aauthorization_url, oauth.aexchange
            self.refresh, self.revoke = oauth.arefresh, oauth.arevoke

        def __setattr__(self, name: str, value: object) -> None:
            setattr(oauth, name, value) if name == "_cached" else super().__setattr__(name, value)

    async def run(do: Any) -> Any:
        return await do()

    async def main() -> None:
        async with AsyncKit(auth=oauth, base_url=session.mock.url, max_retries=1) as kit:
            await play(session, Twin(), kit, run)  # type: ignore[arg-type]
            check(session)

    asyncio.run(main())


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries wait for no time."""
    monkeypatch.setattr("kit_client.Clock.wait", lambda *_: None)
    monkeypatch.setattr("kit_client.Clock.await_event", lambda *_: asyncio.sleep(0))
    monkeypatch.setattr("kit_client.oauth.grant.AGAIN_SECONDS", 0.0)
