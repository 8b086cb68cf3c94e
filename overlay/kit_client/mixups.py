"""What a list operation is not, refused with the words for what to write instead.

These methods are no part of the types that callers see, so that type checkers refuse the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn


def _refuse(message: str) -> NoReturn:
    # Raised where no `self` is in sight, or Python suggests a private name of it.
    raise AttributeError(message)


def _is(what: str) -> Callable[..., NoReturn]:
    """Return a method that raises TypeError and says what the pager is, and what to write instead."""

    def refuse(self: _Mixups, *_: object) -> NoReturn:
        raise TypeError(f"{self!r} {what.format(self)}")

    return refuse


class _Mixups:
    """Operations that no pager has, each with an error that says what to do."""

    _loop: str
    """How to iterate over one."""
    _all: str
    """How to get a list of all items."""
    _first_page: str
    """How to get the first page."""

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> NoReturn:
            if name.startswith("_"):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            _refuse(f"{self!r} has no {name!r}: write `{self._loop}`, or `{self._first_page}` for one page")

    __getitem__ = _is(
        "has no items by number: write `{0._all}[0]`, or `{0._first_page}.items[0]` to fetch one page only"
    )
    __len__ = _is(
        "has no length before it is fetched: write `len({0._all})`, or ask for `include_total_count=True` and read"
        " `{0._first_page}.total_count`"
    )
    __bool__ = _is("is neither true nor false before it is fetched: write `if {0._all}:`")
    __reversed__ = _is("can't be reversed before it is fetched: write `reversed({0._all})`")
    __await__ = _is("isn't awaited: write `{0._loop}`, or `{0._first_page}` for one page")


class PagerMixups(_Mixups):
    """Operations that a synchronous pager doesn't have."""

    _loop = "for item in pager:"
    _all = "list(pager)"
    _first_page = "pager.first_page()"

    __next__ = _is("is no iterator: write `next(iter(pager))`")
    __aiter__ = _is("is synchronous: write `{0._loop}`, or use AsyncKit")


class AsyncPagerMixups(_Mixups):
    """Operations that an asynchronous pager doesn't have."""

    _loop = "async for item in pager:"
    _all = "[item async for item in pager]"
    _first_page = "(await pager.first_page())"

    __iter__ = _is("is asynchronous: write `{0._loop}`, or use Kit")
    __contains__ = _is("is asynchronous: write `item in {0._all}`")
    __next__ = __anext__ = _is("is no iterator: write `await anext(aiter(pager))`")
