"""Seeds: everything that one can set comes back through the API, and a bad one is refused where it is bad."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.seeds import located_yaml
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


ADA = "subscribers:\n  - email_address: ada@example.com\n"
BAD_YAML = [
    ("tags: [a\nb: c", 2, "did not find expected ',' or ']'"),
    ("tags:\n  - name: A\n   - x", 3, ""),
    ("tags: !!python/name:os.system", 1, "could not determine a constructor"),
    ("tags: []\ntags: []", 2, "tags stands on line 1 already"),
    ("- a", 1, "the seed must be an object"),
    ("nothing: 1", 1, "nothing isn't known: there are oauth_clients, id, name"),
    ("\n\ntag: []", 3, "tag isn't known: did you mean tags?"),
    ("accounts: []", 1, "the seed has no accounts"),
    ("accounts: [{}]\ntags: []", 2, "tags isn't known"),
    ("accounts:\n - {}\n - {id: 1}\n - {id: 1}", 4, "accounts[2] has a taken id"),
    ("name: ''", 1, "name can't be blank"),
    ("name: 2023", 1, "name must be a text: quote it"),
    ("primary_email_address: grace", 1, "primary_email_address is no valid e-mail address"),
    ("utc_offset: +25:00", 1, "utc_offset must be"),
    ("utc_offset: soon", 1, "utc_offset must be a time ahead of UTC"),
    ("utc_offset: true", 1, "utc_offset must be"),
    ("colors: ['#fff', red]", 1, "colors is refused: Colors red is not a valid hex color code."),
    (
        "colors: ['#fff', '#fff', '#fff', '#fff', '#fff', '#fff']",
        1,
        "colors is refused: Colors can have at most 5 entries",
    ),
    ("creator_profile:\n  image_url: here", 2, "creator_profile.image_url is no valid URL"),
    ("api_keys: [a,\n a]", 2, "api_keys[1] stands there already"),
    ("api_keys: one", 1, "api_keys must be a list"),
    ("created_at: yesterday", 1, "created_at must be a day"),
    ("created_at: 0999-12-31", 1, "created_at must be a day"),
    ("created_at: 2023-02-31", 1, "created_at must be a day"),
    ("tags:\n  - {}", 2, "tags[0] has no name"),
    ("tags:\n  - Newsletter", 2, "tags[0] must be an object"),
    ("tags:\n  - name: A\n  - name: a", 3, "tags[1] is refused: Name has already been taken"),
    ("tags:\n  - {name: A, id: 5}\n  - name: B\n    id: 5", 3, "tags[1] has a taken id"),
    ("tags:\n  - name: A\n    id: 0", 3, "tags[0].id must be a whole number from 1"),
    ("tags:\n  - name: A\n    id: 9223372036854775808", 3, "tags[0].id must be a whole number from 1"),
    ("tags:\n  - name: A\n    id: '5'", 3, "tags[0].id must be a whole number from 1"),
    ("custom_fields: [{label: A, key: A b}]", 1, "custom_fields[0].key must be of a-z, 0-9 and underscores"),
    ("custom_fields:\n - {label: A}\n - {label: B, key: a}", 3, "custom_fields[1] has a taken key"),
    ("forms: [{name: A, status: gone}]", 1, "forms[0].status must be one of active, archived, trashed"),
    ("forms: [{name: A, type: modal}]", 1, "forms[0].type must be one of embed, hosted"),
    ("forms: [{name: A, type: [modal]}]", 1, "forms[0].type must be one of embed, hosted"),
    ("forms:\n - {name: A, uid: x}\n - {name: B, uid: x}", 3, "forms[1] has a taken uid"),
    ("sequences: [{name: A, hold: 'yes'}]", 1, "sequences[0].hold must be true or false"),
    ("email_templates: []", 1, "email_templates must have one with `is_default: true`"),
    ("email_templates: [{name: A}]", 1, "email_templates must have one with `is_default: true`"),
    (
        "email_templates:\n - {name: A, is_default: true}\n - name: B\n   is_default: true",
        4,
        "email_templates[1].is_default is true of another",
    ),
    ("subscribers:\n  - first_name: Ada", 2, "subscribers[0] has no email_address"),
    ("subscribers:\n  - email_address: ada", 2, "subscribers[0].email_address is no valid e-mail address"),
    (f"{ADA}  - email_address: ADA@example.com", 3, "subscribers[1] has a taken email_address"),
    (f"{ADA}    state: gone", 3, "subscribers[0].state must be one of active"),
    (f"{ADA}    cancelled_at: 2023-01-01", 3, "subscribers[0].cancelled_at goes with the state `cancelled` alone"),
    (f"{ADA}    fields: {{city: London}}", 3, "subscribers[0].fields.city isn't the key or label"),
    (f"{ADA}    tags:\n      - Newsletter", 4, "subscribers[0].tags[0] isn't the name of one of the account's tags"),
    (f"{ADA}    tags: [3]", 3, "subscribers[0].tags[0] isn't the id of one of the account's tags"),
    (f"{ADA}    tags: [{{tagged_at: 2023-01-01}}]", 3, "subscribers[0].tags[0] must have an id or a name"),
    (f"{ADA}    tags: [true]", 3, "subscribers[0].tags[0] must be a text: quote it"),
    (f"{ADA}    tags: [A, A]\ntags: [{{name: A}}]", 3, "subscribers[0].tags[1] stands there already"),
    (f"{ADA}    forms: [A]\nforms: [{{name: A}}, {{name: A}}]", 3, "subscribers[0].forms[0] is the name of several"),
    (
        f"{ADA}    state: cancelled\n    cancelled_at: 2022-01-01\n    created_at: 2022-01-02",
        4,
        "subscribers[0].cancelled_at has a date before the subscriber's created_at",
    ),
    (f"{ADA}    updated_at: 2022-01-01\n    created_at: 2022-01-02", 3, "subscribers[0].updated_at has a date before"),
    (
        f"{ADA}    created_at: 2022-01-02\n    tags: [{{name: A, tagged_at: 2022-01-01}}]\ntags: [{{name: A}}]",
        4,
        "subscribers[0].tags[0] has a date before",
    ),
    ("name: Ada\nplan_type: \0", 2, "the character U+0000 can't stand in YAML"),
    ("name: \N{LATIN SMALL LETTER E WITH ACUTE}\n\ncolors: [\a]", 3, "the character U+0007 can't stand in YAML"),
    ("tags:\n - {name: A, id: !!bool x}", 2, "tags[0].id isn't what its tag says"),
    ("name: !!int x", 1, "name isn't what its tag says"),
    ('subscribers:\n  - email_address: "\\ud800@example.com"', 2, ""),
    ("a: &a [*a]", 1, "nested too deeply, or holds itself"),
    ("? [a]\n: b", 1, "a name must be a text"),
]


@pytest.mark.parametrize(("text", "line", "reason"), BAD_YAML)
def test_a_bad_seed_is_refused_with_file_line_and_reason(tmp_path: Path, text: str, line: int, reason: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KitMockError) as caught:
        KitMock(seed=path)
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_few_lines_that_stand_for_billions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(located_yaml, "MOST", 10_000)  # Two millions take their time.
    path = tmp_path / "bomb.yaml"
    path.write_text(
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    )
    with pytest.raises(KitMockError, match="it holds more than 10,000 values"):
        KitMock(seed=path)


BAD_JSON = [
    ("", 1, "a value is missing"),
    ("\n \n", 3, "a value is missing"),
    ('{\n"tags": [}', 2, "a value is missing"),
    ('{\n"tags": []\n"forms": []}', 3, "a `,` or `}` is missing"),
    ('{"tags": [],\n}', 2, "a name in double quotes is missing"),
    ('{"tags"\n[]}', 2, "a `:` is missing"),
    ('{"tags": [{"name": "A}]}\n', 1, "Invalid control character"),
    ('{"tags": []}\n{}', 2, "something follows after the end"),
    ('{"tags": [],\n "tags": []}', 2, "tags stands on line 1 already"),
    ('{"tags": [\n{"name": "A"},\n{"name":\n"A"}]}', 3, "tags[1] is refused: Name has already been taken"),
    ('{"tags": [{\n"name": "A",\n"id": 1e999}]}', 3, "tags[0].id must be a whole number"),
    ('{"tags": [{"name": "A",\n"id": ' + "9" * 5000 + "}]}", 2, "the number is too long"),
    ('{"subscribers": [{"email_address": "\\ud800@example.com"}]}', 1, "email_address is no valid e-mail address"),
    ('{"name": "\\ud800"}', 1, "name has half of a surrogate pair"),
    ("[" * 100_000, 1, "it is nested too deeply"),
]


@pytest.mark.parametrize(("text", "line", "reason"), BAD_JSON)
def test_bad_json_likewise(tmp_path: Path, text: str, line: int, reason: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(KitMockError) as caught:
        KitMock(seed=path)
    assert str(caught.value).startswith(f"{path}, line {line}: ")
    assert reason in str(caught.value)


def test_bad_data_is_named_by_its_place() -> None:
    loop: list[Any] = []
    loop.append(loop)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"tags": [{"name": 5}]}, r"seed: tags\[0\].name must be a text"),
        ({"tags": {1, 2}}, "seed: tags can't be a set"),
        ({"tags": loop}, "seed: it is nested too deeply"),
        ({"created_at": "20230101"}, "seed: created_at must be a day"),
        ({"created_at": datetime(9999, 12, 31, 23, tzinfo=UTC), "name": ""}, "seed: name can't be blank"),
    ]
    for seed, reason in cases:
        with pytest.raises(KitMockError, match=reason):
            KitMock(seed=seed)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"\nname: Zo\xeb")
    with pytest.raises(KitMockError, match=r"latin\.yaml, line 2: it isn't UTF-8"):
        KitMock(seed=latin)
    for path, reason in ((tmp_path, "directory"), (tmp_path / "none.yaml", "No such file")):
        with pytest.raises(KitMockError, match="cannot read the seed") as caught:
            KitMock(seed=path)
        assert reason in str(caught.value)


def test_errors_repeat_no_secret(tmp_path: Path) -> None:
    with pytest.raises(KitMockError) as caught:
        KitMock(seed={"accounts": [{"api_keys": ["hush-hush"]}, {"api_keys": ["hush-hush"]}]})
    assert "hush-hush" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_seeded_state_goes_on_like_any_other(seeded: Any) -> None:
    with KitMock(seed=seeded, clock=Clock(START)) as mock, client(mock, **keys("kit_weekly")) as http:
        again: httpx.Response = http.post("/v4/tags/31/subscribers/812")
        assert (again.status_code, again.json()["subscriber"]["tagged_at"]) == (200, "2022-02-02T00:00:00Z")
        assert http.post("/v4/forms/42/subscribers/813").status_code == 201
        existing = http.post("/v4/custom_fields", json={"label": "last name"})
        assert (existing.status_code, existing.json()["custom_field"]["id"]) == (200, 9)
