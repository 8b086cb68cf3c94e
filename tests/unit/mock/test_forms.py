"""Kit's rules for forms, and what they share with sequences: members with a date."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from tests.unit.mock.conftest import START, Create, client

NOW = "2023-02-17T11:43:55Z"
FORMS = [
    {"name": "Sign up"},
    {"name": "Landing page", "type": "hosted"},
    {"name": "Old", "status": "archived", "format": "modal", "created_at": "2020-01-01"},
    {"name": "Gone", "status": "trashed", "type": "hosted"},
]
SEED: dict[str, Any] = {"forms": FORMS, "sequences": [{"name": "Welcome"}, {"name": "On hold", "hold": True}]}
# By the place in the URL: the word of the message for a missing address.
KINDS = {"forms": "form", "sequences": "sequence"}


@pytest.fixture
def mock() -> Iterator[KitMock]:
    with KitMock(clock=Clock(START), seed=SEED) as mock:
        yield mock


def listed(kit: httpx.Client, **params: Any) -> list[int]:
    response = kit.get("/v4/forms", params=params)
    assert response.status_code == 200, response.text
    return [found["id"] for found in response.json()["forms"]]


def test_forms_by_status_and_type(kit: httpx.Client) -> None:
    assert listed(kit) == [2, 1]
    assert listed(kit, status="active") == [2, 1]
    assert listed(kit, status="archived") == [3]
    assert listed(kit, status="trashed") == [4]
    assert listed(kit, status="all") == [4, 3, 2, 1]
    assert listed(kit, type="embed") == [1]
    assert listed(kit, type="hosted", status="all") == [4, 2]
    assert listed(kit, status="all", per_page=1, after="WzNd") == [2]  # [3]
    assert kit.get("/v4/forms", params={"status": "all", "include_total_count": "true"}).json()["pagination"][
        "total_count"
    ] == len(FORMS)


@pytest.mark.parametrize("params", [{"status": "gone"}, {"type": "modal"}, {"type": "0"}, {"after": "x"}])
def test_a_bad_filter_is_422(kit: httpx.Client, params: dict[str, str]) -> None:
    response = kit.get("/v4/forms", params=params)
    assert response.status_code == 422
    assert next(iter(params)).capitalize() in response.json()["errors"][0]


def test_what_a_form_shows(kit: httpx.Client) -> None:
    first = kit.get("/v4/forms", params={"status": "all"}).json()["forms"][-1]
    old = kit.get("/v4/forms", params={"status": "archived"}).json()["forms"][0]
    assert len(old["uid"]) == 10
    assert old["embed_js"] == f"{old['embed_url']}/index.js"
    assert old["uid"] in old["embed_url"]
    assert {name: old[name] for name in ("id", "name", "created_at", "type", "format", "archived")} == {
        "id": 3,
        "name": "Old",
        "created_at": "2020-01-01T00:00:00Z",
        "type": "embed",
        "format": "modal",
        "archived": True,
    }
    assert first["uid"] != old["uid"]
    assert (first["format"], first["archived"], first["created_at"]) == (None, False, NOW)


def test_a_new_account_has_none(mock: KitMock) -> None:
    with KitMock() as fresh, client(fresh, **{"X-Kit-Api-Key": fresh.api_key}) as kit:
        for kind in ("forms", "sequences", "segments"):
            assert kit.get(f"/v4/{kind}", params={"status": "all"}).json()[kind] == []


REFERRED = {
    "referrer": None,
    "referrer_utm_parameters": dict.fromkeys(("source", "medium", "campaign", "term", "content")),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("by", ["id", "address"])
def test_adding_is_201_first_and_200_again(
    kit: httpx.Client, mock: KitMock, subscriber: Create, kind: str, by: str
) -> None:
    ada = subscriber(state="inactive")
    path = f"/v4/{kind}/1/subscribers"

    def add() -> httpx.Response:
        return kit.post(f"{path}/1") if by == "id" else kit.post(path, json={"email_address": " ADA@example.com"})

    mock.advance(minutes=1)
    response = add()
    assert response.status_code == 201
    told = REFERRED if kind == "forms" else {}
    assert response.json() == {"subscriber": {**ada, "added_at": "2023-02-17T11:44:55Z", **told}}
    mock.advance(hours=1)
    again = add()
    assert (again.status_code, again.json()) == (200, response.json())
    assert kit.get(path, params={"status": "all"}).json()["subscribers"] == [response.json()["subscriber"]]
    assert kit.get(f"/v4/{kind}/2/subscribers", params={"status": "all"}).json()["subscribers"] == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "body", [{}, {"email_address": ""}, {"email_address": None}, {"email_address": ["ada@example.com"]}]
)
def test_adding_by_address_needs_one(kit: httpx.Client, kind: str, body: dict[str, Any]) -> None:
    response = kit.post(f"/v4/{kind}/1/subscribers", json=body)
    assert response.status_code == 422
    expected = f"Either subscriber id or email address is required to add subscriber to {KINDS[kind]}"
    assert response.json() == {"errors": [expected]}


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_exist_is_404(kit: httpx.Client, subscriber: Create, kind: str) -> None:
    subscriber()
    for path in (f"/v4/{kind}/1/subscribers/2", f"/v4/{kind}/9/subscribers/1"):
        assert kit.post(path).status_code == 404
    for id_, address in ((1, "bob@example.com"), (1, "bob"), (9, "ada@example.com")):
        assert kit.post(f"/v4/{kind}/{id_}/subscribers", json={"email_address": address}).status_code == 404
    assert kit.get(f"/v4/{kind}/9/subscribers").status_code == 404
    assert kit.get(f"/v4/{kind}/1/subscribers", params={"status": "all"}).json()["subscribers"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_members_by_status_and_date(kit: httpx.Client, mock: KitMock, subscriber: Create, kind: str) -> None:
    for number, state in enumerate(("active", "inactive", "active"), 1):
        subscriber(f"{number}@example.com", state=state)
        mock.advance(days=1)
    for number in (3, 2, 1):
        kit.post(f"/v4/{kind}/1/subscribers/{number}")
        mock.advance(days=1)

    def members(**params: Any) -> list[int]:
        response = kit.get(f"/v4/{kind}/1/subscribers", params=params)
        assert response.status_code == 200, response.text
        return [found["id"] for found in response.json()["subscribers"]]

    assert members() == [3, 1]
    assert members(status="all") == [3, 2, 1]
    assert members(status="inactive") == [2]
    assert members(created_after="2023-02-18", status="all") == [3, 2]
    assert members(created_before="2023-02-18") == [1]
    assert members(added_after="2023-02-21", status="all") == [2, 1]
    assert members(added_before="2023-02-21") == [3]
    assert kit.get(f"/v4/{kind}/1/subscribers", params={"added_after": "x"}).json() == {
        "errors": ["Added after is incorrectly formatted. Use YYYY-MM-DD."]
    }


def test_forms_that_were_put_away_take_subscribers(kit: httpx.Client, subscriber: Create) -> None:
    subscriber()
    assert [kit.post(f"/v4/forms/{id_}/subscribers/1").status_code for id_ in (3, 4)] == [201, 201]


def test_of_another_account_is_404(subscriber: Create) -> None:
    accounts = [{"api_keys": ["one"], **SEED}, {"api_keys": ["two"]}]
    with KitMock(seed={"accounts": accounts}) as mock, client(mock, **{"X-Kit-Api-Key": "two"}) as kit:
        assert listed(kit, status="all") == []
        kit.post("/v4/subscribers", json={"email_address": "ada@example.com"})
        for kind in KINDS:
            assert kit.get(f"/v4/{kind}/1/subscribers").status_code == 404
            assert kit.post(f"/v4/{kind}/1/subscribers/1").status_code == 404
