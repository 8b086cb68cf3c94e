"""Seeds: everything that one can set comes back through the API."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from kit_mock import Clock, KitMock, KitMockError
from tests.unit.mock.conftest import START, client

NOW = "2023-02-17T11:43:55Z"
WEEKLY = """
accounts:
  - id: 22
    name: Compiler Weekly
    plan_type: creator_pro
    primary_email_address: grace@example.com
    created_at: 2020-01-02
    utc_offset: -05:00
    colors: ["#008000"]
    creator_profile: {name: Grace, byline: By Grace, bio: "", image_url: "https://example.com/g.jpg"}
    api_keys: [kit_weekly]
    access_tokens: [token_weekly]
    custom_fields:
      - {id: 9, label: Last name}
      - {label: "Last  name"}
      - {label: City, key: town, name: ck_field_5_town}
    tags:
      - {name: Later}
      - &newsletter {id: 31, name: Newsletter, created_at: 2021-03-04T05:06:07+01:00}
    forms:
      - {id: 42, name: Sign up, status: archived, type: hosted, format: modal, uid: abc,
         embed_url: "https://example.com/abc", embed_js: "https://example.com/abc.js", created_at: 2021-01-01}
    sequences: [{id: 5, name: Welcome, hold: true, repeat: true}]
    segments: [{id: 51, name: Readers}]
    email_templates: [{id: 6, name: House, is_default: true}]
    subscribers:
      - id: 812
        email_address: ada@example.com
        first_name: Ada
        state: cancelled
        created_at: 2022-01-01
        updated_at: 2022-01-02
        cancelled_at: 2022-01-03T00:00:00Z
        fields: {last_name: Lovelace, City: London}
        tags: [{name: newsletter, tagged_at: 2022-02-02}, Later]
        forms: [42, ]
        sequences: [{id: 5, added_at: 2022-02-03}]
        segments: [Readers]
      - email_address: bob@example.com
  - name: Other Letters
    api_keys: [kit_other]
    creator_profile: null
    can_broadcast: false
    subscribers: [{email_address: ada@example.com}]
"""


def keys(key: str) -> dict[str, str]:
    return {"X-Kit-Api-Key": key}


def get(mock: KitMock, key: str, path: str, **params: Any) -> Any:
    with client(mock, **keys(key)) as http:
        response = http.get(path, params=params)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture(params=["yaml", "json", "data"])
def seeded(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The same seed in each form that one can have."""
    if request.param == "data":
        return yaml.safe_load(WEEKLY)
    path = tmp_path / f"weekly.{request.param}"
    data = yaml.safe_load(WEEKLY)
    path.write_text(WEEKLY if request.param == "yaml" else json.dumps(data, default=lambda day: day.isoformat()))
    return path


def test_everything_can_be_set(seeded: Any) -> None:
    with KitMock(seed=seeded, clock=Clock(START), behaviour="reference") as mock:
        account = get(mock, "kit_weekly", "/v4/account")
        assert account == {
            "user": {"email": "grace@example.com"},
            "account": {
                "id": 22,
                "name": "Compiler Weekly",
                "plan_type": "creator_pro",
                "primary_email_address": "grace@example.com",
                "created_at": "2020-01-02T00:00:00Z",
            },
        }
        assert get(mock, "kit_weekly", "/v4/account/colors") == {"colors": ["#008000"]}
        profile = get(mock, "kit_weekly", "/v4/account/creator_profile")["profile"]
        assert (profile["name"], profile["bio"], profile["image_url"]) == ("Grace", "", "https://example.com/g.jpg")
        assert get(mock, "kit_weekly", "/v4/account/growth_stats")["stats"]["ending"].endswith("-05:00")
        assert get(mock, "kit_weekly", "/v4/custom_fields")["custom_fields"] == [
            {"id": 11, "name": "ck_field_5_town", "key": "town", "label": "City"},
            {"id": 10, "name": "ck_field_10_last_name_2", "key": "last_name_2", "label": "Last  name"},
            {"id": 9, "name": "ck_field_9_last_name", "key": "last_name", "label": "Last name"},
        ]
        assert get(mock, "kit_weekly", "/v4/tags")["tags"] == [
            {"id": 32, "name": "Later", "created_at": NOW},
            {"id": 31, "name": "Newsletter", "created_at": "2021-03-04T04:06:07Z"},
        ]
        assert get(mock, "kit_weekly", "/v4/forms", status="archived", type="hosted")["forms"] == [
            {
                "id": 42,
                "name": "Sign up",
                "created_at": "2021-01-01T00:00:00Z",
                "type": "hosted",
                "format": "modal",
                "embed_js": "https://example.com/abc.js",
                "embed_url": "https://example.com/abc",
                "archived": True,
                "uid": "abc",
            }
        ]
        assert get(mock, "kit_weekly", "/v4/sequences")["sequences"][0]["hold"] is True
        assert get(mock, "kit_weekly", "/v4/segments")["segments"][0]["id"] == 51
        assert [found["name"] for found in get(mock, "kit_weekly", "/v4/email_templates")["email_templates"]] == [
            "House"
        ]


