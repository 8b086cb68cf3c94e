"""Sessions in the manner of public programs that speak Kit's API, each against both behaviours of the mock.

They send what those programs send: PHP writes booleans as 0 and 1 and an empty array as `[]`, a WordPress form leaves
parameters blank, requests writes `True`, and ids travel as strings of digits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from kit_mock.rules.behaviours import BehaviourName

pytestmark = pytest.mark.undocumented_requests("they are as other clients send them, which the service casts")

SEED: dict[str, Any] = {
    "custom_fields": [{"label": "Last name"}],
    "tags": [{"id": 31, "name": "Newsletter"}],
    "forms": [{"id": 42, "name": "Sign up"}],
    "sequences": [{"id": 5, "name": "Welcome"}],
    "subscribers": [
        {"id": 7, "email_address": "ada@example.com", "first_name": "Ada", "tags": ["Newsletter"]},
        {"id": 8, "email_address": "bob@example.com", "first_name": "Bob"},
    ],
}


@pytest.fixture(params=["current", "reference"])
def mock(request: pytest.FixtureRequest) -> Iterator[KitMock]:
    behaviour: BehaviourName = request.param
    with KitMock(clock=Clock(datetime(2023, 2, 17, tzinfo=UTC)), seed=SEED, behaviour=behaviour) as mock:
        yield mock


@pytest.fixture
def api(mock: KitMock) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {mock.access_token}", "Accept": "application/json"}
    with httpx.Client(transport=mock.transport, base_url="https://api.kit.test/v4", headers=headers) as http:
        yield http


def ok(response: httpx.Response, *statuses: int) -> Any:
    assert response.status_code in (statuses or (200,)), response.text
    return response.json() if response.content else None


def send_json(api: httpx.Client, method: str, path: str, text: str) -> httpx.Response:
    return api.request(method, path, content=text, headers={"Content-Type": "application/json; charset=utf-8"})


def test_the_php_sdk(api: httpx.Client) -> None:
    """Guzzle: booleans as 0 and 1, empty arrays as `[]`, every optional parameter sent blank."""
    lists = ["tags", "forms", "sequences", "custom_fields", "subscribers", "broadcasts", "segments", "webhooks"]
    lists += ["email_templates", "purchases", "tags/31/subscribers", "forms/42/subscribers", "subscribers/7/tags"]
    for path in lists:
        page = ok(api.get(f"{path}?include_total_count=1&after=&before=&per_page=100"))
        assert page["pagination"]["total_count"] >= 0
        page = ok(api.get(f"{path}?include_total_count=0&after=&before=&per_page="))
        assert "total_count" not in page["pagination"]
    everyone = (
        "subscribers?email_address=&status=all&created_after=&created_before=&updated_after=&sort_field=&sort_order="
    )
    assert len(ok(api.get(everyone))["subscribers"]) == 2

    ok(send_json(api, "POST", "tags/31/subscribers/8", "[]"), 201)
    ok(send_json(api, "POST", "forms/42/subscribers/8", "[]"), 201)
    ok(send_json(api, "POST", "sequences/5/subscribers/8", "[]"), 201)
    ok(send_json(api, "POST", "subscribers/8/unsubscribe", "[]"), 204)
    ok(send_json(api, "DELETE", "tags/31/subscribers/8", "[]"), 204)
    body = '{"email_address":"cy@example.com","first_name":"Cy","fields":[]}'
    assert ok(send_json(api, "POST", "subscribers", body), 201)["subscriber"]["fields"] == {"last_name": None}

    webhook = '{"target_url":"https://app.example.com/hook","event":{"name":"subscriber.tag_add","tag_id":"31"}}'
    assert ok(send_json(api, "POST", "webhooks", webhook), 201)["webhook"]["event"] == {"name": "tag_add", "tag_id": 31}
    product = {"name": "Book", "pid": 9999, "lid": 7777, "quantity": "2", "unit_price": "12.50"}
    purchase = {"transaction_id": 1001, "email_address": "ada@example.com", "currency": "usd", "products": [product]}
    made = ok(send_json(api, "POST", "purchases", json.dumps({"purchase": purchase})), 201)["purchase"]
    assert (made["transaction_id"], made["total"]) == ("1001", 25.0)
    assert (made["products"][0]["pid"], made["products"][0]["quantity"]) == ("9999", 2)


def test_the_php_sdk_reads_growth(api: httpx.Client) -> None:
    stats = ok(api.get("account/growth_stats?starting=&ending="))["stats"]
    assert stats["starting"].startswith("2022-11-18")
    assert ok(api.get("account/growth_stats?starting=2023-01-01&ending="))["stats"]["starting"].startswith("2023-01-01")
    assert ok(api.get("account/growth_stats?starting=&ending=2023-02-10"))["stats"]["starting"].startswith("2022-11-18")


def test_the_wordpress_library(api: httpx.Client, mock: KitMock) -> None:
    """Blank parameters, forms for everything, and JSON where the reference has a form."""
    ok(api.get("forms?status=active&type=&include_total_count=0&per_page=500&after="))
    added = ok(api.post("forms/42/subscribers", data={"email_address": "bob@example.com"}), 201)
    assert added["subscriber"]["id"] == 8
    made = ok(api.post("subscribers", data={"email_address": "dora@example.com", "fields[last_name]": "D"}), 201)
    assert made["subscriber"]["fields"] == {"last_name": "D"}
    ok(send_json(api, "DELETE", "tags/31/subscribers", '{"email_address":"ada@example.com"}'), 204)
    assert ok(api.get("tags/31/subscribers"))["subscribers"] == []

    query = {
        "client_id": "kit_test_client",
        "response_type": "code",
        "redirect_uri": "https://app.example.com/oauth/callback",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "state": "",
    }
    with (
        KitMock(auto_approve=True, behaviour=mock.behaviour) as other,
        httpx.Client(transport=other.transport, base_url="https://api.kit.test") as anonymous,
    ):
        location = anonymous.get("/v4/oauth/authorize", params=query).headers["Location"]
        grant = {
            "client_id": "kit_test_client",
            "grant_type": "authorization_code",
            "code": httpx.URL(location).params["code"],
            "redirect_uri": query["redirect_uri"],
            "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        }
        tokens = ok(anonymous.post("/v4/oauth/token", json=grant))
        assert tokens["token_type"].lower() == "bearer"


def test_a_typescript_sdk(api: httpx.Client, mock: KitMock) -> None:
    """Partial updates, an untagging by JSON, and null for what is not set."""
    answer = send_json(api, "PUT", "subscribers/7", '{"first_name":"Augusta"}')
    if mock.behaviour == "reference":
        assert answer.status_code == 422
    else:
        subscriber = ok(answer)["subscriber"]
        assert (subscriber["first_name"], subscriber["email_address"]) == ("Augusta", "ada@example.com")
        assert ok(send_json(api, "PUT", "subscribers/7", "{}"))["subscriber"] == subscriber
        assert ok(send_json(api, "PUT", "subscribers/7", "[]"))["subscriber"] == subscriber
    ok(api.request("DELETE", "tags/31/subscribers", json={"email_address": "ada@example.com"}), 204)
    body = {"subject": "Hello", "content": None, "send_at": None, "public": False, "subscriber_filter": None}
    broadcast = ok(api.post("broadcasts", json=body), 201)["broadcast"]
    assert ok(api.put(f"broadcasts/{broadcast['id']}", json={"subject": "Again"}))["broadcast"]["subject"] == "Again"


def test_an_mcp_server(api: httpx.Client, mock: KitMock) -> None:
    """A language model's arguments: ids, numbers and booleans as strings."""
    assert ok(api.get("subscribers", params={"per_page": "1", "include_total_count": "true", "status": "all"}))
    taggings = {"taggings": [{"tag_id": "31", "subscriber_id": "8"}]}
    (tagged,) = ok(api.post("bulk/tags/subscribers", json=taggings))["subscribers"]
    assert tagged["id"] == 8
    part = {"type": "tag", "ids": ["31"]}
    body = {"subject": "Hi", "public": "false", "email_template_id": "6", "subscriber_filter": [{"all": [part]}]}
    broadcast = ok(api.post("broadcasts", json=body), 201)["broadcast"]
    assert broadcast["public"] is False
    assert broadcast["subscriber_filter"] == [{"all": [{"type": "tag", "ids": [31]}]}]
    assert api.post("tags", json={"name": ["not", "a", "name"]}).status_code == 422
    assert (
        api.post("bulk/tags/subscribers", json={"taggings": [{"tag_id": "x", "subscriber_id": 8}]}).status_code == 422
    )
    made = ok(api.post("bulk/tags", json={"tags": [{"name": "newsletter"}, {"name": 2023}]}))
    names = [tag["name"] for tag in made["tags"]]
    assert names == (["2023"] if mock.behaviour == "reference" else ["Newsletter", "2023"])
    assert len(made["failures"]) == (1 if mock.behaviour == "reference" else 0)


