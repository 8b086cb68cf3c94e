"""Purchases. A second request with the same `transaction_id` adds its products to the purchase."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kit_mock.model import events, products, purchase_rows, representations, subscribers
from kit_mock.model.account import Account
from kit_mock.model.event_names import PURCHASE_CREATE
from kit_mock.model.purchase_input import Line, PurchaseInput
from kit_mock.model.purchase_rows import Purchase
from kit_mock.model.subscriber_rows import Subscriber


def record(account: Account, given: PurchaseInput) -> Purchase:
    """Create a purchase, and its buyer if need be. A known transaction gets the products and amounts instead."""
    known = purchase_rows.by_transaction(account, given.transaction_id)
    if known is None:
        id_ = create(account, _buyer(account, given), given)
    else:
        id_ = known.id
        account.store.update_row("purchases", id_, given.amounts)
    bought = []
    for line in given.lines:
        product = products.find(account, line) or products.create(account, line)
        add_line(account, id_, line, product)
        bought.append(product)
    purchase = purchase_rows.by_id(account, id_)
    buyer = subscribers.by_id(account, purchase.subscriber_id)
    for product in dict.fromkeys(bought):
        events.fire_for(account, buyer, "product_purchase", product)
    if known is None:
        fire_created(account, purchase)
    return purchase


def create(account: Account, buyer: Subscriber, given: PurchaseInput, columns: Mapping[str, Any] | None = None) -> int:
    """Create a purchase without lines and return its id. `columns` are stored unchanged."""
    row = {
        "account_id": account.id,
        "subscriber_id": buyer.id,
        "transaction_id": given.transaction_id,
        "status": given.status,
        "currency": given.currency,
        "created_at": account.now,
        "transaction_time": account.now if given.transaction_time is None else given.transaction_time,
        **given.amounts,
        **(columns or {}),
    }
    return account.store.insert_row("purchases", row)


def add_line(account: Account, purchase: int, line: Line, product: int) -> None:
    """Add a line with a product to a purchase."""
    row = {"purchase_id": purchase, "product_id": product, "name": line.name, "lid": line.lid}
    row |= {"quantity": line.quantity, "sku": line.sku, "unit_price": line.unit_price}
    account.store.insert_row("purchase_lines", row)


def fire_created(account: Account, purchase: Purchase) -> list[int]:
    """Fire the event of a new purchase and return the ids of the deliveries."""
    payload = representations.purchase(account, purchase)
    if not account.behaviour.today_fields:
        payload = {name: value for name, value in payload.items() if name not in ("subscriber_id", "source")}
    return events.fire(account, PURCHASE_CREATE, payload)


def _buyer(account: Account, given: PurchaseInput) -> Subscriber:
    """Return the buyer with the name of the purchase. Create them if they are unknown."""
    known = subscribers.by_email(account, given.email_address)
    if known is None:
        return subscribers.create(account, given.email_address, first_name=given.first_name)
    first_name = known.first_name if given.first_name is None else given.first_name
    return subscribers.update(account, known, first_name=first_name)
