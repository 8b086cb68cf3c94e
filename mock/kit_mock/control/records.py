"""The routes of the control plane for recorded requests and deliveries, in JSON."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from kit_mock.control.listings import delivery_id, find
from kit_mock.control.params import body, filters, id_of, number
from kit_mock.control.routes import Control, Match, as_json, route
from kit_mock.outbox import deliveries
from kit_mock.outbox.deliveries import Delivery
from kit_mock.protocol.errors import not_found
from kit_mock.protocol.messages import Request, Response
from kit_mock.service.request_log import RecordedRequest


@route("GET", "/_mock/requests")
def list_requests(control: Control, request: Request, _: Match) -> Response:
    """List the recorded requests that fit the query, the newest first."""
    given = filters(request, ("method", "path", "operation", "status", "text", "before", "limit"))
    status, text = number(given, "status"), given.get("text")

    def fits(each: RecordedRequest) -> bool:
        return (
            given.get("method", each.method).upper() == each.method
            and given.get("path", "") in each.path
            and given.get("operation", each.operation_id) == each.operation_id
            and status in (None, each.status)
            and (text is None or text in each.request_body or text in each.response_body)
        )

    before, limit = given.get("before"), number(given, "limit")
    found = find(control.mock.requests, fits, lambda each: each.request_id, before, limit)
    return as_json({"requests": [_shown_request(each) for each in found.shown], "count": found.hits})


@route("DELETE", "/_mock/requests")
def forget_requests(control: Control, request: Request, _: Match) -> Response:
    """Forget the recorded requests."""
    body(request, ())
    control.mock.forget_requests()
    return Response(204, (), b"")


@route("GET", "/_mock/deliveries")
def list_deliveries(control: Control, request: Request, _: Match) -> Response:
    """List the deliveries that fit the query, the newest first."""
    given = filters(request, ("event", "url", "state", "status", "text", "before", "limit"))
    status, text = number(given, "status"), given.get("text")

    def fits(each: Delivery) -> bool:
        return (
            given.get("event", each.event) == each.event
            and given.get("url", "") in each.target_url
            and given.get("state", each.state) == each.state
            and status in (None, each.status)
            and (text is None or text in msgspec.json.encode(each.payload).decode())
        )

    found = find(control.mock.deliveries, fits, delivery_id, given.get("before"), number(given, "limit"))
    return as_json({"deliveries": [shown_delivery(each) for each in found.shown], "count": found.hits})


@route("POST", "/_mock/deliveries/flush")
def flush_deliveries(control: Control, request: Request, _: Match) -> Response:
    """Wait until all deliveries that are due are sent. What takes too long goes on in the background."""
    body(request, ())
    try:
        control.mock.deliver()
        done = True
    except TimeoutError:
        done = False
    return as_json({"done": done, "waiting": deliveries.count_waiting(control.store)})


@route("POST", "/_mock/deliveries/{id}/resend")
def resend_delivery(control: Control, request: Request, match: Match) -> Response:
    """Send a delivery again, as a new one; see `KitMock.resend`."""
    body(request, ())
    try:
        return as_json(shown_delivery(control.mock.resend(id_of(match))), 201)
    except LookupError:
        raise not_found() from None


def _shown_request(each: RecordedRequest) -> dict[str, Any]:
    return {
        "request_id": each.request_id,
        "at": each.at.isoformat(),
        "method": each.method,
        "path": each.path,
        "query": dict(each.query),
        "query_string": each.query_string,
        "headers": dict(each.headers),
        "credential": each.credential,
        "account_id": each.account_id,
        "duration": round(each.duration, 6),
        "operation": each.operation_id,
        "status": each.status,
        "fault": each.fault,
        "request_media_type": each.request_media_type,
        "request_body": each.request_body,
        "response_body": each.response_body,
    }


def shown_delivery(each: Delivery) -> dict[str, Any]:
    """Return a delivery for JSON."""
    return attrs.asdict(each, recurse=False)