def test_subscribers_and_what_they_belong_to(seeded: Any) -> None:
    with KitMock(seed=seeded, clock=Clock(START)) as mock:
        bob, ada = get(mock, "kit_weekly", "/v4/subscribers", status="all")["subscribers"]
        assert ada == {
            "id": 812,
            "first_name": "Ada",
            "email_address": "ada@example.com",
            "state": "cancelled",
            "created_at": "2022-01-01T00:00:00Z",
            "fields": {"last_name": "Lovelace", "last_name_2": None, "town": "London"},
        }
        assert (bob["id"], bob["first_name"], bob["state"], bob["created_at"]) == (813, None, "active", NOW)
        updated = get(mock, "kit_weekly", "/v4/subscribers", status="all", updated_before="2022-01-03")
        assert [found["id"] for found in updated["subscribers"]] == [812]
        cancelled = get(mock, "kit_weekly", "/v4/subscribers", status="cancelled", sort_field="cancelled_at")
        assert [found["id"] for found in cancelled["subscribers"]] == [812]
        assert get(mock, "kit_weekly", "/v4/subscribers/812/tags")["tags"] == [
            {"id": 32, "name": "Later", "tagged_at": NOW},
            {"id": 31, "name": "Newsletter", "tagged_at": "2022-02-02T00:00:00Z"},
        ]
        # Without a date, membership began as soon as both were there.
        form = get(mock, "kit_weekly", "/v4/forms/42/subscribers", status="all")["subscribers"]
        assert [{name: one[name] for name in (*ada, "added_at")} for one in form] == [
            {**ada, "added_at": "2022-01-01T00:00:00Z"}
        ]
        sequence = get(mock, "kit_weekly", "/v4/sequences/5/subscribers", status="all")["subscribers"]
        assert sequence == [{**ada, "added_at": "2022-02-03T00:00:00Z"}]


def test_accounts_and_their_credentials(seeded: Any) -> None:
    with KitMock(seed=seeded, clock=Clock(START)) as mock:
        assert get(mock, mock.api_key, "/v4/account")["account"]["id"] == 22
        assert get(mock, "kit_other", "/v4/account")["account"]["id"] == 23
        assert mock._store.rows("SELECT id, can_broadcast FROM accounts") == [(22, 1), (23, 0)]
        (other,) = get(mock, "kit_other", "/v4/subscribers")["subscribers"]
        assert other["id"] == 814
        with client(mock, Authorization="Bearer token_weekly") as http:
            assert http.get("/v4/account").json()["account"]["id"] == 22
            assert http.get("/v4/subscribers/814").status_code == 404
        with client(mock, **keys("kit_other")) as http:
            assert http.get("/v4/account/creator_profile").status_code == 404
        with client(mock, **keys("token_weekly")) as http:
            assert http.get("/v4/account").status_code == 401


def test_a_seed_of_one_account_needs_no_list() -> None:
    seed = {"tags": [{"name": "A", "created_at": date(2020, 1, 1)}, {"name": "B", "created_at": START}]}
    with KitMock(seed=seed) as mock:
        tags = get(mock, mock.api_key, "/v4/tags")["tags"]
    assert [found["created_at"] for found in tags] == [NOW, "2020-01-01T00:00:00Z"]


