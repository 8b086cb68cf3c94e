"""Finds the operation of a request."""

from __future__ import annotations

from msgspec import Struct

import kit_mock.endpoints  # noqa: F401  (registers the handlers)
from kit_mock.endpoints import handlers
from kit_mock.endpoints.handlers import Implementation
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Request
from kit_mock.protocol.operation import Operation
from kit_mock.protocol.router import Router


class Routed(Struct, frozen=True):
    """The operation of the document that a request is for."""

    operation: Operation
    texts: list[str]
    """The texts of the path parameters, in the order of the path."""
    implementation: Implementation | None
    """None for an operation that the mock doesn't implement."""


def route(router: Router[Operation], request: Request) -> Routed | Refusal:
    """Return the operation of a request, or the Refusal, 404 or 405, for an unknown path or method.

    The Refusal is raised only after the request has counted against the rate limit.
    """
    try:
        operation, texts = router.find(request.method, request.path)
    except Refusal as refusal:
        return refusal
    return Routed(operation, texts, handlers.implementation(operation.id))


def operation_id(routed: Routed | Refusal) -> str | None:
    """Return the id of a request's operation; None for an unknown path or method."""
    return None if isinstance(routed, Refusal) else routed.operation.id
