"""The clock that the mock goes by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit_mock import Clock, KitMock
from kit_mock.cli import main
from kit_mock.state.clock import timestamp
from tests.unit.mock.conftest import START, client


def test_a_clock_of_ones_own_stands_still_until_advanced() -> None:
    clock = Clock(START.astimezone(timezone(timedelta(hours=9))))
    assert clock.now() == clock.now() == START
    assert clock.now().tzinfo is UTC
    assert clock.advance(days=1, hours=2, minutes=3, seconds=4.5) == START + timedelta(days=1, seconds=7384.5)
    assert clock.epoch() == int(clock.now().timestamp())


def test_the_default_clock_is_real_and_can_be_advanced() -> None:
    clock = Clock()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(minutes=1)
    clock.advance(days=3)
    assert abs(clock.now() - datetime.now(UTC) - timedelta(days=3)) < timedelta(minutes=1)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="can't go back"):
        Clock().advance(hours=-1)
    with pytest.raises(ValueError, match="time zone"):
        Clock(datetime(2023, 2, 17))


@pytest.mark.parametrize(
    "start",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(timedelta(hours=-5))),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(9000, 1, 1, 0, 0, 1, tzinfo=UTC),
    ],
)
def test_a_start_out_of_range_is_told_like_a_step(start: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OverflowError, match="the clock can only be between 1970 and 9000"):
        Clock(start)
    with pytest.raises(SystemExit):
        main(["serve", "--now", start.isoformat()])
    assert "the clock can only be between 1970 and 9000" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("start", [datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)])
def test_at_both_ends_of_the_range_everything_is_answered(start: datetime) -> None:
    with KitMock(clock=Clock(start)) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        for path in ("account", "account/growth_stats", "account/email_stats", "tags"):
            assert kit.get(f"/v4/{path}").status_code == 200, path
        mock.restore(mock.snapshot())
        assert mock.clock.now() == start


@pytest.mark.parametrize("days", [365 * 8000, 999_999_999, 1e30])
def test_too_far_is_told_in_the_same_words_however_far(days: float) -> None:
    clock = Clock(START)
    with pytest.raises(OverflowError, match="the clock can only be between 1970 and 9000"):
        clock.advance(days=days)
    assert clock.now() == START


def test_timestamps_follow_it(kit: httpx.Client, mock: KitMock) -> None:
    assert mock.advance(hours=3) == mock.clock.now()
    assert kit.post("/v4/tags", json={"name": "A"}).json()["tag"]["created_at"] == "2023-02-17T14:43:55Z"


@given(st.integers(-1, 200_000_000_000))
def test_a_timestamp_is_the_moment_in_the_format_of_kit(epoch: int) -> None:
    assert timestamp(epoch) == f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"
