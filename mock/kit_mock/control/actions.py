"""The actions of the page's buttons.

Each takes the fields of a form and returns the query that the page is then asked for with. `notice` makes a sentence from
it, so that no link can put words of its own on the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from kit_mock.control import fault_form
from kit_mock.control.routes import Control
from kit_mock.model.event_names import EVENTS, PURCHASE_CREATE
from kit_mock.model.values import email_address
from kit_mock.protocol.errors import KitMockError, Refusal, UnwritableError
from kit_mock.protocol.validation import as_id

Fields = Mapping[str, str]

_UNITS = {"minutes", "hours", "days"}
_DONE = {"take-snapshot": "taken", "restore-snapshot": "restored", "delete-snapshot": "deleted"}


def carry_out(control: Control, fields: Fields) -> dict[str, str]:
    """Do what a form asks for. Raises ValueError, which says what is wrong with the form."""
    action = _ACTIONS.get(fields.get("action", ""))
    if action is None:
        raise ValueError("There is no such action.")
    return action(control, fields)


def notice(query: Fields) -> str:
    """Return the sentence about the action that led to this query, or "" if none did."""
    match query.get("done"):
        case "reset":
            return "The mock is as it was at its start."
        case "advance":
            return "The clock was moved on."
        case "fire" if (number := query.get("queued", "")).isdecimal():
            return f"The event was fired: {number[:9]} {'delivery' if number == '1' else 'deliveries'} queued."
        case "resend" if id_ := _id(query):
            return f"Queued once more, as delivery {id_}."
        case "add-fault":
            return "The fault was added."
        case "remove-fault":
            return "The fault was removed."
        case "take-snapshot" | "restore-snapshot" | "delete-snapshot" as done if id_ := _id(query):
            return f"Snapshot {id_} was {_DONE[done]}."
    return ""


def _reset(control: Control, _: Fields) -> dict[str, str]:
    try:
        control.mock.reset()
    except UnwritableError:
        raise
    except KitMockError as error:
        raise ValueError(f"The seed can't be used: {error}") from None
    return {"done": "reset"}


def _advance(control: Control, fields: Fields) -> dict[str, str]:
    # The value of a button holds number and unit; the form for any number has a field for each.
    number, _, unit = (fields.get("by") or f"{fields.get('number', '')} {fields.get('unit', '')}").partition(" ")
    try:
        amount = float(number)
    except ValueError:
        amount = 0
    if unit not in _UNITS or not 0 < amount < math.inf:
        raise ValueError("The clock moves on by a number of minutes, hours or days above 0.")
    try:
        control.mock.advance(**{unit: amount})
    except OverflowError:
        raise ValueError("The clock can't go that far.") from None
    return {"done": "advance"}


def _fire(control: Control, fields: Fields) -> dict[str, str]:
    event = fields.get("event", "")
    about = fields.get("about", "").strip()
    queued = control.mock.fire(event, subscriber_id=_subscriber(control, fields), **_subject(event, about))
    return {"done": "fire", "queued": str(len(queued))}


def _subscriber(control: Control, fields: Fields) -> int | None:
    """Return the id of the subscriber with an id or email address; None if neither is given."""
    given = fields.get("subscriber", "").strip()
    if not given:
        return None
    if given.isdecimal():
        return _as_id(given, "subscriber")
    address = email_address(given)
    # The form names no account: the first that has the address.
    sql = "SELECT subscribers.id FROM accounts JOIN subscribers ON account_id = accounts.id AND subscribers.email_address = ? LIMIT 1"
    found: int | None = control.store.value(sql, (address,))
    if found is None:
        raise ValueError(f"There is no subscriber {given}.")
    return found


def _subject(event: str, about: str) -> dict[str, int | str]:
    if not about:
        return {}
    subject = EVENTS.get(event)
    name = "purchase_id" if event == PURCHASE_CREATE else subject.names[0] if subject else "about"
    return {name: _as_id(about, name.removesuffix("_id").replace("_", " ")) if about.isdecimal() else about}


def _as_id(text: str, noun: str) -> int:
    try:
        return as_id(text)
    except Refusal:
        raise ValueError(f"There is no {noun} {text}.") from None


def _resend(control: Control, fields: Fields) -> dict[str, str]:
    try:
        queued = control.mock.resend(_id(fields))
    except LookupError:
        raise ValueError("That delivery is gone.") from None
    return {"done": "resend", "id": str(queued.id)}


def _add_fault(control: Control, fields: Fields) -> dict[str, str]:
    control.mock.faults.activate(fault_form.fault(fields))
    return {"done": "add-fault"}


def _remove_fault(control: Control, fields: Fields) -> dict[str, str]:
    if not control.mock.faults.remove(_id(fields)):
        raise ValueError("That fault is gone.")
    return {"done": "remove-fault"}


def _take_snapshot(control: Control, _: Fields) -> dict[str, str]:
    try:
        return {"done": "take-snapshot", "id": str(control.snapshots.take().id)}
    except ValueError as error:
        raise ValueError(f"Of snapshots, {error}.") from None


def _restore_snapshot(control: Control, fields: Fields) -> dict[str, str]:
    try:
        return {"done": "restore-snapshot", "id": str(control.snapshots.restore(_id(fields)).id)}
    except LookupError:
        raise ValueError("That snapshot is gone.") from None


def _delete_snapshot(control: Control, fields: Fields) -> dict[str, str]:
    id_ = _id(fields)
    try:
        control.snapshots.delete(id_)
    except LookupError:
        raise ValueError("That snapshot is gone.") from None
    return {"done": "delete-snapshot", "id": str(id_)}


def _id(fields: Fields) -> int:
    """Return the id in a form or query, or 0, which nothing has."""
    try:
        return as_id(fields.get("id", ""))
    except Refusal:
        return 0


_ACTIONS: dict[str, Callable[[Control, Fields], dict[str, str]]] = {
    "reset": _reset,
    "advance": _advance,
    "fire": _fire,
    "resend": _resend,
    "add-fault": _add_fault,
    "remove-fault": _remove_fault,
    "take-snapshot": _take_snapshot,
    "restore-snapshot": _restore_snapshot,
    "delete-snapshot": _delete_snapshot,
}
