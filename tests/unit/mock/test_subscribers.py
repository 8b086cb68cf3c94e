"""Kit's rules for subscribers."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from kit_mock import KitMock
from tests.unit.mock.conftest import Create, client

NOW = "2023-02-17T11:43:55Z"
STATES = ["active", "bounced", "cancelled", "complained", "inactive"]


def addresses(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [found["email_address"].partition("@")[0] for found in response.json()["subscribers"]]


def test_create_then_update_by_address(kit: httpx.Client) -> None:
    response = kit.post("/v4/subscribers", json={"email_address": "Ada@example.com", "first_name": "Ada"})
    assert response.status_code == 201
    created = response.json()["subscriber"]
    assert created == {
        "id": 1,
        "first_name": "Ada",
        "email_address": "Ada@example.com",
        "state": "active",
        "created_at": NOW,
        "fields": {},
    }
    response = kit.post("/v4/subscribers", json={"email_address": " ada@EXAMPLE.com ", "first_name": "A."})
    assert response.status_code == 200
    assert response.json()["subscriber"] == {**created, "first_name": "A."}
    read = kit.get("/v4/subscribers/1").json()["subscriber"]
    assert {name: read[name] for name in created} == response.json()["subscriber"]


def test_an_upsert_keeps_the_state_and_what_it_does_not_name(kit: httpx.Client, subscriber: Create) -> None:
    subscriber(first_name="Ada", state="inactive")
    found = subscriber(state="active")
    assert (found["state"], found["first_name"]) == ("inactive", "Ada")
    assert subscriber(first_name=None)["first_name"] is None


@pytest.mark.parametrize("state", [*STATES, None])
def test_a_new_subscriber_can_have_any_state(subscriber: Create, state: str | None) -> None:
    assert subscriber(state=state)["state"] == (state or "active")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, ["Email address is invalid"]),
        ({"email_address": None}, ["Email address is invalid"]),
        ({"email_address": ""}, ["Email address is invalid"]),
        ({"email_address": "ada"}, ["Email address is invalid"]),
        ({"email_address": "ada@example"}, ["Email address is invalid"]),
        ({"email_address": "a b@example.com"}, ["Email address is invalid"]),
        ({"email_address": "ada@example..com"}, ["Email address is invalid"]),
        ({"email_address": 5}, ["Email address is invalid"]),
        (
            {"email_address": "ada@example.com", "state": "gone"},
            ["State must be one of active, bounced, cancelled, complained, inactive"],
        ),
        ({"email_address": "ada@example.com", "first_name": [5]}, ["First name must be a string or null"]),
        ({"email_address": "ada@example.com", "fields": ["a"]}, ["Fields must be an object"]),
        ({"email_address": "ada@example.com", "fields": {"a": {}}}, ["Fields a must be a string or null"]),
        (
            {"email_address": "ada@example.com", "fields": {str(n): "" for n in range(141)}},
            ["Fields can have at most 140 entries"],
        ),
    ],
)
def test_a_bad_subscriber_is_422_and_leaves_nothing(kit: httpx.Client, body: dict[str, Any], errors: list[str]) -> None:
    response = kit.post("/v4/subscribers", json=body)
    assert (response.status_code, response.json()) == (422, {"errors": errors})
    assert addresses(kit.get("/v4/subscribers")) == []


def test_get_of_nobody_is_404(kit: httpx.Client) -> None:
    assert kit.get("/v4/subscribers/1").json() == {"errors": ["Not Found"]}


def test_custom_fields_by_key_or_label_unknown_ones_ignored(
    kit: httpx.Client, subscriber: Create, field: Create
) -> None:
    field("Last name")
    field("City")
    found = subscriber(fields={"Last name": "Lovelace", "city": "London", "shoe_size": "38"})
    assert found["fields"] == {"last_name": "Lovelace", "city": "London"}
    found = subscriber(fields={"city": None})
    assert found["fields"] == {"last_name": "Lovelace", "city": None}
    assert subscriber(fields={"last_name": ""})["fields"] == {"last_name": None, "city": None}
    assert subscriber("bob@example.com")["fields"] == {"last_name": None, "city": None}
    assert kit.get("/v4/subscribers").json()["subscribers"][1]["fields"] == {"last_name": None, "city": None}


def test_more_than_ten_custom_fields_are_202_and_show_on_the_next_read(kit: httpx.Client, field: Create) -> None:
    values = {field(f"Field {number}")["key"]: str(number) for number in range(11)}
    blank = dict.fromkeys(values)
    body = {"email_address": "ada@example.com", "fields": values}
    response = kit.post("/v4/subscribers", json=body)
    assert (response.status_code, response.json()["subscriber"]["fields"]) == (202, blank)
    assert kit.get("/v4/subscribers/1").json()["subscriber"]["fields"] == values
    assert kit.post("/v4/subscribers", json=body).status_code == 202
    response = kit.put("/v4/subscribers/1", json={**body, "fields": blank})
    assert (response.status_code, response.json()["subscriber"]["fields"]) == (202, values)
    assert kit.get("/v4/subscribers/1").json()["subscriber"]["fields"] == blank
    del values["field_10"]
    response = kit.put("/v4/subscribers/1", json={**body, "fields": values})
    assert (response.status_code, response.json()["subscriber"]["fields"]) == (200, {**values, "field_10": None})


def test_update(kit: httpx.Client, subscriber: Create, field: Create) -> None:
    field("City")
    before = subscriber(first_name="Ada", fields={"city": "London"})
    response = kit.put("/v4/subscribers/1", json={"email_address": "countess@example.com"})
    assert response.status_code == 200
    assert response.json()["subscriber"] == {**before, "email_address": "countess@example.com"}
    response = kit.put(
        "/v4/subscribers/1", json={"email_address": "ada@example.com", "first_name": None, "fields": {"city": "Turin"}}
    )
    assert response.json()["subscriber"] == {**before, "first_name": None, "fields": {"city": "Turin"}}


def test_update_to_an_address_that_is_taken_is_422(kit: httpx.Client, subscriber: Create) -> None:
    subscriber("ada@example.com")
    subscriber("bob@example.com")
    response = kit.put("/v4/subscribers/2", json={"email_address": "ADA@example.com", "first_name": "B"})
    assert (response.status_code, response.json()) == (422, {"errors": ["Email address has already been taken"]})
    assert kit.get("/v4/subscribers/2").json()["subscriber"]["first_name"] is None
    # The case of one's own address is one's own business.
    assert kit.put("/v4/subscribers/2", json={"email_address": "BOB@example.com"}).status_code == 200


@pytest.mark.parametrize("body", [{"email_address": ""}, {"email_address": "bob"}])
def test_update_to_what_is_no_address_is_422(kit: httpx.Client, subscriber: Create, body: dict[str, Any]) -> None:
    subscriber()
    response = kit.put("/v4/subscribers/1", json=body)
    assert (response.status_code, response.json()) == (422, {"errors": ["Email address is invalid"]})
    assert kit.put("/v4/subscribers/2", json=body).status_code == 404


def test_unsubscribe(kit: httpx.Client, subscriber: Create) -> None:
    subscriber()
    response = kit.post("/v4/subscribers/1/unsubscribe")
    assert (response.status_code, response.content) == (204, b"")
    assert kit.get("/v4/subscribers/1").json()["subscriber"]["state"] == "cancelled"
    assert kit.post("/v4/subscribers/1/unsubscribe", json={}).status_code == 204
    assert kit.post("/v4/subscribers/2/unsubscribe").status_code == 404


@pytest.mark.parametrize("state", STATES)
def test_status_filter(kit: httpx.Client, subscriber: Create, state: str) -> None:
    for each in STATES:
        subscriber(f"{each}@example.com", state=each)
    assert addresses(kit.get("/v4/subscribers", params={"status": state})) == [state]
    assert addresses(kit.get("/v4/subscribers")) == ["active"]
    assert addresses(kit.get("/v4/subscribers", params={"status": "all"})) == STATES[::-1]


def test_search_by_address_is_exact_and_among_the_active(kit: httpx.Client, subscriber: Create) -> None:
    subscriber("ada@example.com")
    subscriber("bob+ada@example.com", state="inactive")
    for address in ("ada@example.com", "ADA@Example.com"):
        assert addresses(kit.get("/v4/subscribers", params={"email_address": address})) == ["ada"]
    bob = {"email_address": "bob+ada@example.com"}
    assert addresses(kit.get("/v4/subscribers", params=bob)) == []
    assert addresses(kit.get("/v4/subscribers", params={**bob, "status": "all"})) == ["bob+ada"]
    response = kit.get("/v4/subscribers", params={"email_address": "ada"})
    assert (response.status_code, response.json()) == (422, {"errors": ["Email address is invalid"]})


def test_date_filters(kit: httpx.Client, mock: KitMock, subscriber: Create) -> None:
    for day in range(3):
        subscriber(f"{day}@example.com")
        mock.advance(days=1)
    kit.put("/v4/subscribers/1", json={"email_address": "0@example.com", "first_name": "Zero"})

    def found(**params: str) -> list[str]:
        return addresses(kit.get("/v4/subscribers", params={**params, "sort_order": "asc"}))

    assert found(created_after="2023-02-18") == ["1", "2"]
    assert found(created_before="2023-02-19") == ["0", "1"]
    assert found(created_after="2023-02-18", created_before="2023-02-19") == ["1"]
    assert found(created_after="2023-02-17T11:43:55Z") == ["1", "2"]
    assert found(created_after="2023-02-17T11:43:54Z") == ["0", "1", "2"]
    assert found(created_before="2023-02-17T12:43:56+01:00") == ["0"]
    assert found(created_before="2023-02-17T11:43:55.000Z") == []
    assert found(created_before="2023-02-17T11:43:55.900Z") == ["0"]
    assert found(created_after="2023-02-17T11:43:55.900Z") == ["1", "2"]
    assert found(updated_after="2023-02-20") == ["0"]
    assert found(updated_before="2023-02-19") == ["1"]


@pytest.mark.parametrize("name", ["created_after", "created_before", "updated_after", "updated_before"])
@pytest.mark.parametrize(
    "value",
    ["yesterday", "2023-2-1", "2023-02-30", "20230217", "17.02.2023", "2023-02-17T25:00:00Z", "2023-02-17T11:43:55"],
)
def test_what_is_no_date_is_422(kit: httpx.Client, name: str, value: str) -> None:
    response = kit.get("/v4/subscribers", params={name: value})
    assert response.status_code == 422
    assert response.json() == {
        "errors": [f"{name.replace('_', ' ').capitalize()} is incorrectly formatted. Use YYYY-MM-DD."]
    }


def test_sorting(kit: httpx.Client, mock: KitMock, subscriber: Create) -> None:
    for name in ("a", "b", "c"):
        subscriber(f"{name}@example.com")
    for id_ in (2, 1):
        mock.advance(seconds=1)
        kit.post(f"/v4/subscribers/{id_}/unsubscribe")

    def found(**params: str) -> list[str]:
        return addresses(kit.get("/v4/subscribers", params={"status": "all", **params}))

    assert found() == ["c", "b", "a"]
    assert found(sort_order="asc") == ["a", "b", "c"]
    assert found(sort_field="updated_at") == ["a", "b", "c"]
    assert found(sort_field="updated_at", sort_order="asc") == ["c", "b", "a"]
    assert found(sort_field="cancelled_at", status="cancelled") == ["a", "b"]
    assert found(sort_field="cancelled_at", status="cancelled", sort_order="asc") == ["b", "a"]


def test_updated_at_moves_when_a_value_does(kit: httpx.Client, mock: KitMock, subscriber: Create, tag: Create) -> None:
    subscriber("a@example.com", first_name="A")
    subscriber("b@example.com", first_name="B")
    mock.advance(hours=1)
    subscriber("a@example.com", first_name="A")
    kit.post(f"/v4/tags/{tag()['id']}/subscribers/1")
    later = {"updated_after": "2023-02-17T12:00:00Z"}
    assert addresses(kit.get("/v4/subscribers", params=later)) == []
    subscriber("a@example.com", first_name="Aa")
    assert addresses(kit.get("/v4/subscribers", params=later)) == ["a"]


@pytest.mark.parametrize("status", [None, "active", "all"])
def test_cancelled_at_sorts_only_the_cancelled(kit: httpx.Client, status: str | None) -> None:
    params = {"sort_field": "cancelled_at"} | ({} if status is None else {"status": status})
    response = kit.get("/v4/subscribers", params=params)
    assert response.status_code == 422
    assert response.json() == {"errors": ["The status param must be `cancelled` if sort_field is `cancelled_at`"]}


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"status": "gone"}, "Status must be one of active, bounced, cancelled, complained, inactive, all"),
        (
            {"sort_field": "name"},
            "Sort field must be one of id, created_at, updated_at, cancelled_at, canceled_at, engagement__sent,"
            " engagement__opens, engagement__clicks, engagement__open_rate, engagement__click_rate",
        ),
        ({"sort_order": "up"}, "Sort order must be one of asc, desc"),
    ],
)
def test_a_bad_choice_is_422(kit: httpx.Client, params: dict[str, str], error: str) -> None:
    response = kit.get("/v4/subscribers", params=params)
    assert (response.status_code, response.json()) == (422, {"errors": [error]})


def test_unknown_parameters_are_ignored(kit: httpx.Client, subscriber: Create) -> None:
    subscriber()
    assert addresses(kit.get("/v4/subscribers?color=red&sort&x=")) == ["ada"]


@pytest.mark.parametrize(
    "name",
    ["after", "before", "per_page", "include_total_count", "status", "sort_field", "email_address", "created_after"],
)
def test_in_strict_mode_a_parameter_without_a_value_is_422(name: str) -> None:
    with KitMock(strict=True) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        response = kit.get("/v4/subscribers", params={name: ""})
    assert response.status_code == 422
    assert response.json()["errors"][0].startswith(name.replace("_", " ").capitalize())


def test_the_tags_of_a_subscriber(kit: httpx.Client, mock: KitMock, subscriber: Create, tag: Create) -> None:
    subscriber()
    assert kit.get("/v4/subscribers/1/tags").json()["tags"] == []
    for name in ("A", "B", "C"):
        tag(name)
    kit.post("/v4/tags/3/subscribers/1")
    mock.advance(hours=1)
    kit.post("/v4/tags/1/subscribers/1")
    assert kit.get("/v4/subscribers/1/tags").json()["tags"] == [
        {"id": 3, "name": "C", "tagged_at": NOW},
        {"id": 1, "name": "A", "tagged_at": "2023-02-17T12:43:55Z"},
    ]
    assert kit.get("/v4/subscribers/2/tags").status_code == 404
