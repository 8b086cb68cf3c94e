"""The mock in the same process, as tests use it: a request through its transport, and a fresh account."""

from __future__ import annotations

import httpx

from kit_mock import KitMock

from .timing import goal, medians, table

GET_MICROSECONDS = 400
FRESH_MILLISECONDS = 5


def fresh() -> None:
    """An account of its own, as each test gets one; the document is compiled once for all of them."""
    KitMock().close()


def run() -> None:
    """Measure and print."""
    with KitMock() as mock, _client(mock) as http:
        for number in range(100):
            http.post("/v4/subscribers", json={"email_address": f"reader{number}@example.com", "first_name": "Reader"})
        times = medians(
            {
                "GET of a subscriber": lambda: _ok(http.get("/v4/subscribers/1")),
                "GET of a page of 100": lambda: _ok(http.get("/v4/subscribers?per_page=100")),
                "POST of a known subscriber": lambda: _ok(
                    http.post("/v4/subscribers", json={"email_address": "reader1@example.com"})
                ),
                "KitMock() and close()": fresh,
            },
            rounds=50,
            inner=10,
        )
    table("The mock in process, through httpx", times, "GET of a subscriber")
    get, made = times["GET of a subscriber"] * 1e6, times["KitMock() and close()"] * 1e3
    goal(f"a GET in at most {GET_MICROSECONDS} µs: {get:.0f}", get <= GET_MICROSECONDS)
    goal(f"a fresh account in less than {FRESH_MILLISECONDS} ms: {made:.1f}", made < FRESH_MILLISECONDS)


def _client(mock: KitMock) -> httpx.Client:
    return httpx.Client(
        transport=mock.transport, base_url="https://kit.test", headers={"X-Kit-Api-Key": mock.api_key}, timeout=30
    )


def _ok(response: httpx.Response) -> None:
    if response.status_code != 200:
        raise RuntimeError(f"answered {response.status_code}")
