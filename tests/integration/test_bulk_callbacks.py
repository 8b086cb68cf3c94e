"""Callbacks of the mock's bulk jobs, sent over a socket, as `webhooks.parse` reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kit_api.types import Drift, Model
from kit_client import Kit, webhooks
from kit_mock import KitMock
from tests.contract.receiver import Receiver

pytestmark = pytest.mark.undocumented_requests("items that must fail are among those that must not")
MANY = 101
UNKNOWN = 999_999_999


@pytest.fixture
def kit(kit_mock: KitMock) -> Iterator[Kit]:
    with Kit(access_token=kit_mock.access_token, transport=kit_mock.transport) as kit:
        yield kit


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


class World:
    """An account, and the arguments of each bulk operation of so many items that are right and some that are not."""

    def __init__(self, mock: KitMock) -> None:
        self.people = [mock.subscribers.add(f"reader{number}@example.com")["id"] for number in range(MANY)]
        self.tags = [mock.tags.add(f"Tag {number}")["id"] for number in range(2 * MANY)]
        self.form = mock.forms.add("Sign up")["id"]
        self.field = mock.custom_fields.add("City")["id"]

    def taggings(self, people: list[int]) -> dict[str, Any]:
        return {"taggings": [{"tag_id": self.tags[0], "subscriber_id": person} for person in people]}

    def calls(self, kit: Kit, right: int, wrong: int) -> dict[str, tuple[Any, dict[str, Any]]]:
        people = self.people[:right] + [UNKNOWN + number for number in range(wrong)]
        addresses = [f"new{number}@example.com" for number in range(right)] + ["no address"] * wrong
        labels = [f"Label {number}" for number in range(right)] + [" "] * wrong
        doomed = [{"id": id_} for id_ in self.tags[1 : right + 1] + [UNKNOWN + number for number in range(wrong)]]
        values = [{"subscriber_id": each, "subscriber_custom_field_id": self.field, "value": "Riga"} for each in people]
        return {
            "BulkSubscribersResult": (
                kit.subscribers.bulk_create,
                {"subscribers": [{"email_address": address} for address in addresses]},
            ),
            "BulkTaggingsResult": (kit.tags.bulk_tag_subscribers, self.taggings(people)),
            "BulkFormAdditionsResult": (
                kit.forms.bulk_add_subscribers,
                {"additions": [{"form_id": self.form, "subscriber_id": person} for person in people]},
            ),
            "BulkTagsResult": (kit.tags.bulk_create, {"tags": [{"name": label} for label in labels]}),
            "BulkCustomFieldsResult": (
                kit.custom_fields.bulk_create,
                {"custom_fields": [{"label": label} for label in labels]},
            ),
            "BulkFieldValuesResult": (kit.custom_fields.bulk_update_values, {"custom_field_values": values}),
            "BulkUntaggingsResult": (kit.tags.bulk_untag_subscribers, self.taggings(people)),
            "BulkDeleteTagsResult": (kit.tags.bulk_delete, {"tags": doomed}),
        }


KINDS = (
    "BulkSubscribersResult",
    "BulkTaggingsResult",
    "BulkFormAdditionsResult",
    "BulkTagsResult",
    "BulkCustomFieldsResult",
    "BulkFieldValuesResult",
    "BulkUntaggingsResult",
    "BulkDeleteTagsResult",
)


@pytest.mark.parametrize(("right", "wrong"), [(MANY, 0), (MANY - 1, 2), (0, MANY)])
@pytest.mark.parametrize("kind", KINDS)
def test_each_callback_is_the_result_of_its_operation(
    kind: str, right: int, wrong: int, kit: Kit, kit_mock: KitMock, receiver: Receiver
) -> None:
    function, arguments = World(kit_mock).calls(kit, right, wrong)[kind]
    url = webhooks.with_secret(receiver.url(), webhooks.new_secret())
    function(**arguments, callback_url=url)
    kit_mock.advance(seconds=3)
    kit_mock.deliver()
    (received,) = receiver.at(url)
    drifts: list[Drift] = []
    parsed = webhooks.parse(received.body, on_drift=drifts.append)
    tells_failures_only = kind in ("BulkUntaggingsResult", "BulkDeleteTagsResult")
    assert type(parsed).__name__ == ("EmptyBulkResult" if tells_failures_only and not wrong else kind)
    assert len(parsed.to_dict()["failures"]) == wrong
    assert parsed.to_dict() == json.loads(received.body)
    assert drifts == []


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_the_operation_answers_with_itself(kind: str, kit: Kit, kit_mock: KitMock) -> None:
    function, arguments = World(kit_mock).calls(kit, 1, 1)[kind]
    answer: Model = function(**arguments)
    assert kit.last_response is not None
    parsed = webhooks.parse(kit.last_response.content, type(answer))
    assert type(parsed).__name__ == kind
    assert parsed == answer


def test_the_operations_are_all_that_there_are(kit: Kit, kit_mock: KitMock) -> None:
    assert tuple(World(kit_mock).calls(kit, 1, 0)) == KINDS
    methods = [
        (name, method)
        for name in ("subscribers", "tags", "forms", "custom_fields")
        for method in dir(getattr(kit, name))
        if method.startswith("bulk_")
    ]
    assert len(methods) == len(KINDS)
