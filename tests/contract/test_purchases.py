"""Purchases: what is kept of them, repeated transactions, the sums that follow."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.caller import Caller
from tests.contract.state import State
from tests.contract.world import World

pytestmark = pytest.mark.operations("create_purchase", "get_purchase", "list_purchases")


@pytest.fixture
def state(world: World) -> State:
    return State(world)


def _product(**values: object) -> dict[str, Any]:
    return {"name": "A book", "pid": "P-1", "lid": "L-2", "quantity": 2, "unit_price": 12.5, "sku": None} | values


def test_a_purchase_is_kept(caller: Caller, world: World, state: State) -> None:
    """A purchase has all that it was made with, and makes its buyer a subscriber. (reference; the latter: chosen)"""
    extra = {
        "status": "paid",
        "transaction_time": "2023-02-17T08:00:00Z",
        "subtotal": 25.0,
        "tax": 1.5,
        "shipping": 2,
        "discount": 0.5,
        "total": 28.0,
        "products": [_product(), _product(name="A pen", pid="P-2", lid="L-3", sku="S-1", quantity=1, unit_price=0.25)],
    }
    given = world.purchase(**extra)
    with state.nothing_else("purchase", new=1), state.nothing_else("subscriber", new=1):
        answer = caller.call("create_purchase", body={"purchase": given | {"first_name": "Ada"}}, expect=201)
    made = answer.json["purchase"]
    expected = {name: value for name, value in given.items() if name != "shipping"}
    if made | expected != made:
        raise answer.broken(f"a purchase with {expected}")
    state.expect(answer, "purchase", made["id"], **made)
    buyers = world.rows("subscriber", email_address=given["email_address"])
    if [buyer["first_name"] for buyer in buyers] != ["Ada"]:
        raise answer.broken("a subscriber with the buyer's address and name", str(buyers))
    if caller.server.behaviour == "current" and (
        made.get("subscriber_id") != buyers[0]["id"] or not made.get("source")
    ):
        raise answer.broken(f"subscriber_id {buyers[0]['id']} and a source")


def test_sums_follow_from_the_products(caller: Caller, world: World) -> None:
    """Without sums, the subtotal is that of the products, and the total that with tax and shipping. (chosen)"""
    products = [_product(), _product(lid="L-3", quantity=3, unit_price=1.1)]
    made = world.new_purchase(products=products, tax=2, shipping=1, discount=0.3)
    if (made["subtotal"], made["total"], made["tax"], made["discount"]) != (28.3, 31.0, 2, 0.3):
        raise caller.call("get_purchase", {"id": made["id"]}).broken("subtotal 28.3, total 31.0, tax 2, discount 0.3")
    kept = caller.call("get_purchase", {"id": made["id"]}, expect=200)
    if kept.json["purchase"] | made != kept.json["purchase"]:
        raise kept.broken("what the answer to its creation was")


def test_a_known_transaction_gets_more_products(caller: Caller, world: World, state: State) -> None:
    """A transaction that is there already is a 201 again, and its products are added to it. (seen)"""
    made = world.new_purchase()
    # It is read before and after, so that an answer from a cache shows.
    caller.call("get_purchase", {"id": made["id"]}, expect=200)
    given = world.purchase(
        transaction_id=made["transaction_id"], email_address=made["email_address"], products=[_product(lid="L-9")]
    )
    with state.nothing_else("purchase", made["id"]):
        answer = caller.call("create_purchase", body={"purchase": given}, expect=201)
    again = answer.json["purchase"]
    if again["id"] != made["id"] or again["products"] != made["products"] + given["products"]:
        raise answer.broken(f"purchase {made['id']} with {len(made['products'])} products and one more")
    state.expect(answer, "purchase", made["id"], products=again["products"])


def test_blank_values_are_refused(caller: Caller, world: World, state: State) -> None:
    """A blank transaction, currency or name of a product is a 422, and so is a purchase of nothing. (reference)"""
    bad: list[dict[str, Any]] = [
        {"transaction_id": " "},
        {"currency": ""},
        {"currency": "US"},
        {"currency": "DOLLARS"},
        {"products": []},
        {"products": [_product(name="")]},
        {"email_address": "nobody"},
    ]
    with state.nothing_else("purchase"), state.nothing_else("subscriber"):
        for values in bad:
            answer = caller.call("create_purchase", body={"purchase": world.purchase(**values)})
            if answer.status != 422:
                raise answer.broken(f"422 for {values}")
