"""The `subscriber_filter` of a broadcast, which selects its recipients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kit_mock.model import rows
from kit_mock.model.account import Account
from kit_mock.protocol.validation import LARGEST_ID

ONE_GROUP = "Only a single filter group is supported. Use one of `all`, `any`, or `none`."
EVERYBODY = [{"all": [{"type": "all_subscribers"}]}]

GROUPS = ("all", "any", "none")
_TABLES = {"tag": ("tag_subscribers", "tag_id"), "segment": ("segment_subscribers", "segment_id")}

Filter = list[dict[str, list[dict[str, Any]]]]
decode = msgspec.json.Decoder(Filter).decode
"""Read a filter that `encode` returned."""


def problems(given: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """Return what is wrong with a filter whose types are right, in sentences."""
    groups = _groups(given)
    found = [ONE_GROUP] if len(groups) > 1 else []
    with_ids = [part for _, parts in groups for part in parts if part["type"] in _TABLES]
    if not all(part.get("ids") for part in with_ids):
        found.append("Subscriber filter ids can't be blank")
    if any(abs(id_) > LARGEST_ID for part in with_ids for id_ in part.get("ids", ())):
        found.append("Subscriber filter ids is out of range")
    return found


def encode(given: Sequence[Mapping[str, Any]] | None) -> str:
    """Return a valid filter as JSON, in the form in which it is stored and answered."""
    normalized = [{name: [_part(part) for part in parts]} for name, parts in _groups(given)] or EVERYBODY
    return msgspec.json.encode(normalized).decode()


def count(account: Account, subscriber_filter: Filter, only: int | None = None) -> int:
    """Count the active subscribers whom a filter selects. With `only`, count that subscriber alone: 1 or 0."""
    condition, arguments = _condition(account.id, subscriber_filter, only)
    return int(account.store.value(f"SELECT count(*) FROM subscribers WHERE {condition}", arguments))


def count_as_sent(account: Account, subscriber_filter: Filter) -> int:
    """Add 1 to `sent` of each active subscriber whom a filter selects. Return how many they are."""
    condition, arguments = _condition(account.id, subscriber_filter)
    return account.store.write(f"UPDATE subscribers SET sent = sent + 1 WHERE {condition}", arguments)


def _condition(account_id: int, subscriber_filter: Filter, only: int | None = None) -> tuple[str, tuple[Any, ...]]:
    """Return a condition in SQL, and its arguments, for the active subscribers whom a filter selects."""
    ((group, parts),) = subscriber_filter[0].items()
    conditions: list[str] = []
    arguments: list[Any] = []
    one = "" if only is None else f" AND subscriber_id = {only:d}"
    if any(part["type"] == "all_subscribers" for part in parts):
        conditions += {"all": [], "any": ["1"], "none": ["1"]}[group]
    for type_, (table, column) in _TABLES.items():
        ids = sorted({id_ for part in parts if part["type"] == type_ for id_ in part["ids"]})
        if not ids:
            continue
        members = f"SELECT subscriber_id FROM {table} WHERE {column} IN (SELECT value FROM json_each(?)){one}"
        arguments.append(rows.id_array(ids))
        if group == "all":
            members += " GROUP BY subscriber_id HAVING count(*) = ?"
            arguments.append(len(ids))
        conditions.append(f"id IN ({members})")
    matched = (" AND " if group == "all" else " OR ").join(conditions) or "1"
    condition = f"account_id = ? AND state = 'active' AND {'NOT' if group == 'none' else ''} ({matched})"
    if only is not None:
        condition += f" AND id = {only:d}"
    return condition, (account_id, *arguments)


def _groups(given: Sequence[Mapping[str, Any]] | None) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """Return the groups that hold something. There may be several, in one object or in more."""
    return [(name, group[name]) for group in given or () for name in GROUPS if group.get(name)]


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["type"] == "all_subscribers":
        return {"type": part["type"]}
    return {"type": part["type"], "ids": [int(id_) for id_ in part["ids"]]}
