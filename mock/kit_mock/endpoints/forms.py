"""The endpoints of forms, landing pages and their subscribers."""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints import bulk
from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.memberships import Members
from kit_mock.endpoints.pagination import list_of, page
from kit_mock.model import rows, subscribers
from kit_mock.model.account import Account
from kit_mock.model.forms import Form
from kit_mock.model.memberships import ON_FORM
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp

_MEMBERS = Members(ON_FORM, "added")


def render(form: Form) -> dict[str, Any]:
    """Represent a form."""
    return {
        "id": form.id,
        "name": form.name,
        "created_at": timestamp(form.created_at),
        "type": form.type,
        "format": form.format,
        "embed_js": form.embed_js,
        "embed_url": form.embed_url,
        "archived": form.status == "archived",
        "uid": form.uid,
    }


def render_by_id(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's form with that id. Raises Refusal 404."""
    return render(rows.by_id(account, "forms", Form, id_))


@operation("list_forms")
def list_forms(call: Call) -> Reply:
    """Answer GET /v4/forms, the newest first. Without `status` only active ones, without `type` both types."""
    listing = list_of(call.account, "forms", Form)
    status = call.query.get("status", "active")
    if status != "all":
        listing.narrow("status = ?", status)
    if "type" in call.query:
        listing.narrow("type = ?", call.query["type"])
    return page(call, listing, "forms", lambda found: _MEMBERS.add_counts(call, [render(each) for each in found]))


@operation("list_form_subscribers")
def list_form_subscribers(call: Call) -> Reply:
    """Answer GET /v4/forms/{form_id}/subscribers."""
    return _MEMBERS.answer_list(call)


@operation("add_form_subscriber")
def add_form_subscriber(call: Call) -> Reply:
    """Answer POST /v4/forms/{form_id}/subscribers/{id}: 201, or 200 if they have been added already."""
    return _MEMBERS.add(call, subscribers.by_id(call.account, call.path["id"]))


@operation("add_form_subscriber_by_email", unchecked=["email_address"])
def add_form_subscriber_by_email(call: Call) -> Reply:
    """Answer POST /v4/forms/{form_id}/subscribers: 201, 200 for a member, 404 if nobody has the address."""
    missing = "Either subscriber id or email address is required to add subscriber to form"
    return _MEMBERS.add(call, _MEMBERS.find_by_email(call, missing))


@bulk.operation("bulk_add_form_subscribers", "additions", ids=["form_id", "subscriber_id"])
def bulk_add_form_subscribers(call: Call, items: bulk.Items) -> dict[str, Any]:
    """Answer POST /v4/bulk/forms/subscribers: one result for each different addition, new or not, with the first referrer."""
    added: dict[tuple[int, int], dict[str, Any]] = {}
    found, failures = _MEMBERS.match_items(call, items, "subscription")
    for form, subscriber, item in found:
        ON_FORM.put(call.account, form, subscriber, item.get("referrer"))
        added[form, subscriber.id] = _MEMBERS.render_briefly(call, form, subscriber)
    return {"subscribers": added, "failures": failures}
