"""The products of an account. One is known by its `pid`, or by its name if it has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit_mock.model.account import Account
from kit_mock.model.purchase_input import Line


def find(account: Account, line: Line) -> int | None:
    """Return the id of the product that a line of a purchase is about, or None."""
    sql = "SELECT id FROM products WHERE account_id = ? AND pid IS ? AND (pid IS NOT NULL OR name = ?)"
    found: int | None = account.store.value(sql, (account.id, line.pid, line.name))
    return found


def create(account: Account, line: Line, columns: Mapping[str, Any] | None = None) -> int:
    """Create the product that a line of a purchase is about, and return its id. `columns` are set as they are."""
    row = {"account_id": account.id, "pid": line.pid, "name": line.name}
    return account.store.insert_row("products", {**row, **(columns or {})})
