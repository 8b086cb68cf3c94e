"""Other things beside the one that a request is about, and the reads that show the effect of a write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.mutants import samples
from tests.mutants.exchange import Request
from tests.mutants.truth import Truth

_LARGEST_PAGE = 1000

OTHERS: Mapping[tuple[str, str], str] = {
    ("update_broadcast", "id"): "list_broadcasts",
    ("delete_broadcast", "id"): "list_broadcasts",
    ("update_custom_field", "id"): "list_custom_fields",
    ("delete_custom_field", "id"): "list_custom_fields",
    ("add_form_subscriber_by_email", "form_id"): "list_forms",
    ("add_form_subscriber", "form_id"): "list_forms",
    ("add_form_subscriber", "id"): "list_subscribers",
    ("add_sequence_subscriber_by_email", "sequence_id"): "list_sequences",
    ("add_sequence_subscriber", "sequence_id"): "list_sequences",
    ("add_sequence_subscriber", "id"): "list_subscribers",
    ("update_subscriber", "id"): "list_subscribers",
    ("unsubscribe_subscriber", "id"): "list_subscribers",
    ("update_tag", "id"): "list_tags",
    ("tag_subscriber_by_email", "tag_id"): "list_tags",
    ("untag_subscriber_by_email", "tag_id"): "list_tags",
    ("tag_subscriber", "tag_id"): "list_tags",
    ("tag_subscriber", "id"): "list_subscribers",
    ("untag_subscriber", "tag_id"): "list_tags",
    ("untag_subscriber", "id"): "list_tag_subscribers",
    ("delete_webhook", "id"): "list_webhooks",
}
"""The list in which another one is to be found, by operation and parameter of the path."""

BY_EMAIL = frozenset(
    {
        "add_form_subscriber_by_email",
        "add_sequence_subscriber_by_email",
        "tag_subscriber_by_email",
        "untag_subscriber_by_email",
    }
)

REPEATABLE = frozenset(
    {"create_broadcast", "create_custom_field", "create_purchase", "create_subscriber", "create_tag", "create_webhook"}
)

READ_BY: Mapping[str, tuple[str, str]] = {
    "update_account_colors": ("colors", "list_account_colors"),
    "update_broadcast": ("broadcast", "get_broadcast"),
    "update_custom_field": ("custom_field", "list_custom_fields"),
    "update_subscriber": ("subscriber", "get_subscriber"),
    "update_tag": ("tag", "list_tags"),
}
"""What an update answers with, and the operation that reads the same."""

_MEMBERS = {"form": "list_form_subscribers", "sequence": "list_sequence_subscribers", "tag": "list_tag_subscribers"}

SEEN_BY: Mapping[str, tuple[str, ...]] = {
    "update_account_colors": ("list_account_colors",),
    "create_broadcast": ("get_broadcast", "list_broadcasts"),
    "update_broadcast": ("get_broadcast", "list_broadcasts"),
    "delete_broadcast": ("get_broadcast", "list_broadcasts"),
    "create_custom_field": ("list_custom_fields",),
    "update_custom_field": ("list_custom_fields",),
    "delete_custom_field": ("list_custom_fields",),
    "bulk_create_custom_fields": ("list_custom_fields",),
    "create_purchase": ("get_purchase", "list_purchases"),
    "create_subscriber": ("get_subscriber", "list_subscribers"),
    "update_subscriber": ("get_subscriber", "list_subscribers"),
    "unsubscribe_subscriber": ("get_subscriber", "list_subscribers"),
    "bulk_create_subscribers": ("get_subscriber", "list_subscribers"),
    "create_tag": ("list_tags",),
    "update_tag": ("list_tags",),
    "bulk_create_tags": ("list_tags",),
    "bulk_tag_subscribers": ("list_tag_subscribers", "list_subscriber_tags"),
    "bulk_untag_subscribers": ("list_tag_subscribers", "list_subscriber_tags"),
    "bulk_delete_tags": ("list_tags",),
    "bulk_update_custom_field_values": ("get_subscriber", "list_subscribers"),
    "bulk_add_form_subscribers": ("list_form_subscribers",),
    "create_webhook": ("list_webhooks",),
    "delete_webhook": ("list_webhooks",),
    **{
        f"{verb}_subscriber{way}": (members, *(("list_subscriber_tags",) if owner == "tag" else ()))
        for owner, members in _MEMBERS.items()
        for verb in (("tag", "untag") if owner == "tag" else (f"add_{owner}",))
        for way in ("", "_by_email")
    },
}
"""The operations that show what a write has done."""


def rows(truth: Truth, operation: str, in_path: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
    """Return the items of a list, in every state."""
    query: dict[str, object] = {"per_page": _LARGEST_PAGE}
    if "status" in truth.document.operations[operation].query and "subscribers" in operation:
        query["status"] = "all"
    body = truth.peek(operation, in_path, **query)
    if body is None:
        return []
    found: list[dict[str, Any]] = next(value for name, value in body.items() if name != "pagination")
    return found


def other(truth: Truth, request: Request, name: str) -> int | None:
    """Return the id of another thing of the kind that a parameter of the path names, the nearest one below it."""
    operation = OTHERS[request.operation, name]
    wanted = {key: request.in_path[key] for key in truth.document.operations[operation].in_path}
    mine = request.in_path[name]
    # What was sent can't be changed any more.
    found = [row for row in rows(truth, operation, wanted) if row.get("status", "draft") == "draft"]
    ids = [row["id"] for row in found if str(row["id"]) != mine]
    below = [id_ for id_ in ids if mine.isdecimal() and id_ < int(mine)]
    return next(iter(below or ids), None)


def somebody_else(truth: Truth, request: Request) -> str | None:
    """Return the address of another subscriber: of somebody who has the tag, where it is to be taken away."""
    operation = "list_tag_subscribers" if request.operation.startswith("untag") else "list_subscribers"
    wanted = {key: request.in_path[key] for key in truth.document.operations[operation].in_path}
    mine = str(request.fields.get("email_address", "")).lower()
    return next((row["email_address"] for row in rows(truth, operation, wanted) if row["email_address"] != mine), None)


def row(truth: Truth, operation: str, envelope: str, in_path: Mapping[str, str]) -> Any:
    """Return what a read shows of a thing, by the name that it has in an answer; None if it isn't there."""
    known = truth.document.operations[operation]
    if known.is_list:
        return next((each for each in rows(truth, operation) if str(each["id"]) == in_path["id"]), None)
    body = truth.peek(operation, {name: in_path[name] for name in known.in_path})
    return None if body is None else body.get(envelope)


def again(request: Request) -> Request:
    """Return the same request, with another name where names must differ."""
    if not request.fields:
        return request
    fields = dict(request.fields)
    number = samples.next_number()
    for name in ("name", "label"):
        if isinstance(fields.get(name), str):
            fields[name] += f" {number}"
    if request.operation == "create_subscriber" and isinstance(fields.get("email_address"), str):
        fields["email_address"] = f"again-{number}-{fields['email_address']}"
    elif request.operation == "update_subscriber":
        fields.pop("email_address", None)
    return request.with_fields(fields)
