"""A service that has nothing but subscribers, and may read the limits of a list in several ways."""

from __future__ import annotations

import base64
import json
import math
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from kit_client import AsyncKit, Kit

Reading = Callable[[float, float, float], bool]
"""Whether somebody who was created at a moment lies within two limits."""


def exclusive(moment: float, after: float, before: float) -> bool:
    return after < moment < before


def inclusive(moment: float, after: float, before: float) -> bool:
    return after <= moment <= before


def whole_days(moment: float, after: float, before: float) -> bool:
    return _day(after) < _day(moment) < _day(before)


def days_loosely(moment: float, after: float, before: float) -> bool:
    return _day(after) <= _day(moment) <= _day(before)


def _day(moment: float) -> float:
    return moment if math.isinf(moment) else moment // 86_400


def unheeded(moment: float, after: float, before: float) -> bool:
    return True


class Audience:
    """Answers every GET with a page of subscribers, the newest id first. Ids go up from 1.

    Args:
        moments: When each was created, in seconds since the epoch. Fractions are kept, but not shown.
        reading: How limits are read.
        counts: Whether `total_count` comes.
        no_moment: Ids of those whose `created_at` can't be read.
    """

    def __init__(
        self,
        moments: Sequence[float],
        reading: Reading = exclusive,
        *,
        counts: bool = True,
        no_moment: Sequence[int] = (),
    ) -> None:
        self.moments, self._reading, self._counts, self._no_moment = moments, reading, counts, no_moment
        self.requests: list[httpx.Request] = []
        self._lock = threading.Lock()
        self.before_answer: Callable[[httpx.Request, int], httpx.Response | None] = lambda request, number: None

    @property
    def ids(self) -> list[int]:
        return list(range(1, len(self.moments) + 1))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        return self.before_answer(request, number) or self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        given = request.url.params
        after = _seconds(given["created_after"]) if "created_after" in given else float("-inf")
        before = _seconds(given["created_before"]) if "created_before" in given else float("inf")
        found = [id_ for id_, moment in enumerate(self.moments, 1) if self._reading(moment, after, before)]
        is_ascending = given.get("sort_order") == "asc"
        if not is_ascending:
            found.reverse()
        total = len(found)
        if "after" in given:
            (cursor,) = json.loads(base64.b64decode(given["after"]))
            found = [id_ for id_ in found if (id_ > cursor if is_ascending else id_ < cursor)]
        items = found[: int(given["per_page"])]
        pagination = {
            "has_previous_page": "after" in given,
            "has_next_page": len(found) > len(items),
            "start_cursor": _cursor(items[0]) if items else None,
            "end_cursor": _cursor(items[-1]) if items else None,
            "per_page": int(given["per_page"]),
        }
        if "include_total_count" in given and self._counts:
            pagination["total_count"] = total
        subscribers = [self._subscriber(id_) for id_ in items]
        return httpx.Response(200, json={"subscribers": subscribers, "pagination": pagination})

    def _subscriber(self, id_: int) -> dict[str, Any]:
        made: dict[str, Any] = {
            "id": id_,
            "first_name": None,
            "email_address": f"reader{id_}@example.com",
            "state": "active",
            "fields": {},
        }
        if id_ not in self._no_moment:
            made["created_at"] = datetime.fromtimestamp(self.moments[id_ - 1] // 1, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return made

    def kit(self) -> Kit:
        return Kit("key", transport=httpx.MockTransport(self), rate_limiter=None, max_retries=0)

    def async_kit(self) -> AsyncKit:
        return AsyncKit("key", transport=httpx.MockTransport(self), rate_limiter=None, max_retries=0)


def _cursor(id_: int) -> str:
    return base64.b64encode(json.dumps([id_]).encode()).decode()


def _seconds(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
