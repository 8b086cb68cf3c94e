"""The growth of an account's subscribers in a period, which later changes of state don't alter."""

from __future__ import annotations

from typing import NamedTuple

from kit_mock.model.account import Account


class Growth(NamedTuple):
    """Numbers of subscribers in a period."""

    new: int
    cancelled: int
    active: int
    """Active subscribers at the end of the period."""


def between(account: Account, first: int, last: int) -> Growth:
    """Count new, cancelled and active subscribers from one moment to another, both included."""
    # Counted backwards from the present: usually few subscribers came later, and a narrow index counts those of today.
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
    """Count the changes to a state from one moment to another, both included."""
    sql = "SELECT count(*) FROM state_changes WHERE account_id = ? AND at BETWEEN ? AND ? AND became = ?"
    return int(account.store.value(sql, (account.id, first, last, state)))


def _count(account: Account, condition: str, *arguments: int) -> int:
    sql = f"SELECT count(*) FROM subscribers WHERE account_id = ? AND {condition}"
    return int(account.store.value(sql, (account.id, *arguments)))
