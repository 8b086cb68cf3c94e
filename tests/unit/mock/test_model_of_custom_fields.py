"""Custom fields and their values are the same by the API, by `add` and by a seed."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock, KitMockError
from kit_mock.rules.behaviours import BehaviourName
from tests.unit.mock.conftest import START, client

# Few words, so that labels and keys collide.
LABELS = st.text() | st.sampled_from(
    ["City", " city ", "CITY", "City!", "Straße", "strasse", "город", "—", "\t", "City_2"]
)
NO_LABELS: st.SearchStrategy[Any] = st.none() | st.just([]) | st.just({}) | st.text("\t\n \u00a0\u2003\x1f")


@pytest.mark.parametrize("behaviour", get_args(BehaviourName))
@given(labels=st.lists(LABELS, max_size=4))
def test_add_and_a_seed_make_the_fields_that_requests_make(behaviour: BehaviourName, labels: list[str]) -> None:
    with (
        KitMock(clock=Clock(START), behaviour=behaviour) as asked,
        KitMock(clock=Clock(START), behaviour=behaviour) as filled,
        client(asked, **{"X-Kit-Api-Key": asked.api_key}) as kit,
    ):
        taken: list[str] = []
        for label in labels:
            answer = kit.post("/v4/custom_fields", json={"label": label})
            if answer.status_code == 201:
                assert filled.custom_fields.add(label) == answer.json()["custom_field"]
                taken.append(label)
                continue
            if answer.status_code == 422:
                (problem,) = answer.json()["errors"]
                assert problem in {"Label can't be blank", "Label has already been taken"}
            with pytest.raises(KitMockError, match=r"custom_fields\.add: "):
                filled.custom_fields.add(label)
            with pytest.raises(KitMockError, match=r"seed: custom_fields\["):
                KitMock(seed={"custom_fields": [{"label": each} for each in (*taken, label)]})
        seed = {"custom_fields": [{"label": label} for label in taken]}
        with KitMock(clock=Clock(START), behaviour=behaviour, seed=seed) as seeded:
            assert seeded.custom_fields.all() == filled.custom_fields.all() == asked.custom_fields.all()


@given(label=NO_LABELS)
def test_what_is_no_label_by_the_api_is_none_for_add_and_a_seed(label: Any) -> None:
    with KitMock() as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        assert kit.post("/v4/custom_fields", json={"label": label}).status_code == 422
        with pytest.raises(KitMockError, match=r"custom_fields\.add: "):
            mock.custom_fields.add(label)
        with pytest.raises(KitMockError, match=r"seed: custom_fields\[0\]"):
            KitMock(seed={"custom_fields": [{"label": label}]})
        assert mock.custom_fields.all() == []


@given(value=st.text())
def test_add_and_a_seed_give_the_values_that_a_bulk_request_gives(value: str) -> None:
    custom_fields = [{"label": "City"}, {"label": "Country"}]
    fields = {"Country": "UK", "City": value}
    person = {"email_address": "ada@example.com", "fields": fields}
    with (
        KitMock(clock=Clock(START), seed={"custom_fields": custom_fields}) as mock,
        KitMock(clock=Clock(START), seed={"custom_fields": custom_fields, "subscribers": [person]}) as seeded,
        client(mock, Authorization=f"Bearer {mock.access_token}") as oauth,
    ):
        asked = mock.subscribers.add("ada@example.com", fields={"country": "UK"})
        item = {"subscriber_id": asked["id"], "subscriber_custom_field_id": 1, "value": value}
        answer = oauth.post("/v4/bulk/custom_fields/subscribers", json={"custom_field_values": [item]})
        assert answer.json() == {"custom_field_values": [item], "failures": []}
        mock.subscribers.add("bob@example.com", fields=fields)
        added, changed = mock.subscribers.all()
        assert added["fields"] == changed["fields"]
        assert seeded.subscribers.all() == [changed]
