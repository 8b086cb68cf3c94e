"""The tags of an account and who has them. Names match without regard to case.

Chosen where the API says nothing: deleting a tag is no event, not even for those who had it, and webhooks and broadcasts
that name it stay as they are.
"""

from __future__ import annotations

from typing import Any

from kit_mock.endpoints import bulk, people
from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.memberships import Membership
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.model import values
from kit_mock.protocol.errors import not_found, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp

TAKEN = "Name has already been taken"

TAGGED = Membership(
    owners="tags", table="tag_subscribers", owner_id="tag_id", verb="tagged", begins="tag_add", ends="tag_remove"
)
_TAGGING = ("tag_id", "subscriber_id")


@operation("list_tags")
def list_tags(call: Call) -> Reply:
    """GET /v4/tags, the newest first."""
    listing = Listing(columns="id, name, created_at", source="tags")
    listing.narrow("account_id = ?", call.account_id)
    return Reply(200, page(call, listing, "tags", lambda rows: TAGGED.counted(call, [_shown(row) for row in rows])))


@operation("create_tag", judges=["name"])
def create_tag(call: Call) -> Reply:
    """POST /v4/tags: 201, 422 for a blank name; for a taken one 200 with its tag, by the reference 422."""
    name = values.required_text(call.body.get("name"), "name")
    existing = _named(call, name)
    if existing is not None:
        if call.behaviour.existing_tag_is_returned:
            return Reply(200, {"tag": _shown(existing)})
        raise unprocessable(TAKEN)
    return Reply(201, {"tag": _shown(_create(call, name))})


@operation("update_tag", judges=["name"])
def update_tag(call: Call) -> Reply:
    """PUT /v4/tags/{id}: a new name, or 422 for one that is blank or another tag's."""
    id_ = call.path["id"]
    if not TAGGED.has_owner(call, id_):
        raise not_found()
    name = values.required_text(call.body.get("name"), "name")
    other = _named(call, name)
    if other is not None and other[0] != id_:
        raise unprocessable(TAKEN)
    call.store.write("UPDATE tags SET name = ?, folded_name = ? WHERE id = ?", (name, name.casefold(), id_))
    row = call.store.row("SELECT id, name, created_at FROM tags WHERE id = ?", (id_,))
    return Reply(200, {"tag": _shown(row)})


@operation("tag_subscriber")
def tag_subscriber(call: Call) -> Reply:
    """POST /v4/tags/{tag_id}/subscribers/{id}: 201, or 200 if they have the tag already."""
    return TAGGED.add(call, people.by_id(call, call.path["id"]))


@operation("tag_subscriber_by_email", judges=["email_address"])
def tag_subscriber_by_email(call: Call) -> Reply:
    """POST /v4/tags/{tag_id}/subscribers, likewise; the subscriber must exist."""
    missing = "Either subscriber id or email address is required to tag subscriber"
    return TAGGED.add(call, TAGGED.named_by_email(call, missing))


@operation("untag_subscriber")
def untag_subscriber(call: Call) -> Reply:
    """DELETE /v4/tags/{tag_id}/subscribers/{id}."""
    return TAGGED.remove(call, people.by_id(call, call.path["id"]))


@operation("untag_subscriber_by_email", judges=["email_address"], in_query_too=["email_address"])
def untag_subscriber_by_email(call: Call) -> Reply:
    """DELETE /v4/tags/{tag_id}/subscribers, the address in the body or, as newer clients send it, in the query."""
    missing = "Either subscriber id or email address is required to remove tag from subscriber"
    return TAGGED.remove(call, TAGGED.named_by_email(call, missing))


@operation("list_tag_subscribers")
def list_tag_subscribers(call: Call) -> Reply:
    """GET /v4/tags/{tag_id}/subscribers."""
    return TAGGED.list(call)


@bulk.operation("bulk_create_tags", "tags", judges_in_items=["name"])
def bulk_create_tags(call: Call, items: bulk.Items) -> dict[str, Any]:
    """POST /v4/bulk/tags: what is wrong with one doesn't stop the others.

    A tag that exists is a result, once however often its name is there; by the reference it is a failure.
    """
    tags: dict[int, dict[str, Any]] = {}
    failures = []
    for item in items:
        name: Any = item.get("name")
        failed: dict[str, Any] = {
            "id": None,
            "name": name,
            "created_at": None,
        }
        problem = values.text_problem(name, "name")
        if problem is None:
            name = name.strip()
            existing = _named(call, name)
            row = existing or _create(call, name)
            if existing is None or call.behaviour.existing_tag_is_returned:
                tags[row[0]] = _shown(row)
                continue
            failed, problem = _shown(row), TAKEN
        failures.append({"tag": failed, "errors": [problem]})
    return {"tags": tags, "failures": failures}


@bulk.operation("bulk_delete_tags", "tags", ids=["id"])
def bulk_delete_tags(call: Call, items: bulk.Items) -> dict[str, Any]:
    """DELETE /v4/bulk/tags: those who have the tags lose them.

    A tag that is there twice exists but once, so that the second is a failure.
    """
    failures = []
    for item in items:
        if not TAGGED.has_owner(call, item["id"]):
            failures.append({"tag": {"id": item["id"]}, "errors": ["Tag does not exist"]})
            continue
        call.store.write("DELETE FROM tag_subscribers WHERE tag_id = ?", (item["id"],))
        call.store.write("DELETE FROM tags WHERE id = ?", (item["id"],))
    return {"failures": failures}


@bulk.operation("bulk_tag_subscribers", "taggings", ids=_TAGGING)
def bulk_tag_subscribers(call: Call, items: bulk.Items) -> dict[str, Any]:
    """POST /v4/bulk/tags/subscribers: one result for each tagging, whether or not the subscriber had the tag.

    A tagging that is there twice has one result. In a failure, today, null stands for the id that doesn't exist.
    """
    tagged: dict[tuple[int, int], dict[str, Any]] = {}
    found, failures = TAGGED.named_in_bulk(call, items, "tagging")
    for tag, row, _ in found:
        TAGGED.put(call, tag, row[0])
        tagged[tag, row[0]] = TAGGED.shown_in_bulk(call, tag, row)
    return {"subscribers": tagged, "failures": failures}


@bulk.operation("bulk_untag_subscribers", "taggings", ids=_TAGGING)
def bulk_untag_subscribers(call: Call, items: bulk.Items) -> dict[str, Any]:
    """DELETE /v4/bulk/tags/subscribers: only what names no tag or no subscriber is a failure."""
    found, failures = TAGGED.named_in_bulk(call, items, "tagging")
    for tag, row, _ in found:
        TAGGED.take(call, tag, row[0])
    return {"failures": failures}


def _named(call: Call, name: str) -> tuple[Any, ...] | None:
    sql = "SELECT id, name, created_at FROM tags WHERE account_id = ? AND folded_name = ?"
    return call.store.row(sql, (call.account_id, name.casefold()))


def _create(call: Call, name: str) -> tuple[Any, ...]:
    sql = "INSERT INTO tags (account_id, name, folded_name, created_at) VALUES (?, ?, ?, ?)"
    id_ = call.store.insert(sql, (call.account_id, name, name.casefold(), call.now))
    return id_, name, call.now


def _shown(row: tuple[Any, ...] | None) -> dict[str, Any]:
    if row is None:
        raise not_found()
    id_, name, created_at = row
    return {"id": id_, "name": name, "created_at": timestamp(created_at)}
