"""The custom fields of an account, and the values that subscribers have in them.

A key is the label in ASCII, as letters of other alphabets are usually written in it, lower case, with underscores; `_2`, `_3`, … is added where another field has it already.
Chosen where the API says nothing: a label without a single ASCII letter or digit makes the key `field`; labels are
unique without regard to case; what can't be deleted is a field that a seed has `locked`, as if an integration of Kit's
held on to it.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

from anyascii import anyascii

from kit_mock.endpoints import bulk
from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.model import events, subscribers, values
from kit_mock.model.event_names import FIELD_CREATED, FIELD_DELETED
from kit_mock.model.field_values import FieldSet
from kit_mock.protocol.errors import not_found, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp

TAKEN = "Label has already been taken"

_COLUMNS = "id, name, key, label, created_at"
_NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")

Row = tuple[Any, ...]


@operation("list_custom_fields")
def list_custom_fields(call: Call) -> Reply:
    """GET /v4/custom_fields, the newest first."""
    listing = Listing(columns=_COLUMNS, source="custom_fields")
    listing.narrow("account_id = ?", call.account.id)
    return Reply(200, page(call, listing, "custom_fields", lambda rows: [_shown(row) for row in rows]))


@operation("create_custom_field", unchecked=["label"])
def create_custom_field(call: Call) -> Reply:
    """POST /v4/custom_fields: 201, 422 for a blank label; for a taken one 200 with its field, by the reference 422."""
    label = values.required_text(call.body.get("label"), "label")
    existing = _labelled(call, label)
    if existing is not None:
        if call.account.behaviour.existing_field_is_returned:
            return Reply(200, {"custom_field": _shown(existing)})
        raise unprocessable(TAKEN)
    return Reply(201, {"custom_field": _shown(_create(call, label))})


@operation("update_custom_field", unchecked=["label"])
def update_custom_field(call: Call) -> Reply:
    """PUT /v4/custom_fields/{id}: a new label and key; the name stays, and so do the values."""
    row = _by_id(call, call.path["id"])
    label = values.required_text(call.body.get("label"), "label")
    other = _labelled(call, label)
    if other is not None and other[0] != row[0]:
        raise unprocessable(TAKEN)
    call.account.store.write(
        "UPDATE custom_fields SET label = ?, folded_label = ?, key = ? WHERE id = ?",
        (label, label.casefold(), _free_key(call, label, row[0]), row[0]),
    )
    return Reply(200, {"custom_field": one(call, row[0])})


@operation("delete_custom_field")
def delete_custom_field(call: Call) -> Reply:
    """DELETE /v4/custom_fields/{id}, and its values with all subscribers. A locked one stays: 422."""
    id_ = call.path["id"]
    shown = one(call, id_)
    if call.account.store.value("SELECT locked FROM custom_fields WHERE id = ?", (id_,)):
        raise unprocessable("Unable to destroy the custom field.")
    call.account.store.write("DELETE FROM custom_fields WHERE id = ?", (id_,))
    events.fire(call.account, FIELD_DELETED, {"custom_field": shown})
    return Reply(204)


@bulk.operation("bulk_create_custom_fields", "custom_fields", unchecked_in_items=["label"])
def bulk_create_custom_fields(call: Call, items: bulk.Items) -> dict[str, Any]:
    """POST /v4/bulk/custom_fields: what is wrong with one doesn't stop the others.

    A field that exists is a result, once however often its label is there; by the reference it is a failure.
    """
    fields: dict[int, dict[str, Any]] = {}
    failures = []
    for item in items:
        label: Any = item.get("label")
        failed: dict[str, Any] = {
            "id": None,
            "name": None,
            "key": None,
            "label": label,
            "created_at": None,
        }
        problem = values.text_problem(label, "label")
        if problem is None:
            label = label.strip()
            existing = _labelled(call, label)
            row = existing or _create(call, label)
            if existing is None or call.account.behaviour.existing_field_is_returned:
                fields[row[0]] = _dated(row)
                continue
            failed, problem = _dated(row), TAKEN
        failures.append({"custom_field": failed, "errors": [problem]})
    return {"custom_fields": fields, "failures": failures}


@bulk.operation(
    "bulk_update_custom_field_values", "custom_field_values", ids=["subscriber_id", "subscriber_custom_field_id"]
)
def bulk_update_custom_field_values(call: Call, items: bulk.Items) -> dict[str, Any]:
    """POST /v4/bulk/custom_fields/subscribers: what is wrong with one doesn't stop the others.

    Of values for the same field of the same subscriber the last one stays, and is the one result. In a failure, null
    stands for a subscriber who doesn't exist.
    """
    fields = FieldSet.of(call.account)
    saved: dict[tuple[int, int], dict[str, Any]] = {}
    failures = []
    for item in items:
        row = subscribers.find(call.account, item["subscriber_id"])
        field_id, value = item["subscriber_custom_field_id"], item["value"]
        key = fields.keys.get(str(field_id))
        shown = {"subscriber_id": row and row.id, "subscriber_custom_field_id": field_id, "value": value}
        if row is not None and key is not None:
            subscribers.set_fields(call.account, row, {key: value})
            saved[row.id, field_id] = shown
            continue
        errors = ["Subscriber does not exist"] if row is None else []
        if key is None:
            errors.append("Custom field does not exist")
        failures.append({"custom_field_value": shown, "errors": errors})
    return {"custom_field_values": saved, "failures": failures}


def key_of(label: str) -> str:
    """Return the key for a label: letters in ASCII, such as `strasse` for `Straße`, and an underscore for all else."""
    return _NOT_IN_KEYS.sub("_", anyascii(label).lower()).strip("_") or "field"


def _free_key(call: Call, label: str, own_id: int = 0) -> str:
    """The label's key, numbered if another field of the account has it."""
    wanted = key_of(label)
    sql = "SELECT 1 FROM custom_fields WHERE account_id = ? AND key = ? AND id <> ?"
    for key in itertools.chain([wanted], (f"{wanted}_{number}" for number in itertools.count(2))):
        if call.account.store.row(sql, (call.account.id, key, own_id)) is None:
            break
    return key


