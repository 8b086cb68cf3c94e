"""Lies about lists: pages, cursors, flags, counts and order."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.document import Document
from tests.mutants.exchange import Answer, Request
from tests.mutants.lie import Lie, Start, at, changing_answers, changing_requests, remembering
from tests.mutants.pages import Page, changed
from tests.mutants.truth import Truth

KINDS = ("page", "cursor", "page flag", "per_page", "count", "order")

_SMALL_PAGE = 50


Change = Callable[[Request, Page], None]


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about each list."""
    for operation in document.operations.values():
        if operation.is_list:
            for kind, says, make in _LIES:
                yield Lie(
                    name=f"{kind}: {operation.id} {says}",
                    kind=kind,
                    operations=(operation.id,),
                    says=f"{operation.id} {says}.",
                    start=make(operation.id),
                )


def _changing(change: Change) -> Callable[[str], Start]:
    return lambda operation: changing_answers(
        [operation], lambda request, answer: changed(answer, lambda page: change(request, page))
    )


def _asking(change: Callable[[Request], Request]) -> Callable[[str], Start]:
    return lambda operation: changing_requests([operation], change)


def _telling(tell: Callable[[Truth, Request], Answer]) -> Callable[[str], Start]:
    return lambda operation: at([operation], tell)


# -------------------- Pages


def _ignoring(name: str) -> Callable[[Request], Request]:
    return lambda request: request.without(name)


def _shown_per_page(truth: Truth, request: Request) -> Answer:
    """Show all items on one page, with the `per_page` that was asked for."""
    answer = truth.ask(request.with_parameter("per_page", "1000"))
    asked = truth.pretend(request)
    if answer.status != 200 or asked.status != 200:
        return asked
    return changed(answer, lambda page: page.pagination.update(per_page=asked.json["pagination"]["per_page"]))


def _size(request: Request) -> int:
    text = request.parameters.get("per_page", "")
    return int(text) if text.isdecimal() else 0


def _skipping(truth: Truth, request: Request) -> Answer:
    """Leave out the item after a cursor."""
    size = _size(request)
    if "after" not in request.parameters or not 0 < size < 1000:
        return truth.ask(request)
    answer = truth.ask(request.with_parameter("per_page", str(size + 1)))

    def change(page: Page) -> None:
        page.items = page.items[1:]
        page.pagination["per_page"] = size

    return changed(answer, change)


def _overlapping(memory: dict[str, Any], truth: Truth, request: Request) -> Answer:
    """Begin a page with the last item of the page before it."""
    answer = truth.ask(request)
    if answer.status != 200:
        return answer
    page = Page(answer.json)
    before = memory.get(request.parameters.get("after", ""))
    if page.items:
        memory[page.pagination["end_cursor"]] = page.items[-1]
    if before is None:
        return answer

    def change(page: Page) -> None:
        page.items = [before, *page.items][: page.pagination["per_page"]]

    return changed(answer, change)


def _dropping(position: int) -> Change:
    def change(request: Request, page: Page) -> None:
        if len(page.items) > 1:
            del page.items[position]

    return change


def _doubling(request: Request, page: Page) -> None:
    if page.items:
        page.items.append(page.items[-1])


def _farthest(truth: Truth, request: Request) -> Answer:
    """Answer `before` with the first items of the list, not with the nearest ones."""
    if "before" not in request.parameters or not _size(request):
        return truth.ask(request)
    answer = truth.ask(request)
    first = truth.ask(request.without("before"))
    if answer.status != 200 or first.status != 200:
        return answer
    wanted = Page(first.json).items

    def change(page: Page) -> None:
        page.items = wanted[: len(page.items)]

    return changed(answer, change)


# -------------------- Cursors and flags


def _setting(name: str, value: Any) -> Change:
    def change(_: Request, page: Page) -> None:
        if page.items:
            page.pagination[name] = value

    return change


def _flag(name: str, value: bool) -> Change:
    def change(_: Request, page: Page) -> None:
        page.pagination[name] = value

    return change


def _copying(name: str, source: str) -> Change:
    def change(_: Request, page: Page) -> None:
        page.pagination[name] = page.pagination[source]

    return change


def _repeated(request: Request, page: Page) -> None:
    if page.items and "after" in request.parameters:
        page.pagination["end_cursor"] = request.parameters["after"]


def _stale(request: Request, page: Page) -> None:
    """Use the cursor of the item before the last one."""
    if len(page.items) > 1 and "sort_field" not in request.parameters:
        page.pagination["end_cursor"] = base64.b64encode(f"[{page.items[-2]['id']}]".encode()).decode()


def _left_over(request: Request, page: Page) -> None:
    if not page.items:
        page.pagination.update(start_cursor="WzFd", end_cursor="WzFd")


def _more_unless_empty(request: Request, page: Page) -> None:
    """Claim that a full page has a next one, which is wrong if it ends the list."""
    page.pagination["has_next_page"] = len(page.items) == page.pagination["per_page"]


