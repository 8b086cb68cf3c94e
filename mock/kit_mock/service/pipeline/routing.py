"""The stage that finds the operation of a request, once for each request."""

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
    """What a request asks for: an operation of the document."""

    operation: Operation
    texts: list[str]
    """What stands in the place of the path parameters, in the order of the path."""
    implementation: Implementation | None
    """None for an operation that this mock doesn't have."""


def route(router: Router[Operation], request: Request) -> Routed | Refusal:
    """Find the operation of a request.

    For a path or method that there isn't, return the Refusal, 404 or 405: it is raised only when the request has counted
    against the rate limit.
    """
    try:
        operation, texts = router.find(request.method, request.path)
    except Refusal as refusal:
        return refusal
    return Routed(operation, texts, handlers.implementation(operation.id))
