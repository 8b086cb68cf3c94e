"""Events that no request can cause, such as bounces, complaints and clicks. Behind `KitMock.fire`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit_mock.model import (
    custom_fields,
    email_stats,
    events,
    purchase_rows,
    purchases,
    representations,
    subscribers,
    webhooks,
)
from kit_mock.model.account import Account
from kit_mock.model.event_names import EVENTS, FIELD_CREATED, FIELD_DELETED, PURCHASE_CREATE, REQUESTED, Subject
from kit_mock.model.memberships import IN_SEQUENCE
from kit_mock.outbox import deliveries
from kit_mock.outbox.deliveries import Delivery
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.state.store import Store

_STATES = {
    "subscriber_activate": "active",
    "subscriber_unsubscribe": "cancelled",
    "subscriber_bounce": "bounced",
    "subscriber_complain": "complained",
}
_WITHOUT_SUBSCRIBER = {PURCHASE_CREATE: "purchase", FIELD_CREATED: "custom_field", FIELD_DELETED: "custom_field"}
"""The events without a subscriber, and what they take the id of."""


def fire(
    store: Store, now: int, event: str, subscriber_id: int | None, given: Mapping[str, Any]
) -> tuple[Delivery, ...]:
    """Simulate an event and return the deliveries that it queues. Raises ValueError, which names the argument."""
    name = REQUESTED.get(str(event), str(event))
    if name not in EVENTS:
        raise ValueError(f"event: there is no {event!r}; there are {', '.join(EVENTS)}")
    with store.transaction():
        fire_event = _fire_without_subscriber if name in _WITHOUT_SUBSCRIBER else _fire_of_subscriber
        return deliveries.by_ids(store, fire_event(store, now, name, subscriber_id, given))


def _fire_without_subscriber(
    store: Store, now: int, event: str, subscriber_id: int | None, given: Mapping[str, Any]
) -> list[int]:
    noun = _WITHOUT_SUBSCRIBER[event]
    if subscriber_id is not None:
        raise ValueError(f"subscriber_id: {event} takes a {noun}_id instead")
    id_ = _id(_only(event, given, (f"{noun}_id",)), f"{noun}_id")
    account = _account(store, now, noun, id_)
    if event == PURCHASE_CREATE:
        return purchases.fire_created(account, purchase_rows.by_id(account, id_))
    shown = representations.custom_field(custom_fields.by_id(account, id_))
    return events.fire(account, event, {"custom_field": shown})


def _fire_of_subscriber(
    store: Store, now: int, event: str, subscriber_id: int | None, given: Mapping[str, Any]
) -> list[int]:
    id_ = _id(subscriber_id, "subscriber_id")
    account = _account(store, now, "subscriber", id_)
    about = _subject(account, event, EVENTS[event], given)
    if event == "course_complete" and IN_SEQUENCE.find(account, int(about or 0), id_) is None:
        raise ValueError(f"subscriber_id: subscriber {id_} was not added to sequence {about}")
    subscriber = subscribers.by_id(account, id_)
    if event in _STATES:
        subscriber = subscribers.set_state(account, subscriber, _STATES[event])
    if event == "link_click":
        email_stats.count_click(account, id_)
    return events.fire_for(account, subscriber, event, about)


def _account(store: Store, now: int, noun: str, id_: int) -> Account:
    """Return the account that has the subscriber, purchase or custom field with that id."""
    account_id = store.value(f"SELECT account_id FROM {noun}s WHERE id = ?", (id_,))
    if account_id is None:
        raise ValueError(f"{noun}_id: there is no {noun.replace('_', ' ')} {id_}")
    return Account.of(store, account_id, now)


def _subject(account: Account, event: str, subject: Subject | None, given: Mapping[str, Any]) -> int | str | None:
    if subject is None:
        _only(event, given, ())
        return None
    name = next((each for each in subject.names if each in given), subject.names[0])
    value = _only(event, given, subject.names)
    about: int | str = value if subject.table is None else _id(value, name)
    if problem := webhooks.subject_problem(account, subject, about):
        raise ValueError(f"{name}: {problem}")
    return about


def _only(event: str, given: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the one argument that an event takes, under any of its names; None if it takes none."""
    for name in given:
        if name not in names:
            raise ValueError(f"{name}: {event} doesn't take it")
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)}: give one of them")
    if not given and names:
        raise ValueError(f"{' or '.join(names)}: {event} needs it")
    return next(iter(given.values()), None)


def _id(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_ID:
        raise ValueError(f"{name}: {'it is missing' if value is None else f'{value!r} is no id'}")
    return value
