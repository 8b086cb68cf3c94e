"""Webhooks: URLs that are told of events. `kit_mock.model.events` has what they are told, and when.

Chosen where the API says nothing: what an event is about must exist in the account; parameters of other events need
only be ids or texts; any http or https URL can be a target, though the mock calls few; events without a parameter show
`initiator_value: null`, as in the reference's sample; once a webhook is deleted, what still waits isn't sent.
"""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.model.event_names import EVENTS, REQUESTED, REQUESTED_BY_REFERENCE, Subject
from kit_mock.outbox import allowed_hosts, deliveries
from kit_mock.protocol.errors import not_found, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.protocol.validation_messages import human

_COLUMNS = "id, account_id, event, subject, target_url"
_MISSING = "`event` and `target` parameters must be provided"
_SUBJECTS = {name: subject for subject in EVENTS.values() if subject is not None for name in subject.names}
"""What each parameter of an event is about."""


@operation("list_webhooks")
def list_webhooks(call: Call) -> Reply:
    """GET /v4/webhooks, the newest first."""
    listing = Listing(columns=_COLUMNS, source="webhooks")
    listing.narrow("account_id = ?", call.account.id)
    return Reply(200, page(call, listing, "webhooks", lambda rows: [_shown(row) for row in rows]))


@operation("create_webhook", unchecked=["target_url", "event.*"])
def create_webhook(call: Call) -> Reply:
    """POST /v4/webhooks: 201, also for one that is there already; 422 for a URL or an event that isn't one."""
    if call.account.behaviour.today_fields and not (call.body.get("event") and call.body.get("target_url")):
        raise unprocessable(_MISSING)
    errors: list[str] = []
    target_url = _target_url(call.body.get("target_url"), errors)
    event, subject = _event(call, call.body.get("event"), errors)
    if errors:
        raise unprocessable(*errors)
    id_ = call.account.store.insert(
        "INSERT INTO webhooks (account_id, event, subject, target_url, created_at) VALUES (?, ?, ?, ?, ?)",
        (call.account.id, event, subject, target_url, call.account.now),
    )
    return Reply(201, {"webhook": _shown((id_, call.account.id, event, subject, target_url))})


@operation("delete_webhook")
def delete_webhook(call: Call) -> Reply:
    """Answer DELETE /v4/webhooks/{id}; today with 422 for one that a seed has `locked`."""
    id_ = call.path["id"]
    sql = "SELECT 1 FROM webhooks WHERE id = ? AND account_id = ? AND locked"
    if call.account.behaviour.today_fields and call.account.store.row(sql, (id_, call.account.id)) is not None:
        raise unprocessable("Unable to destroy the webhook.")
    if not call.account.store.write("DELETE FROM webhooks WHERE id = ? AND account_id = ?", (id_, call.account.id)):
        raise not_found()
    deliveries.cancel(call.account.store, id_)
    return Reply(204)


def _target_url(given: Any, errors: list[str]) -> str:
    if given is None or (isinstance(given, str) and not given.strip()):
        errors.append("Target url can't be blank")
    elif not isinstance(given, str):
        errors.append("Target url must be a string")
    elif not allowed_hosts.is_web_url(given.strip()):
        errors.append("Target url is invalid. Use an http or https URL.")
    return given.strip() if isinstance(given, str) else ""


def _event(call: Call, given: Any, errors: list[str]) -> tuple[str, int | str | None]:
    """The event that a request names, as responses do, and the id or URL that it is about."""
    if not isinstance(given, dict):
        errors.append("Event can't be blank" if given is None else "Event must be an object")
        return "", None
    wrong = [name for name, subject in _SUBJECTS.items() if subject.table is not None and not _is_id(given.get(name))]
    errors.extend(f"{_human(name)} must be an integer" for name in wrong)
    name = given.get("name")
    if name is None or (isinstance(name, str) and not name.strip()):
        errors.append("Event name can't be blank")
        return "", None
    known = REQUESTED if call.account.behaviour.today_fields else REQUESTED_BY_REFERENCE
    event = known.get(name) if isinstance(name, str) else None
    if event is None:
        errors.append(f"Event name must be one of {', '.join(known)}")
        return "", None
    subject = EVENTS[event]
    used = subject.names if subject is not None else ()
    errors.extend(
        f"{_human(name)} {problem}"
        for name, other in _SUBJECTS.items()
        if name not in (*used, *wrong) and (problem := _unused_problem(other, given.get(name)))
    )
    if subject is None or not set(wrong).isdisjoint(used):
        return event, None
    return event, _subject(call, given, subject, errors)


def _unused_problem(subject: Subject, value: Any) -> str | None:
    """What is wrong with a parameter of another event, or None. It is looked at, though nothing is looked up with it."""
    if value is None:
        return None
    if subject.table is None:
        return None if isinstance(value, str) else "must be a string"
    return None if 1 <= value <= LARGEST_ID else "is out of range"


def _subject(call: Call, given: dict[str, Any], subject: Subject, errors: list[str]) -> int | str | None:
    found = [given[name] for name in subject.names if given.get(name) is not None]
    if not found or (isinstance(found[0], str) and not found[0].strip()):
        errors.append(f"{_human(subject.names[0])} can't be blank")
        return None
    if subject.table is None:
        if not allowed_hosts.is_web_url(found[0]):
            errors.append(f"{_human(subject.name)} is invalid. Use an http or https URL.")
            return None
        return str(found[0])
    if len(set(found)) > 1:
        errors.append(f"{' and '.join(map(_human, subject.names))} can't differ")
        return None
    id_ = int(found[0])
    sql = f"SELECT 1 FROM {subject.table} WHERE id = ? AND account_id = ?"
    if abs(id_) > LARGEST_ID or call.account.store.row(sql, (id_, call.account.id)) is None:
        errors.append(f"{human(subject.noun)} does not exist")
    return id_


def _is_id(value: Any) -> bool:
    """Whether it is null or an integer as JSON Schema has it, for which 5.0 is one."""
    if value is None:
        return True
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _human(name: str) -> str:
    return human(f"event {name}")


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    id_, account_id, event, about, target_url = row
    subject = EVENTS[event]
    parameter = {"initiator_value": None} if subject is None else {subject.name: about}
    return {"id": id_, "account_id": account_id, "event": {"name": event, **parameter}, "target_url": target_url}
