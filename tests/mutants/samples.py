"""Requests that succeed on the account of a run, and values that fit a schema."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

from tests.contract.document import Document, Schema
from tests.mutants.exchange import Request
from tests.mutants.truth import Truth

_numbers = itertools.count(1)

_IN_PATH: Mapping[str, Mapping[str, int]] = {
    "get_broadcast": {"id": 73},
    "update_broadcast": {"id": 73},
    "delete_broadcast": {"id": 73},
    "get_broadcast_stats": {"id": 71},
    "update_custom_field": {"id": 3},
    "delete_custom_field": {"id": 3},
    "list_form_subscribers": {"form_id": 41},
    "add_form_subscriber_by_email": {"form_id": 41},
    "add_form_subscriber": {"form_id": 43, "id": 101},
    "get_purchase": {"id": 81},
    "list_sequence_subscribers": {"sequence_id": 51},
    "add_sequence_subscriber_by_email": {"sequence_id": 52},
    "add_sequence_subscriber": {"sequence_id": 52, "id": 101},
    "get_subscriber": {"id": 101},
    "update_subscriber": {"id": 102},
    "unsubscribe_subscriber": {"id": 102},
    "list_subscriber_tags": {"subscriber_id": 101},
    "update_tag": {"id": 34},
    "list_tag_subscribers": {"tag_id": 31},
    "tag_subscriber_by_email": {"tag_id": 34},
    "untag_subscriber_by_email": {"tag_id": 31},
    "tag_subscriber": {"tag_id": 34, "id": 101},
    "untag_subscriber": {"tag_id": 31, "id": 101},
    "delete_webhook": {"id": 92},
}


def body(operation: str) -> dict[str, Any] | None:
    """Return a body that an operation succeeds with, or None for one that needs none."""
    number = next(_numbers)
    made: dict[str, dict[str, Any]] = {
        "update_account_colors": {"colors": ["#000000", "#ffffff"]},
        "create_broadcast": {"subject": f"Issue {number}", "content": "<p>Hello</p>"},
        "update_broadcast": {"subject": f"Issue {number}"},
        "create_custom_field": {"label": f"Field {number}"},
        "update_custom_field": {"label": f"Field {number}"},
        "bulk_create_custom_fields": {"custom_fields": [{"label": f"Field {number}"}]},
        "add_form_subscriber_by_email": {"email_address": "flo@example.com"},
        "create_purchase": {
            "purchase": {
                "email_address": "ada@example.com",
                "transaction_id": f"T-{number}-new",
                "currency": "USD",
                "products": [{"name": "A book", "pid": "book", "lid": "9", "quantity": 1, "unit_price": 12.5}],
            }
        },
        "add_sequence_subscriber_by_email": {"email_address": "ada@example.com"},
        "create_subscriber": {"email_address": f"new-{number}@example.com"},
        "update_subscriber": {"email_address": f"changed-{number}@example.com"},
        "bulk_create_subscribers": {"subscribers": [{"email_address": f"new-{number}@example.com"}]},
        "create_tag": {"name": f"Tag {number}"},
        "update_tag": {"name": f"Tag {number}"},
        "tag_subscriber_by_email": {"email_address": "ada@example.com"},
        "untag_subscriber_by_email": {"email_address": "ada@example.com"},
        "bulk_create_tags": {"tags": [{"name": f"Tag {number}"}]},
        "bulk_tag_subscribers": {"taggings": [{"tag_id": 34, "subscriber_id": 101}]},
        "bulk_untag_subscribers": {"taggings": [{"tag_id": 31, "subscriber_id": 101}]},
        "bulk_delete_tags": {"tags": [{"id": 34}]},
        "bulk_update_custom_field_values": {
            "custom_field_values": [{"subscriber_id": 101, "subscriber_custom_field_id": 1, "value": f"V {number}"}]
        },
        "bulk_add_form_subscribers": {"additions": [{"form_id": 43, "subscriber_id": 101}]},
        "create_webhook": {
            "target_url": "https://hooks.example.com/new",
            "event": {"name": "subscriber.subscriber_unsubscribe"},
        },
        "create_token": {"client_id": "contract_public", "grant_type": "refresh_token", "refresh_token": "unknown"},
    }
    return made.get(operation)


def usual(truth: Truth, operation: str, *, extra: Mapping[str, Any] | None = None) -> Request:
    """Return a request that an operation succeeds with, once, on a fresh mock; `extra` goes into its body."""
    schema = truth.document.operations[operation].body
    made = body(operation)
    if made is None and schema is not None and truth.document.required(schema):
        made = value(truth.document, schema, "")
    if extra:
        made = {**(made or {}), **extra}
    return truth.request(operation, _in_path(truth.document, operation), made)


def _in_path(document: Document, operation: str) -> Mapping[str, int]:
    """Return the ids for an operation's path: its own, those of another one with that path, or those of any such name."""
    path = document.operations[operation].path
    same = (_IN_PATH[each.id] for each in document.operations.values() if each.path == path and each.id in _IN_PATH)
    found = _IN_PATH.get(operation) or {**IDS, **next(same, {})}
    missing = [name for name in document.operations[operation].in_path if name not in found]
    if missing:
        raise LookupError(
            f"{__file__}: _IN_PATH has no {', '.join(missing)} for {operation}, of tests/contract/account.yaml"
        )
    return {name: found[name] for name in document.operations[operation].in_path}


