"""What subscribers bought. A `transaction_id` that is posted again adds its products to that purchase.

Chosen where the API says nothing:

- Fields may stand at the top level as well as in `purchase`; what is wrong is worded like the reference's
  `Transaction cannot be blank`.
- `lid`s must differ within a request. Posting the same request again does double the lines, as at Kit.
- On a repeat, lines are added and amounts that come along take the place of those there are; buyer, status, currency
  and time stay. An amount that was never given follows from the others: the subtotal from the lines, the total from
  the subtotal, tax, shipping and discount.
- The buyer is created or updated as by POST /v4/subscribers, and a purchase shows the address they have now.
- A product belongs to the account and is known by its `pid`, or by its name if it has none; its webhooks fire once a
  request, those of the purchase when it is new.
- The source of a purchase is `api`, unless a seed says otherwise.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.endpoints.purchase_input import AMOUNTS, Line, PurchaseInput, read
from kit_mock.model import events, subscribers
from kit_mock.model.event_names import PURCHASE_CREATE
from kit_mock.protocol.errors import not_found
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp

_COLUMNS = (
    "p.id, p.subscriber_id, p.source, p.transaction_id, p.status, s.email_address, p.currency, p.transaction_time,"
    f" {', '.join(AMOUNTS)}"
)
_SOURCE = "purchases p CROSS JOIN subscribers s ON s.id = p.subscriber_id"
_PLACES = 4  # Of a sum: more than any currency has, and fewer than floating point gets wrong.

Row = tuple[Any, ...]


@operation("list_purchases")
def list_purchases(call: Call) -> Reply:
    """GET /v4/purchases, the newest first. OAuth only."""
    listing = Listing(columns=_COLUMNS, source=_SOURCE, key="p.id", since="p.created_at")
    listing.narrow("p.account_id = ?", call.account.id)
    return Reply(200, page(call, listing, "purchases", lambda rows: _shown(call, rows)))


@operation("get_purchase")
def get_purchase(call: Call) -> Reply:
    """GET /v4/purchases/{id}. OAuth only."""
    return Reply(200, {"purchase": one(call, call.path["id"])})


@operation("create_purchase", unchecked=["purchase.*"], wraps="purchase")
def create_purchase(call: Call) -> Reply:
    """POST /v4/purchases: 201, also for a transaction that is known; 422 for what is missing or invalid. OAuth only."""
    given = read(call.body["purchase"], with_ids=not call.account.behaviour.today_fields)
    sql = "SELECT id FROM purchases WHERE account_id = ? AND transaction_id = ?"
    known = call.account.store.row(sql, (call.account.id, given.transaction_id))
    if known is None:
        id_ = _create(call, _buyer(call, given), given)
    else:
        id_ = known[0]
        for name, amount in given.amounts.items():
            call.account.store.write(f"UPDATE purchases SET {name} = ? WHERE id = ?", (amount, id_))
    products = [_add(call, id_, line) for line in given.lines]
    purchase = one(call, id_)
    buyer = subscribers.by_id(call.account, purchase["subscriber_id"])
    for product in dict.fromkeys(products):
        events.fire_for(call.account, buyer, "product_purchase", product)
    if known is None:
        fire_created(call, purchase)
    return Reply(201, {"purchase": purchase})


def fire_created(call: Call, purchase: dict[str, Any]) -> list[int]:
    """Tell webhooks of a purchase, as `one` returns it, and return the ids of the deliveries."""
    if not call.account.behaviour.today_fields:
        purchase = {name: value for name, value in purchase.items() if name not in ("subscriber_id", "source")}
    return events.fire(call.account, PURCHASE_CREATE, purchase)


def _buyer(call: Call, given: PurchaseInput) -> int:
    """Return the id of the subscriber who bought, who is created if need be."""
    known = subscribers.by_email(call.account, given.email_address)
    if known is None:
        return subscribers.create(call.account, given.email_address, first_name=given.first_name).id
    first_name = known.first_name if given.first_name is None else given.first_name
    return subscribers.update(call.account, known, first_name=first_name).id


def _create(call: Call, subscriber: int, given: PurchaseInput) -> int:
    values = {
        "account_id": call.account.id,
        "subscriber_id": subscriber,
        "transaction_id": given.transaction_id,
        "status": given.status,
        "currency": given.currency,
        "created_at": call.account.now,
        "transaction_time": call.account.now if given.transaction_time is None else given.transaction_time,
        **given.amounts,
    }
    marks = ", ".join("?" * len(values))
    return call.account.store.insert(
        f"INSERT INTO purchases ({', '.join(values)}) VALUES ({marks})", (*values.values(),)
    )


def _add(call: Call, purchase: int, line: Line) -> int:
    """Add a line to a purchase and return the id of its product, which is created if need be."""
    store = call.account.store
    product: int | None = store.value(
        "SELECT id FROM products WHERE account_id = ? AND pid IS ? AND (pid IS NOT NULL OR name = ?)",
        (call.account.id, line.pid, line.name),
    )
    if product is None:
        product = store.insert(
            "INSERT INTO products (account_id, pid, name) VALUES (?, ?, ?)", (call.account.id, line.pid, line.name)
        )
    store.insert(
        "INSERT INTO purchase_lines (purchase_id, product_id, name, lid, quantity, sku, unit_price)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (purchase, product, line.name, line.lid, line.quantity, line.sku, line.unit_price),
    )
    return product


def one(call: Call, id_: int) -> dict[str, Any]:
    """A purchase of the caller's account as the API shows it. Raises Refusal 404."""
    sql = f"SELECT {_COLUMNS} FROM {_SOURCE} WHERE p.id = ? AND p.account_id = ?"
    row = call.account.store.row(sql, (id_, call.account.id))
    if row is None:
        raise not_found()
    return _shown(call, [row])[0]