def test_a_ruby_gem_that_sends_forms(api: httpx.Client) -> None:
    """Faraday's nested forms, and an address in the query."""
    event = {
        "target_url": "https://app.example.com/hook",
        "event[name]": "subscriber.form_subscribe",
        "event[form_id]": "42",
    }
    assert ok(api.post("webhooks", data=event), 201)["webhook"]["event"]["form_id"] == 42
    purchase = (
        "purchase[transaction_id]=77&purchase[email_address]=ada@example.com&purchase[currency]=USD"
        "&purchase[products][][name]=Book&purchase[products][][pid]=1&purchase[products][][lid]=1"
        "&purchase[products][][quantity]=1&purchase[products][][unit_price]=5"
        "&purchase[products][][name]=Pen&purchase[products][][pid]=2&purchase[products][][lid]=2"
        "&purchase[products][][quantity]=3&purchase[products][][unit_price]=2"
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    made = ok(api.post("purchases", content=purchase, headers=headers), 201)["purchase"]
    assert ([line["name"] for line in made["products"]], made["total"]) == (["Book", "Pen"], 11.0)
    ok(api.delete("tags/31/subscribers?email_address=ada%40example.com"), 204)


def test_a_ruby_gem_that_sends_json(api: httpx.Client) -> None:
    """A stray body with every request, and HEAD to see whether something is there."""
    ok(send_json(api, "DELETE", "tags/31/subscribers?email_address=ada@example.com", "[]"), 204)
    assert api.head("subscribers/7").status_code == 200
    assert api.head("subscribers/7").content == b""
    assert api.head("subscribers/99").status_code == 404
    field = ok(api.post("custom_fields", json={"label": "Straße"}), 201)["custom_field"]
    assert field["key"] == "strasse"
    assert ok(api.get("account", headers={"Content-Type": "application/json"}))["account"]["name"]


def test_a_singer_tap(api: httpx.Client) -> None:
    """Python's requests: booleans as `True`, timestamps as bookmarks, and pages until the flag says so."""
    for number in range(5):
        ok(api.post("subscribers", json={"email_address": f"reader{number}@example.com"}), 201)
    seen, params = [], {"per_page": "2", "include_total_count": "True", "updated_after": "2023-02-16T00:00:00Z"}
    while True:
        page = ok(api.get("subscribers", params=params))
        seen += [subscriber["id"] for subscriber in page["subscribers"]]
        assert page["pagination"]["total_count"] == 7
        if not page["pagination"]["has_next_page"]:
            break
        params["after"] = page["pagination"]["end_cursor"]
    assert len(seen) == len(set(seen)) == 7
