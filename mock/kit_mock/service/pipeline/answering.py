"""The stages from a routed request to its reply, in order, without injected faults."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from kit_mock.endpoints.handlers import Call
from kit_mock.protocol.errors import KitMockError, Refusal, UnwritableError
from kit_mock.protocol.messages import Reply, Request
from kit_mock.service.authentication import Caller, Credentials
from kit_mock.service.due_work import DueWork
from kit_mock.service.pipeline.admission import Admission, Admitted
from kit_mock.service.pipeline.arrival import Arrival
from kit_mock.service.pipeline.execution import execute
from kit_mock.service.pipeline.reading import Body, Reader
from kit_mock.service.pipeline.routing import Routed
from kit_mock.state.store import Store

_log = logging.getLogger("kit_mock")


class Outcome(Struct, frozen=True):
    """The reply to a request, with the facts for its record."""

    reply: Reply
    caller: Caller | None = None
    """The sender; None if the reply was there before the sender was known."""
    query: Mapping[str, Any] = {}
    """The documented parameters; empty if the request was refused before they were read."""
    has_failed: bool = False
    """Whether the mock itself failed. An injected fault doesn't replace such a reply."""


class Answering:
    """Answers requests without injected faults."""

    def __init__(
        self, store: Store, due_work: DueWork, credentials: Credentials, admission: Admission, reader: Reader
    ) -> None:
        self._store = store
        self._due_work = due_work
        self._credentials = credentials
        self._admission = admission
        self._reader = reader

    def answer(self, arrival: Arrival, routed: Routed | Refusal, body: Body | Refusal | None, lag: int) -> Outcome:
        """Answer a request. Never raises: a failure of the mock itself is a 5xx and a line in the log.

        Args:
            body: The body or its Refusal, if it was read ahead.
            lag: Lists leave out what is younger than this, in seconds.
        """
        caller: Caller | None = None
        query: Mapping[str, Any] = {}
        try:
            request, moment = arrival.request, arrival.at.timestamp()
            now = int(moment)
            self._due_work.catch_up_for_request(now)
            caller = self._credentials.caller(request, now)
            admitted = self._admission.admit(routed, caller, moment)
            try:
                account = self._admission.account(request, admitted, now)
                parameters = self._reader.parameters(request, admitted)
                query = parameters.query
                if body is None:
                    body = self._reader.body(request, admitted)
                elif isinstance(body, Refusal):
                    raise body
            except Refusal as refusal:
                convert = admitted.implementation.reading.convert_error
                raise refusal if convert is None else convert(refusal) from None
            call = Call(admitted.routed.operation.id, parameters.path, query, body, account, caller.client, lag)
            return Outcome(execute(admitted, call, self._store), caller, query)
        except Refusal as refusal:
            return Outcome(refusal.reply(), caller, query)
        except Exception as error:  # noqa: BLE001  (any failure of the mock must become an answer)
            return Outcome(failure(error, arrival), caller, query, has_failed=True)

    def read_ahead(self, request: Request, routed: Routed | Refusal, now: int) -> Body | Refusal | None:
        """Read a large body before the state is locked. Return the Refusal if it is invalid.

        Return None if the request will be refused whatever its body holds.
        """
        if isinstance(routed, Refusal) or routed.implementation is None:
            return None
        try:
            admitted = Admitted(routed, routed.implementation, self._credentials.caller(request, now))
            self._admission.account(request, admitted, now)
        except (Refusal, KitMockError):
            return None
        return self._reader.body_ahead(request, admitted)


def failure(error: Exception, arrival: Arrival) -> Reply:
    """Log a failure of the mock itself, and return the reply to its request."""
    if isinstance(error, UnwritableError):
        _log.error("%s, request %s", error, arrival.id)
        return error.refusal().reply()
    _log.error("fault in the mock, request %s", arrival.id, exc_info=error)
    return internal_error(type(error).__name__)


def internal_error(reason: str) -> Reply:
    """Return a 500 with the reason why the mock failed."""
    return Reply(500, {"errors": [f"Internal Server Error in kit-mock: {reason}"]})
