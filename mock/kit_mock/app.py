"""The service itself, without a server: a request in, a response out."""

from __future__ import annotations

import itertools
import logging
import uuid
from collections.abc import Mapping
from typing import Any

import attrs
import msgspec

import kit_mock.resources  # noqa: F401  (registers the handlers)
from kit_mock import due, inputs, registry
from kit_mock.behaviours import Behaviour
from kit_mock.clock import Clock
from kit_mock.credentials import Credentials
from kit_mock.document import Document
from kit_mock.limits import Limits, TooManyRequests
from kit_mock.messages import JSON, Reply, Request, Response
from kit_mock.operations import Operation
from kit_mock.problems import Refusal
from kit_mock.recorder import RecordedRequest, Recorder
from kit_mock.storage import Store

_log = logging.getLogger("kit_mock")


@attrs.define
class _Progress:
    """How far a request got, for the record of it."""

    operation: Operation | None = None
    query: Mapping[str, Any] = attrs.field(factory=dict)


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
        max_body_bytes: int,
        limits: Limits,
        behaviour: Behaviour,
        auto_approve: bool,
    ) -> None:
        self.max_body_bytes = max_body_bytes
        self.closed = False
        """Whether its state is gone: adapters then answer like a host that is down."""
        self._document = document
        self._store = store
        self._clock = clock
        self._credentials = credentials
        self._recorder = recorder
        self._limits = limits
        self._behaviour = behaviour
        self.auto_approve = auto_approve
        """Whether OAuth redirects at once, without a consent page."""
        self._schedule = due.Schedule(store)
        self._numbers = itertools.count(1)

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises: a fault of the mock itself is a 500 and a line in the log."""
        # The form of a UUID, as Kit's are, but counted: the same in every run.
        request_id = str(uuid.UUID(int=next(self._numbers)))
        progress = _Progress()
        try:
            reply = self._answer(request, progress)
        except Refusal as refusal:
            reply = refusal.reply()
        except Exception as error:  # noqa: BLE001  (whatever it is, a traceback is no answer to a request)
            _log.exception("fault in the mock, request %s", request_id)
            reply = _fault(type(error).__name__)
        reply = self._checked(reply, progress.operation)
        self._recorder.add(
            RecordedRequest(
                method=request.method,
                path=request.path,
                status=reply.status,
                operation_id=progress.operation.id if progress.operation else None,
                query=progress.query,
                request_id=request_id,
            )
        )
        common = (("X-Request-Id", request_id), *reply.headers.items())
        if reply.payload is None:
            return Response(reply.status, common, b"")
        content_type = ("Content-Type", f"{reply.media_type}; charset=utf-8")
        return Response(reply.status, (content_type, *common), _encoded(reply))

    def _answer(self, request: Request, progress: _Progress) -> Reply:
        moment = self._clock.now().timestamp()
        self._schedule.run(int(moment))
        caller = self._credentials.caller(request, int(moment))
        admitted = self._limits.admit(caller, moment)
        operation, texts = self._document.router.find(request.method, request.path)
        progress.operation = operation
        if not admitted:
            raise TooManyRequests
        if len(request.body) > self.max_body_bytes:
            raise Refusal(413, (f"Payload Too Large: at most {self.max_body_bytes} bytes",))
        account_id = self._credentials.account(operation, caller)
        implementation = registry.implementation(operation.id)
        if implementation is None:
            raise Refusal(501, (f"{operation.id} is not implemented by this mock yet",))
        path = inputs.path_ids(operation, texts)
        given = inputs.raw_query(request)
        query = progress.query = inputs.query_values(operation, given, implementation.judges)
        try:
            body = inputs.body_values(operation, request, implementation.judges, implementation.judges_in_items)
        except Refusal as refusal:
            raise (implementation.rephrase or _as_it_is)(refusal) from None
        for name in implementation.in_query_too:
            if name in given:
                body.setdefault(name, given[name])
        call = registry.Call(
            operation.id, path, query, body, self._store, account_id, int(moment), self._behaviour, self.auto_approve
        )
        with self._store.reading() if operation.reads_only else self._store.transaction():
            return implementation.handle(call)

    def _checked(self, reply: Reply, operation: Operation | None) -> Reply:
        """The reply, or a 500 if the document doesn't allow it: the mock must not teach clients what isn't so."""
        if operation is None or (problem := operation.disagreement(reply.status, reply.payload)) is None:
            return reply
        _log.error("%s answered %s against the document: %s", operation.id, reply.status, problem)
        return _fault("an answer that the document doesn't allow")


def _encoded(reply: Reply) -> bytes:
    return msgspec.json.encode(reply.payload) if reply.media_type == JSON else str(reply.payload).encode()


def _as_it_is(refusal: Refusal) -> Refusal:
    return refusal


def _fault(reason: str) -> Reply:
    return Reply(500, {"errors": [f"Internal Server Error in kit-mock: {reason}"]})
