"""The tags of an account and who has them. Names match without regard to case."""

from __future__ import annotations

from typing import Any

from kit_mock import rules
from kit_mock.clock import timestamp
from kit_mock.inputs import LARGEST_ID
from kit_mock.messages import Reply
from kit_mock.pagination import Listing, page
from kit_mock.problems import not_found, unprocessable
from kit_mock.registry import Call, operation
from kit_mock.resources import bulk, people
from kit_mock.resources.memberships import Membership

TAKEN = "Name has already been taken"

TAGGED = Membership(
    owners="tags", table="tag_subscribers", owner_id="tag_id", verb="tagged", begins="tag_add", ends="tag_remove"
)


@operation("list_tags")
def list_tags(call: Call) -> Reply:
    """GET /v4/tags, the newest first."""
    listing = Listing(columns="id, name, created_at", source="tags")
    listing.narrow("account_id = ?", call.account_id)
    return Reply(200, page(call, listing, "tags", lambda rows: TAGGED.counted(call, [_shown(row) for row in rows])))


@operation("create_tag", judges=["name"])
def create_tag(call: Call) -> Reply:
    """POST /v4/tags: 201, 422 for a blank name; for a taken one 200 with its tag, by the reference 422."""
    name = rules.required_text(call.body.get("name"), "name")
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
    name = rules.required_text(call.body.get("name"), "name")
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
        problem = rules.text_problem(name, "name")
        if problem is None:
            name = name.strip()
            existing = _named(call, name)
            row = existing or _create(call, name)
            if existing is None or call.behaviour.existing_tag_is_returned:
                tags[row[0]] = _shown(row)
                continue
            failed, problem = _shown(row), TAKEN
        failures.append({"tag": failed, "errors": [problem]})
    return {"tags": list(tags.values()), "failures": failures}


def _check_ids(_: Call, items: bulk.Items) -> None:
    """Raises Refusal 422 for an id that is too large for one."""
    for name in ("tag_id", "subscriber_id"):
        if any(abs(item[name] or 0) > LARGEST_ID for item in items):
            raise unprocessable(f"Taggings {name.replace('_', ' ')} is out of range")


@bulk.operation("bulk_tag_subscribers", "taggings", check=_check_ids)
def bulk_tag_subscribers(call: Call, items: bulk.Items) -> dict[str, Any]:
    """POST /v4/bulk/tags/subscribers: one result for each tagging, whether or not the subscriber had the tag.

    A tagging that is there twice has one result. In a failure, today, null stands for the id that doesn't exist.
    """
    tagged: dict[tuple[int, int], dict[str, Any]] = {}
    failures = []
    for item in items:
        # Integers by the document, which takes 5.0 for one, or null, which is nobody's id.
        tag, subscriber = int(item["tag_id"] or 0), int(item["subscriber_id"] or 0)
        sql = "SELECT first_name, email_address, created_at FROM subscribers WHERE id = ? AND account_id = ?"
        row = call.store.row(sql, (subscriber, call.account_id))
        failed: dict[str, int | None] = {"tag_id": tag, "subscriber_id": subscriber}
        errors = []
        missing = []
        if row is None:
            errors.append("Subscriber does not exist")
            missing.append("subscriber_id")
        if not TAGGED.has_owner(call, tag):
            errors.append("Tag does not exist")
            missing.append("tag_id")
        if row is None or errors:
            if call.behaviour.missing_ids_are_null:
                failed.update(dict.fromkeys(missing))
            failures.append({"tagging": failed, "errors": errors})
            continue
        TAGGED.put(call, tag, subscriber)
        tagged[tag, subscriber] = {
            "id": subscriber,
            "first_name": row[0],
            "email_address": row[1],
            "created_at": timestamp(row[2]),
            "tagged_at": timestamp(TAGGED.since(call, tag, subscriber)),
        }
    return {"subscribers": list(tagged.values()), "failures": failures}


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
