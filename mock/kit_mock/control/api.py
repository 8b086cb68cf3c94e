"""The routes of the control plane for programs: JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

import attrs
import msgspec

from kit_mock.control.params import body, filters, id_of, number
from kit_mock.control.routes import Control, Match, as_json, route
from kit_mock.outbox import deliveries
from kit_mock.outbox.deliveries import Delivery
from kit_mock.protocol.errors import KitMockError, UnwritableError, not_found, unprocessable
from kit_mock.protocol.messages import Request, Response
from kit_mock.service.faults.active import ActiveFault
from kit_mock.service.faults.fault import Fault
from kit_mock.service.request_log import RecordedRequest

SNAPSHOTS = 10
"""How many are kept."""

_FAULT = tuple(attrs.fields_dict(Fault))
_T = TypeVar("_T")
_SECRET_TABLES = frozenset({"seeded_credentials"})


@route("POST", "/_mock/reset")
def reset(control: Control, request: Request, _: Match) -> Response:
    """Make the mock as new."""
    body(request, ())
    try:
        control.mock.reset()
    except UnwritableError:
        raise
    except KitMockError as error:
        raise unprocessable(f"seed: {error}") from None
    return Response(204, (), b"")


@route("GET", "/_mock/state")
def state(control: Control, request: Request, _: Match) -> Response:
    """How much there is of everything, by the tables of the database."""
    filters(request, ())
    with control.store.reading():
        names = control.store.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        counts = {
            name: control.store.value(f"SELECT count(*) FROM {name}")
            for (name,) in names
            if not name.startswith("sqlite_") and name not in _SECRET_TABLES
        }
    return as_json({"state": counts})


@route("GET", "/_mock/quota")
def quota(control: Control, request: Request, _: Match) -> Response:
    """How much of its rate limit each credential has used."""
    filters(request, ())
    return as_json({"quota": [attrs.asdict(each) for each in control.mock.quota]})


@route("GET", "/_mock/snapshots")
def list_snapshots(control: Control, request: Request, _: Match) -> Response:
    """The snapshots that are kept, the oldest first."""
    filters(request, ())
    kept = list(control.snapshots.items())
    return as_json({"snapshots": [_snapshot(id_, taken, content) for id_, (taken, content) in kept]})


@route("POST", "/_mock/snapshots")
def take_snapshot(control: Control, request: Request, _: Match) -> Response:
    """Keep the state as it is now."""
    body(request, ())
    with control.store.reading():
        if len(control.snapshots) >= SNAPSHOTS:
            raise unprocessable(f"snapshots: {SNAPSHOTS} are kept at most, and one must be deleted first")
        id_ = next(control.numbers)
        control.snapshots[id_] = taken, content = control.mock.clock.now().isoformat(), control.mock.snapshot()
    return as_json(_snapshot(id_, taken, content), 201)


@route("POST", "/_mock/snapshots/{id}/restore")
def restore_snapshot(control: Control, request: Request, match: Match) -> Response:
    """Make the state what it was."""
    body(request, ())
    id_ = id_of(match)
    found = control.snapshots.get(id_)
    if found is None:
        raise not_found()
    control.mock.restore(found[1])
    return as_json(_snapshot(id_, *found))


@route("DELETE", "/_mock/snapshots/{id}")
def delete_snapshot(control: Control, request: Request, match: Match) -> Response:
    """Forget a snapshot."""
    body(request, ())
    if control.snapshots.pop(id_of(match), None) is None:
        raise not_found()
    return Response(204, (), b"")


def _snapshot(id_: int, taken: str, content: bytes) -> dict[str, Any]:
    return {"id": id_, "taken_at": taken, "bytes": len(content)}


@route("GET", "/_mock/requests")
def list_requests(control: Control, request: Request, _: Match) -> Response:
    """The recorded requests that fit, the newest first."""
    given = filters(request, ("method", "path", "operation", "status", "text", "limit"))
    status, text = number(given, "status"), given.get("text")

    def fits(each: RecordedRequest) -> bool:
        return (
            given.get("method", each.method).upper() == each.method
            and given.get("path", "") in each.path
            and given.get("operation", each.operation_id) == each.operation_id
            and status in (None, each.status)
            and (text is None or text in each.request_body or text in each.response_body)
        )

    return as_json({"requests": _newest(control.mock.requests, fits, given, _shown_request)})


@route("DELETE", "/_mock/requests")
def forget_requests(control: Control, request: Request, _: Match) -> Response:
    """Forget the recorded requests."""
    body(request, ())
    control.mock.forget_requests()
    return Response(204, (), b"")


@route("GET", "/_mock/deliveries")
def list_deliveries(control: Control, request: Request, _: Match) -> Response:
    """The deliveries that fit, the newest first."""
    given = filters(request, ("event", "url", "state", "status", "text", "limit"))
    status, text = number(given, "status"), given.get("text")

    def fits(each: Delivery) -> bool:
        return (
            given.get("event", each.event) == each.event
            and given.get("url", "") in each.target_url
            and given.get("state", each.state) == each.state
            and status in (None, each.status)
            and (text is None or text in msgspec.json.encode(each.payload).decode())
        )

    return as_json({"deliveries": _newest(control.mock.deliveries, fits, given, _shown_delivery)})


@route("POST", "/_mock/deliveries/flush")
def flush_deliveries(control: Control, request: Request, _: Match) -> Response:
    """Send all that is due now, and wait for that; what takes longer goes on in the background."""
    body(request, ())
    try:
        control.mock.deliver()
        done = True
    except TimeoutError:
        done = False
    return as_json({"done": done, "waiting": deliveries.waiting(control.store)})


@route("POST", "/_mock/fire")
def fire(control: Control, request: Request, _: Match) -> Response:
    """Let an event happen that the API can't bring about."""
    given = body(request, None)
    event = given.pop("event", None)
    if not isinstance(event, str):
        raise unprocessable("event: the name of an event is missing")
    subscriber = given.pop("subscriber_id", None)
    if subscriber is not None and (isinstance(subscriber, bool) or not isinstance(subscriber, int)):
        raise unprocessable("subscriber_id: must be an integer")
    for name, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise unprocessable(f"{name}: must be an integer or a text")
    try:
        queued = control.mock.fire(event, subscriber_id=subscriber, **given)
    except ValueError as error:
        raise unprocessable(str(error)) from None
    return as_json({"deliveries": [_shown_delivery(each) for each in queued]})


