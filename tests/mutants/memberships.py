"""Lies about the subscribers of tags, forms and sequences, and about unsubscribing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.document import Document
from tests.mutants import neighbours
from tests.mutants.exchange import Answer, Request, refused
from tests.mutants.lie import Lie, Start, at, changing_answers
from tests.mutants.pages import Page, changed
from tests.mutants.truth import Truth

KINDS = ("membership", "unsubscribe")

_ADDS = {
    "form": ("add_form_subscriber", "add_form_subscriber_by_email"),
    "sequence": ("add_sequence_subscriber", "add_sequence_subscriber_by_email"),
    "tag": ("tag_subscriber", "tag_subscriber_by_email"),
}


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about adding, removing, listing members, and unsubscribing."""
    for kind, operations, says, start in _lies():
        yield Lie(f"{kind}: {operations[0]} {says}", kind, operations, f"{operations[0]} {says}.", start)


def _lies() -> Iterator[tuple[str, tuple[str, ...], str, Start]]:
    for owner, (by_id, by_email) in _ADDS.items():
        members = f"list_{owner}_subscribers"
        date = "tagged_at" if owner == "tag" else "added_at"
        yield (
            "membership",
            (by_email, members),
            "makes a subscriber of an address that nobody has",
            at([by_email], _made),
        )
        yield "membership", (by_email, members), "finds no address in another case", at([by_email], _exact_case)
        for operation in (by_id, by_email):
            yield (
                "membership",
                (operation, "get_subscriber"),
                "makes a cancelled subscriber active",
                at([operation], _active),
            )
            yield "membership", (operation,), "refuses a subscriber who is in already", at([operation], _refused_again)
        yield (
            "membership",
            (members,),
            f"shows when subscribers were created as `{date}`",
            changing_answers([members], _dated(date)),
        )
        yield "membership", (members,), f"shows the members of another {owner}", at([members], _of_another(owner))
        yield (
            "membership",
            (members,),
            f"shows every subscriber as a member of the {owner}",
            at([members], _everybody(date)),
        )
        yield (
            "membership",
            (members, by_id),
            "shows members who are active alone, though all are asked for",
            changing_answers([members], _active_alone),
        )
    for operation in _ADDS["tag"]:
        yield (
            "membership",
            (operation, "list_tag_subscribers"),
            "takes today for the date of whoever is in",
            at([operation], _dated_anew),
        )
    for operation in ("untag_subscriber", "untag_subscriber_by_email"):
        yield (
            "membership",
            (operation,),
            "answers 404 if the subscriber hasn't the tag",
            at([operation], _untagged_twice),
        )
        yield "membership", (operation, "get_subscriber"), "unsubscribes as well", at([operation], _unsubscribed)
        yield "membership", (operation, "list_subscriber_tags"), "takes all tags away", at([operation], _all_tags)
    yield (
        "membership",
        ("untag_subscriber_by_email",),
        "finds no address in another case",
        at(["untag_subscriber_by_email"], _exact_case),
    )
    yield (
        "membership",
        ("list_subscriber_tags",),
        "shows the tags of another subscriber",
        at(["list_subscriber_tags"], _tags_of_another),
    )
    yield "membership", ("list_subscriber_tags",), "shows all tags", at(["list_subscriber_tags"], _all_shown)
    stop = ("unsubscribe_subscriber", "list_subscriber_tags", "list_subscribers", "get_subscriber")
    yield "unsubscribe", stop, "takes the tags away", at(stop[:1], _without_tags)
    yield (
        "unsubscribe",
        stop,
        "leaves the subscriber in the list of those who are active",
        at(stop[:3:2], _still_active),
    )
    yield "unsubscribe", stop, "makes the subscriber bounced", at(stop[:1], _bounced)
    yield "unsubscribe", stop, "answers 404 for somebody who is unsubscribed", at(stop[:1], _twice)


def _found(truth: Truth, request: Request) -> dict[str, Any] | None:
    """Return the subscriber that a request is about."""
    id_ = request.in_path.get("id") or request.in_path.get("subscriber_id")
    if id_ is not None:
        body = truth.peek("get_subscriber", {"id": id_})
        return None if body is None else dict(body["subscriber"])
    body = truth.peek("list_subscribers", email_address=request.fields.get("email_address", ""), status="all")
    return dict(body["subscribers"][0]) if body and body["subscribers"] else None


