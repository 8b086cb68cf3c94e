"""The routes of the control plane that steer the mock, with JSON in and out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs

from kit_mock.control.params import body, filters, id_of
from kit_mock.control.records import shown_delivery
from kit_mock.control.routes import Control, Match, as_json, route
from kit_mock.control.snapshots import Kept
from kit_mock.protocol.errors import KitMockError, UnwritableError, not_found, unprocessable
from kit_mock.protocol.messages import Request, Response
from kit_mock.service.faults.active import ActiveFault
from kit_mock.service.faults.fault import Fault

_FAULT = tuple(attrs.fields_dict(Fault))


@route("POST", "/_mock/reset")
def reset(control: Control, request: Request, _: Match) -> Response:
    """Reset the mock, see `KitMock.reset`."""
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
    """Count the rows of each table of the database."""
    filters(request, ())
    with control.store.reading():
        names = control.store.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        counts = {
            name: control.store.value(f"SELECT count(*) FROM {name}")
            for (name,) in names
            if not name.startswith("sqlite_")
        }
    return as_json({"state": counts})


@route("GET", "/_mock/quota")
def quota(control: Control, request: Request, _: Match) -> Response:
    """Show how much of its rate limit each credential has used."""
    filters(request, ())
    return as_json({"quota": [attrs.asdict(each) for each in control.mock.quota]})


@route("GET", "/_mock/snapshots")
def list_snapshots(control: Control, request: Request, _: Match) -> Response:
    """List the snapshots that are kept, the oldest first."""
    filters(request, ())
    return as_json({"snapshots": [_shown_snapshot(each) for each in control.snapshots.all()]})


@route("POST", "/_mock/snapshots")
def take_snapshot(control: Control, request: Request, _: Match) -> Response:
    """Take a snapshot of the state and keep it."""
    body(request, ())
    try:
        return as_json(_shown_snapshot(control.snapshots.take()), 201)
    except ValueError as error:
        raise unprocessable(f"snapshots: {error}") from None


@route("POST", "/_mock/snapshots/{id}/restore")
def restore_snapshot(control: Control, request: Request, match: Match) -> Response:
    """Restore the state of a snapshot."""
    body(request, ())
    try:
        return as_json(_shown_snapshot(control.snapshots.restore(id_of(match))))
    except LookupError:
        raise not_found() from None


@route("DELETE", "/_mock/snapshots/{id}")
def delete_snapshot(control: Control, request: Request, match: Match) -> Response:
    """Delete a snapshot."""
    body(request, ())
    try:
        control.snapshots.delete(id_of(match))
    except LookupError:
        raise not_found() from None
    return Response(204, (), b"")


def _shown_snapshot(kept: Kept) -> dict[str, Any]:
    return {"id": kept.id, "taken_at": kept.taken_at, "bytes": len(kept.content)}


@route("POST", "/_mock/fire")
def fire(control: Control, request: Request, _: Match) -> Response:
    """Simulate an event that no request can cause, see `KitMock.fire`."""
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
    return as_json({"deliveries": [shown_delivery(each) for each in queued]})


@route("GET", "/_mock/clock")
def get_clock(control: Control, request: Request, _: Match) -> Response:
    """Show the time of the mock's clock."""
    filters(request, ())
    return _clock(control)


@route("PUT", "/_mock/clock")
def set_clock(control: Control, request: Request, _: Match) -> Response:
    """Set the clock to a moment, and do what is due by then."""
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
    """List the faults that can still happen, the oldest first."""
    filters(request, ())
    return as_json({"faults": [_shown_fault(each) for each in control.mock.faults.active()]})


@route("POST", "/_mock/faults")
def add_fault(control: Control, request: Request, _: Match) -> Response:
    """Add a fault."""
    given = body(request, _FAULT)
    try:
        return as_json(_shown_fault(control.mock.faults.activate(Fault(**given))), 201)
    except ValueError as error:
        raise unprocessable(str(error)) from None


@route("DELETE", "/_mock/faults")
def clear_faults(control: Control, request: Request, _: Match) -> Response:
    """Remove all faults."""
    body(request, ())
    control.mock.faults.clear()
    return Response(204, (), b"")


@route("DELETE", "/_mock/faults/{id}")
def remove_fault(control: Control, request: Request, match: Match) -> Response:
    """Remove a fault."""
    body(request, ())
    if not control.mock.faults.remove(id_of(match)):
        raise not_found()
    return Response(204, (), b"")


def _shown_fault(active: ActiveFault) -> dict[str, Any]:
    """Return a fault with the arguments that were set. `hits` is how often it has happened, of `times` in all."""
    given = attrs.asdict(active.fault, recurse=False, filter=lambda field, value: value != field.default)
    return {"id": active.id, "name": active.fault.name, "hits": active.hits, **given}
