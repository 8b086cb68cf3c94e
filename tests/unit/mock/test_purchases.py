"""Kit's rules for purchases."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import KitMock
from tests.unit.mock.conftest import Create, client

NOW = "2023-02-17T11:43:55Z"
HOUR = {
    "name": "Phantom Hourglass",
    "pid": "804-02-4430",
    "lid": "811-75-7900",
    "quantity": 1,
    "sku": "SM21",
    "unit_price": 23.22,
}
BLANK_NAME = "Product name cannot be blank"
BLANK_NUMBERS = ["Product quantity cannot be blank", "Product unit price cannot be blank"]
PRINCESS = {"name": "Twilight Princess", "pid": "833-51-1151", "lid": "766-49-1241", "quantity": 2, "unit_price": 32}
MINIMAL = {"email_address": "pru@example.com", "transaction_id": "796-92-4892", "currency": "USD", "products": [HOUR]}
FULL = {
    **MINIMAL,
    "first_name": "Pru",
    "status": "paid",
    "subtotal": 78.66,
    "tax": 7.87,
    "shipping": 0,
    "discount": 5,
    "total": 81.53,
    "transaction_time": "2023-02-17T12:00:00+01:00",
}


# Any JSON, for one field of a purchase or of a product.
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["USD", "2023-02-17T11:43:55-23:59", "9999-12-31T23:59:59-01:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.just([HOUR]),
    max_leaves=4,
)


def buy(oauth: httpx.Client, **purchase: Any) -> dict[str, Any]:
    response = oauth.post("/v4/purchases", json={"purchase": {**MINIMAL, **purchase}})
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()["purchase"]
    assert oauth.get(f"/v4/purchases/{found['id']}").json() == response.json()
    return found


def errors(oauth: httpx.Client, purchase: Any) -> list[str]:
    response = oauth.post("/v4/purchases", json=purchase)
    assert response.status_code == 422
    found: list[str] = response.json()["errors"]
    return found


def test_everything_reads_back(oauth: httpx.Client) -> None:
    assert buy(oauth, **{**FULL, "products": [HOUR, PRINCESS]}) == {
        "id": 1,
        "subscriber_id": 1,
        "source": "api",
        "transaction_id": "796-92-4892",
        "status": "paid",
        "email_address": "pru@example.com",
        "currency": "USD",
        "transaction_time": "2023-02-17T11:00:00Z",
        "subtotal": 78.66,
        "discount": 5,
        "tax": 7.87,
        "total": 81.53,
        "products": [HOUR, {**PRINCESS, "sku": None}],
    }


def test_what_is_not_given_follows_from_the_rest(oauth: httpx.Client) -> None:
    found = buy(oauth, currency="eur", products=[HOUR, {**PRINCESS, "unit_price": 0.1, "quantity": 3}])
    assert (found["status"], found["currency"], found["transaction_time"]) == ("paid", "EUR", NOW)
    assert (found["subtotal"], found["discount"], found["tax"], found["total"]) == (23.52, 0, 0, 23.52)
    found = buy(oauth, transaction_id="2", tax=1.5, shipping=4, discount=0.72)
    assert (found["subtotal"], found["total"]) == (23.22, 28)


def test_keys_at_the_top_level_work_too(oauth: httpx.Client) -> None:
    response = oauth.post("/v4/purchases", json=FULL)
    assert (response.status_code, response.json()["purchase"]["total"]) == (201, 81.53)


@pytest.mark.parametrize("by", ["envelope", "top level"])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"transaction_id": None}, ["Transaction cannot be blank"]),
        ({"transaction_id": " "}, ["Transaction cannot be blank"]),
        ({"transaction_id": [7]}, ["Transaction must be a string"]),
        ({"email_address": ""}, ["Email address cannot be blank"]),
        ({"email_address": "pru"}, ["Email address is invalid"]),
        ({"currency": None}, ["Currency cannot be blank"]),
        ({"currency": "US"}, ["Currency must be a 3 letter code"]),
        ({"currency": "US$"}, ["Currency must be a 3 letter code"]),
        ({"first_name": {}}, ["First name must be a string"]),
        ({"status": "refunded"}, ["Status must be paid"]),
        ({"transaction_time": "noon"}, ["Transaction time is not a valid ISO8601 timestamp"]),
        ({"subtotal": "5 euros"}, ["Subtotal must be a number"]),
        ({"tax": True}, ["Tax must be a number"]),
        ({"shipping": 0.5}, ["Shipping must be an integer"]),
        ({"discount": 10**400}, ["Discount is out of range"]),
        ({"products": None}, ["Products cannot be blank"]),
        ({"products": []}, ["Products cannot be blank"]),
        ({"products": HOUR}, ["Products must be a list"]),
        ({"products": [HOUR, "second"]}, ["Products must be objects"]),
        (
            {"products": [{**HOUR, "lid": str(n), "name": ""} for n in range(150)] + [5]},
            [BLANK_NAME, "Products must be objects"],
        ),
        (
            {"products": [{"name": ""}] * 150 + [{**HOUR, "unit_price": "free"}]},
            [BLANK_NAME, *BLANK_NUMBERS, "Product unit price must be a number"],
        ),
        ({"products": [HOUR, {**PRINCESS, "lid": HOUR["lid"]}]}, ["Product lid must be unique for this purchase"]),
        ({"products": [{**HOUR, "quantity": 1.5}]}, ["Product quantity must be an integer"]),
        ({"products": [{**HOUR, "quantity": 2**70}]}, ["Product quantity is out of range"]),
        ({"products": [{**HOUR, "sku": [5]}]}, ["Product sku must be a string"]),
        ({"products": [{**HOUR, "pid": None}]}, ["Product pid cannot be blank"]),
        ({"products": [{**HOUR, "lid": " "}]}, ["Product lid cannot be blank"]),
        ({"products": [{**HOUR, "lid": ["1"]}]}, ["Product lid must be a string"]),
        (
            {"products": [{}]},
            [
                BLANK_NAME,
                *BLANK_NUMBERS,
            ],
        ),
        ({"transaction_id": None, "currency": [5]}, ["Transaction cannot be blank", "Currency must be a string"]),
    ],
)
def test_what_is_wrong_is_422(oauth: httpx.Client, by: str, changes: dict[str, Any], expected: list[str]) -> None:
    purchase = {**MINIMAL, **changes}
    assert errors(oauth, {"purchase": purchase} if by == "envelope" else purchase) == expected
    assert oauth.get("/v4/purchases").json()["purchases"] == []
    assert oauth.get("/v4/subscribers").json()["subscribers"] == []


def test_what_is_missing_is_422(oauth: httpx.Client) -> None:
    for name in ("transaction_id", "email_address", "currency", "products"):
        purchase = {key: value for key, value in MINIMAL.items() if key != name}
        label = "Transaction" if name == "transaction_id" else name.replace("_", " ").capitalize()
        assert errors(oauth, {"purchase": purchase}) == [f"{label} cannot be blank"]
    assert errors(oauth, {"purchase": None}) == ["Purchase cannot be blank"]
    assert errors(oauth, {"purchase": 5}) == ["Purchase must be an object"]
    assert "Transaction cannot be blank" in errors(oauth, {})
    assert errors(oauth, [MINIMAL]) == ["The request body must be an object"]


def test_by_the_reference_a_product_needs_its_ids() -> None:
    product = {name: value for name, value in HOUR.items() if name not in ("pid", "lid")}
    body = {"purchase": {**MINIMAL, "products": [product]}}
    with (
        KitMock(behaviour="reference") as mock,
        client(mock, Authorization=f"Bearer {mock.access_token}") as oauth,
    ):
        assert errors(oauth, body) == ["Product pid cannot be blank", "Product lid cannot be blank"]
    with KitMock() as mock, client(mock, Authorization=f"Bearer {mock.access_token}") as oauth:
        assert oauth.post("/v4/purchases", json=body).status_code == 201


def test_a_repeated_transaction_adds_its_products(oauth: httpx.Client, mock: KitMock) -> None:
    first = buy(oauth, tax=1)
    mock.advance(hours=1)
    second = buy(oauth, products=[PRINCESS], discount=2, currency="EUR", email_address="other@example.com")
    assert second == {
        **first,
        "products": [HOUR, {**PRINCESS, "sku": None}],
        "subtotal": 87.22,
        "discount": 2,
        "total": 86.22,
    }
    # As at Kit, whoever repeats a request doubles it.
    assert [line["lid"] for line in buy(oauth)["products"]] == [HOUR["lid"], PRINCESS["lid"], HOUR["lid"]]
    assert [found["id"] for found in oauth.get("/v4/purchases").json()["purchases"]] == [1]
    assert [found["email_address"] for found in oauth.get("/v4/subscribers").json()["subscribers"]] == [
        "pru@example.com"
    ]


def test_amounts_of_a_repeat_take_the_place_of_the_first(oauth: httpx.Client) -> None:
    buy(oauth, **FULL)
    found = buy(oauth, products=[PRINCESS], total=100)
    assert (found["subtotal"], found["tax"], found["total"]) == (78.66, 7.87, 100)


def test_the_buyer_becomes_a_subscriber(oauth: httpx.Client, subscriber: Create) -> None:
    buy(oauth, first_name="Pru")
    found = oauth.get("/v4/subscribers/1").json()["subscriber"]
    assert (found["email_address"], found["first_name"], found["state"]) == ("pru@example.com", "Pru", "active")
    subscriber("ada@example.com", first_name="Ada", state="inactive")
    assert buy(oauth, transaction_id="2", email_address="ADA@example.com")["email_address"] == "ada@example.com"
    found = oauth.get("/v4/subscribers/2").json()["subscriber"]
    assert (found["first_name"], found["state"]) == ("Ada", "inactive")
    oauth.put("/v4/subscribers/2", json={"email_address": "countess@example.com"})
    assert oauth.get("/v4/purchases/2").json()["purchase"]["email_address"] == "countess@example.com"


def test_lists_are_newest_first(oauth: httpx.Client) -> None:
    bought = [buy(oauth, transaction_id=str(number), products=[HOUR, PRINCESS]) for number in range(3)]
    page = oauth.get("/v4/purchases", params={"per_page": 2, "include_total_count": "true"}).json()
    assert page["purchases"] == [bought[2], bought[1]]
    assert page["pagination"]["total_count"] == 3
    after = oauth.get("/v4/purchases", params={"after": page["pagination"]["end_cursor"]}).json()
    assert after["purchases"] == [bought[0]]


def test_what_does_not_exist_is_404(oauth: httpx.Client) -> None:
    response = oauth.get("/v4/purchases/1")
    assert (response.status_code, response.json()) == (404, {"errors": ["Not Found"]})


def test_an_api_key_is_refused(kit: httpx.Client) -> None:
    for response in (
        kit.get("/v4/purchases"),
        kit.get("/v4/purchases/1"),
        kit.post("/v4/purchases", json={"purchase": MINIMAL}),
    ):
        assert (response.status_code, response.json()) == (401, {"errors": ["OAuth authentication required"]})


def test_accounts_have_their_own_transactions() -> None:
    accounts = [{"access_tokens": ["a"]}, {"access_tokens": ["b"]}]
    with (
        KitMock(seed={"accounts": accounts}) as mock,
        client(mock, Authorization="Bearer a") as a,
        client(mock, Authorization="Bearer b") as b,
    ):
        buy(a)
        assert b.get("/v4/purchases").json()["purchases"] == []
        assert b.get("/v4/purchases/1").status_code == 404
        assert (buy(b)["id"], buy(b)["id"]) == (2, 2)
        assert len(a.get("/v4/purchases/1").json()["purchase"]["products"]) == 1


def test_sums_of_the_largest_numbers_are_numbers(oauth: httpx.Client) -> None:
    found = buy(oauth, products=[{**HOUR, "quantity": 10**15, "unit_price": 10**15}])
    assert found["total"] == 1e30


@given(
    changes=st.dictionaries(st.sampled_from(list(FULL)), anything, max_size=3),
    product=st.dictionaries(st.sampled_from(list(HOUR)), anything, max_size=2),
)
def test_whatever_is_sent_is_taken_or_refused(changes: dict[str, Any], product: dict[str, Any]) -> None:
    purchase = {**FULL, "products": [{**HOUR, **product}], **changes}
    with KitMock() as mock, client(mock, Authorization=f"Bearer {mock.access_token}") as oauth:
        for _ in range(2):
            assert oauth.post("/v4/purchases", json={"purchase": purchase}).status_code in {201, 422}
        assert oauth.get("/v4/purchases").status_code == 200
