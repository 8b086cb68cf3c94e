"""Searches requests and deliveries, and cuts what it finds into pages, the newest first."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import attrs

from kit_mock.outbox.deliveries import Delivery
from kit_mock.service.request_log import RecordedRequest

_T = TypeVar("_T")


@attrs.frozen
class Listing(Generic[_T]):
    """A page of the results of a search. `hits` is the number of results in all, `newer` of those before the page.

    `older` is the id that the next page begins after; None on the last page.
    """

    shown: list[_T]
    hits: int
    newer: int
    older: str | None

    @property
    def last(self) -> int:
        """The number of the last result on the page, counted from 1."""
        return self.newer + len(self.shown)


def find(
    items: Sequence[_T], fits: Callable[[_T], bool], id_of: Callable[[_T], str], before: str | None, size: int | None
) -> Listing[_T]:
    """Return a page of the items that fit. `items` has the oldest first.

    The page begins after the item with the id `before`, or with the newest. After an unknown id it is empty. Without a
    `size` it has all.
    """
    newest = items[::-1]
    start = _after(before, [id_of(each) for each in newest]) if before else 0
    found = [(at, each) for at, each in enumerate(newest) if fits(each)]
    newer = sum(at < start for at, _ in found)
    shown = [each for _, each in found[newer : None if size is None else newer + size]]
    older = id_of(shown[-1]) if shown and newer + len(shown) < len(found) else None
    return Listing(shown, len(found), newer, older)


def _after(id_: str, ids: Sequence[str]) -> int:
    # Ids of requests repeat after a restore. The oldest counts, so that paging comes to an end.
    return next((at + 1 for at in reversed(range(len(ids))) if ids[at] == id_), len(ids))


def request_key(request: RecordedRequest) -> str:
    """Return a key that no other request has. Ids of requests repeat after a restore."""
    return f"{request.request_id}-{zlib.crc32(repr((request.at, request.duration)).encode()):x}"


def delivery_id(delivery: Delivery) -> str:
    """Return the id that a page can begin after."""
    return str(delivery.id)


def find_requests(recorded: Sequence[RecordedRequest], search: str, before: str, size: int) -> Listing[RecordedRequest]:
    """Search for words in method, path, query, status, operation, fault and credential; `before` is a `request_key`."""
    return find(recorded, _has_words(search, _request_text), request_key, before, size)


def find_deliveries(deliveries: Sequence[Delivery], search: str, before: str, size: int) -> Listing[Delivery]:
    """Search for words in event, target, state, status and problem."""
    return find(deliveries, _has_words(search, _delivery_text), delivery_id, before, size)


def state_of(delivery: Delivery) -> str:
    """Return the state of a delivery as the page names it: `retrying` if it waits after an attempt."""
    return "retrying" if delivery.state == "waiting" and delivery.attempts else delivery.state


def _has_words(search: str, text_of: Callable[[_T], str]) -> Callable[[_T], bool]:
    words = search.lower().split()
    if not words:
        return lambda _: True

    def fits(item: _T) -> bool:
        text = text_of(item).lower()
        return all(word in text for word in words)

    return fits


def _request_text(each: RecordedRequest) -> str:
    query = f"?{each.query_string}" if each.query_string else ""
    return " ".join(
        (
            *(each.method, each.path + query, str(each.status)),
            *(each.operation_id or "", each.fault or "", each.credential or ""),
        )
    )


def _delivery_text(each: Delivery) -> str:
    return f"{each.event} {each.target_url} {state_of(each)} {each.status or ''} {each.problem or ''}"
