"""The pages and items of a list, one after the other, to await."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Iterator
from typing import Any, TypeVar

from kit_api.types import Page

from .background import Background, current_run, give_up
from .walk import Walk

T = TypeVar("T")


class BasePages(AsyncGenerator[Page[T], None]):
    """Pages that are fetched in tasks of their own.

    A class, as event loops finalize an async generator of which the rest isn't wanted: trio with a warning, and asyncio
    at the end of a loop even if the walk is to go on in another one.
    """

    def __init__(self) -> None:
        self._busy = self._ended = False

    async def asend(self, _: None) -> Page[T]:
        if self._busy:
            raise RuntimeError("the list is being iterated over by another task")
        if self._ended:
            raise StopAsyncIteration
        self._busy = True
        try:
            return await self._next()
        except Exception:
            self._leave()
            raise
        finally:
            self._busy = False

    async def _next(self) -> Page[T]:
        """Return the next page, or raise StopAsyncIteration. If it is cancelled, the walk can go on."""
        raise NotImplementedError

    def _calls(self) -> Iterable[Background[Any]]:
        """Return the calls that are under way."""
        raise NotImplementedError

    async def athrow(self, typ: Any, val: Any = None, _tb: Any = None, /) -> Page[T]:
        self._leave()
        raise typ if val is None else val

    async def aclose(self) -> None:
        self._leave()

    def __del__(self) -> None:
        self._leave()

    def _leave(self) -> None:
        self._ended = True
        give_up(self._calls())


class AsyncPages(BasePages[T]):
    """The pages of a list, the next one being fetched while one is used."""

    def __init__(self, walk: Walk[T], get: Callable[[], Coroutine[Any, Any, Page[T]]]) -> None:
        super().__init__()
        self._walk, self._get = walk, get
        self._ahead: Background[Page[T]] | None = None

    async def _next(self) -> Page[T]:
        walk, ahead = self._walk, self._ahead
        if walk.done:
            walk.finish()
            raise StopAsyncIteration
        # If this is cancelled, the page ahead stays, and the walk can go on.
        page = walk.take(await (ahead.result() if ahead is not None and ahead.run == current_run() else self._get()))
        self._ahead = None if walk.done else Background(self._get)
        return page

    def _calls(self) -> Iterable[Background[Any]]:
        return () if self._ahead is None else (self._ahead,)


class AsyncItems(AsyncIterator[T]):
    """The items of all pages."""

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
