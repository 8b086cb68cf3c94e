"""Webhooks: URLs that receive the events of an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kit_mock.model import rows
from kit_mock.model.account import Account
from kit_mock.model.event_names import EVENTS, REQUESTED, REQUESTED_BY_REFERENCE, Subject
from kit_mock.outbox import allowed_hosts, deliveries
from kit_mock.protocol.errors import unprocessable
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.protocol.validation_messages import human

NO_WEB_URL = "is invalid. Use an http or https URL."


class Webhook(NamedTuple):
    """A row of `webhooks`."""

    id: int
    account_id: int
    event: str
    """Its name in responses."""
    subject: int | str | None
    """The id or the URL that the event must be about."""
    target_url: str
    locked: int
    """Whether requests can't delete it."""


def known_events(account: Account) -> Mapping[str, str]:
    """Return the names of the events that a webhook can have: the name in responses by the name in requests."""
    return REQUESTED if account.behaviour.today_fields else REQUESTED_BY_REFERENCE


def by_id(account: Account, id_: int) -> Webhook:
    """Return the account's webhook with that id. Raises Refusal 404."""
    return rows.by_id(account, "webhooks", Webhook, id_)


def target_problem(target_url: str) -> str | None:
    """Return what is wrong with a target URL, as a sentence, or None."""
    return None if allowed_hosts.is_web_url(target_url) else f"Target url {NO_WEB_URL}"


def subject_problem(account: Account, subject: Subject | None, about: int | str | None) -> str | None:
    """Return what is wrong with the id or URL of an event's subject, as a sentence, or None."""
    if subject is None:
        return None
    if subject.table is None:
        return None if allowed_hosts.is_web_url(about) else f"{human(f'event {subject.name}')} {NO_WEB_URL}"
    if isinstance(about, int) and abs(about) <= LARGEST_ID and rows.exists(account, subject.table, about):
        return None
    return f"{human(subject.noun)} does not exist"


def create(
    account: Account,
    event: str,
    about: int | str | None,
    target_url: str,
    columns: Mapping[str, Any] | None = None,
) -> Webhook:
    """Create a webhook of an event, by its name in responses. `columns` are stored unchanged.

    Raises Refusal 422 with a message for each wrong value.
    """
    problems = target_problem(target_url), subject_problem(account, EVENTS[event], about)
    if any(problems):
        raise unprocessable(*filter(None, problems))
    row = {"event": event, "subject": about, "target_url": target_url, "created_at": account.now}
    return rows.insert(account, "webhooks", Webhook, row | dict(columns or {}))


def delete(account: Account, id_: int) -> None:
    """Delete a webhook and cancel its deliveries. Raises Refusal: 404, and today 422 for a locked one."""
    if by_id(account, id_).locked and account.behaviour.today_fields:
        raise unprocessable("Unable to destroy the webhook.")
    account.store.write("DELETE FROM webhooks WHERE id = ?", (id_,))
    deliveries.cancel(account.store, id_)
