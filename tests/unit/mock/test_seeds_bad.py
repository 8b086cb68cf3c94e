"""Bad seeds: each is refused as a whole, in one line that says where it is bad."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kit_mock import KitMock, KitMockError

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
    ("tags:\n - {name: A, id: !!bool x}", 2, "a value isn't what its tag says"),
    ("name: !!int x", 1, "a value isn't what its tag says"),
    ('subscribers:\n  - email_address: "\\ud800@example.com"', 2, ""),
    ("name: !!int ''", 1, "a value isn't what its tag says"),
    ("name: !!float ''", 1, "a value isn't what its tag says"),
    ("tags: !!python/object:os.system [a]", 1, "could not determine a constructor"),
    ("---\nname: A\n---\nname: B", 3, "expected a single document in the stream, but found another document"),
    ("a: &a [*a]", 1, "nested too deeply, or holds itself"),
    ("a: &a {<<: *a}", 1, "it merges itself"),
    ("tags: [{<<: [5]}]", 1, "only an object, or a list of them, can be merged"),
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


BAD_JSON = [
    ("", ", line 1", "it isn't JSON: Expecting value"),
    ("\n \n", ", line 3", "Expecting value"),
    ('{\n"tags": []\n"forms": []}', ", line 3", "Expecting ',' delimiter"),
    ('{"tags": [{"name": "A}]}\n', ", line 1", "Invalid control character"),
    ('{"tags": []}\n{}', ", line 2", "Extra data"),
    ("null", "", "the seed must be an object"),
    ('{"tags": [], "tags": []}', "", "tags stands there twice"),
    ('{"tags": [{"name": "A"},\n{"name": "B", "id": 2, "name": "B"}]}', "", "tags[1].name stands there twice"),
    ('{"tags": [\n{"name": "A"},\n{"name":\n"A"}]}', "", "tags[1] is refused: Name has already been taken"),
    ('{"tags": [{"name": "A", "id": 1e999}]}', "", "tags[0].id must be a whole number"),
    ('{"tags": [{"name": "A", "id": NaN}]}', "", "NaN is no number in JSON"),
    ('{"tags": [{"name": "A", "id": 1' + "0" * 90 + "}]}", "", "tags[0].id must be a whole number"),
    ('{"subscribers": [{"email_address": "\\ud800@example.com"}]}', "", "email_address is no valid e-mail address"),
    ('{"name": "\\ud800"}', "", "name has half of a surrogate pair"),
]


@pytest.mark.parametrize(("text", "line", "reason"), BAD_JSON)
def test_bad_json_is_refused_with_file_place_and_reason(tmp_path: Path, text: str, line: str, reason: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(KitMockError) as caught:
        KitMock(seed=path)
    assert str(caught.value).startswith(f"{path}{line}: ")
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
    for path, reason in ((tmp_path, "isn't a regular file"), (tmp_path / "none.yaml", "No such file")):
        with pytest.raises(KitMockError, match="cannot read the seed") as caught:
            KitMock(seed=path)
        assert reason in str(caught.value)


def test_errors_repeat_no_secret(tmp_path: Path) -> None:
    with pytest.raises(KitMockError) as caught:
        KitMock(seed={"accounts": [{"api_keys": ["hush-hush"]}, {"api_keys": ["hush-hush"]}]})
    assert "hush-hush" not in str(caught.value)
    assert caught.value.__cause__ is None
