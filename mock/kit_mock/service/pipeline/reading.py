"""Reads and validates a request by the document: first its path and query, then its body."""

from __future__ import annotations

import gc
from typing import Any

from msgspec import Struct

from kit_mock.protocol import bodies, validation
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Request
from kit_mock.service.pipeline.admission import Admitted

LARGE_BODY = 64 * 1024
"""Bytes. A larger body is read before the state is locked, and by servers in a separate thread."""

Body = dict[str, Any]


class Parameters(Struct, frozen=True):
    """The parameters of a request, with the types of the document."""

    path: dict[str, int]
    """Ids by the names of the path parameters."""
    query: dict[str, Any]
    """The documented parameters that were given."""


class Reader:
    """Reads requests. If `strict`, values of other types than the document's are refused, not cast."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def parameters(self, request: Request, admitted: Admitted) -> Parameters:
        """Read the path and the query. Raises Refusal: 404 for a text that is no id, 422 for an invalid query."""
        operation, unchecked = admitted.routed.operation, admitted.implementation.reading.unchecked
        return Parameters(
            validation.path_ids(operation, admitted.routed.texts),
            validation.query_values(operation, request, unchecked, strict=self._strict),
        )

    def body(self, request: Request, admitted: Admitted) -> Body:
        """Read the body. Raises Refusal: 400, 415 or 422, as `bodies.values` does."""
        reading = admitted.implementation.reading
        body = bodies.values(admitted.routed.operation.body, request, reading, strict=self._strict)
        if reading.also_in_query:
            given = validation.raw_query(request, strict=self._strict)
            body |= {name: given[name] for name in reading.also_in_query if name in given and not body.get(name)}
        return body

    def body_ahead(self, request: Request, admitted: Admitted) -> Body | Refusal:
        """Read a large body, before the state is locked. Return the Refusal if it is invalid."""
        # With millions of new values, the garbage collector would block all threads again and again.
        collects = gc.isenabled()
        gc.disable()
        try:
            return self.body(request, admitted)
        except Refusal as refusal:
            return refusal
        finally:
            if collects:
                gc.enable()
