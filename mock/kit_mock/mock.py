"""`KitMock`: a mock of the service as an object, for tests in Python."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self, Unpack

from kit_mock.adapters import forks
from kit_mock.adapters.asgi import AsgiApp
from kit_mock.adapters.cors import Cors
from kit_mock.adapters.httpx_transports import AsyncTransport, SyncTransport
from kit_mock.control.plane import Control, plane
from kit_mock.fill import collections, simulate, snapshots
from kit_mock.fill.initial_state import InitialState, fixed_credentials
from kit_mock.model import result_order
from kit_mock.model.oauth_clients import DEFAULT_CLIENTS, OAuthClient
from kit_mock.outbox import allowed_hosts, deliveries
from kit_mock.outbox.deliveries import Delivery
from kit_mock.protocol import document as documents
from kit_mock.protocol.arguments import checked
from kit_mock.rules import behaviours
from kit_mock.rules.behaviours import BehaviourName
from kit_mock.seeds import seed
from kit_mock.service.app import App
from kit_mock.service.authentication import ACCESS_TOKEN, API_KEY, Credentials, credential_problem
from kit_mock.service.faults.active import Faults
from kit_mock.service.faults.fault import Fault, WhatFails, aim
from kit_mock.service.rate_limit import WINDOW, Limits, Quota, RateLimit
from kit_mock.service.request_log import RecordedRequest, Recorder
from kit_mock.state.clock import Clock
from kit_mock.state.schema import LARGEST_COUNT
from kit_mock.state.settings import BulkOrder, Settings

if TYPE_CHECKING:
    from kit_mock.adapters.server import ServerThread

MAX_BODY_BYTES = 32 * 1024 * 1024
BULK_QUEUE_BYTES = 300_000_000
_REMEMBERED_REQUESTS = 1000


class KitMock(collections.Resources):
    """A mock of Kit's API v4, with a state and an account of its own.

    In the same process, without a port: `httpx.Client(transport=mock.transport, base_url="https://kit.test")`, or
    `async_transport` with `httpx.AsyncClient`. On a socket: `mock.url`.

    Use it as a context manager, or call `close()`. It can be used from several threads.

    `subscribers`, `tags`, `forms` and so on add to an account without a request: `mock.tags.add("Newsletter")`; see
    `kit_mock.fill.collections`.

    Args:
        api_key: what `X-Kit-Api-Key` must hold.
        access_token: what `Authorization: Bearer` must hold.
        db: a file to keep the state in, made for its owner alone, with hashes in place of credentials; without one the
            state is in memory and gone when the mock is closed.
        seed: what a new database holds from the start: a file (YAML or JSON) or Python data, as `kit_mock.seeds.seed` has it.
            The default key and token open its first account.
        clock: the mock's clock: real time by default, or `Clock(start)`, which stands still.
        document: an OpenAPI document in JSON to use instead of the one in `kit_api`.
        max_body_bytes: the largest body of a bulk request, in bytes: more is answered 413. Other requests may have 1 MiB,
            and those of OAuth 16 KiB, if that is less.
        rate_limit: how many requests a credential may send in any 60 seconds: a number, `kit` for Kit's own (120 with a
            key; `behaviour` decides for an OAuth token), or `off`. Off by default, unlike `kit-mock serve`: tests send more
            than that in a second, and a clock that stands still would never let them in again.
        rate_window: the length of `rate_limit`'s window, in seconds.
        strict: whether a request must have the document's own types and media types. Otherwise it is read as the service
            reads it: see `kit_mock.protocol.casts` for bodies and `kit_mock.protocol.validation` for queries.
        behaviour: `current` for what the service does today, `reference` for what Kit's reference of 2024 says;
            `kit-mock behaviours` lists where the two differ.
        oauth_clients: the apps that may ask for access, instead of the default ones of `kit_mock.model.oauth_clients`:
            `kit_test_client`, which has no secret and so uses PKCE, and `kit_test_confidential`, whose secret is
            `kit_test_secret`. Both take `https://app.example.com/oauth/callback` and any URI on loopback. With `db`,
            they are added to those that the file has.
        auto_approve: whether OAuth redirects with a code at once, without asking on a page, and for the first account.
        can_broadcast: whether the first account may create, change and delete broadcasts; if not, it gets 403. None keeps
            what the database or seed has, and a new account may.
        allow_deliveries: names and addresses of hosts that webhooks and callbacks may go to, beside loopback.
        subscriber_limit: how many active subscribers the first account may have, at least 0: a bulk request for more is
            answered 403. None keeps what the database or seed has, and a new account has no limit.
        bulk_queue_bytes: how many bytes of bulk requests, of one app for one account, may wait: more is answered 413.
        bulk_order: `request` for results and failures of bulk operations in the order of the request; `scrambled` for
            another order, since Kit promises none: two or more never come in the order of the request.
        control: whether the control plane under `/_mock/` is served.
        allow_hosts: host names by which `/_mock/` may be called on a port, such as that of a container, beside addresses,
            `localhost` and the name that is listened on. Any other name is answered 403: a web site could point its name
            to this machine, and read the answers.
        cors: origins of web pages that may call the API and get OAuth tokens on a port, such as
            `http://localhost:3000`, or `*` for any. `/_mock/` is never for them.

    Raises KitMockError if the file, the seed or the document can't be used, ValueError for a key or token that no request
    can have and for an invalid limit, window, behaviour, order, host or origin, TypeError for an argument of another type.
    """

    @checked
    def __init__(
        self,
        *,
        api_key: str = API_KEY,
        access_token: str = ACCESS_TOKEN,
        db: str | os.PathLike[str] | None = None,
        seed: seed.Seed | None = None,
        clock: Clock | None = None,
        document: str | os.PathLike[str] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        rate_limit: RateLimit = "off",
        rate_window: float = WINDOW,
        behaviour: BehaviourName = behaviours.DEFAULT.name,
        strict: bool = False,
        oauth_clients: Iterable[OAuthClient] = DEFAULT_CLIENTS,
        auto_approve: bool = False,
        can_broadcast: bool | None = None,
        allow_deliveries: Iterable[str] = (),
        subscriber_limit: int | None = None,
        bulk_queue_bytes: int = BULK_QUEUE_BYTES,
        bulk_order: BulkOrder = "request",
        control: bool = True,
        allow_hosts: Iterable[str] = (),
        cors: Iterable[str] = (),
    ) -> None:
        _check_credentials(api_key=api_key, access_token=access_token)
        _check_amounts(
            subscriber_limit=subscriber_limit or 0, bulk_queue_bytes=bulk_queue_bytes, max_body_bytes=max_body_bytes
        )
        self.api_key = api_key
        self.access_token = access_token
        self.clock = clock or Clock()
        self._behaviour = behaviours.named(behaviour)
        self.behaviour = behaviour
        control_hosts = allowed_hosts.hosts(allow_hosts, "allow_hosts")
        checked_cors = Cors(cors)
        self._limits = Limits(rate_limit, self._behaviour, rate_window)
        compiled = documents.load(None if document is None else Path(document), today=self._behaviour.today_fields)
        self._settings = Settings(
            behaviour=self._behaviour,
            auto_approve=auto_approve,
            bulk_order=result_order.checked(bulk_order),
            bulk_queue_bytes=bulk_queue_bytes,
            delivery_hosts=allowed_hosts.hosts(allow_deliveries),
        )
        self._initial_state = InitialState(seed, tuple(oauth_clients), can_broadcast, subscriber_limit)
        self._moved_at_first, self._auto_approve_at_first = self.clock.moved, auto_approve
        path = None if db is None else Path(db)
        self._store = self._initial_state.opened(path, self._settings, compiled, self.clock.epoch())
        self._recorder = Recorder(_REMEMBERED_REQUESTS)
        self._credentials = Credentials(
            self._store, compiled.api_key_header, *fixed_credentials(self._store, api_key, access_token)
        )
        self.faults = Faults(compiled.operations)
        """The faults that are injected."""
        super().__init__(self._store, self.clock, compiled)
        self._app = app = App(
            document=compiled,
            store=self._store,
            clock=self.clock,
            credentials=self._credentials,
            recorder=self._recorder,
            faults=self.faults,
            max_body_bytes=max_body_bytes,
            limits=self._limits,
            strict=strict,
        )
        self.transport = SyncTransport(app)
        """For sync httpx clients."""
        self.async_transport = AsyncTransport(app)
        """For async httpx clients."""
        self.asgi = AsgiApp(app, checked_cors)
        """For an ASGI server of your own."""
        self._server: ServerThread | None = None
        if control:
            app.control = plane(Control(self, self._store, compiled, control_hosts))
        app.due_work.worker.take_up()
        # A clock of the caller's own can also be that of a mock in the child.
        forks.watch(self, self.faults, *(() if clock is not None else (self.clock,)))

    def __repr__(self) -> str:
        return f"<KitMock url={self._server.url if self._server else None!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving and close the database. Can be called more than once."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._app.closed = "this KitMock is closed"
        self._app.due_work.worker.stop()
        self._store.close()

    def leave_to_parent(self, problem: str) -> str | None:
        """Release everything in a forked process, and return the URL that the parent serves, or None; see `adapters.forks`."""
        self._app.closed = problem
        self._store.abandon(problem)
        if self._server is None:
            return None
        self._server.leave_to_parent()
        return self._server.url

    @checked
    def serve(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Serve on a socket in a thread until `close()`, and return the URL. Port 0 takes a free one.

        If the mock is served already, its URL is returned. Raises KitMockError if the port is taken or uvicorn isn't
        installed, ValueError for a number that no port has.
        """
        if not 0 <= port <= allowed_hosts.LARGEST_PORT:
            raise ValueError(f"port must be from 0 to {allowed_hosts.LARGEST_PORT}")
        if self._server is None:
            from kit_mock.adapters.server import ServerThread  # Imported late: use in process needs no server.

            self._server = ServerThread(self.asgi, host, port)
            self.asgi.host = host
        return self._server.url

    @property
    def url(self) -> str:
        """The URL that the mock is served at, such as `http://127.0.0.1:50123`. Serving begins when this is first read."""
        return self.serve()

    @property
    def auto_approve(self) -> bool:
        """Whether OAuth redirects with a code at once; can be set."""
        return self._settings.auto_approve

    @auto_approve.setter
    @checked
    def auto_approve(self, auto_approve: bool) -> None:
        self._settings.auto_approve = auto_approve

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The last 1,000 requests, the oldest first, without those of the control plane. Secrets are masked."""
        return self._recorder.all()

    def forget_requests(self) -> None:
        """Empty `requests`."""
        self._recorder.clear()

    @property
    def quota(self) -> tuple[Quota, ...]:
        """How much of the rate limit each credential has used: the fixed ones, and others that called within the window."""
        return self._limits.quotas(self._credentials.fixed, self.clock.now().timestamp())

    @property
    def rate_window(self) -> float:
        """The length of the rate limit's window, in seconds."""
        return self._limits.window

    @checked
    def fail_next(self, target: str | None = None, *, times: int = 1, **options: Unpack[WhatFails]) -> Fault:
        """Inject a fault into the next request, or the next few: `mock.fail_next("create_subscriber", status=503)`.

        `target` is an operation's id, or a route such as `GET /v4/tags*`; None is any request. For `options`, and the
        errors raised, see `kit_mock.service.faults.fault.Fault`. `faults` also injects by chance, or until told otherwise.
        """
        operation, route = aim(target)
        return self.faults.add(operation=operation, route=route, times=times, **options)

    def snapshot(self) -> bytes:
        """Return all of the state, with clock and rate limits, for `restore` of this mock or another one.

        Of the credentials that a seed has set it holds hashes alone. Recorded requests and faults aren't part of it.
        """
        return snapshots.take(self._store, self.clock, self._limits)

    def restore(self, snapshot: bytes) -> None:
        """Restore the state of a snapshot. A clock that stands still goes back; a real one is moved as far as it was then.

        The key, the token and the OAuth clients of this mock keep working. Raises KitMockError, and changes nothing, for
        bytes that aren't a snapshot, or are one of another version.
        """
        with self._store.reading():
            snapshots.restore(snapshot, self._store, self.clock, self._limits)
            self._take_over()

    def reset(self) -> None:
        """Reset the state to the seed and the clock to its start, and remove all recorded requests and faults.

        Snapshots stay usable. Raises KitMockError, and changes nothing, if the seed's file has become unusable.
        """
        with self._store.reading():
            start = self.clock.now() - self.clock.moved + self._moved_at_first
            self._store.load(self._initial_state.image(int(start.timestamp())))
            self.clock.moved = self._moved_at_first
            self._limits.clear()
            self._recorder.clear()
            self.faults.clear()
            self.auto_approve = self._auto_approve_at_first
            self._take_over()

    def _take_over(self) -> None:
        """Go on with a state that was reset or restored."""
        self._initial_state.register_clients(self._store)
        self._credentials.load(*fixed_credentials(self._store, self.api_key, self.access_token))
        self._app.begin_again()
        self._app.due_work.worker.take_up()

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move the clock on and return its new time, in UTC. Raises ValueError for a step back.

        What is due by then, such as a queued bulk job, is done when this returns. Deliveries are sent in the background,
        see `deliver`.
        """
        now = self.clock.advance(days=days, hours=hours, minutes=minutes, seconds=seconds)
        if not self._app.closed:
            self._app.due_work.do_all()
            self._app.due_work.worker.nudge()
        return now

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """The last 1,000 deliveries, waiting, delivered or failed, the oldest first. All that wait are sent, however many."""
        return deliveries.latest(self._store)

    @checked
    def deliver(self, timeout: float = 5.0) -> tuple[Delivery, ...]:
        """Wait until all deliveries that are due are sent, and return `deliveries`.

        They are sent in the background anyway; a test that looks at them waits for them by this. Raises TimeoutError after
        `timeout` seconds; sending goes on then.
        """
        self._app.due_work.worker.flush(timeout)
        return self.deliveries

    @checked
    def resend(self, delivery_id: int) -> Delivery:
        """Send the payload of a delivery again, whatever its state, and return the new delivery.

        The first one doesn't change, and still makes its next attempt if it waits for one. Raises LookupError for an
        unknown id.
        """
        with self._store.reading():
            id_ = deliveries.enqueue_again(self._store, delivery_id, self.clock.epoch())
            (queued,) = deliveries.by_ids(self._store, (id_,))
        self._app.due_work.worker.nudge()
        return queued

    def fire(self, /, event: str, *, subscriber_id: int | None = None, **subject: int | str) -> tuple[Delivery, ...]:
        """Simulate an event that no request can cause, such as a bounce, and return the deliveries that it queues.

        `event` is a name from the API, such as `subscriber.subscriber_bounce`, or `subscriber_bounce` for short. The four
        `subscriber_` events also set the state of the subscriber, and a click counts for the last broadcast that they got.
        Other events only queue deliveries. The subject of an event is given by the names of `POST /v4/webhooks`: `tag_id`,
        `form_id`, `course_id` or `sequence_id`, `product_id`, and `initiator_value` for the URL of a link.
        `purchase_create` takes a `purchase_id` and no subscriber.

        Raises ValueError, which names the argument, for an unknown id, for an argument that the event doesn't take, and for
        the completion of a sequence by somebody who isn't in it.
        """
        queued = simulate.fire(self._store, self.clock.epoch(), event, subscriber_id, subject)
        self._app.due_work.worker.nudge()
        return queued


def _check_credentials(**credentials: str) -> None:
    for name, text in credentials.items():
        if problem := credential_problem(text):
            raise ValueError(f"{name} {problem}")


def _check_amounts(**amounts: int) -> None:
    for name, amount in amounts.items():
        if not 0 <= amount <= LARGEST_COUNT:
            raise ValueError(f"{name} must be from 0 to {LARGEST_COUNT}")
