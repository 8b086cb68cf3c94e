"""Which pages of an export to ask for next. No I/O.

The first page says how many subscribers there are. If they are many, two small requests follow: for the oldest one, which
says how far back windows reach; and for the single second of a known one, which shows whether the service heeds limits
that are not whole days. If it doesn't, the list is walked as it is. Otherwise it is cut into windows, and so is each window
that turns out to hold too many. Numbers and moments only decide where to cut: whatever they are, the windows make up all
of time, and each is walked to its end.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

from kit_api.api.subscribers import list_subscribers
from kit_api.types import ListModule, Page
from kit_client.walk import Walk

from .answers import field_of
from .members import Members
from .windows import Progress, Window, created, moment_of, seams_from

SMALLEST, LARGEST = 2, 20
"""How many pages a window should have: with each comes one that isn't full, and the last ones are walked alone."""
SPARE_PIECES = 256
"""How many more windows there may be than size demands, so that no count of the service makes them endless."""

T = TypeVar("T")
logger = logging.getLogger("kit_client")


class Ask(Struct, Generic[T], eq=False):
    """A page to ask for."""

    operation: ListModule[..., T]
    owner: tuple[int, ...]
    walk: Walk[T]
    take: Callable[[Page[T]], Page[T] | None]
    """Takes the page, and returns what of it is to be handed over."""
    window: Window | None = None

    @property
    def left(self) -> float:
        return math.inf if self.window is None else self.window.left