def _shown(call: Call, rows: list[Row]) -> list[dict[str, Any]]:
    """Rows of _COLUMNS as the API shows purchases."""
    products: dict[int, list[dict[str, Any]]] = {row[0]: [] for row in rows}
    for purchase, *line in call.account.store.rows(
        "SELECT l.purchase_id, l.quantity, l.lid, l.unit_price, l.sku, l.name, d.pid"
        " FROM purchase_lines l CROSS JOIN products d ON d.id = l.product_id"
        " WHERE l.purchase_id IN (SELECT value FROM json_each(?)) ORDER BY l.id",
        (msgspec.json.encode(list(products)).decode(),),
    ):
        names = ("quantity", "lid", "unit_price", "sku", "name", "pid")
        products[purchase].append(dict(zip(names, line, strict=True)))
    return [_purchase(row, products[row[0]]) for row in rows]


def _purchase(row: Row, products: list[dict[str, Any]]) -> dict[str, Any]:
    id_, subscriber_id, source, transaction_id, status, email_address, currency, transaction_time, *amounts = row
    given = dict(zip(AMOUNTS, amounts, strict=True))
    subtotal = given["subtotal"]
    if subtotal is None:
        subtotal = _rounded(sum(product["quantity"] * product["unit_price"] for product in products))
    discount, tax, shipping = (given[name] or 0 for name in ("discount", "tax", "shipping"))
    total = given["total"]
    return {
        "id": id_,
        "subscriber_id": subscriber_id,
        "source": source,
        "transaction_id": transaction_id,
        "status": status,
        "email_address": email_address,
        "currency": currency,
        "transaction_time": timestamp(transaction_time),
        "subtotal": subtotal,
        "discount": discount,
        "tax": tax,
        "total": _rounded(subtotal + tax + shipping - discount) if total is None else total,
        "products": products,
    }


def _rounded(amount: float) -> float:
    # A float, as JSON has no room for the largest products of whole numbers.
    return round(float(amount), _PLACES)
