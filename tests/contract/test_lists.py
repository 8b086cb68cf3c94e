"""Lists: pages, cursors in both directions, flags, counts and order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from tests.contract.caller import Answer, Caller
from tests.contract.conftest import operations
from tests.contract.document import Operation
from tests.contract.world import World, everything

_LARGEST_PAGE = 1000
_DEFAULT_PAGE = 500
# As much of a list as is walked through, so that an account with a million subscribers costs no more.
_WALKED = 9
_LEAST = 3


def _is_list(operation: Operation) -> bool:
    return operation.is_list


@attrs.frozen
class Page:
    """A page of a list as it came."""

    answer: Answer
    items: list[Any]
    pagination: dict[str, Any]

    def expect(self, name: str, value: object, when: str) -> None:
        """Raise ContractError unless a field of `pagination` has that value."""
        if self.pagination.get(name) != value:
            raise self.answer.broken(f"{name} {value!r} {when}", repr(self.pagination.get(name, "nothing")))


class List:
    """A list operation with the parameters that it is walked with."""

    def __init__(self, caller: Caller, world: World, operation_id: str) -> None:
        self._caller = caller
        self._id = operation_id
        self._path = {
            name: world.owner(operation_id, name, _LEAST) for name in caller.document.operations[operation_id].in_path
        }
        self._query = everything(caller.document, operation_id)

    def page(self, **query: object) -> Page:
        """Get a page."""
        answer = self._caller.call(self._id, self._path, query=self._query | query, expect=200)
        body = answer.json
        name = next(name for name in body if name != "pagination")
        return Page(answer, body[name], body["pagination"])

    def refused(self, query: Mapping[str, object], why: str) -> None:
        """Raise ContractError unless the list is refused with a 422."""
        self._caller.call(self._id, self._path, query=query, expect=422, why=why)

    def whole(self) -> Page:
        """Get as much as one page can hold. Skips the test if that is too little to be cut into pages."""
        page = self.page(per_page=_LARGEST_PAGE)
        if len(page.items) < _LARGEST_PAGE:
            page.expect("has_next_page", False, f"as {_LARGEST_PAGE} items were asked for, and {len(page.items)} came")
        if len(page.items) < _LEAST:
            pytest.skip(f"{self._id} has {len(page.items)} items, and pages need {_LEAST}")
        return page


@pytest.fixture
def found(caller: Caller, world: World, operation_id: str) -> List:
    world.fill(operation_id, _LEAST)
    return List(caller, world, operation_id)


@pytest.mark.parametrize("operation_id", operations(_is_list))
@pytest.mark.parametrize("size", [1, 2, _WALKED - 1])
def test_pages_follow_each_other(found: List, size: int) -> None:
    """Pages of any size, one after the other, are the whole list in its order: nothing twice, nothing left out. (seen)"""
    whole = found.whole()
    items = whole.items[:_WALKED]
    seen: list[Any] = []
    cursors: list[str] = []
    query: dict[str, object] = {"per_page": size}
    while len(seen) < len(items):
        page = found.page(**query)
        expected = whole.items[len(seen) : len(seen) + size]
        if page.items != expected:
            raise page.answer.broken(f"items {len(seen)} to {len(seen) + len(expected)} of the whole list")
        page.expect("per_page", size, "as it was asked for")
        page.expect("has_previous_page", bool(seen), "since the page is the first or isn't")
        seen += page.items
        more = len(seen) < len(whole.items) or whole.pagination["has_next_page"]
        page.expect("has_next_page", more, f"after {len(seen)} of {len(whole.items)} items")
        _check_cursors(page)
        if page.pagination["end_cursor"] in cursors:
            raise page.answer.broken("a cursor that wasn't there before", page.pagination["end_cursor"])
        cursors.append(page.pagination["end_cursor"])
        query["after"] = page.pagination["end_cursor"]


@pytest.mark.parametrize("operation_id", operations(_is_list))
@pytest.mark.parametrize("size", [1, 2])
def test_pages_lead_back(found: List, size: int) -> None:
    """Pages before a cursor are the list up to there, in the list's order, the nearest items first. (seen)"""
    whole = found.whole()
    items = whole.items[:_WALKED]
    last = found.page(per_page=len(items) - 1, after=found.page(per_page=1).pagination["end_cursor"])
    position = len(items) - 1
    before = found.page(per_page=1, after=_cursor_after(found, position)).pagination["start_cursor"]
    if last.items != items[1:]:
        raise last.answer.broken("all but the first item")
    while position > 0:
        page = found.page(per_page=size, before=before)
        expected = items[max(position - size, 0) : position]
        if page.items != expected:
            raise page.answer.broken(f"items {position - len(expected)} to {position} of the whole list")
        page.expect("has_next_page", True, "since the page is before a cursor")
        page.expect("has_previous_page", position > size, "since the page is the first or isn't")
        _check_cursors(page)
        position -= len(page.items)
        before = page.pagination["start_cursor"]