class ExportPlan(Generic[T]):
    """An export that is under way.

    Args:
        members: The list.
        parallel: How many pages there may be at a time that are asked for or wait to be handed over.
        per_page: How many subscribers a page holds.
        progress: What is left.
    """

    def __init__(self, members: Members, parallel: int, per_page: int, progress: Progress) -> None:
        self._members, self._parallel, self._per_page = members, parallel, per_page
        self._range, self.total = progress.range, progress.total
        # Not handed over yet, the page in hand included.
        self._windows: dict[Window, None] = dict.fromkeys(progress.windows)
        self._waiting: list[Ask[T]] = []
        self._under_way = self._pieces = 0
        self._in_hand: tuple[Window, Walk[T]] | None = None
        self._seen: set[Any] = set()
        self.is_fresh = progress.is_whole
        """Whether nothing was handed over yet."""
        for window in progress.windows:
            self._open(window)

    @property
    def progress(self) -> Progress:
        """What is left, the page in hand included."""
        return Progress(list(self._windows), self._range, self.total)

    def asks(self) -> Iterator[Ask[T]]:
        """Yield the pages to ask for now. Those of the longest window come first, so that none is left alone at the end."""
        while self._waiting and self._under_way < self._parallel:
            ask = max(self._waiting, key=lambda ask: ask.left)
            self._waiting.remove(ask)
            self._under_way += 1
            yield ask

    def take(self, ask: Ask[T], page: Page[T]) -> Page[T] | None:
        """Take a page that came. Returns what of it is to be handed over, if anything."""
        self._under_way -= 1
        return ask.take(page)

    def handed_over(self) -> None:
        """Note that nothing more of the last page is wanted.

        Raises:
            PaginationError: The service doesn't say how its window goes on.
        """
        if self._in_hand is None:
            return
        (window, walk), self._in_hand = self._in_hand, None
        self.is_fresh = False
        walk.finish()
        window.cursor = walk.cursor
        if walk.done:
            del self._windows[window]

    def _open(self, window: Window) -> None:
        first_page = {"after": window.cursor} if window.cursor else {"include_total_count": True}
        arguments = {**self._members.filters, **window.arguments(), "per_page": self._per_page, **first_page}
        take = self._take_first if window.cursor is None else self._take_next
        self._wait(window, Walk[T](arguments, None), take)

    def _wait(self, window: Window, walk: Walk[T], take: Callable[[Window, Walk[T], Page[T]], Page[T] | None]) -> None:
        members = self._members
        self._waiting.append(Ask(members.operation, members.owner, walk, partial(take, window, walk), window))

    def _take_first(self, window: Window, walk: Walk[T], page: Page[T]) -> Page[T] | None:
        count: object = page.total_count
        if isinstance(count, int) and page.pagination.has_next_page is True:
            window.left = count
            self.total = count if self.total is None else self.total
            if count > 2 * self._size(self.total):
                moments = [moment for moment in map(created, page.items) if moment is not None]
                if self._range is None and moments and self._parallel > 1:
                    self._look_around(window, walk, page, moments)
                    return None
                if self._range is not None and self._cut(window, count, self._range, moments):
                    return None
        elif self.total is None:
            self.total = len(page.items)
        return self._take_next(window, walk, page)

    def _take_next(self, window: Window, walk: Walk[T], page: Page[T]) -> Page[T] | None:
        page = walk.take(page)
        window.left -= len(page.items)
        if not walk.done:
            self._wait(window, walk, self._take_next)
        self._in_hand = window, walk
        if window.start is window.end is None:
            return page
        # Compared as they are: of a page of plain dicts, to make seconds of them would take longer than to decode it.
        first, after = window.edges
        return replace(page, items=[item for item in page.items if self._belongs(item, first, after)])

    def _belongs(self, item: T, first: datetime, after: datetime) -> bool:
        moment = moment_of(item)
        if moment is not None:
            return first <= moment < after
        # More than one window may have it.
        id_ = field_of(item, "id")
        if id_ in self._seen:
            return False
        self._seen.add(id_)
        return True

    def _size(self, total: int) -> int:
        return min(max(total // (2 * self._parallel), SMALLEST * self._per_page), LARGEST * self._per_page)

    def _cut(self, window: Window, count: int, within: tuple[int, int], known: Sequence[int]) -> bool:
        """Replace a window by smaller ones if that can be. Its first page is then asked for again by these."""
        total = self.total or count
        size = self._size(total)
        most = 8 * math.ceil(total / size) + SPARE_PIECES - self._pieces
        pieces = window.cut(*within, count, size, most, known)
        if not pieces:
            return False
        self._pieces += len(pieces)
        del self._windows[window]
        self._windows.update(dict.fromkeys(pieces))
        for piece in pieces:
            self._open(piece)
        return True

    def _look_around(self, window: Window, walk: Walk[T], page: Page[T], known: Sequence[int]) -> None:
        """Ask for what has to be known before the first cut, while the first page is kept."""
        members, filters = self._members, self._members.filters
        # Not the newest one, which would be found as well if the service took limits for whole days.
        second = sorted(known)[len(known) // 2]
        found: dict[str, list[int | None]] = {}

        def look(name: str, came: Page[T]) -> Page[T] | None:
            found[name] = [created(item) for item in came.items]
            if len(found) < 2:
                return None
            heeds_limits = bool(found["second"]) and all(moment in (second - 1, second) for moment in found["second"])
            oldest = next(iter(found["oldest"]), None)
            if heeds_limits and oldest is not None:
                self._range = math.ceil(max(oldest, seams_from(filters.get("created_after")))), max(known)
                if self._cut(window, page.total_count or 0, self._range, known):
                    return None
            logger.info("the list can't be cut into windows of time: it is walked page after page")
            return self._take_next(window, walk, page)

        walk_second = Walk[T]({**filters, **Window(second, second + 1).arguments()}, 1)
        self._waiting.append(Ask(members.operation, members.owner, walk_second, partial(look, "second")))
        everybody = cast("ListModule[..., T]", list_subscribers)
        narrowed = {"status": "all"} if members.owner else filters
        walk_oldest = Walk[T]({**narrowed, "sort_order": "asc"}, 1)
        self._waiting.append(Ask(everybody, (), walk_oldest, partial(look, "oldest")))
