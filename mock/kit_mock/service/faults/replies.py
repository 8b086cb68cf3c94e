"""The answers of faults, worded as by Kit or by a proxy in front of it."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from msgspec.structs import replace

from kit_mock.endpoints.oauth_errors import OAuthRefusal
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import JSON, Reply
from kit_mock.service.faults.fault import Fault
from kit_mock.service.rate_limit import TooManyRequests

_OF_PROXIES = {
    520: "Web server is returning an unknown error",
    521: "Web server is down",
    522: "Connection timed out",
    523: "Origin is unreachable",
    524: "A timeout occurred",
    525: "SSL handshake failed",
    526: "Invalid SSL certificate",
    527: "Railgun error",
}
_OAUTH = ("create_token", "revoke_token")
_HTML = "text/html"
_TEXT = "text/plain"


def reply(fault: Fault, operation_id: str | None, invalid: Refusal) -> Reply:
    """Return the answer of a fault that replaces it. `invalid` is the 401 for the request's kind of credential."""
    answer = _reply(fault, operation_id, invalid)
    if fault.retry_after is not None:
        answer = replace(answer, headers={**answer.headers, "Retry-After": str(fault.retry_after)})
    return answer


def _reply(fault: Fault, operation_id: str | None, invalid: Refusal) -> Reply:
    status = fault.status or (502 if fault.html else 200)
    if isinstance(fault.body, str):
        media_type = fault.media_type or (_HTML if fault.html else _TEXT)
        return Reply(status, fault.body.encode("utf-8", "replace"), media_type=media_type)
    if fault.body is not None:
        return Reply(status, msgspec.json.encode(fault.body), media_type=fault.media_type or JSON)
    if fault.html or status in _OF_PROXIES:
        return Reply(status, _page(status), media_type=_HTML)
    return refusal(status, operation_id, invalid).reply()


def refusal(status: int, operation_id: str | None, invalid: Refusal) -> Refusal:
    """Return Kit's answer with an error status."""
    if status == 429:
        return TooManyRequests()
    if operation_id in _OAUTH and status < 500:
        error = "invalid_client" if status == 401 else "invalid_request"
        return OAuthRefusal(error, _phrase(status), status)
    if status == 401:
        return invalid
    return Refusal(status, (_phrase(status),))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return _OF_PROXIES.get(status, f"Status {status}")


def _page(status: int) -> str:
    reason = _phrase(status)
    return (
        "<!DOCTYPE html>\n"
        f"<html><head><title>{status}: {reason}</title></head>\n"
        f"<body><center><h1>{status} {reason}</h1></center><hr></body></html>\n"
    )
