"""Lies about deliveries and callbacks change what a receiver gets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.document import Document
from tests.mutants import samples, tour
from tests.mutants.catalogue import chosen
from tests.mutants.deliveries import EVENTS
from tests.mutants.layer import Layer
from tests.mutants.lie import Lie
from tests.mutants.receiving import Receiver, receiving, served
from tests.mutants.truth import Truth

_DOCUMENT = Document()
_ABOUT: dict[str, dict[str, Any]] = {
    "subscriber.tag_add": {"tag_id": 34},
    "subscriber.tag_remove": {"tag_id": 31},
    "subscriber.form_subscribe": {"form_id": 43},
    "subscriber.course_subscribe": {"sequence_id": 52},
    "subscriber.product_purchase": {"product_id": 1},
    "custom_field.field_value_updated": {"custom_field_id": 1},
}
_BODIES: dict[str, dict[str, Any]] = {"update_subscriber": {"fields": {"last_name": "Hopper"}}}
_BULK: dict[str, tuple[str, dict[str, Any]]] = {
    "bulk_create_tags": ("tags", {"name": "Same"}),
    "bulk_create_custom_fields": ("custom_fields", {"label": "Same"}),
    "bulk_create_subscribers": ("subscribers", {"email_address": "same@example.com"}),
    "bulk_tag_subscribers": ("taggings", {"tag_id": 34, "subscriber_id": 101}),
    "bulk_untag_subscribers": ("taggings", {"tag_id": 31, "subscriber_id": 101}),
    "bulk_delete_tags": ("tags", {"id": 34}),
    "bulk_update_custom_field_values": (
        "custom_field_values",
        {"subscriber_id": 101, "subscriber_custom_field_id": 1, "value": "Same"},
    ),
    "bulk_add_form_subscribers": ("additions", {"form_id": 43, "subscriber_id": 101}),
}


def _received(lie: Lie | None, what: str) -> list[tuple[str, str, Any]]:
    """Return what a receiver gets of an event, with a webhook and after its deletion, or of a bulk job."""
    samples.number_from_one()
    truth = Truth(_DOCUMENT, start=tour.START)
    try:
        layer = Layer(truth, lie)
        with receiving() as receiver, served(layer):
            if what in _BULK:
                _bulk(layer, receiver, what)
            else:
                _event(layer, receiver, what)
            return receiver.received
    finally:
        truth.close()


def _event(layer: Layer, receiver: Receiver, event: str) -> None:
    truth, operation = layer.truth, EVENTS[event]
    body = {"target_url": receiver.url, "event": {"name": event, **_ABOUT.get(event, {})}}
    made = layer.answer(truth.request("create_webhook", body=body)).json
    layer.answer(samples.usual(truth, operation, extra=_BODIES.get(operation)))
    if operation in ("tag_subscriber", "untag_subscriber", "add_form_subscriber"):
        owner = truth.document.operations[operation].path.split("/")[2]
        path = {"tags": {"tag_id": 32}, "forms": {"form_id": 41}}[owner]
        layer.answer(truth.request(operation, {**path, "id": 103 if "untag" not in operation else 102}))
    truth.mock.deliver()
    layer.answer(truth.request("delete_webhook", {"id": made["webhook"]["id"]}))
    again = {"fields": {"last_name": "Again"}} if operation == "update_subscriber" else None
    request = samples.usual(truth, operation, extra=again)
    if "id" in request.in_path:
        request = request.to(truth.document.operations[operation].path, id=1 if "field" in operation else 103)
    layer.answer(request)
    truth.mock.deliver()


def _bulk(layer: Layer, receiver: Receiver, operation: str) -> None:
    name, item = _BULK[operation]
    ids: dict[str, Any] = {key: 99999 for key in item if key == "id" or key.endswith("_id")}
    bad: dict[str, Any] = {**item, **(ids or dict.fromkeys(item, " "))}
    body = {name: [*[item] * 100, bad], "callback_url": receiver.url}
    assert layer.answer(layer.truth.request(operation, body=body)).status == 202
    layer.truth.mock.advance(seconds=5)
    layer.truth.mock.deliver()


def _about(lie: Lie) -> str:
    return next(word for word in lie.name.split() if word in EVENTS or word in _BULK)


@pytest.mark.parametrize(
    "lie",
    [
        *chosen(names=["webhook: subscriber.tag_add"]),
        *chosen(kinds=["callback"], sample=4, seed=1),
    ],
    ids=lambda lie: lie.name,
)
def test_a_lie_changes_what_is_received(lie: Lie) -> None:
    assert _received(lie, _about(lie)) != _received(None, _about(lie))
