"""Exports: pages asked for side by side, in threads or in tasks. What is asked for is decided in export_plan.py."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kit_api.types import Page
from kit_client.ahead import Ahead
from kit_client.async_walk import AsyncItems, BasePages
from kit_client.background import Background, current_run
from kit_client.errors import KitError

from .export_plan import Ask, ExportPlan
from .members import Members
from .windows import Progress, Window

if TYPE_CHECKING:
    import anyio

T = TypeVar("T")


class BaseExport(Generic[T]):
    """What exports in threads and in tasks share.

    Args:
        client: Is called.
        members: The list.
        parallel: How many pages there may be at a time.
        per_page: How many subscribers a page holds.
        after: The cursor of an export that stopped.
    """

    def __init__(self, client: Any, members: Members, parallel: int, per_page: int, after: str | None) -> None:
        self._client, self._members, self._parallel, self._per_page = client, members, parallel, per_page
        self._after = after or None
        self._plan = self._begin()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with parallel={self._parallel}>"

    @property
    def cursor(self) -> str | None:
        """The cursor to resume the export with: `export_subscribers(after=...)` with the same filters.

        A resumed export starts with the page that is in use now, so that its subscribers come again. The cursor is None
        before the first page and after the last one.
        """
        plan = self._plan
        progress = plan.progress
        return None if plan.is_fresh or not progress.windows else progress.to_cursor(self._members.fingerprint)

    @property
    def total(self) -> int | None:
        """How many subscribers there were when the export began. None before the first response, or if that has no count."""
        return self._plan.total

    def _begin(self) -> ExportPlan[T]:
        if self._after is None:
            progress = Progress([Window()])
        else:
            progress = Progress.of_cursor(self._after, self._members.fingerprint)
        return ExportPlan(self._members, self._parallel, self._per_page, progress)

    def _locate(self, error: KitError) -> None:
        error.cursor = self.cursor


class Export(BaseExport[T]):
    """An export of subscribers: iterate over it for each subscriber once, in no particular order.

    Each loop over it starts a new export.

    Raises:
        KitError: While iterating: a request failed. `.cursor` says where to resume.
    """

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Generator[Page[T], None, None]:
        """Yield the subscribers page by page. Other pages are fetched in the background. A page may be empty."""
        from queue import SimpleQueue

        plan = self._plan = self._begin()
        calls: dict[Ahead[Page[T]], Ask[T]] = {}
        done = SimpleQueue[Ahead[Page[T]]]()
        process, left = os.getpid(), threading.Event()

        def start(asks: Iterable[Ask[T]]) -> None:
            for ask in asks:
                calls[Ahead(partial(self._get, ask), lambda: not left.is_set(), then=done.put)] = ask

        try:
            while True:
                if process != os.getpid():
                    # A forked child has none of the threads.
                    asks, process = list(calls.values()), os.getpid()
                    done = SimpleQueue[Ahead[Page[T]]]()
                    calls.clear()
                    start(asks)
                start(plan.asks())
                if not calls:
                    return
                call = done.get()
                page = plan.take(calls[call], call.result())
                del calls[call]
                if page is not None:
                    yield page
                    plan.handed_over()
        except KitError as error:
            self._locate(error)
            raise
        finally:
            left.set()

    def _get(self, ask: Ask[T]) -> Page[T]:
        return ask.operation.sync_page(*ask.owner, client=self._client, **ask.walk.arguments)


class AsyncExport(BaseExport[T]):
    """An export of subscribers for `async for`. Everything else is as in `Export`."""

    def __aiter__(self) -> AsyncIterator[T]:
        return AsyncItems(self.pages())

    def pages(self) -> AsyncGenerator[Page[T], None]:
        """Yield the subscribers page by page, for `async for`. Everything else is as in `Export.pages`."""
        self._plan = self._begin()
        return _ExportPages(self._plan, self._get, self._locate)

    async def _get(self, ask: Ask[T]) -> Page[T]:
        return await ask.operation.asyncio_page(*ask.owner, client=self._client, **ask.walk.arguments)


class _ExportPages(BasePages[T]):
    def __init__(
        self,
        plan: ExportPlan[T],
        get: Callable[[Ask[T]], Coroutine[Any, Any, Page[T]]],
        locate: Callable[[KitError], None],
    ) -> None:
        super().__init__()
        self._plan, self._get, self._locate = plan, get, locate
        self._under_way: dict[Ask[T], Background[Page[T]]] = {}
        self._news: anyio.Event | None = None

    async def _next(self) -> Page[T]:
        try:
            while True:
                self._plan.handed_over()
                for ask in self._plan.asks():
                    self._start(ask)
                if not self._under_way:
                    raise StopAsyncIteration
                ask = await self._one_that_is_done()
                came = await self._under_way[ask].result()
                # From here on nothing is awaited, and so no page is lost if this is cancelled.
                del self._under_way[ask]
                page = self._plan.take(ask, came)
                if page is not None:
                    return page
        except KitError as error:
            self._locate(error)
            raise

    def _start(self, ask: Ask[T]) -> None:
        self._under_way[ask] = Background(partial(self._fetch, ask))

    async def _fetch(self, ask: Ask[T]) -> Page[T]:
        try:
            return await self._get(ask)
        finally:
            if self._news is not None:
                self._news.set()

    async def _one_that_is_done(self) -> Ask[T]:
        import anyio

        run = current_run()
        for ask, call in self._under_way.items():
            if call.run != run:
                # Of another event loop, or of the process that this one was forked from.
                self._start(ask)
        while True:
            for ask, call in self._under_way.items():
                if call.done:
                    return ask
            self._news = anyio.Event()
            await self._news.wait()

    def _calls(self) -> Iterable[Background[Any]]:
        return self._under_way.values()
