"""Forms and landing pages, and who subscribed through them. The API has no way to make one: they come from seeds.

Chosen where the API says nothing: `archived` is true of archived forms only, not of trashed ones; any form takes
subscribers and lists them, also one that was put away, since the pages it stands on still lead to it; and adding leaves
a subscriber's state as it is.
"""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints import bulk
from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.memberships import Members
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.model import subscribers
from kit_mock.model.memberships import ON_FORM
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp

STATUSES = ("active", "archived", "trashed")
TYPES = ("embed", "hosted")

ADDED = Members(ON_FORM, "added")

_COLUMNS = "id, name, created_at, type, format, embed_js, embed_url, status, uid"


@operation("list_forms")
def list_forms(call: Call) -> Reply:
    """GET /v4/forms, the newest first: active ones of both types, unless `status` and `type` say otherwise."""
    listing = Listing(columns=_COLUMNS, source="forms")
    listing.narrow("account_id = ?", call.account.id)
    status = call.query.get("status", "active")
    if status != "all":
        listing.narrow("status = ?", status)
    if "type" in call.query:
        listing.narrow("type = ?", call.query["type"])
    return Reply(200, page(call, listing, "forms", lambda rows: ADDED.counted(call, [_shown(row) for row in rows])))


@operation("list_form_subscribers")
def list_form_subscribers(call: Call) -> Reply:
    """GET /v4/forms/{form_id}/subscribers."""
    return ADDED.list(call)


@operation("add_form_subscriber")
def add_form_subscriber(call: Call) -> Reply:
    """POST /v4/forms/{form_id}/subscribers/{id}: 201, or 200 if they have been added already."""
    return ADDED.add(call, subscribers.by_id(call.account, call.path["id"]))


@operation("add_form_subscriber_by_email", unchecked=["email_address"])
def add_form_subscriber_by_email(call: Call) -> Reply:
    """POST /v4/forms/{form_id}/subscribers, likewise; the subscriber must exist."""
    missing = "Either subscriber id or email address is required to add subscriber to form"
    return ADDED.add(call, ADDED.named_by_email(call, missing))


@bulk.operation("bulk_add_form_subscribers", "additions", ids=["form_id", "subscriber_id"])
def bulk_add_form_subscribers(call: Call, items: bulk.Items) -> dict[str, Any]:
    """POST /v4/bulk/forms/subscribers: one result for each addition, whether or not the subscriber was in the form.

    An addition that is there twice has one result, with the first referrer. In a failure, null stands for the id that
    doesn't exist.
    """
    added: dict[tuple[int, int], dict[str, Any]] = {}
    found, failures = ADDED.named_in_bulk(call, items, "subscription")
    for form, row, item in found:
        ON_FORM.put(call.account, form, row, item.get("referrer"))
        added[form, row.id] = ADDED.shown_in_bulk(call, form, row)
    return {"subscribers": added, "failures": failures}


def _shown(row: tuple[Any, ...]) -> dict[str, Any]:
    id_, name, created_at, type_, format_, embed_js, embed_url, status, uid = row
    return {
        "id": id_,
        "name": name,
        "created_at": timestamp(created_at),
        "type": type_,
        "format": format_,
        "embed_js": embed_js,
        "embed_url": embed_url,
        "archived": status == "archived",
        "uid": uid,
    }
