"""The queries that lists are read with: of each the rule that it tries, and how it is made about a row of the list."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from tests.contract.model.account import Row
from tests.contract.model.actions_people import STATES
from tests.contract.model.base import Machine
from tests.contract.model.rules import Rule

Query = dict[str, Any]
Make = Callable[[Machine, Row, int], Query | None]
"""Makes a query about a row, with a number to pick by; None if it can't be tried."""
_PAST, _FUTURE = date(2000, 1, 1), date(2100, 1, 1)
_ALL: Query = {"status": "all"}


def _dates(name: str, field: str) -> Make:
    """Limit a list by a date: before or after a day or a moment of one of its rows, and far from all."""

    def make(lists: Machine, row: Row, pick: int) -> Query | None:
        moment = datetime.fromisoformat(row[field]) if row.get(field) else None
        if moment is None or pick >= 4:
            return {f"{name}_{('after', 'before')[pick % 2]}": (_PAST, _FUTURE)[pick // 2 % 2]}
        return {f"{name}_{('after', 'before')[pick % 2]}": moment if pick < 2 else moment.date()}

    return make


def _updated(lists: Machine, row: Row, pick: int) -> Query:
    changed = lists.account.changed.get(row["id"])
    name = f"updated_{('after', 'before')[pick % 2]}"
    if changed is None or pick >= 4:
        return _ALL | {name: (_PAST, _FUTURE)[pick // 2 % 2]}
    return _ALL | {name: changed.astimezone(UTC).replace(microsecond=0)}


def _sorted_by(field: str, query: Query, *, needs_time: bool = False) -> Make:
    def make(lists: Machine, row: Row, pick: int) -> Query | None:
        if needs_time and lists.setting.clock is None:
            return None
        return query | {"sort_field": field, "sort_order": ("asc", "desc")[pick % 2]}

    return make


def _fixed(query: Query) -> Make:
    return lambda lists, row, pick: query


_STATUS: dict[str, tuple[Rule, Make]] = {
    "by default": (Rule.STATUS, _fixed({})),
    "of a status": (Rule.STATUS, lambda lists, row, pick: {"status": STATES[pick % len(STATES)]}),
    "whole": (Rule.LISTED, _fixed(_ALL)),
}
_OF_MEMBERS = _STATUS | {
    "by creation": (
        Rule.CREATED,
        lambda lists, row, pick: _ALL | (_dates("created", "created_at")(lists, row, pick) or {}),
    ),
    "slim": (Rule.SLIM, _fixed(_ALL | {"slim": True})),
}
SUBSCRIBERS: dict[str, tuple[Rule, Make]] = _OF_MEMBERS | {
    "by change": (Rule.UPDATED, _updated),
    "by address": (
        Rule.BY_ADDRESS,
        lambda lists, row, pick: (_ALL if pick % 3 else {}) | {
            "email_address": row["email_address"].swapcase() if pick % 2 else row["email_address"]
        },
    ),
    "by addresses": (
        Rule.BY_ADDRESSES,
        lambda lists, row, pick: _ALL | {
            "email_address": f"{row['email_address']},{lists.other('subscriber', row)['email_address']}"
        },
    ),
    "turned": (Rule.SORT_ORDER, lambda lists, row, pick: _ALL | {"sort_order": ("asc", "desc")[pick % 2]}),
    "sorted by id": (Rule.SORT_ORDER, _sorted_by("id", _ALL)),
    "sorted by creation": (Rule.SORT_CREATED, _sorted_by("created_at", _ALL)),
    "sorted by change": (Rule.SORT_UPDATED, _sorted_by("updated_at", _ALL, needs_time=True)),
    "sorted by cancellation": (
        Rule.SORT_CANCELLED, _sorted_by("cancelled_at", {"status": "cancelled"}, needs_time=True),
    ),
    "with tags": (Rule.INCLUDE_TAGS, _fixed(_ALL | {"include": ["tags"]})),
    "with cancellation": (Rule.INCLUDE_CANCELLED, _fixed({"status": "cancelled", "include": ["canceled_at"]})),
}  # fmt: skip
BROADCASTS: dict[str, tuple[Rule, Make]] = {
    "whole": (Rule.LISTED, _fixed({})),
    "of a status": (
        Rule.BROADCAST_STATUS, lambda lists, row, pick: {"status": ("draft", "scheduled", "completed")[pick % 3]},
    ),
    "by sending": (Rule.BROADCAST_SENT, _dates("sent", "send_at")),
    "slim": (Rule.SLIM, _fixed({"slim": True})),
}  # fmt: skip
WHOLE: dict[str, tuple[Rule, Make]] = {"whole": (Rule.LISTED, _fixed({}))}
TAGS = WHOLE | {"with counts": (Rule.INCLUDE_COUNT, _fixed({"include": ["subscriber_count"]}))}


def of_owner(stamp: str) -> dict[str, tuple[Rule, Make]]:
    """Return the queries of a list of members whose date is called `stamp`."""
    name = stamp.removesuffix("_at")
    return _OF_MEMBERS | {
        "by membership": (Rule.JOINED, lambda lists, row, pick: _ALL | (_dates(name, stamp)(lists, row, pick) or {}))
    }
