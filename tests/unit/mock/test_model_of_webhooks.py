"""One model makes webhooks, and says what an event can be about, whoever asks: a request, `add`, a seed or `fire`."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock
from kit_mock.model.event_names import EVENTS, REQUESTED
from kit_mock.rules.behaviours import BehaviourName
from tests.unit.mock.conftest import START, client
from tests.unit.mock.three_ways import by_add, by_request, by_seed

LINE = {"name": "Book", "pid": "book", "lid": "1", "quantity": 1, "unit_price": 1}
SEED = {
    "custom_fields": [{"label": "City"}],
    "tags": [{"name": "Newsletter"}],
    "forms": [{"name": "Sign up"}],
    "sequences": [{"name": "Welcome"}],
    "subscribers": [{"email_address": "ada@example.com", "sequences": [1]}],
    "purchases": [
        {"transaction_id": "1", "email_address": "ada@example.com", "currency": "USD", "products": [LINE]},
    ],
}
ABOUT = {subject.noun: subject for subject in EVENTS.values() if subject is not None}


def look(kit: httpx.Client) -> Any:
    return kit.get("/v4/webhooks").json()


urls = st.sampled_from(
    ["http://127.0.0.1:9", "https://example.com/x?y=1", " http://a.example ", "ftp://x.example", "x", " "]
)
names = st.sampled_from([*REQUESTED])
ids = st.sampled_from([1, 1, 1, 2])


@st.composite
def webhooks(draw: st.DrawFn) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the name of an event, and what it is about as a seed and as a request say it."""
    name = draw(names)
    subject = EVENTS[REQUESTED[name]]
    if subject is None or draw(st.integers(0, 9)) == 0:
        return name, {}, {}
    about: Any = draw(ids) if subject.table else draw(st.sampled_from(["https://example.com/", "x", ""]))
    return name, {subject.noun: about}, {subject.names[0]: about}


@given(webhook=webhooks(), target_url=urls, behaviour=st.sampled_from(["current", "reference"]))
def test_a_request_add_and_a_seed_make_the_same_webhook(
    webhook: tuple[str, dict[str, Any], dict[str, Any]], target_url: str, behaviour: BehaviourName
) -> None:
    name, about, parameters = webhook
    body = {"target_url": target_url, "event": {"name": name, **parameters}}
    item = {"target_url": target_url, "event": name, **about}
    expected = by_request(SEED, "/v4/webhooks", body, look, behaviour=behaviour)
    assert by_add(SEED, "webhooks", item, look, behaviour=behaviour) == expected
    assert by_seed(SEED, "webhooks", item, look, behaviour=behaviour) == expected


@given(webhook=webhooks())
def test_what_no_webhook_can_be_about_cannot_be_fired(webhook: tuple[str, dict[str, Any], dict[str, Any]]) -> None:
    name, _, parameters = webhook
    subject = EVENTS[REQUESTED[name]]
    if subject is None:
        return
    body = {"target_url": "http://127.0.0.1:9", "event": {"name": name, **parameters}}
    with KitMock(clock=Clock(START), seed=SEED) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        if kit.post("/v4/webhooks", json=body).status_code == 201:
            assert [each.event for each in mock.fire(name, subscriber_id=1, **parameters)] == [REQUESTED[name]]
        else:
            with pytest.raises(ValueError, match=f"^({'|'.join(subject.names)})"):
                mock.fire(name, subscriber_id=1, **parameters)
