"""One model makes purchases and products, whoever asks: a request, `add` or a seed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.rules.behaviours import BehaviourName
from tests.unit.mock.conftest import START
from tests.unit.mock.three_ways import by_add, by_request, by_seed

ADA = {"email_address": "ada@example.com", "created_at": "2023-01-01"}
SEED = {"subscribers": [ADA]}


def look(kit: httpx.Client) -> Any:
    products = [product_id(kit, number) for number in (1, 2, 3)]
    return kit.get("/v4/purchases").json(), kit.get("/v4/subscribers/1").json(), products


def product_id(kit: httpx.Client, id_: int) -> int:
    """Return how a webhook for a product is answered, which tells whether there is one."""
    event = {"name": "subscriber.product_purchase", "product_id": id_}
    return kit.post("/v4/webhooks", json={"event": event, "target_url": "http://127.0.0.1:9"}).status_code


texts = st.sampled_from(["", " ", " a ", "b"])
numbers = st.sampled_from([0, 1, 2, -3, 2.5, 10**15, 10**16, True, "4"])
lines = st.fixed_dictionaries(
    {"name": texts | st.just("Book"), "quantity": numbers | st.just(1), "unit_price": numbers | st.just(9.5)},
    optional={"pid": texts, "lid": texts | st.just("lid"), "sku": texts},
)
good_lines = st.fixed_dictionaries(
    {"name": st.sampled_from(["Book", "Pen"]), "quantity": st.integers(1, 3), "unit_price": st.sampled_from([1, 9.99])},
    optional={"pid": st.sampled_from(["book", "pen"]), "sku": texts},
)
purchases = st.fixed_dictionaries(
    {
        "transaction_id": texts | st.just("T-1"),
        "email_address": st.sampled_from(["ada@example.com", "ADA@example.com ", "ada"]),
        "currency": st.sampled_from(["USD", "eur", "EURO", ""]) | st.just("USD"),
        "products": st.lists(lines, max_size=3) | st.lists(good_lines, min_size=1, max_size=3),
    },
    optional={
        "status": st.sampled_from(["paid", "free"]) | st.just("paid"),
        "transaction_time": st.sampled_from(["2023-01-05", "2023-01-05T10:00:00Z", "noon"]),
        **dict.fromkeys(("subtotal", "discount", "tax", "shipping", "total"), numbers | st.integers(1, 9)),
    },
)
GOOD: dict[str, Any] = {"transaction_id": "T-1", "email_address": "ada@example.com", "currency": "USD"}
LINE: dict[str, Any] = {"name": "Book", "quantity": 1, "unit_price": 9.5}


@given(item=purchases, behaviour=st.sampled_from(["current", "reference"]))
@example(item={**GOOD, "products": [LINE, LINE]}, behaviour="current")
@example(item={**GOOD, "products": [LINE]}, behaviour="reference")
@example(item={**GOOD, "products": [{**LINE, "pid": "b", "lid": "1"}, {**LINE, "pid": "b"}]}, behaviour="current")
def test_a_request_add_and_a_seed_make_the_same_purchase(item: dict[str, Any], behaviour: BehaviourName) -> None:
    expected = by_request(SEED, "/v4/purchases", {"purchase": item}, look, behaviour=behaviour)
    assert by_add(SEED, "purchases", item, look, behaviour=behaviour) == expected
    assert by_seed(SEED, "purchases", item, look, behaviour=behaviour) == expected


@given(first=st.lists(good_lines, min_size=1, max_size=3), second=st.lists(good_lines, min_size=1, max_size=3))
def test_a_request_knows_the_products_of_what_was_added(first: list[Any], second: list[Any]) -> None:
    def look_after(http: httpx.Client) -> Any:
        http.post("/v4/purchases", json={**GOOD, "transaction_id": "T-2", "products": second})
        return look(http)

    item = {**GOOD, "products": first}
    expected = by_request(SEED, "/v4/purchases", item, look_after)
    assert by_add(SEED, "purchases", item, look_after) == expected
    assert by_seed(SEED, "purchases", item, look_after) == expected


def test_a_transaction_that_is_known_cannot_be_added_again() -> None:
    with KitMock(clock=Clock(START), seed=SEED) as mock:
        known = mock.purchases.add(**GOOD, products=[LINE])
        with pytest.raises(KitMockError, match=r"^purchases\.add: it has a taken transaction_id"):
            mock.purchases.add(**GOOD, products=[LINE])
        assert mock.purchases.all() == [known]
