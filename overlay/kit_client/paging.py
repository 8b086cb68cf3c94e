"""All items of a list operation, page by page (section "Pagination" of the reference)."""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar

from kit_api import types
from kit_api.types import ListModule, Page

from .async_walk import AsyncItems, AsyncPages
from .errors import KitError, PaginationError
from .mixups import AsyncPagerMixups, PagerMixups
from .retry import retries_wanted
from .tables import row
from .walk import Walk

COUNTING = {"include_total_count": True, "per_page": 1}
P = ParamSpec("P")
T = TypeVar("T")


class _Ahead(Generic[T]):
    """A call in a daemon thread: one that hangs keeps nobody from leaving the loop or the program.

    Once it is not `wanted`, it isn't retried. It belongs to the process that made it: a forked child has no such thread.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        from concurrent.futures import Future

        self.wanted = True
        self.process = os.getpid()
        self._call = call
        self._future: Future[T] = Future()
        context = contextvars.copy_context()
        context.run(retries_wanted.set, lambda: self.wanted)
        threading.Thread(target=context.run, args=(self._work,), name="kit-page", daemon=True).start()

    def _work(self) -> None:
        try:
            self._future.set_result(self._call())
        except BaseException as error:  # noqa: BLE001  # it is raised where the page is asked for
            self._future.set_exception(error)

    def result(self) -> T:
        return self._future.result()


class Pager(PagerMixups, types.Pager[T]):
    def __init__(self, fetch: Callable[..., Page[T]], arguments: dict[str, Any], limit: int | None) -> None:
        self._fetch, self._arguments, self._limit = fetch, arguments, limit
        Walk(arguments, limit)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {_operation_name(self._fetch)}>"

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Generator[Page[T], None, None]:
        walk = Walk[T](self._arguments, self._limit)
        ahead: _Ahead[Page[T]] | None = None
        try:
            while not walk.done:
                mine = ahead is not None and ahead.process == os.getpid()
                page = walk.take(ahead.result() if ahead is not None and mine else self._get(walk))
                ahead = None if walk.done else _Ahead(lambda: self._get(walk))
                yield page
        finally:
            if ahead is not None:
                ahead.wanted = False
        walk.finish()

    def first_page(self) -> Page[T]:
        walk = Walk[T](self._arguments, self._limit)
        return walk.take(self._get(walk))

    def first(self) -> T | None:
        return next(iter(Pager(self._fetch, self._arguments, _at_most_one(self._limit))), None)

    def total_count(self) -> int:
        return _counted(Pager(self._fetch, {**self._arguments, **COUNTING}, None).first_page())

    def to_dicts(self, *, flatten: bool = False) -> list[dict[str, Any]]:
        return [row(item, flatten) for item in self]

    def _get(self, walk: Walk[T]) -> Page[T]:
        try:
            return self._fetch(**walk.arguments)
        except KitError as error:
            error.cursor = walk.cursor
            raise


class AsyncPager(AsyncPagerMixups, types.AsyncPager[T]):
    def __init__(
        self, fetch: Callable[..., Coroutine[Any, Any, Page[T]]], arguments: dict[str, Any], limit: int | None
    ) -> None:
        self._fetch, self._arguments, self._limit = fetch, arguments, limit
        Walk(arguments, limit)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {_operation_name(self._fetch)}>"

    def __aiter__(self) -> AsyncIterator[T]:
        return AsyncItems(self.pages())

    def pages(self) -> AsyncGenerator[Page[T], None]:
        walk = Walk[T](self._arguments, self._limit)
        return AsyncPages(walk, partial(self._get, walk))

    async def first_page(self) -> Page[T]:
        walk = Walk[T](self._arguments, self._limit)
        return walk.take(await self._get(walk))

    async def first(self) -> T | None:
        return await anext(aiter(AsyncPager(self._fetch, self._arguments, _at_most_one(self._limit))), None)

    async def total_count(self) -> int:
        return _counted(await AsyncPager(self._fetch, {**self._arguments, **COUNTING}, None).first_page())

    async def to_dicts(self, *, flatten: bool = False) -> list[dict[str, Any]]:
        return [row(item, flatten) async for item in self]

    async def _get(self, walk: Walk[T]) -> Page[T]:
        try:
            return await self._fetch(**walk.arguments)
        except KitError as error:
            error.cursor = walk.cursor
            raise


def _at_most_one(limit: int | None) -> int:
    return 1 if limit is None else min(limit, 1)


def _counted(page: Page[Any]) -> int:
    if page.total_count is None:
        raise PaginationError("the service doesn't say how many items the list holds")
    return page.total_count


def _operation_name(fetch: Callable[..., Any]) -> str:
    """The operation that a function of a generated module calls."""
    function = fetch.func if isinstance(fetch, partial) else fetch
    return str(getattr(function, "__module__", "a list")).rpartition(".")[2]


def paginate(operation: ListModule[P, T], /, *args: P.args, **kwargs: P.kwargs) -> types.Pager[T]:
    """All items of a generated list operation.

    Args:
        operation: The module, such as `kit_api.api.tags.list_tags`.
        args: Its own arguments,
        kwargs: `client` among them.

    Raises:
        ValueError: `after` and `before` are both given.
        KitError: While iterating; `.cursor` then says where to go on.
    """
    return pager(operation, None, args, kwargs)


def apaginate(operation: ListModule[P, T], /, *args: P.args, **kwargs: P.kwargs) -> types.AsyncPager[T]:
    """The same as `paginate`, for `async for`."""
    return async_pager(operation, None, args, kwargs)


def pager(operation: ListModule[..., T], limit: int | None, args: Any, kwargs: dict[str, Any]) -> types.Pager[T]:
    """`paginate`, with at most `limit` items."""
    return Pager(partial(operation.sync_page, *args), kwargs, limit)


def async_pager(
    operation: ListModule[..., T], limit: int | None, args: Any, kwargs: dict[str, Any]
) -> types.AsyncPager[T]:
    """`apaginate`, with at most `limit` items."""
    return AsyncPager(partial(operation.asyncio_page, *args), kwargs, limit)
