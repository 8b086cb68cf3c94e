"""All items of a list operation, page by page (section "Pagination" of the reference)."""

from __future__ import annotations

import contextlib
import contextvars
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from functools import partial
from typing import Any, Generic, ParamSpec, TypeVar

from attrs import evolve

from kit_api import types
from kit_api.types import UNSET, ListModule, Page, Unset

from .background import Background, current_run
from .errors import KitError, PaginationError
from .mixups import AsyncPagerMixups, PagerMixups
from .retry import retries_wanted

LARGEST_PAGE = 1000
P = ParamSpec("P")
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
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool)):
            raise TypeError(f"limit: expected a number of items or None, got {limit!r}")
        if limit is not None and limit < 0:
            raise ValueError(f"limit: expected 0 or more, got {limit}")
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

    def take(self, page: Page[T]) -> Page[T]:
        """Note a page that came, and cut it to the limit."""
        if self._left is not None:
            if len(page.items) > self._left:
                page = evolve(page, items=page.items[: self._left])
            self._left -= len(page.items)
        forwards, pagination = self._direction == "after", page.pagination
        # Only the flag says whether it was the last page: its cursor is set, and a page may be empty.
        more: object = pagination.has_next_page if forwards else pagination.has_previous_page
        cursor: object = pagination.end_cursor if forwards else pagination.start_cursor
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
            # Counting costs the service a query, and one answer is enough.
            self.arguments = {**self.arguments, self._direction: cursor, "include_total_count": UNSET}
        return page

    def finish(self) -> None:
        """Raise PaginationError if it ended for another reason than the end: the pages that came are given first."""
        if self._problem is not None:
            raise self._problem

    def _stop(self, why: str) -> None:
        self.done = True
        self._problem = PaginationError(f"the list can't be followed: the service {why}")
        self._problem.cursor = self.cursor


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
        return _AsyncItems(self.pages())

    def pages(self) -> AsyncGenerator[Page[T], None]:
        walk = Walk[T](self._arguments, self._limit)
        return _AsyncPages(walk, partial(self._get, walk))

    async def first_page(self) -> Page[T]:
        walk = Walk[T](self._arguments, self._limit)
        return walk.take(await self._get(walk))

    async def _get(self, walk: Walk[T]) -> Page[T]:
        try:
            return await self._fetch(**walk.arguments)
        except KitError as error:
            error.cursor = walk.cursor
            raise


def _operation_name(fetch: Callable[..., Any]) -> str:
    """The operation that a function of a generated module calls."""
    function = fetch.func if isinstance(fetch, partial) else fetch
    return str(getattr(function, "__module__", "a list")).rpartition(".")[2]


class _AsyncPages(AsyncGenerator[Page[T], None]):
    """Pages, the next one being fetched while one is used.

    A class, as event loops finalize an async generator of which the rest isn't wanted: trio with a warning, and asyncio
    at the end of a loop even if the walk is to go on in another one.
    """

    def __init__(self, walk: Walk[T], get: Callable[[], Coroutine[Any, Any, Page[T]]]) -> None:
        self._walk, self._get = walk, get
        self._ahead: Background[Page[T]] | None = None
        self._busy = self._ended = False

    async def asend(self, _: None) -> Page[T]:
        if self._busy:
            raise RuntimeError("the list is being iterated over by another task")
        self._busy = True
        try:
            return await self._next()
        except Exception:
            self._ended = True
            raise
        finally:
            self._busy = False

    async def _next(self) -> Page[T]:
        walk, ahead = self._walk, self._ahead
        if self._ended:
            raise StopAsyncIteration
        if walk.done:
            walk.finish()
            raise StopAsyncIteration
        # If this is cancelled, the page ahead stays, and the walk can go on.
        page = walk.take(await (ahead.result() if ahead is not None and ahead.run == current_run() else self._get()))
        self._ahead = None if walk.done else Background(self._get)
        return page

    async def athrow(self, typ: Any, val: Any = None, _tb: Any = None, /) -> Page[T]:
        self._leave()
        raise typ if val is None else val

    async def aclose(self) -> None:
        self._leave()

    def __del__(self) -> None:
        # Where the event loop isn't this thread's, the page that is fetched ahead is left to come.
        with contextlib.suppress(RuntimeError):
            self._leave()

    def _leave(self) -> None:
        self._ended = True
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.run == current_run():
            ahead.cancel()


class _AsyncItems(AsyncIterator[T]):
    def __init__(self, pages: AsyncGenerator[Page[T], None]) -> None:
        self._pages = pages
        self._items: Iterator[T] = iter(())

    async def __anext__(self) -> T:
        while True:
            for item in self._items:
                return item
            self._items = iter((await anext(self._pages)).items)

    async def aclose(self) -> None:
        await self._pages.aclose()


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
