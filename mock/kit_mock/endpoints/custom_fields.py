"""The endpoints of custom fields and of their values."""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints import bulk
from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import list_of, page
from kit_mock.model import custom_fields, subscribers, values
from kit_mock.model.account import Account
from kit_mock.model.custom_fields import CustomField
from kit_mock.model.field_values import FieldSet
from kit_mock.model.representations import custom_field as render
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp


def render_by_id(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's custom field with that id. Raises Refusal 404."""
    return render(custom_fields.by_id(account, id_))


@operation("list_custom_fields")
def list_custom_fields(call: Call) -> Reply:
    """Answer GET /v4/custom_fields, the newest first."""
    listing = list_of(call.account, "custom_fields", CustomField)
    return page(call, listing, "custom_fields", lambda found: [render(each) for each in found])


@operation("create_custom_field", unchecked=["label"])
def create_custom_field(call: Call) -> Reply:
    """Answer POST /v4/custom_fields: 201, 422 for a blank label. A taken label is 200 with its field, or 422 by the reference."""
    label = values.required_text(call.body.get("label"), "label")
    existing = custom_fields.labelled(call.account, label)
    if existing is not None and call.account.behaviour.existing_field_is_returned:
        return Reply(200, {"custom_field": render(existing)})
    return Reply(201, {"custom_field": render(custom_fields.create(call.account, label))})


@operation("update_custom_field", unchecked=["label"])
def update_custom_field(call: Call) -> Reply:
    """Answer PUT /v4/custom_fields/{id}: 200 with the new label and its key, 422 for a label that is blank or taken."""
    id_ = custom_fields.by_id(call.account, call.path["id"]).id
    label = values.required_text(call.body.get("label"), "label")
    return Reply(200, {"custom_field": render(custom_fields.relabel(call.account, id_, label))})


@operation("delete_custom_field")
def delete_custom_field(call: Call) -> Reply:
    """Answer DELETE /v4/custom_fields/{id}: 204, or 422 for a locked field."""
    custom_fields.delete(call.account, call.path["id"])
    return Reply(204)


@bulk.operation("bulk_create_custom_fields", "custom_fields", unchecked_in_items=["label"])
def bulk_create_custom_fields(call: Call, items: bulk.Items) -> dict[str, Any]:
    """Answer POST /v4/bulk/custom_fields: a failure doesn't stop the other items.

    An existing field is one result, however many items name it; by the reference each such item is a failure.
    """
    fields: dict[int, dict[str, Any]] = {}
    failures = []
    for item in items:
        label: Any = item.get("label")
        failed: dict[str, Any] = {"id": None, "name": None, "key": None, "label": label, "created_at": None}
        problem = values.text_problem(label, "label")
        if problem is None:
            existing = custom_fields.labelled(call.account, label.strip())
            if existing is None or call.account.behaviour.existing_field_is_returned:
                field = existing or custom_fields.create(call.account, label.strip())
                fields[field.id] = _dated(field)
                continue
            failed, problem = _dated(existing), custom_fields.TAKEN
        failures.append({"custom_field": failed, "errors": [problem]})
    return {"custom_fields": fields, "failures": failures}


@bulk.operation(
    "bulk_update_custom_field_values", "custom_field_values", ids=["subscriber_id", "subscriber_custom_field_id"]
)
def bulk_update_custom_field_values(call: Call, items: bulk.Items) -> dict[str, Any]:
    """Answer POST /v4/bulk/custom_fields/subscribers: a failure doesn't stop the other items.

    Several values for one field of one subscriber have one result, the last. A failure has null for an unknown subscriber.
    """
    keys = FieldSet.of(call.account).keys
    saved: dict[tuple[int, int], dict[str, Any]] = {}
    failures = []
    for item in items:
        subscriber = subscribers.find(call.account, item["subscriber_id"])
        field_id, value = item["subscriber_custom_field_id"], item["value"]
        key = keys.get(str(field_id))
        shown = {"subscriber_id": subscriber and subscriber.id, "subscriber_custom_field_id": field_id, "value": value}
        if subscriber is not None and key is not None:
            subscribers.set_fields(call.account, subscriber, {key: value})
            saved[subscriber.id, field_id] = shown
            continue
        errors = ["Subscriber does not exist"] if subscriber is None else []
        if key is None:
            errors.append("Custom field does not exist")
        failures.append({"custom_field_value": shown, "errors": errors})
    return {"custom_field_values": saved, "failures": failures}


def _dated(field: CustomField) -> dict[str, Any]:
    return {**render(field), "created_at": timestamp(field.created_at)}
