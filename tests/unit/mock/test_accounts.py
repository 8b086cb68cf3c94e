"""The account, its colors, profile and numbers."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest

from kit_mock import Clock, KitMock
from tests.unit.mock.conftest import START, Create, client


def test_account(kit: httpx.Client) -> None:
    found = kit.get("/v4/account").json()
    assert found["account"]["id"] == 1
    assert found["account"]["created_at"] == "2023-02-17T11:43:55Z"
    assert found["account"]["primary_email_address"] == found["user"]["email"]


def test_colors(kit: httpx.Client) -> None:
    assert kit.get("/v4/account/colors").json() == {"colors": []}
    colors = ["#008000", "#FF0000", "#abc"]
    response = kit.put("/v4/account/colors", json={"colors": colors})
    assert (response.status_code, response.json()) == (200, {"colors": colors})
    assert kit.get("/v4/account/colors").json() == {"colors": colors}
    assert kit.put("/v4/account/colors", json={"colors": []}).json() == {"colors": []}


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (
            {"colors": ["#123_not_a_code", "#00ff00", "red"]},
            ["Colors #123_not_a_code is not a valid hex color code.", "Colors red is not a valid hex color code."],
        ),
        ({"colors": ["#1234567"]}, ["Colors #1234567 is not a valid hex color code."]),
        ({"colors": ["#fff\n"]}, ["Colors #fff\n is not a valid hex color code."]),
        ({"colors": ["#fff"] * 6}, ["Colors can have at most 5 entries"]),
        ({"colors": "#fff"}, ["Colors must be a list"]),
        ({"colors": [5]}, ["Colors 5 is not a valid hex color code."]),
        ({"colors": [["#fff"]]}, ["Colors 0 must be a string"]),
        ({}, ["Colors can't be blank"]),
    ],
)
def test_bad_colors_are_422_and_change_nothing(kit: httpx.Client, body: dict[str, Any], errors: list[str]) -> None:
    kit.put("/v4/account/colors", json={"colors": ["#000000"]})
    response = kit.put("/v4/account/colors", json=body)
    assert (response.status_code, response.json()) == (422, {"errors": errors})
    assert kit.get("/v4/account/colors").json() == {"colors": ["#000000"]}


def test_creator_profile(kit: httpx.Client) -> None:
    profile = kit.get("/v4/account/creator_profile").json()["profile"]
    assert set(profile) == {"name", "byline", "bio", "image_url", "profile_url"}


def test_an_account_without_a_creator_profile_is_404(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    KitMock(db=db).close()
    connection = sqlite3.connect(db)
    with connection:
        connection.execute("DELETE FROM creator_profiles")
    connection.close()
    with KitMock(db=db) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        response = kit.get("/v4/account/creator_profile")
        assert (response.status_code, response.json()) == (404, {"errors": ["Not Found"]})


def test_email_stats_cover_the_last_90_days(kit: httpx.Client) -> None:
    stats = kit.get("/v4/account/email_stats").json()["stats"]
    assert (stats["starting"], stats["ending"]) == ("2022-11-19T11:43:55Z", "2023-02-17T11:43:55Z")
    assert (stats["sent"], stats["email_stats_mode"]) == (0, "last_90")


def growth(kit: httpx.Client, **params: str) -> dict[str, Any]:
    response = kit.get("/v4/account/growth_stats", params=params)
    assert response.status_code == 200, response.text
    stats: dict[str, Any] = response.json()["stats"]
    return stats


def test_growth_is_the_last_90_days_in_the_accounts_time_zone(kit: httpx.Client, mock: KitMock) -> None:
    assert growth(kit) == {
        "cancellations": 0,
        "net_new_subscribers": 0,
        "new_subscribers": 0,
        "subscribers": 0,
        "starting": "2022-11-19T00:00:00-05:00",
        "ending": "2023-02-17T23:59:59-05:00",
    }
    # 03:43 in UTC is still the day before in the account's zone.
    mock.advance(hours=16)
    assert growth(kit)["ending"] == "2023-02-17T23:59:59-05:00"


def test_growth_counts_what_happened(kit: httpx.Client, mock: KitMock, subscriber: Create) -> None:
    for number in range(1, 5):
        subscriber(f"{number}@example.com")  # the 17th
    subscriber("inactive@example.com", state="inactive")
    mock.advance(hours=16)  # 03:43 UTC of the 18th, the 17th for the account
    kit.post("/v4/subscribers/1/unsubscribe")
    mock.advance(hours=8)  # the 18th for both
    kit.post("/v4/subscribers/2/unsubscribe")
    subscriber("6@example.com")

    def numbers(starting: str, ending: str) -> tuple[int, int, int, int]:
        stats = growth(kit, starting=starting, ending=ending)
        assert stats["starting"] == f"{starting}T00:00:00-05:00"
        assert stats["ending"] == f"{ending}T23:59:59-05:00"
        return (
            stats["new_subscribers"],
            stats["cancellations"],
            stats["net_new_subscribers"],
            stats["subscribers"],
        )

    assert numbers("2023-02-16", "2023-02-16") == (0, 0, 0, 0)
    assert numbers("2023-02-17", "2023-02-17") == (5, 1, 4, 3)
    assert numbers("2023-02-18", "2023-02-18") == (1, 1, 0, 3)
    assert numbers("2023-02-16", "2023-02-19") == (6, 2, 4, 3)


@pytest.mark.parametrize(
    "ending",
    ["2030-01-01", "2023-02-17", "2023-02-10", "2022-11-19"],
)
def test_growth_begins_90_days_before_today_whatever_its_end(kit: httpx.Client, ending: str) -> None:
    assert growth(kit, ending=ending)["starting"] == "2022-11-19T00:00:00-05:00"


def test_growth_of_a_day_that_is_over_stays_as_it_was(kit: httpx.Client, mock: KitMock, subscriber: Create) -> None:
    for number in range(1, 4):
        subscriber(f"{number}@example.com")
    kit.post("/v4/subscribers/1/unsubscribe")
    mock.fire("subscriber_bounce", subscriber_id=2)
    day = {"starting": "2023-02-17", "ending": "2023-02-17"}
    before = growth(kit, **day)
    assert (before["new_subscribers"], before["cancellations"], before["subscribers"]) == (3, 1, 1)

    mock.advance(hours=24)
    mock.fire("subscriber_activate", subscriber_id=1)
    mock.fire("subscriber_activate", subscriber_id=2)
    mock.fire("subscriber_complain", subscriber_id=3)
    subscriber("4@example.com")
    assert growth(kit, **day) == before
    after = growth(kit, starting="2023-02-18", ending="2023-02-18")
    assert (after["new_subscribers"], after["cancellations"], after["subscribers"]) == (1, 0, 3)

    mock.advance(hours=24)
    kit.post("/v4/subscribers/1/unsubscribe")
    assert growth(kit, **day) == before
    assert growth(kit, starting="2023-02-18", ending="2023-02-18") == after
    assert growth(kit, starting="2023-02-17")["cancellations"] == 2


def test_growth_counts_the_unsubscribed_of_a_seed() -> None:
    cancelled = {"state": "cancelled", "created_at": "2023-02-10T12:00:00Z", "cancelled_at": "2023-02-15T12:00:00Z"}
    seed = {"subscribers": [{"email_address": "ada@example.com", **cancelled}]}
    with KitMock(clock=Clock(START), seed=seed) as mock, client(mock, **{"X-Kit-Api-Key": mock.api_key}) as kit:
        before, on_the_day, later = (
            growth(kit, starting="2023-02-01", ending=f"2023-02-{day}") for day in (14, 15, 16)
        )
    assert (before["subscribers"], before["cancellations"]) == (1, 0)
    assert (on_the_day["subscribers"], on_the_day["cancellations"]) == (0, 1)
    assert (later["subscribers"], later["cancellations"]) == (0, 1)


def test_badly_written_days_are_422(kit: httpx.Client) -> None:
    starting = "Starting date is incorrectly formatted. Use YYYY-MM-DD."
    ending = "Ending date is incorrectly formatted. Use YYYY-MM-DD."
    for params, errors in (
        ({"starting": "02/10/2023", "ending": "soon"}, [starting, ending]),
        ({"starting": "2023-02-30"}, [starting]),
        ({"ending": "2023-W07-5"}, [ending]),
        ({"starting": "2023-02-18", "ending": "2023-02-17"}, ["Starting date must not be after ending date."]),
    ):
        response = kit.get("/v4/account/growth_stats", params=params)
        assert (response.status_code, response.json()) == (422, {"errors": errors})


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_ends_of_the_calendar_are_days_too(kit: httpx.Client, day: str) -> None:
    found = growth(kit, starting=day, ending=day)
    assert (found["subscribers"], found["starting"][:10], found["ending"][:10]) == (0, day, day)
