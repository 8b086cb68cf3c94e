"""Makes the record of a request and its answer."""

from __future__ import annotations

from time import perf_counter

from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.url_passwords import masked, masked_in
from kit_mock.service import redaction
from kit_mock.service.pipeline.answering import Outcome
from kit_mock.service.pipeline.arrival import Arrival
from kit_mock.service.pipeline.routing import Routed, operation_id
from kit_mock.service.request_log import KEPT_BYTES, RecordedRequest


def recorded(
    arrival: Arrival,
    routed: Routed | Refusal,
    outcome: Outcome,
    reply: Reply,
    content: bytes,
    fault: str | None,
    api_key_header: str,
) -> RecordedRequest:
    """Return the record of a request, with its secrets masked.

    Args:
        reply: The reply that is sent. It isn't the outcome's if that one breaks the document.
        content: The encoded reply.
        fault: The names of the faults that happened to it.
        api_key_header: The header with the API key, in lower case.
    """
    request = arrival.request
    # Cut before masking, which takes far more time and memory than the body has bytes.
    body, answer = request.body[:KEPT_BYTES], b"" if arrival.method == "HEAD" else content[:KEPT_BYTES]
    media_type = request.media_type if "content-type" in request.headers else None
    is_oauth = redaction.is_oauth(request.path)
    if is_oauth:
        body = redaction.masked_request(media_type or "", body)
        answer = redaction.masked_response(reply.media_type, answer)
    elif body and redaction.names_secrets(body):
        body = redaction.masked_request(media_type or "", body)
    body = masked_in(body, is_cut=len(request.body) > KEPT_BYTES)
    answer = masked_in(answer, is_cut=len(content) > KEPT_BYTES)
    query_string, is_cut = request.query[:KEPT_BYTES], len(request.query) > KEPT_BYTES
    masked_query = redaction.masked_query(query_string, is_oauth=is_oauth, is_cut=is_cut)
    query = outcome.query
    if query and (is_cut or masked_query != query_string):
        query = redaction.masked_parameters(query, is_oauth=is_oauth)
    return RecordedRequest(
        method=arrival.method,
        path=masked(request.path),
        status=reply.status,
        operation_id=operation_id(routed),
        query=query,
        request_id=arrival.id,
        at=arrival.at,
        request_media_type=media_type,
        fault=fault,
        query_string=masked_query,
        headers=redaction.masked_headers(request.headers, api_key_header, KEPT_BYTES),
        duration=perf_counter() - arrival.began,
        caller=outcome.caller,
        api_key_header=api_key_header,
        request_body=body[:KEPT_BYTES],  # Masking can make it longer.
        response_body=answer[:KEPT_BYTES],
    )