@route("GET", "/_mock/clock")
def get_clock(control: Control, request: Request, _: Match) -> Response:
    """What time it is for the mock."""
    filters(request, ())
    return _clock(control)


@route("PUT", "/_mock/clock")
def set_clock(control: Control, request: Request, _: Match) -> Response:
    """Go to a moment, and do what is due by then."""
    text = body(request, ("now",)).get("now")
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is None:
            raise ValueError("it must be given, as an ISO 8601 moment")
        control.mock.clock.set(moment)
    except (ValueError, OverflowError) as error:
        raise unprocessable(f"now: {error}") from None
    control.mock.advance()
    return _clock(control)


@route("POST", "/_mock/clock/advance")
def advance_clock(control: Control, request: Request, _: Match) -> Response:
    """Move the clock on, and do what is due by then."""
    steps = body(request, ("days", "hours", "minutes", "seconds"))
    for name, value in steps.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise unprocessable(f"{name}: must be a number")
    if not steps:
        raise unprocessable("days, hours, minutes or seconds: at least one must be given")
    try:
        control.mock.advance(**steps)
    except (ValueError, OverflowError) as error:
        raise unprocessable(f"{', '.join(steps)}: {error}") from None
    return _clock(control)


def _clock(control: Control) -> Response:
    clock = control.mock.clock
    return as_json({"now": clock.now().isoformat(), "stands_still": clock.stands_still})


@route("GET", "/_mock/faults")
def list_faults(control: Control, request: Request, _: Match) -> Response:
    """The faults that can still happen, the oldest first."""
    filters(request, ())
    return as_json({"faults": [_shown_fault(each) for each in control.mock.faults.active()]})


@route("POST", "/_mock/faults")
def add_fault(control: Control, request: Request, _: Match) -> Response:
    """Let something go wrong from now on."""
    given = body(request, _FAULT)
    try:
        return as_json(_shown_fault(control.mock.faults.activate(Fault(**given))), 201)
    except ValueError as error:
        raise unprocessable(str(error)) from None


@route("DELETE", "/_mock/faults")
def clear_faults(control: Control, request: Request, _: Match) -> Response:
    """Take all faults away."""
    body(request, ())
    control.mock.faults.clear()
    return Response(204, (), b"")


@route("DELETE", "/_mock/faults/{id}")
def remove_fault(control: Control, request: Request, match: Match) -> Response:
    """Take one fault away."""
    body(request, ())
    if not control.mock.faults.remove(id_of(match)):
        raise not_found()
    return Response(204, (), b"")


def _shown_fault(active: ActiveFault) -> dict[str, Any]:
    """Only what was set; `times` says how often in all, `hits` how often so far."""
    given = attrs.asdict(active.fault, recurse=False, filter=lambda field, value: value != field.default)
    return {"id": active.id, "name": active.fault.name, "hits": active.hits, **given}


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


def _shown_delivery(each: Delivery) -> dict[str, Any]:
    return attrs.asdict(each, recurse=False)


def _newest(
    found: Iterable[_T], fits: Callable[[_T], bool], given: Mapping[str, str], shown: Callable[[_T], dict[str, Any]]
) -> list[dict[str, Any]]:
    fitting = [each for each in found if fits(each)][::-1]
    return [shown(each) for each in fitting[: number(given, "limit")]]
