"""The queries that lists are read with: of each the rule that it tries, and how it is made about a row of the list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.contract.model.account import Row
from tests.contract.model.actions_people import STATES
from tests.contract.model.base import Machine
from tests.contract.model.rules import Rule

Query = dict[str, Any]
Make = Callable[[Machine, Row], list[Query]]
"""Makes queries about a row; none if the rule can't be tried."""
Tried = Mapping[str, tuple[Rule, Make]]
_SECOND = timedelta(seconds=1)
_FAR = (date(2000, 1, 1), date(2100, 1, 1))
_ALL: Query = {"status": "all"}
_ORDERS = ("asc", "desc")


def _limits(name: str, moments: Iterable[date | datetime], query: Query) -> list[Query]:
    """Limit a list by each moment, once to what is later and once to what is earlier."""
    return [query | {f"{name}_{relation}": moment} for moment in moments for relation in ("after", "before")]


def _dates(name: str, field: str, query: Query) -> Make:
    """Limit a list by the moment and the day that a row has, and by days far from all."""

    def make(lists: Machine, row: Row) -> list[Query]:
        moment = datetime.fromisoformat(row[field]) if row.get(field) else None
        near = () if moment is None else (moment, moment - _SECOND, moment.date())
        return _limits(name, (*near, *_FAR), query)

    return make


def _updated(lists: Machine, row: Row) -> list[Query]:
    changed = lists.account.changed.get(row["id"])
    known = () if changed is None else (changed.astimezone(UTC).replace(microsecond=0),)
    return _limits("updated", (*known, *_FAR), _ALL)


def _sorted_by(field: str, query: Query, *, needs_time: bool = False) -> Make:
    def make(lists: Machine, row: Row) -> list[Query]:
        if needs_time and lists.setting.clock is None:
            return []
        return [query | {"sort_field": field, "sort_order": order} for order in _ORDERS]

    return make


def _fixed(*queries: Query) -> Make:
    return lambda lists, row: list(queries)


def _by_address(lists: Machine, row: Row) -> list[Query]:
    address = row["email_address"]
    return [
        query | {"email_address": text} for query in ({}, _ALL) for text in (address, address.swapcase())
    ]  # fmt: skip


def _by_addresses(lists: Machine, row: Row) -> list[Query]:
    other = lists.other("subscriber", row)
    return [_ALL | {"email_address": f"{row['email_address']},{other['email_address']}"}]


_OF_MEMBERS: Tried = {
    "whole": (Rule.LISTED, _fixed(_ALL)),
    "of a status": (Rule.STATUS, _fixed({}, *({"status": state} for state in STATES))),
    "by creation": (Rule.CREATED, _dates("created", "created_at", _ALL)),
    "slim": (Rule.SLIM, _fixed(_ALL | {"slim": True}, _ALL | {"slim": False})),
}
SUBSCRIBERS: Tried = {
    **_OF_MEMBERS,
    "by change": (Rule.UPDATED, _updated),
    "by address": (Rule.BY_ADDRESS, _by_address),
    "by addresses": (Rule.BY_ADDRESSES, _by_addresses),
    "turned": (Rule.SORT_ORDER, _fixed(*(_ALL | {"sort_order": order} for order in _ORDERS))),
    "sorted by id": (Rule.SORT_ORDER, _sorted_by("id", _ALL)),
    "sorted by creation": (Rule.SORT_CREATED, _sorted_by("created_at", _ALL)),
    "sorted by change": (Rule.SORT_UPDATED, _sorted_by("updated_at", _ALL, needs_time=True)),
    "sorted by cancellation": (
        Rule.SORT_CANCELLED,
        _sorted_by("cancelled_at", {"status": "cancelled"}, needs_time=True),
    ),
    "with tags": (Rule.INCLUDE_TAGS, _fixed(_ALL | {"include": ["tags"]})),
    "with cancellation": (Rule.INCLUDE_CANCELLED, _fixed({"status": "cancelled", "include": ["canceled_at"]})),
}
BROADCASTS: Tried = {
    "whole": (Rule.LISTED, _fixed({})),
    "of a status": (
        Rule.BROADCAST_STATUS,
        _fixed(*({"status": status} for status in ("draft", "scheduled", "sending", "completed", "aborted"))),
    ),
    "by sending": (Rule.BROADCAST_SENT, _dates("sent", "send_at", {})),
    "slim": (Rule.SLIM, _fixed({"slim": True}, {"slim": False})),
}
WHOLE: Tried = {"whole": (Rule.LISTED, _fixed({}))}
TAGS: Tried = {**WHOLE, "with counts": (Rule.INCLUDE_COUNT, _fixed({"include": ["subscriber_count"]}))}


def of_owner(stamp: str) -> Tried:
    """Return the queries of a list of members whose date is called `stamp`."""
    return {**_OF_MEMBERS, "by membership": (Rule.JOINED, _dates(stamp.removesuffix("_at"), stamp, _ALL))}
