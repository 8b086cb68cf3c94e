"""The products of an account, identified by their `pid`, or by their name if they have none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit_mock.model.account import Account
from kit_mock.model.purchase_input import Line


def find(account: Account, line: Line) -> int | None:
    """Return the id of the product in a line of a purchase, or None."""
    sql = "SELECT id FROM products WHERE account_id = ? AND pid IS ? AND (pid IS NOT NULL OR name = ?)"
    found: int | None = account.store.value(sql, (account.id, line.pid, line.name))
    return found


def create(account: Account, line: Line, columns: Mapping[str, Any] | None = None) -> int:
    """Create the product in a line of a purchase and return its id. `columns` are stored unchanged."""
    row = {"account_id": account.id, "pid": line.pid, "name": line.name}
    return account.store.insert_row("products", {**row, **(columns or {})})
