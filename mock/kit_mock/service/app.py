"""The service itself, without a server: a request in, a response out."""

from __future__ import annotations

import gc
import itertools
import logging
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any, Literal

import attrs
import msgspec

import kit_mock.endpoints  # noqa: F401  (registers the handlers)
from kit_mock.endpoints import handlers
from kit_mock.model.account import Account
from kit_mock.outbox.worker import Pump
from kit_mock.protocol import bodies, validation
from kit_mock.protocol.control_paths import MAX_BODY_BYTES, is_control
from kit_mock.protocol.document import Document
from kit_mock.protocol.errors import KitMockError, Refusal, UnwritableError
from kit_mock.protocol.messages import JSON, Reply, Request, Response
from kit_mock.protocol.operation import Operation
from kit_mock.service.authentication import Caller, Credentials
from kit_mock.service.faults import replies
from kit_mock.service.faults.fault import NOTHING, Faults, Met
from kit_mock.service.rate_limit import Limits, TooManyRequests
from kit_mock.service.request_log import Recorder, record
from kit_mock.state import schedule
from kit_mock.state.clock import Clock
from kit_mock.state.store import Store

_log = logging.getLogger("kit_mock")

LARGE_BODY = 64 * 1024
"""Bytes. A larger one is read before the state is locked, and by servers in a thread of its own."""
_PATIENCE = 0.1
"""Seconds that a request, or a look at what is to be sent, gives to work that has fallen due."""


@attrs.define
class _Progress:
    """How far a request got, and what it met with, for the record of it."""

    at: datetime
    began: float = attrs.field(factory=perf_counter)
    met: Met = NOTHING
    caller: Caller | None = None
    operation: Operation | None = None
    query: Mapping[str, Any] = attrs.field(factory=dict)
    body: dict[str, Any] | Refusal | None = None
    """What was read of the body, if that was read ahead."""


