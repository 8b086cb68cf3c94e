"""What a list operation is not, refused with the words for what to write instead.

These methods are no part of the types that callers see, so that type checkers refuse the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn


def _refuse(message: str) -> NoReturn:
    # Raised where no `self` is in sight, or Python suggests a private name of it.
    raise AttributeError(message)


class _Mixups:
    """What is wrong for both kinds of pagers."""

    _loop: str
    """How to iterate over one."""
    _all: str
    """How to get a list of all items."""
    _first_page: str
    """How to get the first page."""

    def _error(self, what: str) -> TypeError:
        return TypeError(f"{self!r} {what}")

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            _refuse(f"{self!r} has no {name!r}: write `{self._loop}`, or `{self._first_page}` for one page")

    def __getitem__(self, index: object) -> NoReturn:
        raise self._error(
            f"has no items by number: write `{self._all}[0]`, or `{self._first_page}.items[0]` to fetch one page only"
        )

    def __len__(self) -> NoReturn:
        raise self._error(
            f"has no length before it is fetched: write `len({self._all})`, or ask for"
            f" `include_total_count=True` and read `{self._first_page}.total_count`"
        )

    def __bool__(self) -> NoReturn:
        raise self._error(f"is neither true nor false before it is fetched: write `if {self._all}:`")

    def __reversed__(self) -> NoReturn:
        raise self._error(f"can't be reversed before it is fetched: write `reversed({self._all})`")

    def __await__(self) -> NoReturn:
        raise self._error(f"isn't awaited: write `{self._loop}`, or `{self._first_page}` for one page")


class PagerMixups(_Mixups):
    """What is wrong for a synchronous pager."""

    _loop = "for item in pager:"
    _all = "list(pager)"
    _first_page = "pager.first_page()"

    def __next__(self) -> NoReturn:
        raise self._error("is no iterator: write `next(iter(pager))`")

    def __aiter__(self) -> NoReturn:
        raise self._error(f"is synchronous: write `{self._loop}`, or use AsyncKit")


class AsyncPagerMixups(_Mixups):
    """What is wrong for an asynchronous pager."""

    _loop = "async for item in pager:"
    _all = "[item async for item in pager]"
    _first_page = "(await pager.first_page())"

    def __iter__(self) -> NoReturn:
        raise self._error(f"is asynchronous: write `{self._loop}`, or use Kit")

    def __contains__(self, item: object) -> NoReturn:
        raise self._error(f"is asynchronous: write `item in {self._all}`")

    def __next__(self) -> NoReturn:
        raise self._error("is no iterator: write `await anext(aiter(pager))`")

    __anext__ = __next__