def _inverted(request: Request, page: Page) -> None:
    if "before" in request.parameters:
        following, previous = page.pagination["has_next_page"], page.pagination["has_previous_page"]
        page.pagination.update(has_next_page=previous, has_previous_page=following)


def _lenient(truth: Truth, request: Request) -> Answer:
    """Ignore a malformed cursor."""
    answer = truth.ask(request)
    return truth.ask(request.without("after", "before")) if answer.status in (400, 422) else answer


# -------------------- per_page, counts and order


def _small_default(truth: Truth, request: Request) -> Answer:
    return truth.ask(
        request if "per_page" in request.parameters else request.with_parameter("per_page", str(_SMALL_PAGE))
    )


def _one_less(request: Request) -> Request:
    size = _size(request)
    return request.with_parameter("per_page", str(size - 1)) if size > 1 else request


def _counted(change: Callable[[int], int]) -> Change:
    def changed_(_: Request, page: Page) -> None:
        if "total_count" in page.pagination:
            page.pagination["total_count"] = change(page.pagination["total_count"])

    return changed_


def _of_the_page(_: Request, page: Page) -> None:
    if "total_count" in page.pagination:
        page.pagination["total_count"] = len(page.items)


def _swapped(_: Request, page: Page) -> None:
    if len(page.items) > 1:
        page.items[0], page.items[1] = page.items[1], page.items[0]


def _turned(_: Request, page: Page) -> None:
    page.items.reverse()


def _by_name(_: Request, page: Page) -> None:
    page.items.sort(
        key=lambda item: str(
            item.get("name") or item.get("subject") or item.get("email_address") or item.get("target_url") or ""
        )
    )


_LIES: tuple[tuple[str, str, Callable[[str], Start]], ...] = (
    ("page", "ignores `after`", _asking(_ignoring("after"))),
    ("page", "ignores `before`", _asking(_ignoring("before"))),
    ("page", "begins a page with the last item of the page before", lambda id_: remembering(dict, [id_], _overlapping)),
    ("page", "skips the item after a cursor", _telling(_skipping)),
    ("page", "leaves out the first item of a page", _changing(_dropping(0))),
    ("page", "leaves out the last item of a page", _changing(_dropping(-1))),
    ("page", "repeats the last item of a page", _changing(_doubling)),
    ("page", "answers `before` with the beginning of the list", _telling(_farthest)),
    ("cursor", "repeats the cursor that it was asked with", _changing(_repeated)),
    ("cursor", "has no end_cursor", _changing(_setting("end_cursor", None))),
    ("cursor", "has no start_cursor", _changing(_setting("start_cursor", None))),
    ("cursor", "has the start_cursor for an end_cursor", _changing(_copying("end_cursor", "start_cursor"))),
    ("cursor", "has the end_cursor for a start_cursor", _changing(_copying("start_cursor", "end_cursor"))),
    ("cursor", "has the cursor of the item before the last for an end_cursor", _changing(_stale)),
    ("cursor", "has cursors on a page without items", _changing(_left_over)),
    ("cursor", "takes a cursor that can't be read", _telling(_lenient)),
    ("page flag", "has has_next_page true at all times", _changing(_flag("has_next_page", True))),
    ("page flag", "has has_next_page false at all times", _changing(_flag("has_next_page", False))),
    ("page flag", "has has_previous_page true at all times", _changing(_flag("has_previous_page", True))),
    ("page flag", "has has_previous_page false at all times", _changing(_flag("has_previous_page", False))),
    ("page flag", "has has_next_page true after each full page", _changing(_more_unless_empty)),
    ("page flag", "has the flags the wrong way round with `before`", _changing(_inverted)),
    ("per_page", "ignores `per_page`", _asking(_ignoring("per_page"))),
    ("per_page", "has all items on a page, and echoes `per_page`", _telling(_shown_per_page)),
    ("per_page", f"has {_SMALL_PAGE} items on a page unless told", _telling(_small_default)),
    ("per_page", "has one item less on a page than asked for", _asking(_one_less)),
    ("per_page", "echoes another `per_page`", _changing(lambda _, page: page.pagination.update(per_page=100))),
    ("count", "ignores `include_total_count`", _asking(_ignoring("include_total_count"))),
    ("count", "counts unasked", _asking(lambda request: request.with_parameter("include_total_count", "true"))),
    ("count", "counts one too many", _changing(_counted(lambda count: count + 1))),
    ("count", "counts one too few", _changing(_counted(lambda count: max(count - 1, 0)))),
    ("count", "counts the items of the page", _changing(_of_the_page)),
    ("order", "has each page the wrong way round", _changing(_turned)),
    ("order", "has the first two items of a page swapped", _changing(_swapped)),
    ("order", "has each page in the order of names", _changing(_by_name)),
)