def _made(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    address = request.fields.get("email_address")
    if answer.status != 404 or not isinstance(address, str) or _found(truth, request) is not None:
        return answer
    truth.do("create_subscriber", body={"email_address": address})
    return truth.ask(request)


def _exact_case(truth: Truth, request: Request) -> Answer:
    found = _found(truth, request)
    if found is not None and found["email_address"] != request.fields.get("email_address"):
        return refused(404, "Not Found")
    return truth.ask(request)


def _active(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    found = _found(truth, request)
    if not answer.is_success or found is None or found["state"] != "cancelled":
        return answer
    truth.mock.fire("subscriber_activate", subscriber_id=found["id"])
    value = answer.copy()
    value["subscriber"]["state"] = "active"
    return answer.with_json(value)


def _refused_again(truth: Truth, request: Request) -> Answer:
    return refused(422, "Subscriber is already added") if truth.pretend(request).status == 200 else truth.ask(request)


def _dated(date: str) -> Callable[[Request, Answer], Answer]:
    def change(page: Page) -> None:
        page.items = [{**item, date: item["created_at"]} for item in page.items]

    return lambda _, answer: changed(answer, change)


def _of_another(owner: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        mine = request.in_path[f"{owner}_id"]
        others = [row["id"] for row in neighbours.rows(truth, f"list_{owner}s") if str(row["id"]) != mine]
        answer = truth.ask(request)
        if answer.status != 200 or not others:
            return answer
        known = truth.document.operations[request.operation]
        return truth.ask(request.to(known.path, **{f"{owner}_id": others[0]}))

    return tell


def _everybody(date: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        if answer.status != 200 or "after" in request.parameters or "before" in request.parameters:
            return answer
        everybody = neighbours.rows(truth, "list_subscribers")

        def change(page: Page) -> None:
            known = {item["id"]: item for item in page.items}
            page.items = [known.get(each["id"], {**each, date: each["created_at"]}) for each in everybody]

        return changed(answer, change)

    return tell


def _active_alone(request: Request, answer: Answer) -> Answer:
    def change(page: Page) -> None:
        page.items = [item for item in page.items if item["state"] == "active"]

    return changed(answer, change) if request.parameters.get("status") == "all" else answer


def _dated_anew(truth: Truth, request: Request) -> Answer:
    found = _found(truth, request)
    if found is not None and truth.pretend(request).status == 200:
        truth.do("untag_subscriber", {"tag_id": request.in_path["tag_id"], "id": found["id"]})
        truth.ask(request)
    return truth.ask(request)


def _has_tag(truth: Truth, request: Request) -> bool:
    found = _found(truth, request)
    if found is None:
        return False
    rows = neighbours.rows(truth, "list_subscriber_tags", {"subscriber_id": found["id"]})
    return any(str(row["id"]) == request.in_path["tag_id"] for row in rows)


def _untagged_twice(truth: Truth, request: Request) -> Answer:
    had = _has_tag(truth, request)
    answer = truth.ask(request)
    return refused(404, "Not Found") if answer.is_success and not had else answer


def _unsubscribed(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    found = _found(truth, request)
    if answer.is_success and found is not None and found["state"] == "active":
        truth.ask(truth.request("unsubscribe_subscriber", {"id": found["id"]}))
    return answer


def _take_all(truth: Truth, subscriber: int, *, but: str = "") -> None:
    for row in neighbours.rows(truth, "list_subscriber_tags", {"subscriber_id": subscriber}):
        if str(row["id"]) != but:
            truth.ask(truth.request("untag_subscriber", {"tag_id": row["id"], "id": subscriber}))


def _all_tags(truth: Truth, request: Request) -> Answer:
    found = _found(truth, request)
    answer = truth.ask(request)
    if answer.is_success and found is not None:
        _take_all(truth, found["id"])
    return answer


def _without_tags(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    if answer.is_success:
        _take_all(truth, int(request.in_path["id"]))
    return answer


def _tags_of_another(truth: Truth, request: Request) -> Answer:
    mine = request.in_path["subscriber_id"]
    answer = truth.ask(request)
    others = [row["id"] for row in neighbours.rows(truth, "list_subscribers") if str(row["id"]) != mine]
    if answer.status != 200 or not others:
        return answer
    return truth.ask(request.to("/v4/subscribers/{subscriber_id}/tags", subscriber_id=others[0]))


def _all_shown(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    tags = neighbours.rows(truth, "list_tags")

    def change(page: Page) -> None:
        known = {item["id"]: item for item in page.items}
        page.items = [
            known.get(tag["id"], {"id": tag["id"], "name": tag["name"], "tagged_at": tag["created_at"]}) for tag in tags
        ]

    return changed(answer, change)


def _still_active(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    if request.operation != "list_subscribers" or request.parameters.get("status", "active") != "active":
        return answer
    cancelled = truth.ask(request.with_parameter("status", "cancelled"))
    if cancelled.status != 200:
        return answer

    def change(page: Page) -> None:
        both = [*page.items, *({**item, "state": "active"} for item in cancelled.json["subscribers"])]
        page.items = sorted(both, key=lambda item: -item["id"])[: page.pagination["per_page"]]

    return changed(answer, change)


def _bounced(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    if answer.is_success:
        truth.mock.fire("subscriber_bounce", subscriber_id=int(request.in_path["id"]))
    return answer


def _twice(truth: Truth, request: Request) -> Answer:
    found = _found(truth, request)
    if found is not None and found["state"] == "cancelled":
        return refused(404, "Not Found")
    return truth.ask(request)
