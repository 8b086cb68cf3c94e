"""The endpoints of purchases, which take OAuth tokens only."""

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
    return representations.purchase(account, purchase_rows.by_id(account, id_))


@operation("list_purchases")
def list_purchases(call: Call) -> Reply:
    """Answer GET /v4/purchases, the newest first."""
    listing = Listing(
        Purchase._make, columns=purchase_rows.COLUMNS, source=purchase_rows.SOURCE, key="p.id", since="p.created_at"
    )
    listing.narrow("p.account_id = ?", call.account.id)
    return page(call, listing, "purchases", lambda found: representations.purchases(call.account, found))


@operation("get_purchase")
def get_purchase(call: Call) -> Reply:
    """Answer GET /v4/purchases/{id}."""
    return Reply(200, {"purchase": render_by_id(call.account, call.path["id"])})


@operation("create_purchase", unchecked=["purchase.*"], wraps="purchase")
def create_purchase(call: Call) -> Reply:
    """Answer POST /v4/purchases: 201, also for a known transaction; 422 for missing or invalid values."""
    purchase = purchases.record(call.account, purchase_input.read(call.account, call.body["purchase"]))
    return Reply(201, {"purchase": representations.purchase(call.account, purchase)})
