"""The page at `/_mock/`: recorded requests, state and deliveries, and buttons to steer the mock.

It is rendered whole each time. With JavaScript it fetches itself every second and takes over what changed. Without, it
shows the same and everything works: buttons are forms, details are links.
"""

from __future__ import annotations

from typing import Any, TypeVar

from kit_mock.control import actions, fault_form, state_tables
from kit_mock.control.curl import curl_line
from kit_mock.control.listings import Listing, find_deliveries, find_requests, request_key, state_of
from kit_mock.control.routes import Control, Match, route
from kit_mock.control.view import View, fields
from kit_mock.model.event_names import EVENTS, PURCHASE_CREATE
from kit_mock.outbox import deliveries
from kit_mock.outbox.deliveries import Delivery
from kit_mock.protocol.control_paths import PREFIX
from kit_mock.protocol.messages import Request, Response
from kit_mock.service.authentication import API_KEY
from kit_mock.service.faults.active import ActiveFault
from kit_mock.service.rate_limit import Quota
from kit_mock.service.request_log import KEPT_BYTES, RecordedRequest
from kit_mock.state.clock import timestamp

_SHOWN_REQUESTS = 60
_SHOWN_DELIVERIES = 30
_MAX_FORM_BYTES = 16 * 1024
_T = TypeVar("_T")


@route("GET", PREFIX)
def _show(control: Control, request: Request, _: Match) -> Response:
    """Serve the page. Its query can have a view, and the `request` or `delivery` to open."""
    return _page(control, request)


@route("POST", PREFIX)
def _act(control: Control, request: Request, _: Match) -> Response:
    """Do what a button asks for, then redirect to the page, so that a reload doesn't do it again."""
    if len(request.body) > _MAX_FORM_BYTES:
        return _page(control, request, 413, "That is too much.")
    try:
        done = actions.carry_out(control, fields(request.body.decode("utf-8", "replace")))
    except ValueError as error:
        return _page(control, request, 422, str(error))
    url = View.of(fields(request.query)).url(**done)
    return Response(303, (("Location", url), ("Cache-Control", "no-store")), b"")


def _page(control: Control, request: Request, status: int = 200, problem: str = "") -> Response:
    from kit_mock.control.html import page  # Imported late: most mocks need no templates.

    mock = control.mock
    query = fields(request.query)
    view = View.of(query)
    base_url = f"http://{request.header('host') or '127.0.0.1'}"
    now = mock.clock.now()
    return page(
        "page.html",
        status=status,
        view=view,
        here=view.url(),
        base_url=base_url,
        sample_key=mock.api_key if mock.api_key == API_KEY else "$KIT_API_KEY",
        now=timestamp(int(now.timestamp())),
        rate_window=f"{mock.rate_window:g}",
        quotas=[_quota(each) for each in mock.quota],
        kept=KEPT_BYTES,
        **_requests(control, view, query.get("request", ""), base_url),
        **_deliveries(control, view, query.get("delivery", "")),
        faults=[_fault(each) for each in mock.faults.active()],
        fault_kinds=fault_form.KINDS,
        operations=sorted(control.document.operations),
        snapshots=control.snapshots.all(),
        tables=state_tables.all_of(control.store),
        events=[(name, _about(name)) for name in EVENTS],
        notice=actions.notice(query),
        problem=problem,
    )


def _requests(control: Control, view: View, opened: str, base_url: str) -> dict[str, Any]:
    recorded = control.mock.requests
    found = find_requests(recorded, view.q, view.before, _SHOWN_REQUESTS)
    # A link may have the id alone. Ids repeat after a restore, and the newest is meant.
    chosen = next(
        (each for each in reversed(recorded) if opened and opened in (each.request_id, request_key(each))), None
    )

    def row(each: RecordedRequest) -> dict[str, Any]:
        curl = curl_line(each, base_url, control.document.api_key_header) if each is chosen else None
        return {"request": each, "key": request_key(each), "is_open": each is chosen, "curl": curl}

    return {"requests": found, "request_rows": [row(each) for each in _with(chosen, found)]}


def _deliveries(control: Control, view: View, opened: str) -> dict[str, Any]:
    with control.store.reading():
        known = deliveries.latest(control.store, payloads=False)
        found = find_deliveries(known, view.deliveries, view.deliveries_before, _SHOWN_DELIVERIES)
        chosen = next((each for each in known if str(each.id) == opened), None)
        # `known` leaves out all but the last 1,000.
        delivered = found.hits if view.deliveries else control.store.value("SELECT count(*) FROM deliveries")

        def row(each: Delivery) -> dict[str, Any]:
            payload = deliveries.payload(control.store, each.id, KEPT_BYTES) if each is chosen else None
            return {"delivery": each, "state": state_of(each), "is_open": each is chosen, "payload": payload}

        return {
            "deliveries": found,
            "delivered": delivered,
            "delivery_rows": [row(each) for each in _with(chosen, found)],
        }


def _with(chosen: _T | None, found: Listing[_T]) -> list[_T]:
    """Return the items of a page, and the opened one if it isn't among them."""
    if chosen is None or any(each is chosen for each in found.shown):
        return found.shown
    return [*found.shown, chosen]


def _about(event: str) -> str:
    """Return what the event takes beside a subscriber, in words, or ""."""
    subject = EVENTS[event]
    if event == PURCHASE_CREATE:
        return "purchase id, no subscriber"
    if subject is None:
        return ""
    return f"{subject.noun} {'id' if subject.table else 'URL'}"


def _quota(quota: Quota) -> dict[str, Any]:
    left = None if quota.limit is None else max(0, quota.limit - quota.used)
    return {"credential": quota.credential, "limit": quota.limit, "left": left}


def _fault(active: ActiveFault) -> dict[str, Any]:
    fault = active.fault
    return {
        "id": active.id,
        "name": fault.name,
        "target": fault.operation or fault.route or "any request",
        "chance": f"{fault.probability * 100:.3g} %" if fault.probability < 1 else "",
        "often": f"{active.hits} of {fault.times}" if fault.times is not None else f"{active.hits} so far",
    }