class App:
    """Answers requests as the document and Kit's rules have it. Safe to use from several threads."""

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
        self.max_body_bytes = max_body_bytes
        self.closed = ""
        """Why its state is gone, if it is: adapters then answer like a host that is down."""
        self._document = document
        self._store = store
        self._clock = clock
        self._credentials = credentials
        self._recorder = recorder
        self._faults = faults
        self.control: Callable[[Request], Response] | None = None
        """Answers what is asked under `/_mock`, which is otherwise not there."""
        self._limits = limits
        self._strict = strict
        self._schedule = schedule.Schedule(store)
        self.pump = Pump(store, clock, self.run_some)
        """Runs and sends in the background."""
        self._numbers = itertools.count(1)

    @property
    def rate_limited(self) -> bool:
        """Whether requests are counted against a limit."""
        return not self._limits.is_off

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises: a fault of the mock itself is a 500 and a line in the log."""
        if request.method == "HEAD":
            return _without_body(self._dispatch(attrs.evolve(request, method="GET"), "HEAD"))
        return self._dispatch(request, request.method)

    def _dispatch(self, request: Request, method: str) -> Response:
        if self.control is not None and is_control(request.path):
            return self.control(request)
        body = self._read_ahead(request) if len(request.body) > LARGE_BODY else None
        with self._store.reading():  # Between requests, and not inside of one, can the state become another one.
            return self._handle(request, method, body)

    def largest_body(self, method: str, path: str) -> int:
        """How many bytes the body of a request may have; what is longer need not be read to its end."""
        if self.control is not None and is_control(path):
            return MAX_BODY_BYTES
        try:
            operation, _ = self._document.router.find(method, path)
        except Refusal:
            return 0
        implementation = handlers.implementation(operation.id)
        return 0 if implementation is None else self._largest_body(implementation)

    def _largest_body(self, implementation: handlers.Implementation) -> int:
        return min(self.max_body_bytes, implementation.reading.largest_body or self.max_body_bytes)

    def _read_ahead(self, request: Request) -> dict[str, Any] | Refusal | None:
        """Read a large body while the state is free for others; None for one that isn't wanted."""
        try:
            operation, _ = self._document.router.find(request.method, request.path)
            implementation = handlers.implementation(operation.id)
            if implementation is None:
                return None
            bodies.check_size(request, self._largest_body(implementation))
            self._credentials.account(operation, self._credentials.caller(request, self._clock.epoch()))
        except (Refusal, KitMockError):
            return None
        # Millions of new values make the collector look at all of them again and again, and nobody has a turn meanwhile.
        collects = gc.isenabled()
        gc.disable()
        try:
            return bodies.values(operation.body, request, implementation.reading, strict=self._strict)
        except Refusal as refusal:
            return refusal
        finally:
            if collects:
                gc.enable()

    def _handle(self, request: Request, method: str, read: dict[str, Any] | Refusal | None) -> Response:
        """Answer a request, and record it under the method that it came with. `read` is its body if that was read."""
        # The form of a UUID, as Kit's are, but counted: the same in every run.
        request_id = f"00000000-0000-0000-0000-{next(self._numbers):012x}"
        progress = _Progress(self._clock.now(), body=read)
        if len(self._faults):
            self._meet(request, method, progress)
        fault = progress.met.fault
        try:
            reply = self._faulty(request, progress) if fault is not None else self._answer(request, progress)
        except Refusal as refusal:
            reply = refusal.reply()
        except UnwritableError as error:
            _log.error("%s, request %s", error, request_id)
            reply = error.refusal().reply()
        except Exception as error:  # noqa: BLE001  (whatever it is, a traceback is no answer to a request)
            _log.exception("fault in the mock, request %s", request_id)
            reply = _fault(type(error).__name__)
        if self._store.has_new_work:
            self.pump.wake()
        if fault is None or not (fault.answers or fault.comes_before):
            reply = self._checked(reply, progress.operation)
        body = b"" if reply.payload is None else _encoded(reply)
        self._recorder.add(
            record(
                request,
                method=method,
                at=progress.at,
                duration=perf_counter() - progress.began,
                caller=progress.caller,
                api_key_header=self._document.api_key_header,
                operation_id=progress.operation.id if progress.operation else None,
                query=progress.query,
                request_id=request_id,
                fault=progress.met.name,
                status=reply.status,
                response_body=b"" if method == "HEAD" else body,
                response_media_type=reply.media_type,
            )
        )
        headers = (("X-Request-Id", request_id), *reply.headers.items())
        if reply.payload is not None:
            headers = (("Content-Type", f"{reply.media_type}; charset=utf-8"), *headers)
        if fault is None:
            return Response(reply.status, headers, body)
        broken: Literal["reset", "cut"] | None = "reset" if fault.reset else "cut" if fault.cut_body else None
        return Response(reply.status, headers, body, fault.delay, fault.slow_body, broken)

    def begin_again(self) -> None:
        """Number requests from 1, and look at once for what is due: the state is as new."""
        self._numbers = itertools.count(1)
        self._schedule.forget()

    def pass_time(self, seconds: float) -> None:
        """What waiting for so long comes to in process, where nobody waits: a clock that stands still moves on."""
        if self._clock.stands_still:
            self._clock.advance(seconds=seconds)
            self.run_due()
            self.pump.nudge()

    def _meet(self, request: Request, method: str, progress: _Progress) -> None:
        """Find out which faults happen to a request."""
        try:
            operation, _ = self._document.router.find(request.method, request.path)
        except Refusal:
            progress.met = self._faults.meet(method, request.path, None, is_list=False)
            return
        progress.operation = operation
        progress.met = self._faults.meet(method, request.path, operation.id, is_list=operation.is_list)

    def _faulty(self, request: Request, progress: _Progress) -> Reply:
        """The answer to a request that a fault happens to. One that never takes effect isn't counted by the limit."""
        fault = progress.met.fault
        assert fault is not None
        operation_id = progress.operation.id if progress.operation else None
        invalid = self._credentials.invalid(request)
        if fault.reset == "before":
            return Reply(0)
        if fault.revoke_token:
            self._credentials.revoke(request)
            raise replies.refusal(401, operation_id, invalid)
        if fault.effect or not fault.answers:
            try:
                reply = self._answer(request, progress)
            except Refusal as refusal:
                reply = refusal.reply()
            if not fault.answers:
                return reply
        return replies.reply(fault, operation_id, invalid)

    def run_due(self) -> None:
        """Do all that is due by the clock, such as queued bulk jobs, without waiting for a request."""
        self._schedule.run(self._clock.epoch(), again=True)

    def run_some(self) -> bool:
        """Do a part of it; whether that was all."""
        now = self._clock.epoch()
        # Without an order where time goes by: a scheduled broadcast would wait for a long job to end.
        self._schedule.run(now, again=True, patience=_PATIENCE, in_order=self._clock.stands_still)
        return self._schedule.is_done(now)

    def catch_up(self) -> None:
        """Do all that has fallen due, so that the next request sees none of it undone."""
        self._catch_up(self._clock.epoch(), math.inf)

    def _catch_up(self, now: int, patience: float) -> None:
        try:
            if self._schedule.run(now, patience=patience):
                self.pump.nudge()
        except UnwritableError as error:  # That is no reason to refuse a request that only reads.
            self._schedule.put_off(now)
            _log.error("%s", error)

    def _answer(self, request: Request, progress: _Progress) -> Reply:
        moment = progress.at.timestamp()
        self._catch_up(int(moment), _PATIENCE)
        caller = progress.caller = self._credentials.caller(request, int(moment))
        admitted = self._limits.admit(caller, moment)
        operation, texts = self._document.router.find(request.method, request.path)
        progress.operation = operation
        if not admitted:
            raise TooManyRequests
        implementation = handlers.implementation(operation.id)
        if implementation is None:
            raise Refusal(501, (f"{operation.id} is not implemented by this mock yet",))
        try:
            bodies.check_size(request, self._largest_body(implementation))
            account_id = self._credentials.account(operation, caller)
            path = validation.path_ids(operation, texts)
            query = progress.query = validation.query_values(
                operation, request, implementation.reading.unchecked, strict=self._strict
            )
            body = progress.body
            if body is None:
                body = bodies.values(operation.body, request, implementation.reading, strict=self._strict)
            elif isinstance(body, Refusal):
                raise body
        except Refusal as refusal:
            raise (implementation.reading.convert_error or _as_it_is)(refusal) from None
        if implementation.reading.also_in_query:
            given = validation.raw_query(request, strict=self._strict)
            body |= {
                name: given[name]
                for name in implementation.reading.also_in_query
                if name in given and not body.get(name)
            }
        call = handlers.Call(
            operation.id,
            path,
            query,
            body,
            Account.of(self._store, account_id, int(moment)),
            client=caller.client,
            lag=math.ceil(progress.met.lag),
        )
        with self._store.reading() if operation.reads_only else self._store.transaction():
            reply = implementation.handle(call)
        return (
            attrs.evolve(reply, payload=operation.pruned(reply.status, reply.payload)) if operation.pruning else reply
        )

    def _checked(self, reply: Reply, operation: Operation | None) -> Reply:
        """The reply, or a 500 if the document doesn't allow it: the mock must not teach clients what isn't so."""
        if operation is None or (problem := operation.disagreement(reply.status, reply.payload)) is None:
            return reply
        _log.error("%s answered %s against the document: %s", operation.id, reply.status, problem)
        return _fault("an answer that the document doesn't allow")


def _encoded(reply: Reply) -> bytes:
    if isinstance(reply.payload, bytes):
        return reply.payload
    return msgspec.json.encode(reply.payload) if reply.media_type == JSON else str(reply.payload).encode()


def _without_body(response: Response) -> Response:
    """The response to a HEAD: that of GET with its length and without its body."""
    length = (("Content-Length", str(len(response.body))),) if response.body else ()
    return attrs.evolve(response, headers=(*response.headers, *length), body=b"")


def _as_it_is(refusal: Refusal) -> Refusal:
    return refusal


def _fault(reason: str) -> Reply:
    return Reply(500, {"errors": [f"Internal Server Error in kit-mock: {reason}"]})
