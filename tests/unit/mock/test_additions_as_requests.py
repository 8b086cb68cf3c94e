"""What is added from Python is what a request with the same values makes, or is refused where the request is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kit_mock import Clock, KitMock, KitMockError
from tests.unit.mock.conftest import START, client

LINE = {"name": "Book", "pid": "book", "lid": "a", "quantity": 2, "unit_price": 9.5}
PURCHASE = {"transaction_id": "T-1", "email_address": "ada@example.com", "currency": "USD"}

NUMBERS = st.one_of(
    st.integers(-(10**16), 10**16),
    st.integers(-100, 100).map(float),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-100, 100).map(str),
    st.decimals(-100, 100, places=2).map(str),
    st.sampled_from([True, False, None, "", " 5 ", "+5", "5.0", "1e2", "five", "0x5", "5,0", "\u0665"]),
)
URLS = st.tuples(
    st.sampled_from(["", " ", "\t", "\n", "\u00a0"]),
    st.sampled_from(["http://a.example/", "https://a.example/x?y=z", "ftp://a.example/", "a.example", "http://", ""]),
    st.sampled_from(["", " ", "\n"]),
).map("".join)


def same(
    send: Callable[[httpx.Client], httpx.Response],
    add: Callable[[KitMock], object],
    shown: Callable[[KitMock], object],
) -> None:
    """Hold that a request and an addition have the same effect, or are both refused."""
    states = []
    for way in ("request", "addition"):
        with KitMock(clock=Clock(START)) as mock, client(mock, Authorization=f"Bearer {mock.access_token}") as http:
            mock.tags.add("Newsletter")
            mock.segments.add("Readers")
            mock.subscribers.add("ada@example.com")
            try:
                is_taken = send(http).is_success if way == "request" else bool(add(mock))
            except KitMockError:
                is_taken = False
            states.append((is_taken, shown(mock)))
    assert states[0] == states[1]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["subtotal", "discount", "tax", "shipping", "total"]), NUMBERS)
@example("subtotal", "5")
@example("shipping", "5.5")
def test_an_amount(name: str, value: Any) -> None:
    purchase = {**PURCHASE, name: value, "products": [LINE]}
    same(
        lambda http: http.post("/v4/purchases", json={"purchase": purchase}),
        lambda mock: mock.purchases.add(**purchase),
        lambda mock: mock.purchases.all(),
    )


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(["quantity", "unit_price"]), NUMBERS)
@example("quantity", "5")
def test_a_number_of_a_line(name: str, value: Any) -> None:
    purchase = {**PURCHASE, "products": [{**LINE, name: value}]}
    same(
        lambda http: http.post("/v4/purchases", json={"purchase": purchase}),
        lambda mock: mock.purchases.add(**purchase),  # type: ignore[arg-type]
        lambda mock: mock.purchases.all(),
    )


@settings(deadline=None, max_examples=60)
@given(URLS)
@example(" http://a.example/ ")
def test_a_url(url: str) -> None:
    same(
        lambda http: http.post("/v4/broadcasts", json={"thumbnail_url": url}),
        lambda mock: mock.broadcasts.add(thumbnail_url=url),
        lambda mock: mock.broadcasts.all(),
    )
    link = {"name": "subscriber.link_click", "initiator_value": url}
    same(
        lambda http: http.post("/v4/webhooks", json={"target_url": "http://a.example/", "event": link}),
        lambda mock: mock.webhooks.add("link_click", "http://a.example/", link=url),
        lambda mock: mock.webhooks.all(),
    )
    event = {"name": "subscriber.subscriber_bounce"}
    same(
        lambda http: http.post("/v4/webhooks", json={"target_url": url, "event": event}),
        lambda mock: mock.webhooks.add("subscriber_bounce", url),
        lambda mock: mock.webhooks.all(),
    )


@pytest.mark.parametrize("id_", [1, 1.0, 1.5, True, None])
@pytest.mark.parametrize("kind", ["tag", "segment"])
def test_an_id_of_a_filter(kind: str, id_: Any) -> None:
    chosen = [{"all": [{"type": kind, "ids": [id_]}]}]
    same(
        lambda http: http.post("/v4/broadcasts", json={"subscriber_filter": chosen}),
        lambda mock: mock.broadcasts.add(subscriber_filter=chosen),
        lambda mock: mock.broadcasts.all(),
    )


def test_an_id_may_be_a_whole_number_of_any_type(mock: KitMock) -> None:
    ids: list[Any] = [5.0, 1e9]
    for id_ in ids:
        assert mock.tags.add(f"Tag {id_}", id=id_)["id"] == int(id_)
    loose: Any = mock.subscribers
    assert loose.add("ada@example.com", tags=ids)["id"] == 1
    for id_ in (5.5, float("inf"), float("nan"), -1.0):
        with pytest.raises(KitMockError, match=r"tags\.add: id must be a whole number"):
            mock.tags.add("Other", id=id_)  # type: ignore[arg-type]


@pytest.mark.parametrize("ids", [[1], ["Newsletter"], []])
def test_ids_beside_all_subscribers_are_refused(mock: KitMock, ids: list[Any]) -> None:
    mock.tags.add("Newsletter")
    chosen = [{"all": [{"type": "all_subscribers", "ids": ids}]}]
    problem = r"subscriber_filter\[0\]\.all\[0\]\.ids goes with a tag or a segment alone"
    with pytest.raises(KitMockError, match=rf"^broadcasts\.add: {problem}"):
        mock.broadcasts.add(subscriber_filter=chosen)
    with pytest.raises(KitMockError, match=rf"^seed: broadcasts\[0\]\.{problem}"):
        KitMock(seed={"tags": [{"name": "Newsletter"}], "broadcasts": [{"subscriber_filter": chosen}]})
