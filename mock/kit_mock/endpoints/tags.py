"""The endpoints of tags and of tagged subscribers."""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints import bulk
from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.memberships import Members
from kit_mock.endpoints.pagination import list_of, page
from kit_mock.model import rows, subscribers, tags, values
from kit_mock.model.account import Account
from kit_mock.model.memberships import TAGGED
from kit_mock.model.tags import Tag
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp

_MEMBERS = Members(TAGGED, "tagged")
_TAGGING = ("tag_id", "subscriber_id")


def render(tag: Tag) -> dict[str, Any]:
    """Represent a tag."""
    return {"id": tag.id, "name": tag.name, "created_at": timestamp(tag.created_at)}


def render_by_id(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's tag with that id. Raises Refusal 404."""
    return render(tags.by_id(account, id_))


@operation("list_tags")
def list_tags(call: Call) -> Reply:
    """Answer GET /v4/tags, the newest first."""
    listing = list_of(call.account, "tags", Tag)
    return page(call, listing, "tags", lambda found: _MEMBERS.add_counts(call, [render(each) for each in found]))


@operation("create_tag", unchecked=["name"])
def create_tag(call: Call) -> Reply:
    """Answer POST /v4/tags: 201, 422 for a blank name. A taken name is 200 with its tag, or 422 by the reference."""
    name = values.required_text(call.body.get("name"), "name")
    existing = tags.named(call.account, name) if call.account.behaviour.existing_tag_is_returned else None
    if existing is not None:
        return Reply(200, {"tag": render(existing)})
    return Reply(201, {"tag": render(tags.create(call.account, name))})


@operation("update_tag", unchecked=["name"])
def update_tag(call: Call) -> Reply:
    """Answer PUT /v4/tags/{id}: 200, 422 for a name that is blank or taken."""
    id_ = tags.by_id(call.account, call.path["id"]).id
    name = values.required_text(call.body.get("name"), "name")
    return Reply(200, {"tag": render(tags.rename(call.account, id_, name))})


@operation("tag_subscriber")
def tag_subscriber(call: Call) -> Reply:
    """Answer POST /v4/tags/{tag_id}/subscribers/{id}: 201, or 200 if they have the tag already."""
    return _MEMBERS.add(call, subscribers.by_id(call.account, call.path["id"]))


@operation("tag_subscriber_by_email", unchecked=["email_address"])
def tag_subscriber_by_email(call: Call) -> Reply:
    """Answer POST /v4/tags/{tag_id}/subscribers: 201, 200 for a member, 404 if nobody has the address."""
    missing = "Either subscriber id or email address is required to tag subscriber"
    return _MEMBERS.add(call, _MEMBERS.find_by_email(call, missing))


@operation("untag_subscriber")
def untag_subscriber(call: Call) -> Reply:
    """Answer DELETE /v4/tags/{tag_id}/subscribers/{id}."""
    return _MEMBERS.remove(call, subscribers.by_id(call.account, call.path["id"]))


@operation("untag_subscriber_by_email", unchecked=["email_address"], also_in_query=["email_address"])
def untag_subscriber_by_email(call: Call) -> Reply:
    """Answer DELETE /v4/tags/{tag_id}/subscribers. The address is in the body or, from newer clients, in the query."""
    missing = "Either subscriber id or email address is required to remove tag from subscriber"
    return _MEMBERS.remove(call, _MEMBERS.find_by_email(call, missing))


@operation("list_tag_subscribers")
def list_tag_subscribers(call: Call) -> Reply:
    """Answer GET /v4/tags/{tag_id}/subscribers."""
    return _MEMBERS.answer_list(call)


@bulk.operation("bulk_create_tags", "tags", unchecked_in_items=["name"])
def bulk_create_tags(call: Call, items: bulk.Items) -> dict[str, Any]:
    """Answer POST /v4/bulk/tags: a failure doesn't stop the other items.

    An existing tag is one result, however many items name it; by the reference each such item is a failure.
    """
    results: dict[int, dict[str, Any]] = {}
    failures = []
    for item in items:
        name: Any = item.get("name")
        failed: dict[str, Any] = {"id": None, "name": name, "created_at": None}
        problem = values.text_problem(name, "name")
        if problem is None:
            existing = tags.named(call.account, name.strip())
            if existing is None or call.account.behaviour.existing_tag_is_returned:
                tag = existing or tags.create(call.account, name.strip())
                results[tag.id] = render(tag)
                continue
            failed, problem = render(existing), tags.TAKEN
        failures.append({"tag": failed, "errors": [problem]})
    return {"tags": results, "failures": failures}


@bulk.operation("bulk_delete_tags", "tags", ids=["id"])
def bulk_delete_tags(call: Call, items: bulk.Items) -> dict[str, Any]:
    """Answer DELETE /v4/bulk/tags. Of two items with the same tag, the second is a failure."""
    failures = []
    for item in items:
        if rows.exists(call.account, "tags", item["id"]):
            tags.delete(call.account, item["id"])
        else:
            failures.append({"tag": {"id": item["id"]}, "errors": ["Tag does not exist"]})
    return {"failures": failures}


@bulk.operation("bulk_tag_subscribers", "taggings", ids=_TAGGING)
def bulk_tag_subscribers(call: Call, items: bulk.Items) -> dict[str, Any]:
    """Answer POST /v4/bulk/tags/subscribers: one result for each different tagging, new or not."""
    tagged: dict[tuple[int, int], dict[str, Any]] = {}
    found, failures = _MEMBERS.match_items(call, items, "tagging")
    for tag, subscriber, _ in found:
        TAGGED.put(call.account, tag, subscriber)
        tagged[tag, subscriber.id] = _MEMBERS.render_briefly(call, tag, subscriber)
    return {"subscribers": tagged, "failures": failures}


@bulk.operation("bulk_untag_subscribers", "taggings", ids=_TAGGING)
def bulk_untag_subscribers(call: Call, items: bulk.Items) -> dict[str, Any]:
    """Answer DELETE /v4/bulk/tags/subscribers. An item fails if its tag or subscriber doesn't exist."""
    found, failures = _MEMBERS.match_items(call, items, "tagging")
    for tag, subscriber, _ in found:
        TAGGED.take(call.account, tag, subscriber)
    return {"failures": failures}