@pytest.mark.parametrize(("name", "text"), [("a.yaml", ""), ("a.yaml", "# nothing\n"), ("a.json", "{}")])
def test_an_empty_seed_is_the_default_account(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with KitMock(seed=path, clock=Clock(START)) as seeded, KitMock(clock=Clock(START)) as plain:
        for route in ("/v4/account", "/v4/account/creator_profile", "/v4/email_templates", "/v4/forms"):
            assert get(seeded, seeded.api_key, route) == get(plain, plain.api_key, route)


def test_who_has_no_date_was_created_at_the_first_of_their_others() -> None:
    tagged = {"name": "A", "tagged_at": "2022-02-02"}
    seed = {
        "tags": [{"name": "A"}],
        "subscribers": [
            {"email_address": "ada@example.com", "tags": [tagged], "updated_at": "2022-03-03"},
            {"email_address": "bob@example.com", "tags": ["A"]},
        ],
    }
    with KitMock(seed=seed, clock=Clock(START)) as mock:
        bob, ada = get(mock, mock.api_key, "/v4/tags/1/subscribers")["subscribers"]
    assert (ada["created_at"], ada["tagged_at"]) == ("2022-02-02T00:00:00Z", "2022-02-02T00:00:00Z")
    assert (bob["created_at"], bob["tagged_at"]) == (NOW, NOW)


def test_the_counters_go_on_after_the_ids_of_the_seed() -> None:
    seed = {"tags": [{"name": "A"}, {"id": 500, "name": "B"}]}
    with KitMock(seed=seed) as mock, client(mock, **keys(mock.api_key)) as http:
        assert http.post("/v4/tags", json={"name": "C"}).json()["tag"]["id"] == 502


def test_a_file_is_seeded_once_and_keeps_its_credentials(tmp_path: Path) -> None:
    db, seed = tmp_path / "mock.db", tmp_path / "seed.yaml"
    seed.write_text("tags: [{name: A}, {name: a}]\n")
    with pytest.raises(KitMockError):
        KitMock(db=db, seed=seed)
    # A bad seed leaves nothing behind that would be in the way of the mended one.
    seed.write_text("api_keys: [mine]\ntags: [{name: A}]\n")
    KitMock(db=db, seed=seed).close()
    with pytest.raises(KitMockError, match="a seed is for a new one"):
        KitMock(db=db, seed=seed)
    with KitMock(db=db) as mock:
        assert [found["name"] for found in get(mock, "mine", "/v4/tags")["tags"]] == ["A"]


def test_yaml_merges_and_json_escapes(tmp_path: Path) -> None:
    merged = tmp_path / "merged.yaml"
    merged.write_text("tags:\n - &a {name: A, created_at: 2020-01-01}\n - {<<: *a, name: 2023-02-17}\n")
    with KitMock(seed=merged) as mock:
        tags = get(mock, mock.api_key, "/v4/tags")["tags"]
        assert [(found["name"], found["created_at"][:4]) for found in tags] == [("2023-02-17", "2020"), ("A", "2020")]
    escaped = tmp_path / "escaped.json"
    escaped.write_text('\ufeff{"tags":\t[{"name": "\\ud83d\\ude00 \\u00e9\\/"}]}', encoding="utf-8")
    with KitMock(seed=escaped) as mock:
        assert get(mock, mock.api_key, "/v4/tags")["tags"][0]["name"] == "\U0001f600 é/"


def test_seeded_state_goes_on_like_any_other(seeded: Any) -> None:
    with KitMock(seed=seeded, clock=Clock(START)) as mock, client(mock, **keys("kit_weekly")) as http:
        again: httpx.Response = http.post("/v4/tags/31/subscribers/812")
        assert (again.status_code, again.json()["subscriber"]["tagged_at"]) == (200, "2022-02-02T00:00:00Z")
        assert http.post("/v4/forms/42/subscribers/813").status_code == 201
        existing = http.post("/v4/custom_fields", json={"label": "last name"})
        assert (existing.status_code, existing.json()["custom_field"]["id"]) == (200, 9)
