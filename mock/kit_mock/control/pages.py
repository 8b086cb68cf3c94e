"""The page at `/_mock/`: what the mock has been asked, what it holds and sends, and buttons to steer it.

It is rendered here, whole, on each look; with script it fetches itself anew every second and takes over what changed.
Without script it shows the same and everything works: buttons are forms, bodies are links.
"""

from __future__ import annotations

import zlib
from typing import Any
from urllib.parse import parse_qs, urlencode

import attrs

from kit_mock.control import actions, state_tables
from kit_mock.control.routes import Control, Match, route
from kit_mock.model.event_names import EVENTS, PURCHASE_CREATE
from kit_mock.protocol.control_paths import PREFIX
from kit_mock.protocol.messages import Request, Response
from kit_mock.service.rate_limit import Quota
from kit_mock.service.request_log import KEPT_BYTES, RecordedRequest
from kit_mock.state.clock import timestamp

_SHOWN_REQUESTS = 60
_SHOWN_DELIVERIES = 30
_DEFAULT_KEY = "kit_test_key"
_MAX_FORM_BYTES = 16 * 1024


@attrs.frozen
class _Detail:
    """A payload that is shown opened."""

    text: str
    is_cut: bool


@route("GET", PREFIX)
def _show(control: Control, request: Request, _: Match) -> Response:
    """The page. Its query can have `q`, a search in the requests, and the `request` or `delivery` to open."""
    return _page(control, request)


@route("POST", PREFIX)
def _act(control: Control, request: Request, _: Match) -> Response:
    """What a button does; then back to the page, so that a reload doesn't do it again."""
    if len(request.body) > _MAX_FORM_BYTES:
        return _page(control, request, 413, "That is too much.")
    try:
        done = actions.carry_out(control, _fields(request.body.decode("utf-8", "replace")))
    except ValueError as error:
        return _page(control, request, 422, str(error))
    return Response(303, (("Location", f"/_mock/?{urlencode(done)}"), ("Cache-Control", "no-store")), b"")


def _page(control: Control, request: Request, status: int = 200, problem: str = "") -> Response:
    from kit_mock.control.html import page  # Only here: a mock that nobody looks at has no use for templates.

    mock = control.mock
    recorded = mock.requests
    query = _fields(request.query)
    search = query.get("q", "").strip()
    opened = query.get("request", "")
    found = _matching(recorded, search, opened)
    host = request.header("host") or "127.0.0.1"
    now = mock.clock.now()
    return page(
        "page.html",
        status=status,
        base_url=f"http://{host}",
        sample_key=mock.api_key if mock.api_key == _DEFAULT_KEY else "$KIT_API_KEY",
        now=timestamp(int(now.timestamp())),
        rate_window=f"{mock.rate_window:g}",
        quotas=[_quota(each) for each in mock.quota],
        search=search,
        opened=opened,
        requests=[(each, _key(each)) for each in found],
        recorded=len(recorded),
        kept=KEPT_BYTES,
        deliveries=_deliveries(control, query.get("delivery", "")),
        delivered=control.store.value("SELECT count(*) FROM deliveries"),
        tables=state_tables.all_of(control.store),
        events=[(name, _about(name)) for name in EVENTS],
        notice=actions.said(query),
        problem=problem,
    )


def _fields(text: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(text).items()}


def _matching(recorded: tuple[RecordedRequest, ...], search: str, opened: str) -> list[RecordedRequest]:
    """The newest requests that a search finds, the newest first, and the one that is to be opened wherever it is."""
    words = search.lower().split()
    found: list[RecordedRequest] = []
    for each in reversed(recorded):
        text = f"{each.method} {each.path} {each.status} {each.operation_id or ''} {each.fault or ''}".lower()
        if each.request_id == opened or (len(found) < _SHOWN_REQUESTS and all(word in text for word in words)):
            found.append(each)
    return found


def _key(request: RecordedRequest) -> str:
    """Tells requests apart, also those from before a reset that had the same number."""
    bodies = zlib.crc32(request.response_body.encode(), zlib.crc32(request.request_body.encode()))
    return f"{request.request_id}-{bodies:x}"


def _deliveries(control: Control, opened: str) -> list[dict[str, Any]]:
    """The newest deliveries, without the payloads, which can be large, but for the one that is to be opened."""
    with control.store.reading():
        rows = control.store.rows(
            "SELECT id, event, target_url, created_at, attempts, next_at, delivered_at, status, problem FROM deliveries"
            " ORDER BY id DESC LIMIT ?",
            (_SHOWN_DELIVERIES,),
        )
        found: list[dict[str, Any]] = []
        for id_, event, target_url, created_at, attempts, next_at, delivered_at, status, problem in rows:
            waits = "retrying" if attempts else "waiting"
            found.append(
                {
                    "id": id_,
                    "event": event,
                    "target_url": target_url,
                    "created_at": timestamp(created_at),
                    "attempts": attempts,
                    "next_at": None if next_at is None else timestamp(next_at),
                    "state": waits if next_at is not None else "failed" if delivered_at is None else "delivered",
                    "status": status,
                    "problem": problem,
                    "payload": _payload(control, id_) if opened == str(id_) else None,
                }
            )
    return found


def _payload(control: Control, id_: int) -> _Detail:
    sql = "SELECT substr(payload, 1, ?), length(payload) FROM deliveries WHERE id = ?"
    text, length = control.store.row(sql, (KEPT_BYTES, id_)) or ("", 0)
    return _Detail(text, length > KEPT_BYTES)


def _about(event: str) -> str:
    """What the event takes beside a subscriber, in words, or nothing."""
    subject = EVENTS[event]
    if event == PURCHASE_CREATE:
        return "purchase id, no subscriber"
    if subject is None:
        return ""
    return f"{subject.noun} {'id' if subject.table else 'URL'}"


def _quota(quota: Quota) -> dict[str, Any]:
    left = None if quota.limit is None else max(0, quota.limit - quota.used)
    return {"credential": quota.credential, "limit": quota.limit, "left": left}
