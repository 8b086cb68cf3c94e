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
from kit_mock import inputs, registry
from kit_mock.clock import Clock
from kit_mock.credentials import Credentials
from kit_mock.document import Document
from kit_mock.messages import Reply, Request, Response
from kit_mock.operations import Operation
from kit_mock.problems import Refusal
from kit_mock.recorder import RecordedRequest, Recorder
from kit_mock.storage import Store

_log = logging.getLogger("kit_mock")
_JSON = ("Content-Type", "application/json; charset=utf-8")


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
    ) -> None:
        self.max_body_bytes = max_body_bytes
        self.closed = False
        """Whether its state is gone: adapters then answer like a host that is down."""
        self._document = document
        self._store = store
        self._clock = clock
        self._credentials = credentials
        self._recorder = recorder
        self._numbers = itertools.count(1)

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises: a fault of the mock itself is a 500 and a line in the log."""
        # The form of a UUID, as Kit's are, but counted: the same in every run.
        request_id = str(uuid.UUID(int=next(self._numbers)))
        progress = _Progress()
        headers: Mapping[str, str] = {}
        try:
            reply = self._answer(request, progress)
        except Refusal as refusal:
            reply = Reply(refusal.status, {"errors": list(refusal.errors)})
            headers = refusal.headers
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
        common = (("X-Request-Id", request_id), *headers.items())
        if reply.payload is None:
            return Response(reply.status, common, b"")
        return Response(reply.status, (_JSON, *common), msgspec.json.encode(reply.payload))

    def _answer(self, request: Request, progress: _Progress) -> Reply:
        operation, texts = self._document.router.find(request.method, request.path)
        progress.operation = operation
        if len(request.body) > self.max_body_bytes:
            raise Refusal(413, (f"Payload Too Large: at most {self.max_body_bytes} bytes",))
        account_id = self._credentials.account(operation, request)
        implementation = registry.implementation(operation.id)
        if implementation is None:
            raise Refusal(501, (f"{operation.id} is not implemented by this mock yet",))
        path = inputs.path_ids(operation, texts)
        given = inputs.raw_query(request)
        query = progress.query = inputs.query_values(operation, given, implementation.judges)
        body = inputs.body_values(operation, request, implementation.judges, implementation.judges_in_items)
        for name in implementation.in_query_too:
            if name in given:
                body.setdefault(name, given[name])
        call = registry.Call(operation.id, path, query, body, self._store, account_id, self._clock.epoch())
        with self._store.reading() if operation.reads_only else self._store.transaction():
            return implementation.handle(call)

    def _checked(self, reply: Reply, operation: Operation | None) -> Reply:
        """The reply, or a 500 if the document doesn't allow it: the mock must not teach clients what isn't so."""
        if operation is None or (problem := operation.disagreement(reply.status, reply.payload)) is None:
            return reply
        _log.error("%s answered %s against the document: %s", operation.id, reply.status, problem)
        return _fault("an answer that the document doesn't allow")


def _fault(reason: str) -> Reply:
    return Reply(500, {"errors": [f"Internal Server Error in kit-mock: {reason}"]})
