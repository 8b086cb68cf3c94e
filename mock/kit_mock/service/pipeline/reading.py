"""The stages that read a request and hold it against the document: first its path and query, then its body."""

from __future__ import annotations

import gc
from typing import Any

from msgspec import Struct

from kit_mock.protocol import bodies, validation
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Request
from kit_mock.service.pipeline.admission import Admitted

LARGE_BODY = 64 * 1024
"""Bytes. A larger body is read before the state is locked, and by servers in a thread of its own."""

Body = dict[str, Any]


class Parameters(Struct, frozen=True):
    """What stands in the path and the query of a request, with the types that the document gives it."""

    path: dict[str, int]
    """Ids by the names of the path parameters."""
    query: dict[str, Any]
    """The documented parameters that were given."""


class Reader:
    """Reads requests. If `strict`, nothing is cast to the type that the document asks for."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def parameters(self, request: Request, admitted: Admitted) -> Parameters:
        """Read the path and the query. Raises Refusal: 404 for what can't be an id, 422 for the query."""
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
        """Read a large body while the state is free for others; return the Refusal if it can't be read."""
        # Millions of new values make the collector look at all of them again and again, and nobody has a turn meanwhile.
        collects = gc.isenabled()
        gc.disable()
        try:
            return self.body(request, admitted)
        except Refusal as refusal:
            return refusal
        finally:
            if collects:
                gc.enable()
