"""Acts that the API has no way to bring about, such as a bounce or a click: what `KitMock.fire` does.

Chosen, as the API has no act for these: the four `subscriber_` events give the subscriber the state that they tell of,
and are told even if they had it; a course can be completed by those who were added to its sequence, in any state; a
click counts in the stats of the last broadcast that the subscriber got; no other event changes anything, a deleted
custom field stays. The account is that of the subscriber, the purchase or the custom field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit_mock.endpoints import purchases
from kit_mock.endpoints.handlers import Call
from kit_mock.model import custom_fields, events, representations, sending, subscribers
from kit_mock.model.account import Account
from kit_mock.model.event_names import EVENTS, FIELD_CREATED, FIELD_DELETED, PURCHASE_CREATE, REQUESTED, Subject
from kit_mock.outbox import allowed_hosts, deliveries
from kit_mock.outbox.deliveries import Delivery
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.state.store import Store

_STATES = {
    "subscriber_activate": "active",
    "subscriber_unsubscribe": "cancelled",
    "subscriber_bounce": "bounced",
    "subscriber_complain": "complained",
}


def fire(
    store: Store, now: int, event: str, subscriber_id: int | None, given: Mapping[str, Any]
) -> tuple[Delivery, ...]:
    """Let an event happen and return the deliveries that it queues. Raises ValueError, which names the argument."""
    name = REQUESTED.get(event, event)
    if name not in EVENTS:
        raise ValueError(f"event: there is no {event!r}; there are {', '.join(EVENTS)}")
    with store.transaction():
        if name == PURCHASE_CREATE:
            ids = _purchase(store, now, subscriber_id, given)
        elif name in (FIELD_CREATED, FIELD_DELETED):
            ids = _custom_field(store, now, name, subscriber_id, given)
        else:
            ids = _subscriber_event(store, now, name, subscriber_id, given)
        return deliveries.some(store, ids)


def _purchase(store: Store, now: int, subscriber_id: int | None, given: Mapping[str, Any]) -> list[int]:
    if subscriber_id is not None:
        raise ValueError(f"subscriber_id: {PURCHASE_CREATE} takes a purchase_id instead")
    id_ = _id(_only(PURCHASE_CREATE, given, ("purchase_id",)), "purchase_id")
    account_id = store.value("SELECT account_id FROM purchases WHERE id = ?", (id_,))
    if account_id is None:
        raise ValueError(f"purchase_id: there is no purchase {id_}")
    call = _call(store, now, account_id, PURCHASE_CREATE)
    return purchases.fire_created(call, purchases.one(call, id_))


def _custom_field(store: Store, now: int, event: str, subscriber_id: int | None, given: Mapping[str, Any]) -> list[int]:
    if subscriber_id is not None:
        raise ValueError(f"subscriber_id: {event} takes a custom_field_id instead")
    id_ = _id(_only(event, given, ("custom_field_id",)), "custom_field_id")
    account_id = store.value("SELECT account_id FROM custom_fields WHERE id = ?", (id_,))
    if account_id is None:
        raise ValueError(f"custom_field_id: there is no custom field {id_}")
    account = Account.of(store, account_id, now)
    shown = representations.custom_field(custom_fields.by_id(account, id_))
    return events.fire(account, event, {"custom_field": shown})


def _subscriber_event(
    store: Store, now: int, event: str, subscriber_id: int | None, given: Mapping[str, Any]
) -> list[int]:
    id_ = _id(subscriber_id, "subscriber_id")
    account_id = store.value("SELECT account_id FROM subscribers WHERE id = ?", (id_,))
    if account_id is None:
        raise ValueError(f"subscriber_id: there is no subscriber {id_}")
    about = _subject(store, account_id, event, EVENTS[event], given)
    if event == "course_complete":
        sql = "SELECT 1 FROM sequence_subscribers WHERE sequence_id = ? AND subscriber_id = ?"
        if store.row(sql, (about, id_)) is None:
            raise ValueError(f"subscriber_id: subscriber {id_} was not added to sequence {about}")
    account = Account.of(store, account_id, now)
    subscriber = subscribers.by_id(account, id_)
    if event in _STATES:
        subscriber = subscribers.set_state(account, subscriber, _STATES[event])
    if event == "link_click":
        sending.count_click(store, id_, now)
    return events.fire_for(account, subscriber, event, about)


def _subject(
    store: Store, account_id: int, event: str, subject: Subject | None, given: Mapping[str, Any]
) -> int | str | None:
    if subject is None:
        _only(event, given, ())
        return None
    name = next((each for each in subject.names if each in given), subject.names[0])
    value = _only(event, given, subject.names)
    if subject.table is None:
        if not allowed_hosts.is_web_url(value):
            raise ValueError(f"{name}: {value!r} is no http or https URL")
        return str(value)
    id_ = _id(value, name)
    sql = f"SELECT 1 FROM {subject.table} WHERE id = ? AND account_id = ?"
    if store.row(sql, (id_, account_id)) is None:
        raise ValueError(f"{name}: the account has no {subject.noun.replace('_', ' ')} {id_}")
    return id_


def _only(event: str, given: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The one argument that an event takes, by any of its names; None if it takes none."""
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


def _call(store: Store, now: int, account_id: int, event: str) -> Call:
    return Call(event, {}, {}, {}, Account.of(store, account_id, now))
