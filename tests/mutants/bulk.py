"""Lies about bulk requests: items, failures, jobs, and where a request becomes a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.document import Document
from tests.mutants.exchange import Answer, Request, answered, refused
from tests.mutants.lie import Lie, Start, at, changing_answers
from tests.mutants.truth import Truth

KINDS = ("bulk item", "bulk failure", "bulk job")

MOST = 100
"""Items that are dealt with at once."""

OPERATIONS: dict[str, tuple[str, str | None, str]] = {
    "bulk_create_custom_fields": ("custom_fields", "custom_fields", "list_custom_fields"),
    "bulk_create_subscribers": ("subscribers", "subscribers", "list_subscribers"),
    "bulk_create_tags": ("tags", "tags", "list_tags"),
    "bulk_tag_subscribers": ("taggings", "subscribers", "list_tag_subscribers"),
    "bulk_untag_subscribers": ("taggings", None, "list_tag_subscribers"),
    "bulk_delete_tags": ("tags", None, "list_tags"),
    "bulk_update_custom_field_values": ("custom_field_values", "custom_field_values", "list_subscribers"),
    "bulk_add_form_subscribers": ("additions", "subscribers", "list_form_subscribers"),
}
"""The names of items and of results, if there are any, and the operation that shows what was done."""


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about each bulk operation."""
    for operation, (items, results, reads) in OPERATIONS.items():
        for kind, says, start in _of(operation, items, results):
            yield Lie(f"{kind}: {operation} {says}", kind, (operation, reads), f"{operation} {says}.", start)


def _of(operation: str, items: str, results: str | None) -> Iterator[tuple[str, str, Start]]:
    def telling(tell: Callable[[Truth, Request], Answer]) -> Start:
        return at([operation], tell)

    for says, position in (("first", 0), ("last", -1)):
        yield "bulk item", f"leaves the {says} of several items out", telling(_without_item(items, position))
        yield (
            "bulk item",
            f"shows the {says} of several items, and keeps nothing of it",
            telling(_unkept(items, position)),
        )
    if results:
        yield from _about_results(operation, results)
    yield "bulk item", "takes no items", telling(_empty(items, results))
    yield "bulk item", "refuses an item that stands there twice", telling(_refusing_repeats(items))
    yield (
        "bulk failure",
        "reports no failures",
        _changed(operation, lambda body: [] if body["failures"] else None, "failures"),
    )
    yield (
        "bulk failure",
        "reports failures without errors",
        _changed(operation, lambda body: [{**each, "errors": []} for each in body["failures"]] or None, "failures"),
    )
    yield (
        "bulk failure",
        "reports failures with another error",
        _changed(
            operation,
            lambda body: [{**each, "errors": ["Something went wrong"]} for each in body["failures"]] or None,
            "failures",
        ),
    )
    yield (
        "bulk failure",
        "reports each failure twice",
        _changed(operation, lambda body: body["failures"] * 2 or None, "failures"),
    )
    yield "bulk failure", "refuses a request with a bad item", telling(_all_refused)
    yield "bulk failure", "keeps nothing if an item is bad", telling(_nothing_kept)
    yield "bulk failure", "keeps no item behind a bad one", telling(_up_to_a_failure(items))
    if results and operation in ("bulk_create_tags", "bulk_create_custom_fields"):
        yield "bulk failure", "reports what is there already as a failure", telling(_existing_fails(items, results))
    yield "bulk job", "makes a job of 100 items", telling(_job_of(items, MOST))
    yield "bulk job", "answers 101 items at once", telling(_at_once(items))
    yield "bulk job", "never runs jobs", telling(_never_run)
    yield "bulk job", "runs jobs without their last item", telling(_job_short(items, -1))
    yield "bulk job", "runs jobs with their first 100 items alone", telling(_job_short(items, MOST))
    yield (
        "bulk job",
        "answers 202 with a body that says something",
        changing_answers(
            [operation], lambda _, answer: answer.with_json({"status": "queued"}) if answer.status == 202 else answer
        ),
    )


def _about_results(operation: str, results: str) -> Iterator[tuple[str, str, Start]]:
    yield (
        "bulk item",
        "answers without the last of several results",
        _changed(operation, lambda body: body[results][:-1] if len(body[results]) > 1 else None, results),
    )
    yield (
        "bulk item",
        "answers with the last result twice",
        _changed(operation, lambda body: body[results] + body[results][-1:] if body[results] else None, results),
    )
    yield (
        "bulk item",
        "answers with the first result for all",
        _changed(
            operation, lambda body: body[results][:1] * len(body[results]) if len(body[results]) > 1 else None, results
        ),
    )


