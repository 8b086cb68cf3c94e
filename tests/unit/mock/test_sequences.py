"""Sequences, segments and email templates: what their lists show."""

from __future__ import annotations

from typing import Any

import httpx

from kit_mock import Clock, KitMock
from tests.unit.mock.conftest import START, client

NOW = "2023-02-17T11:43:55Z"


def shown(seed: dict[str, Any], kind: str, **params: Any) -> Any:
    with KitMock(clock=Clock(START), seed=seed) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        response = kit.get(f"/v4/{kind}", params=params)
        assert response.status_code == 200, response.text
        return response.json()[kind]


def test_sequences() -> None:
    seed = {"sequences": [{"name": "Welcome", "created_at": "2021-05-04"}, {"name": "B", "hold": True, "repeat": True}]}
    then = "2021-05-04T00:00:00Z"
    usual = {
        "email_address": None,
        "email_template_id": None,
        "send_days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        "send_hour": 11,
        "time_zone": "America/New_York",
        "active": True,
        "exclude_subscriber_sources": [],
        "email_count": 0,
        "subscriber_count": 0,
    }
    expected = [
        {"id": 2, "name": "B", "hold": True, "repeat": True, "created_at": NOW, "updated_at": NOW, **usual},
        {"id": 1, "name": "Welcome", "hold": False, "repeat": False, "created_at": then, "updated_at": then, **usual},
    ]
    assert shown(seed, "sequences") == expected
    assert shown(seed, "sequences", per_page=1, after="WzJd") == expected[1:]  # [2]


def test_segments() -> None:
    seed = {"segments": [{"id": 51, "name": "Segment A"}, {"id": 52, "name": "Segment B"}]}
    expected = [
        {"id": 52, "name": "Segment B", "created_at": NOW},
        {"id": 51, "name": "Segment A", "created_at": NOW},
    ]
    assert shown(seed, "segments") == expected
    assert shown(seed, "segments", before="WzUxXQ==") == expected[:1]  # [51]


def test_a_new_account_has_the_templates_of_the_reference(kit: httpx.Client) -> None:
    templates = kit.get("/v4/email_templates").json()["email_templates"]
    assert [found["id"] for found in templates] == [8, 7, 6, 4, 2, 1]
    assert [found for found in templates if found["is_default"]] == [
        {"id": 6, "name": "Text Only", "is_default": True, "category": "HTML"}
    ]
    page = kit.get("/v4/email_templates", params={"per_page": 2, "include_total_count": "true"}).json()
    assert (page["pagination"]["total_count"], page["pagination"]["has_next_page"]) == (6, True)


def test_own_templates() -> None:
    own = [{"name": "Plain"}, {"id": 40, "name": "House", "is_default": True, "category": "Starting point"}]
    assert shown({"email_templates": own}, "email_templates") == [
        {"id": 41, "name": "Plain", "is_default": False, "category": "HTML"},
        {"id": 40, "name": "House", "is_default": True, "category": "Starting point"},
    ]


def test_every_account_has_templates_of_its_own() -> None:
    keys = {"X-Kit-Api-Key": "second"}
    with KitMock(seed={"accounts": [{}, {"api_keys": ["second"]}]}) as mock, client(mock, **keys) as kit:
        second = kit.get("/v4/email_templates").json()["email_templates"]
        assert [found["name"] for found in second if found["is_default"]] == ["Text Only"]
        assert min(found["id"] for found in second) > 8
