"""All items of a list operation, page by page (section "Pagination" of the reference)."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from functools import partial
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast

from kit_api import types
from kit_api.types import ListModule, Page

from .ahead import Ahead
from .async_walk import AsyncItems, AsyncPages
from .errors import PaginationError
from .mixups import AsyncPagerMixups, PagerMixups
from .raw import RawClient
from .tables import row
from .walk import Walk

COUNTING = {"include_total_count": True, "per_page": 1}
SEND = 0.005
"""Seconds that a page waits to be decoded for the next request to leave: Python would let it leave after that only."""
P = ParamSpec("P")
T = TypeVar("T")


class _Listing(Generic[T]):
    """A list operation with its arguments, which are checked here, before anything is sent."""

    def __init__(
        self, operation: ListModule[..., T], limit: int | None, args: tuple[Any, ...], arguments: dict[str, Any]
    ) -> None:
        self._operation, self._limit, self._args, self._arguments = operation, limit, args, arguments
        self._walk()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {getattr(self._operation, '__name__', 'a list').rpartition('.')[2]}>"

    def _walk(self) -> Walk[T]:
        return Walk[T](self._arguments, self._limit)

    def _to_first(self) -> Self:
        limit = 1 if self._limit is None else min(self._limit, 1)
        return type(self)(self._operation, limit, self._args, self._arguments)

    def _to_count(self) -> Self:
        return type(self)(self._operation, None, self._args, {**self._arguments, **COUNTING})

    def _to_raw(self) -> tuple[ListModule[..., dict[str, Any]], int | None, tuple[Any, ...], dict[str, Any]]:
        operation, client = cast("ListModule[..., dict[str, Any]]", self._operation), self._arguments["client"]
        client = client if isinstance(client, RawClient) else RawClient(client)
        return operation, self._limit, self._args, {**self._arguments, "client": client}


class Pager(_Listing[T], PagerMixups, types.Pager[T]):
    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Generator[Page[T], None, None]:
        walk, left = self._walk(), threading.Event()

        def begin(arguments: dict[str, Any]) -> Ahead[Page[T]]:
            get = partial(self._get, walk, arguments)
            return Ahead(get, lambda: not left.is_set(), on_body=look)

        def look(ahead: Ahead[Page[T]], body: bytes) -> None:
            # The service works on the next page while this one is decoded. Nobody else uses the walk: its user waits.
            arguments = walk.peek(body) if ahead.is_awaited else None
            if arguments is not None:
                ahead.following = begin(arguments)
                ahead.following.sent.wait(SEND)

        ahead: Ahead[Page[T]] | None = None
        try:
            while not walk.done:
                if ahead is None or ahead.process != os.getpid():
                    page, ahead = walk.take(self._get(walk, walk.arguments)), None
                else:
                    page, ahead = walk.take(ahead.result()), ahead.following
                if not walk.done and ahead is None:
                    ahead = begin(walk.arguments)
                yield page
        finally:
            left.set()
        walk.finish()

    def first_page(self) -> Page[T]:
        walk = self._walk()
        return walk.take(self._get(walk, walk.arguments))

    def first(self) -> T | None:
        return next(iter(self._to_first()), None)

    def total_count(self) -> int:
        return _counted(self._to_count().first_page())

    def to_dicts(self, *, flatten: bool = False) -> list[dict[str, Any]]:
        return [row(item, flatten) for item in self]

    def raw(self) -> types.Pager[dict[str, Any]]:
        return Pager(*self._to_raw())

    def _get(self, walk: Walk[T], arguments: dict[str, Any]) -> Page[T]:
        with walk.located(arguments):
            return self._operation.sync_page(*self._args, **arguments)


class AsyncPager(_Listing[T], AsyncPagerMixups, types.AsyncPager[T]):
    def __aiter__(self) -> AsyncIterator[T]:
        return AsyncItems(self.pages())

    def pages(self) -> AsyncGenerator[Page[T], None]:
        walk = self._walk()
        return AsyncPages(walk, partial(self._get, walk))

    async def first_page(self) -> Page[T]:
        walk = self._walk()
        return walk.take(await self._get(walk))

    async def first(self) -> T | None:
        return await anext(aiter(self._to_first()), None)

    async def total_count(self) -> int:
        return _counted(await self._to_count().first_page())

    async def to_dicts(self, *, flatten: bool = False) -> list[dict[str, Any]]:
        return [row(item, flatten) async for item in self]

    def raw(self) -> types.AsyncPager[dict[str, Any]]:
        return AsyncPager(*self._to_raw())

    async def _get(self, walk: Walk[T]) -> Page[T]:
        with walk.located():
            return await self._operation.asyncio_page(*self._args, **walk.arguments)


def _counted(page: Page[Any]) -> int:
    if page.total_count is None:
        raise PaginationError("the service doesn't say how many items the list holds")
    return page.total_count


def paginate(operation: ListModule[P, T], /, *args: P.args, **kwargs: P.kwargs) -> types.Pager[T]:
    """Return all items of a list operation, to iterate over. Nothing is sent before.

    Args:
        operation: The module of the operation, such as `kit_api.api.tags.list_tags`.
        args: Positional arguments of the operation, such as the id of a tag.
        kwargs: Keyword arguments of the operation; `client` is one of them.

    Raises:
        ValueError: `after` and `before` are both given.
        KitError: While iterating: a request failed. `.cursor` says where to resume.
    """
    return Pager(operation, None, args, kwargs)


def apaginate(operation: ListModule[P, T], /, *args: P.args, **kwargs: P.kwargs) -> types.AsyncPager[T]:
    """Return all items of a list operation, for `async for`. Arguments and errors are those of `paginate`."""
    return AsyncPager(operation, None, args, kwargs)
