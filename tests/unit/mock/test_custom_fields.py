"""Kit's rules for custom fields."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from kit_mock import KitMock
from tests.unit.mock.conftest import Create, client


def test_create_and_list(kit: httpx.Client) -> None:
    response = kit.post("/v4/custom_fields", json={"label": "  Last name "})
    assert response.status_code == 201
    created = response.json()["custom_field"]
    assert created == {"id": 1, "name": "ck_field_1_last_name", "key": "last_name", "label": "Last name"}
    kit.post("/v4/custom_fields", json={"label": "City"})
    fields = kit.get("/v4/custom_fields").json()["custom_fields"]
    assert [found["key"] for found in fields] == ["city", "last_name"]
    assert fields[1] == created


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("How did you hear about us?", "how_did_you_hear_about_us"),
        ("Zip_Code", "zip_code"),
        ("Größe (cm)", "grosse_cm"),
        ("Straße", "strasse"),
        ("Ærø", "aero"),
        ("Łódź", "lodz"),
        ("Þórr & Øystein", "thorr_oystein"),
        ("Où ça", "ou_ca"),
        ("-- 2nd --", "2nd"),
        ("Имя", "imya"),
        ("名前", "mingqian"),
        ("— …", "field"),
    ],
)
def test_keys_are_ascii_lower_case_and_underscored(field: Create, label: str, key: str) -> None:
    assert field(label)["key"] == key


def test_keys_that_collide_are_numbered(field: Create) -> None:
    assert [field(label)["key"] for label in ("Last name", "Last-name", "last_name")] == [
        "last_name",
        "last_name_2",
        "last_name_3",
    ]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "Label can't be blank"),
        ({"label": " \n"}, "Label can't be blank"),
        ({"label": None}, "Label can't be blank"),
        ({"label": []}, "Label must be a string"),
    ],
)
def test_a_bad_label_is_422(kit: httpx.Client, field: Create, body: dict[str, Any], error: str) -> None:
    field("City")
    for response in (kit.post("/v4/custom_fields", json=body), kit.put("/v4/custom_fields/1", json=body)):
        assert (response.status_code, response.json()) == (422, {"errors": [error]})


def test_another_fields_label_is_422(kit: httpx.Client, field: Create) -> None:
    field("City")
    field("Other")
    response = kit.put("/v4/custom_fields/2", json={"label": "CITY"})
    assert (response.status_code, response.json()) == (422, {"errors": ["Label has already been taken"]})


def test_a_new_label_changes_the_key_but_not_the_name_and_values_follow(
    kit: httpx.Client, subscriber: Create, field: Create
) -> None:
    field("City")
    subscriber(fields={"city": "London"})
    response = kit.put("/v4/custom_fields/1", json={"label": "Home town"})
    assert (response.status_code, response.json()["custom_field"]) == (
        200,
        {"id": 1, "name": "ck_field_1_city", "key": "home_town", "label": "Home town"},
    )
    assert kit.get("/v4/subscribers/1").json()["subscriber"]["fields"] == {"home_town": "London"}
    # Its own key is no collision.
    assert kit.put("/v4/custom_fields/1", json={"label": "Home Town"}).json()["custom_field"]["key"] == "home_town"
    assert kit.put("/v4/custom_fields/2", json={"label": "x"}).status_code == 404


def test_deleting_a_field_deletes_its_values_for_good(kit: httpx.Client, subscriber: Create, field: Create) -> None:
    field("City")
    field("Country")
    subscriber(fields={"city": "London", "country": "UK"})
    response = kit.delete("/v4/custom_fields/1")
    assert (response.status_code, response.content) == (204, b"")
    assert kit.get("/v4/subscribers/1").json()["subscriber"]["fields"] == {"country": "UK"}
    assert field("City")["id"] == 3
    assert kit.get("/v4/subscribers/1").json()["subscriber"]["fields"] == {"city": None, "country": "UK"}
    assert kit.delete("/v4/custom_fields/1").status_code == 404


def test_the_id_of_a_deleted_field_and_its_values_never_come_back(
    kit: httpx.Client, subscriber: Create, field: Create
) -> None:
    field("City")
    subscriber(fields={"city": "London"})
    kit.delete("/v4/custom_fields/1")
    assert field("Town")["id"] == 2
    assert kit.get("/v4/subscribers/1").json()["subscriber"]["fields"] == {"town": None}


def test_a_new_key_that_collides_is_numbered(kit: httpx.Client, field: Create) -> None:
    field("Zip")
    field("Code")
    renamed = kit.put("/v4/custom_fields/2", json={"label": "zip!"})
    assert (renamed.status_code, renamed.json()["custom_field"]["key"]) == (200, "zip_2")


def test_a_locked_field_of_a_seed_cannot_be_deleted() -> None:
    seed = {"custom_fields": [{"id": 1, "label": "Free"}, {"id": 2, "label": "Held", "locked": True}]}
    with KitMock(seed=seed) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as http:
        response = http.delete("/v4/custom_fields/2")
        assert (response.status_code, response.json()) == (422, {"errors": ["Unable to destroy the custom field."]})
        assert http.put("/v4/custom_fields/2", json={"label": "Kept"}).status_code == 200
        assert http.delete("/v4/custom_fields/1").status_code == 204
        assert [found["label"] for found in http.get("/v4/custom_fields").json()["custom_fields"]] == ["Kept"]
