"""Which page of a list to ask for next (section "Pagination" of the reference)."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from kit_api.codec import decoder
from kit_api.models import Pagination
from kit_api.types import UNSET, Page, Unset

from .errors import KitError, PaginationError
from .options import check_whole

LARGEST_PAGE = 1000
T = TypeVar("T")


class Walk(Generic[T]):
    """Which page to ask for next. No I/O.

    Args:
        arguments: The operation's arguments. With `before` the walk goes backwards, else forwards.
        limit: The most items to give, or None for all.

    Raises:
        TypeError: `limit` is not an int.
        ValueError: `limit` is negative, or `after` and `before` are both given.
    """

    def __init__(self, arguments: dict[str, Any], limit: int | None) -> None:
        if limit is not None:
            check_whole("limit", limit, 0, or_else=" or None")
        # An empty cursor is none, so that a loop can begin with one.
        given = {name: arguments.get(name) or UNSET for name in ("after", "before")}
        arguments = {**arguments, **given}
        if not isinstance(given["after"], Unset) and not isinstance(given["before"], Unset):
            raise ValueError("after, before: give one of them only")
        if limit is not None and limit <= LARGEST_PAGE and not arguments.get("per_page"):
            # One page will do: don't have the service send what is thrown away.
            arguments = {**arguments, "per_page": max(limit, 1)}
        self.arguments = arguments
        self._left = limit
        self._direction = "after" if isinstance(given["before"], Unset) else "before"
        self._seen = {given[self._direction]}
        self.done = limit == 0
        self._problem: PaginationError | None = None

    @property
    def cursor(self) -> str | None:
        """The cursor of the page that is asked for now."""
        return self.arguments.get(self._direction) or None

    @contextlib.contextmanager
    def located(self, arguments: dict[str, Any] | None = None) -> Generator[None, None, None]:
        """Give the KitError that fetching a page raises the cursor of that page: the one that is asked for now, or another."""
        try:
            yield
        except KitError as error:
            error.cursor = (arguments or self.arguments).get(self._direction) or None
            raise

    def take(self, page: Page[T]) -> Page[T]:
        """Note a page that came, and cut it to the limit."""
        if self._left is not None:
            if len(page.items) > self._left:
                page = replace(page, items=page.items[: self._left])
            self._left -= len(page.items)
        more, cursor = self._onward(page.pagination)
        if self._left == 0 or more is False:
            self.done = True
        elif more is not True:
            self._stop("doesn't say whether there are more pages")
        elif not isinstance(cursor, str) or not cursor:
            self._stop("says that there are more pages, but gives no cursor")
        elif cursor in self._seen:
            self._stop("says that there are more pages, but repeats a cursor")
        else:
            self._seen.add(cursor)
            self.arguments = self._arguments_of(cursor)
        return page

    def peek(self, body: bytes) -> dict[str, Any] | None:
        """Return the arguments of the page after this body; None if there is none, or if the body doesn't say."""
        if self._left is not None:
            return None
        tail = _tail(body)
        if tail is None:
            return None
        more, cursor = self._onward(tail.pagination)
        follows = more is True and isinstance(cursor, str) and cursor and cursor not in self._seen
        return self._arguments_of(cursor) if follows else None

    def _onward(self, pagination: Pagination) -> tuple[object, object]:
        # Only the flag says whether it was the last page: its cursor is set, and a page may be empty.
        if self._direction == "after":
            return pagination.has_next_page, pagination.end_cursor
        return pagination.has_previous_page, pagination.start_cursor

    def _arguments_of(self, cursor: object) -> dict[str, Any]:
        # Counting costs the service a query, and one answer is enough.
        return {**self.arguments, self._direction: cursor, "include_total_count": UNSET}

    def finish(self) -> None:
        """Raise PaginationError if it ended for another reason than the end: the pages that came are given first."""
        if self._problem is not None:
            raise self._problem

    def _stop(self, why: str) -> None:
        self.done = True
        self._problem = PaginationError(f"the list can't be followed: the service {why}")
        self._problem.cursor = self.cursor


class _Tail(msgspec.Struct):
    """What of a page says how the list goes on. Other keys are passed over, which takes a tenth of decoding them."""

    pagination: Pagination


def _tail(body: bytes) -> _Tail | None:
    """Read what a page says of how the list goes on; None if that can't be read."""
    # Mostly it is the last key. What begins there is JSON with a brace before it, if the key is of the page itself.
    start = body.rfind(b',"pagination":') + 1
    for part in [b"{" + body[start:], body] if start else [body]:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            tail: _Tail = decoder(_Tail).decode(part)
            return tail
    return None