def _cursor_after(found: List, position: int) -> str:
    cursor: str = found.page(per_page=position).pagination["end_cursor"]
    return cursor


def _check_cursors(page: Page) -> None:
    for name in ("start_cursor", "end_cursor"):
        if not page.pagination[name]:
            raise page.answer.broken(f"a {name}, as the page has items")
    if len(page.items) > 1 and page.pagination["start_cursor"] == page.pagination["end_cursor"]:
        raise page.answer.broken("two cursors that differ")


@pytest.mark.parametrize("operation_id", operations(_is_list))
def test_a_page_is_the_same_when_it_is_asked_for_again(found: List) -> None:
    """A cursor leads to the same page each time. (reference)"""
    whole = found.whole()
    cursor = found.page(per_page=1).pagination["end_cursor"]
    first, second = (found.page(per_page=2, after=cursor) for _ in range(2))
    if first.items != second.items or first.items != whole.items[1:3]:
        raise second.answer.broken("the same page as before")


@pytest.mark.parametrize("operation_id", operations(_is_list))
def test_the_list_ends(found: List) -> None:
    """The last page has a cursor, and behind it there is nothing, before the first neither. (seen; chosen of the latter)"""
    whole = found.whole()
    if whole.pagination["has_next_page"]:
        pytest.skip("the list is too long to be walked to its end")
    if 0 < len(whole.items) <= _LARGEST_PAGE:
        found.page(per_page=len(whole.items)).expect("has_next_page", False, "on a page that the whole list just fills")
    behind = found.page(after=whole.pagination["end_cursor"])
    if behind.items:
        raise behind.answer.broken("no items behind the last one")
    behind.expect("has_next_page", False, "behind the last item")
    behind.expect("start_cursor", None, "without items")
    behind.expect("end_cursor", None, "without items")
    before = found.page(before=whole.pagination["start_cursor"])
    if before.items:
        raise before.answer.broken("no items before the first one")
    before.expect("has_previous_page", False, "before the first item")


@pytest.mark.parametrize("operation_id", operations(_is_list))
def test_counts_come_if_asked_for(found: List) -> None:
    """`total_count` is there if it was asked for, and is the length of the whole list on every page. (reference)"""
    whole = found.whole()
    for unasked in ({}, {"include_total_count": "false"}):
        page = found.page(per_page=1, **unasked)
        if "total_count" in page.pagination:
            raise page.answer.broken("no total_count, as it wasn't asked for", str(page.pagination))
    for size, cursor in ((_LARGEST_PAGE, {}), (1, {}), (1, {"after": whole.pagination["end_cursor"]})):
        page = found.page(include_total_count="true", per_page=size, **cursor)
        count = page.pagination.get("total_count")
        if not isinstance(count, int) or count < len(whole.items):
            raise page.answer.broken(f"a total_count of at least {len(whole.items)}", repr(count))
        if not whole.pagination["has_next_page"]:
            page.expect("total_count", len(whole.items), "as the list has so many items")


@pytest.mark.parametrize("operation_id", operations(_is_list))
def test_pages_hold_500_unless_told(found: List) -> None:
    """A page holds up to 500 items if nothing else is asked for. (reference)"""
    whole = found.whole()
    page = found.page()
    page.expect("per_page", _DEFAULT_PAGE, "by default")
    if page.items != whole.items[:_DEFAULT_PAGE]:
        raise page.answer.broken("the beginning of the list")
    page.expect("has_previous_page", False, "on the first page")


@pytest.mark.parametrize("operation_id", operations(_is_list))
def test_the_newest_come_first(found: List) -> None:
    """Lists are ordered by id, the largest first, and no id is there twice. (seen)"""
    whole = found.whole()
    ids = [item["id"] for item in whole.items]
    if ids != sorted(set(ids), reverse=True):
        raise whole.answer.broken("ids that fall", str(ids[:20]))


@pytest.mark.parametrize("operation_id", operations(_is_list))
def test_only_one_cursor_can_be_given(found: List) -> None:
    """`after` and `before` together are a 422. (chosen)"""
    page = found.page(per_page=1)
    cursor = page.pagination["end_cursor"] or ""
    found.refused({"after": cursor, "before": cursor}, "for both cursors")
