"""Kit's rules for tags and taggings."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from kit_mock import KitMock
from tests.unit.mock.conftest import Create

NOW = "2023-02-17T11:43:55Z"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_create_and_list(kit: httpx.Client) -> None:
    response = kit.post("/v4/tags", json={"name": " Newsletter "})
    assert response.status_code == 201
    assert response.json() == {"tag": {"id": 1, "name": "Newsletter", "created_at": NOW}}
    kit.post("/v4/tags", json={"name": "Other"})
    assert [found["id"] for found in kit.get("/v4/tags").json()["tags"]] == [2, 1]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "Name can't be blank"),
        ({"name": None}, "Name can't be blank"),
        ({"name": "  "}, "Name can't be blank"),
        ({"name": [3]}, "Name must be a string"),
    ],
)
def test_a_bad_name_is_422(kit: httpx.Client, tag: Create, body: dict[str, Any], error: str) -> None:
    tag("Newsletter")
    for response in (kit.post("/v4/tags", json=body), kit.put("/v4/tags/1", json=body)):
        assert (response.status_code, response.json()) == (422, {"errors": [error]})


@pytest.mark.parametrize("name", ["NEWSLETTER", "strasse"])
def test_another_tags_name_is_422(kit: httpx.Client, tag: Create, name: str) -> None:
    tag("Newsletter")
    tag("Straße")
    tag("Third")
    response = kit.put("/v4/tags/3", json={"name": name})
    assert (response.status_code, response.json()) == (422, {"errors": ["Name has already been taken"]})
    assert [found["name"] for found in kit.get("/v4/tags").json()["tags"]] == ["Third", "Straße", "Newsletter"]


def test_rename(kit: httpx.Client, tag: Create) -> None:
    created = tag("Newsletter")
    response = kit.put("/v4/tags/1", json={"name": "Weekly"})
    assert (response.status_code, response.json()) == (200, {"tag": {**created, "name": "Weekly"}})
    assert kit.put("/v4/tags/1", json={"name": "WEEKLY"}).json()["tag"]["name"] == "WEEKLY"
    assert tag("Newsletter")["id"] == 2
    assert kit.put("/v4/tags/3", json={"name": ""}).status_code == 404


def tagged(kit: httpx.Client, **params: Any) -> list[int]:
    response = kit.get("/v4/tags/1/subscribers", params=params)
    assert response.status_code == 200, response.text
    return [found["id"] for found in response.json()["subscribers"]]


@pytest.mark.parametrize("by", ["id", "address"])
def test_tagging_is_201_first_and_200_again(
    kit: httpx.Client, mock: KitMock, subscriber: Create, tag: Create, by: str
) -> None:
    ada = subscriber()
    tag()

    def add() -> httpx.Response:
        if by == "id":
            return kit.post("/v4/tags/1/subscribers/1")
        return kit.post("/v4/tags/1/subscribers", json={"email_address": "ADA@example.com"})

    response = add()
    assert (response.status_code, response.json()) == (201, {"subscriber": {**ada, "tagged_at": NOW}})
    mock.advance(hours=1)
    again = add()
    assert (again.status_code, again.json()) == (200, response.json())
    assert kit.get("/v4/tags/1/subscribers").json()["subscribers"] == [response.json()["subscriber"]]


@pytest.mark.parametrize(
    "body", [{}, {"email_address": ""}, {"email_address": None}, {"email_address": ["ada@example.com"]}]
)
def test_tagging_by_address_needs_one(kit: httpx.Client, tag: Create, body: dict[str, Any]) -> None:
    tag()
    response = kit.post("/v4/tags/1/subscribers", json=body)
    assert response.status_code == 422
    assert response.json() == {"errors": ["Either subscriber id or email address is required to tag subscriber"]}


def test_tagging_with_what_does_not_exist_is_404(kit: httpx.Client, subscriber: Create, tag: Create) -> None:
    subscriber()
    tag()
    assert kit.post("/v4/tags/1/subscribers/2").status_code == 404
    assert kit.post("/v4/tags/2/subscribers/1").status_code == 404
    for path, address in (("/v4/tags/1", "bob@example.com"), ("/v4/tags/1", "bob"), ("/v4/tags/2", "ada@example.com")):
        assert kit.post(f"{path}/subscribers", json={"email_address": address}).status_code == 404
    assert kit.get("/v4/tags/2/subscribers").status_code == 404
    assert tagged(kit) == []


@pytest.mark.parametrize("by", ["id", "form", "query"])
def test_untagging_is_204(kit: httpx.Client, subscriber: Create, tag: Create, by: str) -> None:
    subscriber()
    tag()

    def remove(tag_id: int = 1, id_: int = 1, address: str = "Ada@example.com") -> httpx.Response:
        path = f"/v4/tags/{tag_id}/subscribers"
        if by == "id":
            return kit.delete(f"{path}/{id_}")
        if by == "query":
            return kit.delete(path, params={"email_address": address})
        return kit.request("DELETE", path, data={"email_address": address})

    kit.post("/v4/tags/1/subscribers/1")
    response = remove()
    assert (response.status_code, response.content) == (204, b"")
    assert tagged(kit) == []
    assert remove().status_code == 204
    assert remove(tag_id=2).status_code == 404
    assert remove(id_=2, address="bob@example.com").status_code == 404


def test_untagging_by_address_needs_one(kit: httpx.Client, tag: Create) -> None:
    tag()
    expected = {"errors": ["Either subscriber id or email address is required to remove tag from subscriber"]}
    for content in (b"", b"email_address=", b"name=ada"):
        response = kit.request("DELETE", "/v4/tags/1/subscribers", content=content, headers=FORM)
        assert (response.status_code, response.json()) == (422, expected)
    bodies: list[Any] = [{}, [], {"email_address": ""}, {"email_address": None}]
    for given in bodies:
        response = kit.request("DELETE", "/v4/tags/1/subscribers?email_address=", json=given)
        assert (response.status_code, response.json()) == (422, expected)


def test_the_subscribers_of_a_tag_by_status_and_date(
    kit: httpx.Client, mock: KitMock, subscriber: Create, tag: Create
) -> None:
    tag()
    for number, state in enumerate(("active", "inactive", "active"), 1):
        subscriber(f"{number}@example.com", state=state)
        mock.advance(days=1)
    for number in (3, 2, 1):
        kit.post(f"/v4/tags/1/subscribers/{number}")
        mock.advance(days=1)
    assert tagged(kit) == [3, 1]
    assert tagged(kit, status="all") == [3, 2, 1]
    assert tagged(kit, status="inactive") == [2]
    assert tagged(kit, created_after="2023-02-18", status="all") == [3, 2]
    assert tagged(kit, created_before="2023-02-18") == [1]
    assert tagged(kit, tagged_after="2023-02-21", status="all") == [2, 1]
    assert tagged(kit, tagged_before="2023-02-21") == [3]
    assert tagged(kit, tagged_after="2023-02-20T11:43:54Z", tagged_before="2023-02-20T11:43:56Z") == [3]
    assert kit.get("/v4/tags/1/subscribers", params={"tagged_after": "x"}).json() == {
        "errors": ["Tagged after is incorrectly formatted. Use YYYY-MM-DD."]
    }
    response = kit.get("/v4/tags/1/subscribers", params={"include_total_count": "true", "per_page": 1})
    assert response.json()["pagination"]["total_count"] == 2


def test_tagged_subscribers_show_their_custom_fields(
    kit: httpx.Client, subscriber: Create, tag: Create, field: Create
) -> None:
    field("City")
    subscriber(fields={"city": "London"})
    tag()
    kit.post("/v4/tags/1/subscribers/1")
    assert kit.get("/v4/tags/1/subscribers").json()["subscribers"][0]["fields"] == {"city": "London"}