def value(document: Document, schema: Schema, name: str) -> Any:
    """Return a value that fits a schema and that nothing else has."""
    schema = next(
        (part for part in document.parts(schema) if part.get("type", part.get("enum")) not in (None, "null")), schema
    )
    types = document.types(schema)
    number = next(_numbers)
    if "enum" in schema:
        return schema["enum"][0]
    if "array" in types:
        return [value(document, schema["items"], name.removesuffix("s"))]
    if "object" in types:
        inner = document.properties(schema)
        return {each: value(document, inner[each], each) for each in document.required(schema)}
    if "boolean" in types:
        return True
    if "integer" in types:
        return IDS.get(name, 1)
    if "number" in types:
        return 1.5
    formats: dict[str, str] = {
        "email": f"fitting-{number}@example.com",
        "uri": "https://fitting.example.com/",
        "date-time": "2024-02-17T08:00:00Z",
        "date": "2024-02-17",
    }
    return formats.get(schema.get("format", ""), f"Fitting {number}")


# Of each, one that the account has.
IDS = {"form_id": 41, "tag_id": 31, "course_id": 51, "sequence_id": 51, "product_id": 1, "custom_field_id": 1, "subscriber_custom_field_id": 1,
        "subscriber_id": 101, "email_template_id": 1}  # fmt: skip


OTHER_IDS = {"form_id": 43, "tag_id": 32, "course_id": 52, "sequence_id": 52, "product_id": 2, "custom_field_id": 3,
             "subscriber_custom_field_id": 3}  # fmt: skip
"""Of each, another one."""


def another(document: Document, schema: Schema, name: str, given: Any) -> Any:
    """Return a value that fits a schema and isn't the one given."""
    if name in OTHER_IDS:
        return OTHER_IDS[name] if given == IDS[name] else IDS[name]
    return "https://another.example.com/" if name == "initiator_value" else value(document, schema, name)


def with_value(given: dict[str, Any], path: tuple[str, ...], new: Any) -> dict[str, Any]:
    """Return a body with a value at a path, in the first item where the path goes through an array."""
    made: dict[str, Any] = _put(given, path, new)
    return made


def _put(holder: Any, path: tuple[str, ...], new: Any) -> Any:
    if not path:
        return new
    if path[0] == "[]":
        items = list(holder) if isinstance(holder, list) and holder else [{}]
        return [_put(items[0], path[1:], new), *items[1:]]
    made = dict(holder) if isinstance(holder, dict) else {}
    if new is MISSING and len(path) == 1:
        made.pop(path[0], None)
    else:
        made[path[0]] = _put(made.get(path[0]), path[1:], new)
    return made


MISSING: Any = object()
"""Stands for a field that isn't there."""


def found(given: Any, path: tuple[str, ...]) -> Any:
    """Return the value at a path, in the first item of an array; MISSING if it isn't there."""
    for step in path:
        if step == "[]":
            given = given[0] if isinstance(given, list) and given else MISSING
        else:
            given = given.get(step, MISSING) if isinstance(given, dict) else MISSING
    return given


def copied(given: dict[str, Any]) -> dict[str, Any]:
    """Return a copy that shares nothing with a body."""
    made: dict[str, Any] = json.loads(json.dumps(given))
    return made


def next_number() -> int:
    """Return a number that is used for nothing else."""
    return next(_numbers)


def number_from_one() -> None:
    """Begin the numbers in names anew, so that requests are the same as before."""
    global _numbers  # noqa: PLW0603
    _numbers = itertools.count(1)
