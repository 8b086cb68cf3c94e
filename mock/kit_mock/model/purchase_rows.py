"""The rows of purchases and of their lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from kit_mock.model import rows
from kit_mock.model.account import Account
from kit_mock.protocol.errors import not_found


class Purchase(NamedTuple):
    """A row of `purchases`, with the present address of the buyer. Amounts that no request gave are None."""

    id: int
    subscriber_id: int
    source: str
    transaction_id: str
    status: str
    email_address: str
    currency: str
    transaction_time: int
    subtotal: float | None
    discount: float | None
    tax: float | None
    shipping: float | None
    total: float | None


class PurchaseLine(NamedTuple):
    """A row of `purchase_lines`, with the `pid` of its product."""

    quantity: int
    lid: str | None
    unit_price: float
    sku: str | None
    name: str
    pid: str | None


SOURCE = "purchases p CROSS JOIN subscribers s ON s.id = p.subscriber_id"
COLUMNS = ", ".join(f"{'s' if name == 'email_address' else 'p'}.{name}" for name in Purchase._fields)
"""The columns of a `Purchase`, of SOURCE."""


def by_id(account: Account, id_: int) -> Purchase:
    """Return the account's purchase with that id. Raises Refusal 404."""
    found = _find(account, "p.id", id_)
    if found is None:
        raise not_found()
    return found


def by_transaction(account: Account, transaction_id: str) -> Purchase | None:
    """Return the account's purchase with that `transaction_id`, or None."""
    return _find(account, "p.transaction_id", transaction_id)


def lines(account: Account, purchases: Iterable[int]) -> dict[int, list[PurchaseLine]]:
    """Return the lines of each purchase by its id, in the order in which they were added."""
    found: dict[int, list[PurchaseLine]] = {id_: [] for id_ in purchases}
    for purchase, *line in account.store.rows(
        "SELECT l.purchase_id, l.quantity, l.lid, l.unit_price, l.sku, l.name, d.pid"
        " FROM purchase_lines l CROSS JOIN products d ON d.id = l.product_id"
        " WHERE l.purchase_id IN (SELECT value FROM json_each(?)) ORDER BY l.id",
        (rows.id_array(found),),
    ):
        found[purchase].append(PurchaseLine(*line))
    return found


def _find(account: Account, column: str, value: Any) -> Purchase | None:
    sql = f"SELECT {COLUMNS} FROM {SOURCE} WHERE p.account_id = ? AND {column} = ?"
    return rows.made(Purchase, account.store.row(sql, (account.id, value)))
