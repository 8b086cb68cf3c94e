"""The endpoints of purchases, which are for OAuth only."""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.model import purchase_input, purchase_rows, purchases, representations
from kit_mock.model.account import Account
from kit_mock.model.purchase_rows import Purchase
from kit_mock.protocol.messages import Reply


def render_by_id(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's purchase with that id. Raises Refusal 404."""
    return representations.purchases(account, [purchase_rows.by_id(account, id_)])[0]


@operation("list_purchases")
def list_purchases(call: Call) -> Reply:
    """Answer GET /v4/purchases, the newest first."""
    listing = Listing(columns=purchase_rows.COLUMNS, source=purchase_rows.SOURCE, key="p.id", since="p.created_at")
    listing.narrow("p.account_id = ?", call.account.id)
    return Reply(200, page(call, listing, "purchases", lambda rows: _listed(call, rows)))


@operation("get_purchase")
def get_purchase(call: Call) -> Reply:
    """Answer GET /v4/purchases/{id}."""
    return Reply(200, {"purchase": render_by_id(call.account, call.path["id"])})


@operation("create_purchase", unchecked=["purchase.*"], wraps="purchase")
def create_purchase(call: Call) -> Reply:
    """Answer POST /v4/purchases: 201, also for a transaction that is known; 422 for what is missing or invalid."""
    purchase = purchases.record(call.account, purchase_input.read(call.account, call.body["purchase"]))
    return Reply(201, {"purchase": representations.purchases(call.account, [purchase])[0]})


def _listed(call: Call, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return representations.purchases(call.account, [Purchase(*row) for row in rows])
