"""The endpoints of webhooks."""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import list_of, page
from kit_mock.model import values, webhooks
from kit_mock.model.account import Account
from kit_mock.model.event_names import EVENTS, Subject
from kit_mock.model.webhooks import Webhook
from kit_mock.protocol.errors import unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.protocol.validation_messages import human

_MISSING = "`event` and `target` parameters must be provided"
_SUBJECTS = {name: subject for subject in EVENTS.values() if subject is not None for name in subject.names}
"""The subject of an event by each attribute that requests may use for it."""


def render(webhook: Webhook) -> dict[str, Any]:
    """Represent a webhook."""
    subject = EVENTS[webhook.event]
    parameter = {"initiator_value": None} if subject is None else {subject.name: webhook.subject}
    return {
        "id": webhook.id,
        "account_id": webhook.account_id,
        "event": {"name": webhook.event, **parameter},
        "target_url": webhook.target_url,
    }


def render_by_id(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's webhook with that id. Raises Refusal 404."""
    return render(webhooks.by_id(account, id_))


@operation("list_webhooks")
def list_webhooks(call: Call) -> Reply:
    """Answer GET /v4/webhooks, the newest first."""
    listing = list_of(call.account, "webhooks", Webhook)
    return page(call, listing, "webhooks", lambda found: [render(each) for each in found])


@operation("create_webhook", unchecked=["target_url", "event.*"])
def create_webhook(call: Call) -> Reply:
    """Answer POST /v4/webhooks: 201, also for a duplicate; 422 for an invalid URL or event."""
    if call.account.behaviour.today_fields and not (call.body.get("event") and call.body.get("target_url")):
        raise unprocessable(_MISSING)
    errors: list[str] = []
    target_url = _target_url(call.body.get("target_url"), errors)
    event, about = _event(call, call.body.get("event"), errors)
    if errors:
        raise unprocessable(*errors)
    return Reply(201, {"webhook": render(webhooks.create(call.account, event, about, target_url))})


@operation("delete_webhook")
def delete_webhook(call: Call) -> Reply:
    """Answer DELETE /v4/webhooks/{id}: 204, and today 422 for a webhook that a seed has `locked`."""
    webhooks.delete(call.account, call.path["id"])
    return Reply(204)


def _target_url(given: Any, errors: list[str]) -> str:
    if problem := values.text_problem(given, "target_url") or webhooks.target_problem(given.strip()):
        errors.append(problem)
    return given.strip() if isinstance(given, str) else ""


def _event(call: Call, given: Any, errors: list[str]) -> tuple[str, int | str | None]:
    """Return the event by its name in responses, and the id or URL of its subject. Add what is wrong to `errors`."""
    if not isinstance(given, dict):
        errors.append("Event can't be blank" if given is None else "Event must be an object")
        return "", None
    wrong = [name for name, subject in _SUBJECTS.items() if subject.table is not None and not _is_id(given.get(name))]
    errors.extend(f"{_human(name)} must be an integer" for name in wrong)
    name = given.get("name")
    if values.is_blank(name):
        errors.append("Event name can't be blank")
        return "", None
    known = webhooks.known_events(call.account)
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
    """Return what is wrong with an attribute of another event, or None. It need not exist in the account."""
    if value is None:
        return None
    if subject.table is None:
        return None if isinstance(value, str) else "must be a string"
    return None if 1 <= value <= LARGEST_ID else "is out of range"


def _subject(call: Call, given: dict[str, Any], subject: Subject, errors: list[str]) -> int | str | None:
    found = [given[name] for name in subject.names if given.get(name) is not None]
    first, *others = found or [None]
    if values.is_blank(first):
        errors.append(f"{_human(subject.names[0])} can't be blank")
        return None
    if subject.table is not None and any(other != first for other in others):
        errors.append(f"{' and '.join(map(_human, subject.names))} can't differ")
        return None
    about = str(first) if subject.table is None else int(first)
    if problem := webhooks.subject_problem(call.account, subject, about):
        errors.append(problem)
    return about


def _is_id(value: Any) -> bool:
    """Return whether a value is null or a whole number."""
    return value is None or values.whole_number(value) is not None


def _human(name: str) -> str:
    return human(f"event {name}")
