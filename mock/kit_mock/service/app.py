"""The service as a function from a request to a response, without a server."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from kit_mock.protocol.control_paths import MAX_BODY_BYTES, is_control
from kit_mock.protocol.document import Document
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Request, Response
from kit_mock.protocol.operation import Operation
from kit_mock.service.authentication import Credentials
from kit_mock.service.due_work import DueWork
from kit_mock.service.faults.active import Faults
from kit_mock.service.pipeline import responding
from kit_mock.service.pipeline.admission import Admission
from kit_mock.service.pipeline.answering import Answering
from kit_mock.service.pipeline.arrival import Arrival, Arrivals
from kit_mock.service.pipeline.faulting import Faulting
from kit_mock.service.pipeline.reading import LARGE_BODY, Body, Reader
from kit_mock.service.pipeline.recording import recorded
from kit_mock.service.pipeline.routing import Routed, route
from kit_mock.service.rate_limit import Limits
from kit_mock.service.request_log import Recorder
from kit_mock.state.clock import Clock
from kit_mock.state.store import Store


class App:
    """Answers requests by the document and Kit's rules. Safe to use from several threads.

    A request passes the modules of `pipeline`. First it is routed, and a large body is read ahead. The rest happens with the
    lock of the state held: match faults, do due work, find and count the caller, open the account, read path, query and
    body, carry out the operation, validate the reply, encode it and record it.
    """

    def __init__(
        self,
        *,
        document: Document,
        store: Store,
        clock: Clock,
        credentials: Credentials,
        recorder: Recorder,
        faults: Faults,
        max_body_bytes: int,
        limits: Limits,
        strict: bool,
    ) -> None:
        self.closed = ""
        """Why the app can't answer any more: it was closed or forked. Transports then raise ConnectError. Empty until then."""
        self.control: Callable[[Request], Response] | None = None
        """Answers requests under `/_mock`. None without a control plane."""
        self.due_work = DueWork(store, clock)
        """Does due work, such as deliveries, also in the background."""
        self._document = document
        self._store = store
        self._clock = clock
        self._recorder = recorder
        self._limits = limits
        self._arrivals = Arrivals(clock)
        self._admission = Admission(store, credentials, limits, max_body_bytes)
        self._answering = Answering(store, self.due_work, credentials, self._admission, Reader(strict=strict))
        self._faulting = Faulting(faults, credentials, self._answering)

    @property
    def rate_limited(self) -> bool:
        """Whether requests are counted against a limit."""
        return not self._limits.is_off

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises: a failure of the mock itself is a 500 and a line in the log."""
        if request.method == "HEAD":
            return responding.without_body(self._dispatch(replace(request, method="GET"), "HEAD"))
        return self._dispatch(request, request.method)

    def _dispatch(self, request: Request, method: str) -> Response:
        if self.control is not None and is_control(request.path):
            return self.control(request)
        routed = route(self._document.router, request)
        body = (
            self._answering.read_ahead(request, routed, self._clock.epoch()) if len(request.body) > LARGE_BODY else None
        )
        with self._store.reading():  # Keeps a reset or restore out of the middle of a request.
            return self._respond(self._arrivals.next(request, method), routed, body)

    def _respond(self, arrival: Arrival, routed: Routed | Refusal, body: Body | Refusal | None) -> Response:
        matched = self._faulting.match(arrival, routed)
        outcome = self._faulting.answer(matched, arrival, routed, body)
        if self._store.has_new_work:
            self.due_work.worker.wake()
        reply, fault = outcome.reply, matched.fault
        if fault is None or not (fault.answers or fault.prevents_effect):
            reply = responding.checked(reply, routed)
        content = responding.encoded(reply)
        self._recorder.add(
            recorded(arrival, routed, outcome, reply, content, matched.name, self._document.api_key_header)
        )
        return responding.response(reply, content, arrival.id, fault)

    def largest_body(self, method: str, path: str) -> int:
        """Return the largest size in bytes that the body of a request may have. Adapters stop reading beyond it."""
        if self.control is not None and is_control(path):
            return MAX_BODY_BYTES
        routed = route(self._document.router, Request(method, path))
        if isinstance(routed, Refusal) or routed.implementation is None:
            return 0
        return self._admission.largest_body(routed.implementation)

    def operation(self, method: str, path: str) -> Operation | None:
        """Return the operation that a request is for, or None."""
        routed = route(self._document.router, Request("GET" if method == "HEAD" else method, path))
        return None if isinstance(routed, Refusal) else routed.operation

    def begin_again(self) -> None:
        """Number requests from 1 and look for due work at once, as the state has been replaced."""
        self._arrivals.begin_again()
        self.due_work.begin_again()
