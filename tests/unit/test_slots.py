"""The rate limit's slots beside a service that counts a rolling window: never a request too many, never a slot idle."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from kit_client.limits.slots import MARGIN, Slots

Ending = Literal["answered", "lost", "unsent"]


@dataclass
class Attempt:
    """A request, with what becomes of it. Times are whole seconds after its slot was lent."""

    asked: int
    counted: int
    ended: int
    ending: Ending
    forecast: float = 0.0
    sent: int = -1
    busy_until: float = 0.0


def attempts() -> st.SearchStrategy[list[Attempt]]:
    def answered(counted: int, more: int) -> tuple[int, int, Ending]:
        return counted, counted + more, "answered"

    def lost(ended: int, share: float) -> tuple[int, int, Ending]:
        # The service may count it for as long as the margin allows.
        return round(share * (ended + MARGIN)), ended, "lost"

    short = st.integers(0, 9)
    fates = st.one_of(
        st.builds(answered, short, short),
        st.builds(lost, short, st.floats(0, 1)),
        st.builds(lambda ended: (0, ended, "unsent"), short),
    )
    return st.lists(st.builds(lambda asked, fate: Attempt(asked, *fate), st.integers(0, 60), fates), max_size=40)


class Service:
    """Counts as Kit does: a request is one too many if the window that ends with it is full."""

    def __init__(self, limit: int, window: int) -> None:
        self.limit, self.window = limit, window
        self.counted: deque[int] = deque()
        self.refused = 0

    def count(self, now: int) -> None:
        while self.counted and self.counted[0] <= now - self.window:
            self.counted.popleft()
        if len(self.counted) >= self.limit:
            self.refused += 1
        else:
            self.counted.append(now)


def run(slots: Slots, service: Service, todo: list[Attempt]) -> None:
    """Let the attempts happen, first come first served."""
    # At one moment answers come before what is counted, as the slot of the one may be the other's.
    events: list[tuple[int, int, int, str]] = [(attempt.asked, 2, i, "ask") for i, attempt in enumerate(todo)]
    heapq.heapify(events)
    waiting: deque[Attempt] = deque()
    ticket = {id(attempt): str(i) for i, attempt in enumerate(todo)}
    while events:
        now = events[0][0]
        while events and events[0][0] == now:
            _, _, i, what = heapq.heappop(events)
            attempt = todo[i]
            if what == "ask":
                attempt.forecast = slots.ready(now, len(waiting))
                waiting.append(attempt)
            elif what == "count":
                service.count(now)
            elif what == "end":
                cools = {"answered": slots.window, "lost": slots.window + MARGIN, "unsent": None}[attempt.ending]
                slots.end(ticket[id(attempt)], now, cools)
                attempt.busy_until = now + (cools or 0)
        while waiting and slots.ready(now) <= now:
            attempt = waiting.popleft()
            i = int(ticket[id(attempt)])
            slots.take(ticket[id(attempt)], now)
            attempt.sent, attempt.busy_until = now, float("inf")
            heapq.heappush(events, (now + attempt.ended, 0, i, "end"))
            if attempt.ending != "unsent":
                heapq.heappush(events, (now + attempt.counted, 1, i, "count"))
        if waiting:
            ready = slots.ready(now)
            assert ready > now
            heapq.heappush(events, (int(ready), 3, 0, "look"))


@given(st.integers(1, 5), st.integers(1, 20), attempts())
def test_no_request_is_too_many_whenever_the_service_counts(limit: int, window: int, todo: list[Attempt]) -> None:
    service = Service(limit, window)
    run(Slots(limit, window), service, todo)
    assert service.refused == 0
    assert all(attempt.sent >= attempt.asked for attempt in todo)


@given(st.integers(1, 5), st.integers(1, 20), attempts())
def test_nothing_waits_while_a_slot_is_free_and_the_first_goes_first(
    limit: int, window: int, todo: list[Attempt]
) -> None:
    run(Slots(limit, window), Service(limit, window), todo)
    in_order = sorted(range(len(todo)), key=lambda i: (todo[i].asked, i))
    assert [todo[i].sent for i in in_order] == sorted(attempt.sent for attempt in todo)
    for waiter in todo:
        for moment in range(waiter.asked, waiter.sent):
            busy = sum(0 <= other.sent <= moment < other.busy_until for other in todo)
            assert busy == limit


@given(st.integers(1, 5), st.integers(1, 20), st.integers(1, 60))
def test_all_of_the_quota_is_used(limit: int, window: int, count: int) -> None:
    todo = [Attempt(0, 0, 0, "answered") for _ in range(count)]
    run(Slots(limit, window), Service(limit, window), todo)
    assert [attempt.sent for attempt in todo] == [i // limit * window for i in range(count)]
    assert [attempt.forecast for attempt in todo] == [attempt.sent for attempt in todo]


@given(st.integers(1, 5), st.integers(1, 20), attempts())
def test_no_slot_comes_earlier_than_was_forecast(limit: int, window: int, todo: list[Attempt]) -> None:
    for attempt in todo:
        # A slot that comes back unused can't be foreseen.
        attempt.ending = "answered" if attempt.ending == "unsent" else attempt.ending
        attempt.ended = max(attempt.ended, attempt.counted) if attempt.ending == "answered" else attempt.ended
    run(Slots(limit, window), Service(limit, window), todo)
    assert all(attempt.forecast <= attempt.sent for attempt in todo)


@given(st.integers(1, 5), attempts(), st.integers(0, 80))
def test_each_slot_is_free_or_lent_or_cooling(limit: int, todo: list[Attempt], moment: int) -> None:
    slots = Slots(limit, 10)
    run(slots, Service(limit, 10), todo)
    state = slots.state(moment)
    assert state.free + state.lent + state.cooling == limit
    assert (state.ready_in == 0) == (state.free > 0)


def test_a_refusal_closes_all_slots() -> None:
    slots = Slots(3, 60)
    for ticket in "ab":
        slots.take(ticket, 0)
    slots.end("a", 1, 60, closed=60)
    state = slots.state(2)
    assert (state.free, state.lent, state.cooling, state.ready_in) == (0, 1, 2, 59)
    slots.end("b", 3, 60)
    assert slots.ready(60) == 61
    assert slots.state(61).free == 2
    slots.end("c", 61, None, closed=5)
    assert slots.ready(61) == 66


def test_the_slot_of_a_holder_that_is_gone_comes_back_after_its_lease() -> None:
    slots = Slots(1, 60, lease=30)
    slots.take("dead", 0)
    assert slots.ready(29) == 89
    assert slots.ready(30) == 30 + 60 + MARGIN
    assert slots.state(30 + 60 + MARGIN).free == 1
    # It was alive after all: what it sent may have been counted up to now.
    slots.end("dead", 96, 60)
    assert slots.ready(96) == 96 + 60


def test_a_clock_that_was_set_back_holds_nothing_up_for_longer_than_a_window() -> None:
    slots = Slots(2, 60, lease=30)
    slots.take("a", 1_000_000)
    slots.take("b", 1_000_000)
    slots.end("b", 1_000_000, 60, closed=60)
    assert slots.ready(5) == 5 + 60
    assert slots.ready(5 + 60 + MARGIN) == 5 + 60 + MARGIN
    assert slots.state(5 + 30 + 60 + MARGIN).free == 2
