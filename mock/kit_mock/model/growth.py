"""How the subscribers of an account became more and fewer.

All of it is counted from what happened when: what happens later changes nothing of it.
"""

from __future__ import annotations

from typing import NamedTuple

from kit_mock.model.account import Account


class Growth(NamedTuple):
    """Numbers of subscribers in a period."""

    new: int
    cancelled: int
    active: int
    """At the end of it."""


def between(account: Account, first: int, last: int) -> Growth:
    """Count what happened from one moment to another, both included."""
    # Back from how it is now: those who came later are few as a rule, and all can be counted in a narrower index.
    active = _count(account, "state = 'active'") - _count(account, "created_at > ? AND state = 'active'", last)
    active -= account.store.value(
        "SELECT coalesce(sum((c.became = 'active') - (c.was = 'active')), 0) FROM state_changes c"
        " CROSS JOIN subscribers s ON s.id = c.subscriber_id"
        " WHERE c.account_id = ? AND c.at > ? AND s.created_at <= ?",
        (account.id, last, last),
    )
    new = _count(account, "created_at BETWEEN ? AND ?", first, last)
    return Growth(new, count_changes(account, "cancelled", first, last), active)


def count_changes(account: Account, state: str, first: int, last: int) -> int:
    """Count how often a subscriber got that state from one moment to another, both included."""
    sql = "SELECT count(*) FROM state_changes WHERE account_id = ? AND at BETWEEN ? AND ? AND became = ?"
    found: int = account.store.value(sql, (account.id, first, last, state))
    return found


def _count(account: Account, condition: str, *arguments: int) -> int:
    sql = f"SELECT count(*) FROM subscribers WHERE account_id = ? AND {condition}"
    found: int = account.store.value(sql, (account.id, *arguments))
    return found
