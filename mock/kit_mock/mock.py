"""`KitMock`: the service as an object, for tests in Python."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kit_mock import behaviours, oauth, seeds
from kit_mock import document as documents
from kit_mock.app import App
from kit_mock.asgi import AsgiApp
from kit_mock.behaviours import BehaviourName
from kit_mock.clock import Clock
from kit_mock.credentials import Credentials
from kit_mock.limits import Limits, RateLimit
from kit_mock.oauth import DEFAULT_CLIENTS, OAuthClient
from kit_mock.recorder import RecordedRequest, Recorder
from kit_mock.resources.accounts import ensure_default
from kit_mock.storage import Store
from kit_mock.transports import AsyncTransport, SyncTransport

if TYPE_CHECKING:
    from kit_mock.server import ServerThread

API_KEY = "kit_test_key"
ACCESS_TOKEN = "test_access_token"
MAX_BODY_BYTES = 32 * 1024 * 1024
_REMEMBERED_REQUESTS = 1000


class KitMock:
    """Kit's API v4 with an account of its own.

    In the same process, without a port: `httpx.Client(transport=mock.transport, base_url="https://kit.test")`, or
    `async_transport` with `httpx.AsyncClient`. On a socket: `mock.url`.

    Use it as a context manager, or call `close()`. It can be used from several threads.

    Args:
        api_key: what `X-Kit-Api-Key` must hold.
        access_token: what `Authorization: Bearer` must hold.
        db: a file to keep the state in; without one it is in memory and gone when the mock is closed.
        seed: what a new database holds from the start: a file (YAML or JSON) or Python data, as `kit_mock.seeds` has it.
            The default key and token open its first account.
        clock: the time that the mock goes by: real time, or `Clock(start)` for one that stands still.
        document: an OpenAPI document in JSON to use instead of the one that `kit_api` brings.
        max_body_bytes: requests with more are answered 413.
        rate_limit: how many requests a credential may send in any 60 seconds: a number, `kit` for Kit's own (120 with a
            key, and as `behaviour` has it with an OAuth token), or `off`. Off by default, unlike `kit-mock serve`: tests
            send more than that in a second, and a clock that stands still would never let them in again.
        behaviour: `reference` for what Kit's reference says, `current` for what the service does today where the two
            differ; `kit-mock behaviours` lists where.
        oauth_clients: the apps that may ask for access, instead of the default ones of `kit_mock.oauth`:
            `kit_test_client`, which has no secret and so uses PKCE, and `kit_test_confidential`, whose secret is
            `kit_test_secret`. Both take `https://app.example.com/oauth/callback` and any URI on loopback. With `db`,
            they are added to those that the file has.
        auto_approve: whether OAuth redirects with a code at once, without asking on a page, and for the first account.
        can_broadcast: whether the first account may create, change and delete broadcasts, which is otherwise answered
            403; None leaves it as the database or seed has it, and a new account may.

    Raises KitMockError if the file, the seed or the document can't be used, ValueError for an empty key or token and for
    a limit or behaviour that there isn't.
    """

    def __init__(
        self,
        *,
        api_key: str = API_KEY,
        access_token: str = ACCESS_TOKEN,
        db: str | os.PathLike[str] | None = None,
        seed: seeds.Seed | None = None,
        clock: Clock | None = None,
        document: str | os.PathLike[str] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        rate_limit: RateLimit = "off",
        behaviour: BehaviourName = "reference",
        oauth_clients: Iterable[OAuthClient] = DEFAULT_CLIENTS,
        auto_approve: bool = False,
        can_broadcast: bool | None = None,
    ) -> None:
        if not api_key or not access_token:
            raise ValueError("api_key and access_token must not be empty")
        self.api_key = api_key
        self.access_token = access_token
        self.clock = clock or Clock()
        behaving = behaviours.named(behaviour)
        limits = Limits(rate_limit, behaving)
        compiled = documents.load(None if document is None else Path(document))
        self._store = Store(None if db is None else Path(db))
        self._recorder = Recorder(_REMEMBERED_REQUESTS)
        try:
            if seed is not None:
                seeds.apply(self._store, seed, self.clock.epoch())
            account_id = ensure_default(self._store, self.clock.epoch())
            if can_broadcast is not None:
                self._store.write("UPDATE accounts SET can_broadcast = ? WHERE id = ?", (can_broadcast, account_id))
            seeded_keys, seeded_tokens = seeds.credentials(self._store)
        except BaseException:
            self._store.close()
            raise
        oauth.register(self._store, oauth_clients)
        self._app = app = App(
            document=compiled,
            store=self._store,
            clock=self.clock,
            credentials=Credentials(
                store=self._store,
                api_key_header=compiled.api_key_header,
                api_keys={api_key: account_id, **seeded_keys},
                access_tokens={access_token: account_id, **seeded_tokens},
            ),
            recorder=self._recorder,
            max_body_bytes=max_body_bytes,
            limits=limits,
            behaviour=behaving,
            auto_approve=auto_approve,
        )
        self.transport = SyncTransport(app)
        """For sync httpx clients."""
        self.async_transport = AsyncTransport(app)
        """For async httpx clients."""
        self.asgi = AsgiApp(app)
        """For an ASGI server of your own."""
        self._server: ServerThread | None = None

    def __repr__(self) -> str:
        return f"<KitMock url={self._server.url if self._server else None!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving, if it is, and close the database. More than once does no harm."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._app.closed = True
        self._store.close()

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Serve on a socket, in a thread, until closed; port 0 takes a free one. Returns the URL.

        When it is being served already, that URL is returned. Raises KitMockError if the port is taken or uvicorn isn't
        installed.
        """
        if self._server is None:
            from kit_mock.server import ServerThread  # Only here, so that in-process use needs no server.

            self._server = ServerThread(self.asgi, host, port)
        return self._server.url

    @property
    def url(self) -> str:
        """Where it is being served, such as `http://127.0.0.1:50123`; serving begins when this is first asked for."""
        return self.serve()

    @property
    def auto_approve(self) -> bool:
        """Whether OAuth redirects with a code at once; can be set."""
        return self._app.auto_approve

    @auto_approve.setter
    def auto_approve(self, value: bool) -> None:
        self._app.auto_approve = value

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The last 1,000 requests, the oldest first. They hold no credentials, headers or bodies."""
        return self._recorder.all()

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move the clock on and return its new time, in UTC. Raises ValueError for a step back."""
        return self.clock.advance(days=days, hours=hours, minutes=minutes, seconds=seconds)
