"""Dates mean the same to the API, to `add` and to a seed."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock, KitMockError
from tests.unit.mock.conftest import START, client

DAYS = st.sampled_from(["2023-03-01", "1000-01-01", "0999-12-31", "1969-12-31", "9999-12-31", "2023-02-29", "20230301"])
TIMES = st.sampled_from(["10:00", "10:00:01", "23:59:59.9", "24:01", "10", "10:00:01,123456789", "10:00:61"])
ZONES = st.sampled_from(["", "Z", "z", "+01", "-01:00", "+0130", "-23:59", "+24:00", " Z"])
DATES = (
    DAYS
    | st.builds("{}{}{}{}".format, DAYS, st.sampled_from("Tt _"), TIMES, ZONES)
    | st.datetimes(timezones=st.none() | st.timezones()).map(lambda moment: moment.isoformat())
    | st.sampled_from([" 2023-03-01", "2023-03-01 ", "yesterday", "1677628800"])
)


@pytest.fixture(scope="module")
def filled() -> Iterator[tuple[KitMock, httpx.Client]]:
    with KitMock(clock=Clock(START), rate_limit="off") as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        yield mock, kit


@given(text=DATES)
def test_add_and_a_seed_take_the_dates_that_a_body_takes(filled: tuple[KitMock, httpx.Client], text: str) -> None:
    mock, kit = filled
    answer = kit.post("/v4/broadcasts", json={"published_at": text})
    if answer.status_code == 201:
        expected = answer.json()["broadcast"]["published_at"]
        assert mock.broadcasts.add(published_at=text)["published_at"] == expected
        with KitMock(clock=Clock(START), seed={"broadcasts": [{"published_at": text}]}) as seeded:
            assert [each["published_at"] for each in seeded.broadcasts.all()] == [expected]
    else:
        assert answer.json() == {"errors": ["Published at is not a valid ISO8601 timestamp"]}
        with pytest.raises(KitMockError, match=r"broadcasts\.add: published_at must be a day"):
            mock.broadcasts.add(published_at=text)
        with pytest.raises(KitMockError, match=r"seed: broadcasts\[0\]\.published_at must be a day"):
            KitMock(seed={"broadcasts": [{"published_at": text}]})