def _changed(operation: str, change: Callable[[dict[str, Any]], list[Any] | None], name: str) -> Start:
    def changed(_: Request, answer: Answer) -> Answer:
        if answer.status != 200:
            return answer
        new = change(answer.copy())
        return answer if new is None else answer.with_json({**answer.json, name: new})

    return changing_answers([operation], changed)


def given(request: Request, name: str) -> list[Any]:
    """Return the items of a request; none if there is no list of them."""
    found = request.fields.get(name)
    return found if isinstance(found, list) else []


def _with(request: Request, name: str, items: list[Any]) -> Request:
    return request.with_fields({**request.fields, name: items})


def _cut(items: list[Any], position: int) -> list[Any]:
    return items[1:] if position == 0 else items[:-1]


def _without_item(name: str, position: int) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        items = given(request, name)
        return truth.ask(_with(request, name, _cut(items, position)) if 1 < len(items) <= MOST else request)

    return tell


def _unkept(name: str, position: int) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        items = given(request, name)
        shown = truth.pretend(request)
        if shown.status != 200 or len(items) < 2:
            return truth.ask(request)
        truth.ask(_with(request, name, _cut(items, position)))
        return shown

    return tell


def _empty(name: str, results: str | None) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        if answer.status != 422 or request.fields.get(name) != []:
            return answer
        return answered(200, {**({results: []} if results else {}), "failures": []})

    return tell


def _refusing_repeats(name: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        items = [str(each) for each in given(request, name)]
        if len(set(items)) < len(items) <= MOST and truth.pretend(request).is_success:
            return refused(422, "Items must differ")
        return truth.ask(request)

    return tell


def _has_failures(truth: Truth, request: Request) -> bool:
    shown = truth.pretend(request)
    return shown.status == 200 and bool(shown.json["failures"])


def _all_refused(truth: Truth, request: Request) -> Answer:
    return refused(422, "An item is invalid") if _has_failures(truth, request) else truth.ask(request)


def _nothing_kept(truth: Truth, request: Request) -> Answer:
    return truth.pretend(request) if _has_failures(truth, request) else truth.ask(request)


def _up_to_a_failure(name: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        if not _has_failures(truth, request):
            return truth.ask(request)
        shown, kept = truth.pretend(request), []
        for item in given(request, name):
            if truth.pretend(_with(request, name, [item])).json["failures"]:
                break
            kept.append(item)
        if kept:
            truth.ask(_with(request, name, kept))
        return shown

    return tell


def _existing_fails(name: str, results: str) -> Callable[[Truth, Request], Answer]:
    one = name.removesuffix("s")

    def tell(truth: Truth, request: Request) -> Answer:
        before = {row["id"] for row in truth.peek(f"list_{results}", per_page=1000)[results]}
        answer = truth.ask(request)
        if answer.status != 200:
            return answer
        body = answer.copy()
        known = [each for each in body[results] if each["id"] in before]
        body[results] = [each for each in body[results] if each["id"] not in before]
        body["failures"] += [{one: each, "errors": ["Name has already been taken"]} for each in known]
        return answer.with_json(body) if known else answer

    return tell


# -------------------- Jobs


def _job_of(name: str, least: int) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        if len(given(request, name)) != least or truth.pretend(request).status != 200:
            return truth.ask(request)
        truth.ask(request)
        return answered(202, {})

    return tell


def _at_once(name: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        items = given(request, name)
        if len(items) != MOST + 1 or truth.pretend(request).status != 202:
            return truth.ask(request)
        first, rest = (truth.ask(_with(request, name, part)) for part in (items[:MOST], items[MOST:]))
        return first.with_json({key: found + rest.json[key] for key, found in first.json.items()})

    return tell


def _never_run(truth: Truth, request: Request) -> Answer:
    shown = truth.pretend(request)
    return shown if shown.status == 202 else truth.ask(request)


def _job_short(name: str, end: int) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        items = given(request, name)
        shown = truth.pretend(request) if len(items) > MOST else None
        if shown is None or shown.status != 202:
            return truth.ask(request)
        # Short enough to be answered at once, it must go as a job all the same, for its callback.
        short = items[:end]
        short += short[: max(MOST + 1 - len(short), 0)]
        truth.ask(_with(request, name, short))
        return shown

    return tell