def _create(call: Call, label: str) -> Row:
    key = _free_key(call, label)
    id_ = call.account.store.insert(
        "INSERT INTO custom_fields (account_id, label, folded_label, key, name, created_at) VALUES (?, ?, ?, ?, '', ?)",
        (call.account.id, label, label.casefold(), key, call.account.now),
    )
    name = f"ck_field_{id_}_{key}"
    call.account.store.write("UPDATE custom_fields SET name = ? WHERE id = ?", (name, id_))
    row = (id_, name, key, label, call.account.now)
    events.fire(call.account, FIELD_CREATED, {"custom_field": _shown(row)})
    return row


def one(call: Call, id_: int) -> dict[str, Any]:
    """Return a custom field of the caller's account as the API shows it. Raises Refusal 404."""
    return _shown(_by_id(call, id_))


def _by_id(call: Call, id_: int) -> Row:
    sql = f"SELECT {_COLUMNS} FROM custom_fields WHERE id = ? AND account_id = ?"
    row = call.account.store.row(sql, (id_, call.account.id))
    if row is None:
        raise not_found()
    return row


def _labelled(call: Call, label: str) -> Row | None:
    sql = f"SELECT {_COLUMNS} FROM custom_fields WHERE account_id = ? AND folded_label = ?"
    return call.account.store.row(sql, (call.account.id, label.casefold()))


def _shown(row: Row) -> dict[str, Any]:
    id_, name, key, label, _ = row
    return {"id": id_, "name": name, "key": key, "label": label}


def _dated(row: Row) -> dict[str, Any]:
    return {**_shown(row), "created_at": timestamp(row[4])}
