"""Validates a reply by the document, and encodes it as a response."""

from __future__ import annotations

import logging
from typing import Literal

import msgspec
from msgspec.structs import replace

from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import JSON, Reply, Response
from kit_mock.protocol.url_passwords import masked
from kit_mock.service.faults.fault import Fault
from kit_mock.service.pipeline.answering import internal_error
from kit_mock.service.pipeline.routing import Routed

_log = logging.getLogger("kit_mock")


def checked(reply: Reply, routed: Routed | Refusal) -> Reply:
    """Return the reply, or a 500 if it breaks the document, since clients are tested against the mock."""
    if isinstance(routed, Refusal):
        return reply
    problem = routed.operation.disagreement(reply.status, reply.payload)
    if problem is None:
        return reply
    _log.error("%s answered %s against the document: %s", routed.operation.id, reply.status, masked(problem))
    return internal_error("an answer that the document doesn't allow")


def encoded(reply: Reply) -> bytes:
    """Return the bytes of a reply's body."""
    payload = reply.payload
    if payload is None:
        return b""
    if isinstance(payload, bytes):
        return payload
    return msgspec.json.encode(payload) if reply.media_type == JSON else str(payload).encode()


def response(reply: Reply, body: bytes, request_id: str, fault: Fault | None) -> Response:
    """Return the response with that body, and the ways in which a fault breaks or delays it."""
    headers = (("X-Request-Id", request_id), *reply.headers.items())
    if reply.payload is not None:
        headers = (("Content-Type", f"{reply.media_type}; charset=utf-8"), *headers)
    if fault is None:
        return Response(reply.status, headers, body)
    broken: Literal["reset", "cut"] | None = "reset" if fault.reset else "cut" if fault.cut_body else None
    return Response(reply.status, headers, body, fault.delay, fault.slow_body, broken)


def without_body(response: Response) -> Response:
    """Return the response to a HEAD: the length of the GET's body, without the body."""
    length = (("Content-Length", str(len(response.body))),) if response.body else ()
    return replace(response, headers=(*response.headers, *length), body=b"")
