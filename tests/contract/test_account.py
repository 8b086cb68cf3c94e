"""The account: its colors, its profile, and numbers that follow what happens."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.contract.caller import Caller
from tests.contract.world import World

_MANY = 6


@pytest.mark.operations("update_account_colors", "list_account_colors")
def test_colors_are_kept(caller: Caller) -> None:
    """The colors are those that were last put, in their order. (reference)"""
    if caller.server.read_only:
        pytest.skip("update_account_colors changes the account, and the run may only read")
    before = caller.call("list_account_colors", expect=200).json["colors"]
    for colors in (["#00ff00"], ["#ABCDEF", "#123", "#000000"], [], before):
        answer = caller.call("update_account_colors", body={"colors": colors}, expect=200)
        shown = caller.call("list_account_colors", expect=200).json["colors"]
        if answer.json["colors"] != colors or shown != colors:
            raise answer.broken(f"the colors {colors}, also when they are read", str(shown))


@pytest.mark.operations("update_account_colors", "list_account_colors")
def test_bad_colors_are_refused(caller: Caller) -> None:
    """More than five colors, or one that is no hex code, are a 422, and the old ones stay. (reference)"""
    if caller.server.read_only:
        pytest.skip("update_account_colors changes the account, and the run may only read")
    before = caller.call("list_account_colors", expect=200).json["colors"]
    for colors in (["#000000"] * _MANY, ["green"], ["#00ff00", "#12"], ["#00ff0g"], ["00ff00"], [""]):
        answer = caller.call("update_account_colors", body={"colors": colors}, expect=422, why=f"for {colors}")
    if caller.call("list_account_colors", expect=200).json["colors"] != before:
        raise answer.broken(f"the colors {before} as they were")


@pytest.mark.operations("get_account")
def test_the_account_is_that_of_the_credential(caller: Caller) -> None:
    """The account is the same with each credential, and is the one that is known. (reference)"""
    answer = caller.call("get_account", expect=200)
    account = answer.json["account"]
    known = caller.server.account
    if known and (account["name"] != known["name"] or account["id"] != known["id"]):
        raise answer.broken(f"account {known['id']}, {known['name']}")
    if caller.server.behaviour == "current" and not {"timezone", "sending_addresses", "plan"} <= account.keys():
        raise answer.broken("timezone, sending_addresses and plan")
    if caller.server.behaviour == "current" and "id" not in answer.json["user"]:
        raise answer.broken("the id of the user")
    if known and caller.server.behaviour == "current" and account["timezone"]["name"] != known["timezone"]:
        raise answer.broken(f"the time zone {known['timezone']}")


@pytest.mark.operations("get_email_stats")
def test_email_stats_are_of_90_days(caller: Caller) -> None:
    """The numbers are of the last 90 days; today there are rates too, in percent. (reference)"""
    answer = caller.call("get_email_stats", expect=200)
    stats = answer.json["stats"]
    starting, ending = (datetime.fromisoformat(stats[name]) for name in ("starting", "ending"))
    if abs(ending - starting - timedelta(days=90)) > timedelta(days=1):
        raise answer.broken("a period of 90 days")
    if abs(ending - datetime.now(UTC)) > timedelta(days=1):
        raise answer.broken("a period that ends now")
    if caller.server.behaviour == "current":
        for name in ("open_rate", "click_rate", "unsubscribe_rate", "bounce_rate"):
            if not 0 <= stats.get(name, -1) <= 100:
                raise answer.broken(f"{name} in percent")


def _growth(caller: Caller, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.call("get_growth_stats", query=query, expect=200).json["stats"]
    return found


@pytest.mark.operations("get_growth_stats")
def test_growth_is_that_of_the_days_that_were_asked_for(caller: Caller) -> None:
    """The period is the days that were asked for, whole, and without them the last 90 days. (reference)"""
    for query in (
        {"starting": "2023-02-01", "ending": "2023-05-31"},
        {"starting": "2023-04-17", "ending": "2023-04-17"},
    ):
        answer = caller.call("get_growth_stats", query=query, expect=200)
        stats = answer.json["stats"]
        if (stats["starting"][:10], stats["ending"][:10]) != tuple(query.values()):
            raise answer.broken(f"from {query['starting']} to {query['ending']}")
        if stats["net_new_subscribers"] != stats["new_subscribers"] - stats["cancellations"]:
            raise answer.broken("net_new_subscribers that is the difference")
        if caller.server.account is not None:
            _check_growth(caller, answer.json["stats"], query)
    stats = _growth(caller)
    first, last = (date.fromisoformat(stats[name][:10]) for name in ("starting", "ending"))
    if last - first != timedelta(days=90) or abs(last - datetime.now(UTC).date()) > timedelta(days=1):
        raise caller.call("get_growth_stats").broken("the last 90 days by default")


@pytest.mark.operations("get_growth_stats")
def test_growth_begins_90_days_ago_by_default(caller: Caller) -> None:
    """Without `starting` the period begins 90 days before today, also if `ending` is a past day. (seen)"""
    today = datetime.now(UTC).date()
    for days in (10, 60):
        query = {"ending": f"{today - timedelta(days=days)}"}
        answer = caller.call("get_growth_stats", query=query, expect=200)
        first, last = (date.fromisoformat(answer.json["stats"][name][:10]) for name in ("starting", "ending"))
        if abs((today - first).days - 90) > 1 or f"{last}" != query["ending"]:
            raise answer.broken(f"about {today - timedelta(days=90)} to {query['ending']}")


def _check_growth(caller: Caller, stats: dict[str, Any], query: dict[str, str]) -> None:
    account: Any = caller.server.account
    new = sum(query["starting"] <= str(row["created_at"])[:10] <= query["ending"] for row in account["subscribers"])
    cancelled = [str(row["cancelled_at"])[:10] for row in account["subscribers"] if "cancelled_at" in row]
    gone = sum(query["starting"] <= day <= query["ending"] for day in cancelled)
    if (stats["new_subscribers"], stats["cancellations"]) != (new, gone):
        answer = caller.call("get_growth_stats", query=query)
        raise answer.broken(f"{new} new subscribers and {gone} cancellations, as is known of the account")


@pytest.mark.operations("get_growth_stats", "create_subscriber", "unsubscribe_subscriber")
def test_growth_follows_what_happens(caller: Caller, world: World) -> None:
    """A new subscriber is one more, and one who unsubscribes is one less. (reference)"""
    before = _growth(caller)
    new = [world.new_subscriber() for _ in range(2)]
    answer = caller.call("unsubscribe_subscriber", {"id": new[0]["id"]}, expect=204)
    after = _growth(caller)
    expected = {"new_subscribers": 2, "cancellations": 1, "net_new_subscribers": 1, "subscribers": 1}
    change = {name: after[name] - before[name] for name in expected}
    if change != expected:
        raise answer.broken(f"growth by {expected}", str(change))


@pytest.mark.operations("get_creator_profile")
def test_the_profile_is_shown(caller: Caller) -> None:
    """The account's profile is a 200 with its name, or a 404 if there is none. (reference)"""
    caller.call("get_creator_profile", expect=(200, 404))
