"""The account, its colors, profile and numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from kit_mock.endpoints import email_templates
from kit_mock.endpoints.handlers import Call, operation
from kit_mock.model import dates, sending, timezones
from kit_mock.protocol.errors import not_found, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation_messages import at_most
from kit_mock.state.clock import timestamp
from kit_mock.state.store import Store

MAXIMUM_COLORS = 5
_PERIOD = timedelta(days=90)
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})", re.ASCII | re.IGNORECASE)


def ensure_default(store: Store, now: int) -> int:
    """The id of the first account, which a new database is given."""
    with store.transaction():
        found: int | None = store.value("SELECT min(id) FROM accounts")
        if found is None:
            found = create(store, {"created_at": now})
            create_profile(store, found, {})
            email_templates.give_standard(store, found)
        return found


def create(store: Store, given: Mapping[str, Any]) -> int:
    """Open an account and return its id. `given` are columns of the table; only `created_at` must be there."""
    values = {
        "name": "Mock Letters",
        "plan_type": "creator",
        "email_address": "creator@example.com",
        "timezone": timezones.DEFAULT,
        "colors": "[]",
        **given,
    }
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    return store.insert(f"INSERT INTO accounts ({columns}) VALUES ({marks})", (*values.values(),))


def create_profile(store: Store, account_id: int, given: Mapping[str, Any]) -> None:
    """Give an account a creator profile. `given` are columns of the table."""
    values = {
        "account_id": account_id,
        "name": store.value("SELECT name FROM accounts WHERE id = ?", (account_id,)),
        "byline": "A creator",
        "bio": "Letters that nobody gets",
        "image_url": "https://mock-letters.example.com/image.jpg",
        "profile_url": "https://mock-letters.example.com/profile",
        **given,
    }
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    store.insert(f"INSERT INTO creator_profiles ({columns}) VALUES ({marks})", (*values.values(),))


@operation("get_account")
def get_account(call: Call) -> Reply:
    """Answer GET /v4/account.

    Chosen where the API says nothing: the user has the id of the account, and sends from their own address unless a seed
    lists others; the plan is paid by the month.
    """
    name, plan_type, email_address, created_at, timezone, limit, addresses, plan = _account(
        call, "name, plan_type, email_address, created_at, timezone, subscriber_limit, sending_addresses, plan"
    )
    own_address = {
        "email_address": email_address,
        "from_name": name,
        "status": "confirmed",
        "is_default": True,
        "is_verified": True,
        "is_dmarc_configured": True,
    }
    return Reply(
        200,
        {
            "user": {"email": email_address, "id": call.account.id},
            "account": {
                "name": name,
                "plan_type": plan_type,
                "primary_email_address": email_address,
                "created_at": timestamp(created_at),
                "id": call.account.id,
                "timezone": {
                    "name": timezone,
                    "friendly_name": timezones.friendly_name(timezone),
                    "utc_offset": timezones.utc_offset(timezone, datetime.fromtimestamp(call.account.now, UTC)),
                },
                "sending_addresses": [own_address] if addresses is None else msgspec.json.decode(addresses),
                "plan": {
                    "plan_type": plan_type,
                    "interval": "month",
                    "subscriber_limit": limit,
                    "on_trial": False,
                    "trial_lapse_date": None,
                    "renews_at": None,
                    "cancels_at": None,
                    **msgspec.json.decode(plan),
                },
            },
        },
    )


@operation("list_account_colors")
def list_account_colors(call: Call) -> Reply:
    """GET /v4/account/colors."""
    (colors,) = _account(call, "colors")
    return Reply(200, {"colors": msgspec.json.decode(colors)})


@operation("update_account_colors", unchecked=["colors.*"])
def update_account_colors(call: Call) -> Reply:
    """PUT /v4/account/colors: up to 5 hex codes, of 3 or 6 digits, take the place of those there are."""
    colors = call.body.get("colors")
    if not isinstance(colors, list):
        raise unprocessable("Colors can't be blank" if colors is None else "Colors must be a list")
    errors = [
        f"Colors {number} must be a string"
        if not isinstance(color, str)
        else f"Colors {color} is not a valid hex color code."
        for number, color in enumerate(colors)
        if not isinstance(color, str) or not _HEX.fullmatch(color)
    ]
    if len(colors) > MAXIMUM_COLORS:
        errors.insert(0, f"Colors {at_most(MAXIMUM_COLORS)}")
    if errors:
        raise unprocessable(*errors)
    encoded = msgspec.json.encode(colors).decode()
    call.account.store.write("UPDATE accounts SET colors = ? WHERE id = ?", (encoded, call.account.id))
    return Reply(200, {"colors": colors})


@operation("get_creator_profile")
def get_creator_profile(call: Call) -> Reply:
    """GET /v4/account/creator_profile, 404 if the account has none."""
    names = ("name", "byline", "bio", "image_url", "profile_url")
    sql = f"SELECT {', '.join(names)} FROM creator_profiles WHERE account_id = ?"
    row = call.account.store.row(sql, (call.account.id,))
    if row is None:
        raise not_found()
    return Reply(200, {"profile": dict(zip(names, row, strict=True))})


@operation("get_email_stats")
def get_email_stats(call: Call) -> Reply:
    """Answer GET /v4/account/email_stats: what broadcasts sent in the last 90 days, and what came of it.

    Chosen where the API says nothing: rates are percentages, as those of broadcasts are, and bounces are the subscribers
    whose state became `bounced` in that time.
    """
    since = call.account.now - int(_PERIOD.total_seconds())
    sent, opened, clicked, unsubscribed = sending.totals(call.account.store, call.account.id, since)
    sql = "SELECT count(*) FROM state_changes WHERE account_id = ? AND at >= ? AND became = 'bounced'"
    bounced: int = call.account.store.value(sql, (call.account.id, since))
    return Reply(
        200,
        {
            "stats": {
                "sent": sent,
                "clicked": clicked,
                "opened": opened,
                "email_stats_mode": "last_90",
                "open_tracking_enabled": True,
                "click_tracking_enabled": True,
                "starting": timestamp(since),
                "ending": timestamp(call.account.now),
                "open_rate": sending.percent(opened, sent),
                "click_rate": sending.percent(clicked, sent),
                "unsubscribe_rate": sending.percent(unsubscribed, sent),
                "bounce_rate": sending.percent(min(bounced, sent), sent),
            }
        },
    )


@operation("get_growth_stats", unchecked=["starting", "ending"])
def get_growth_stats(call: Call) -> Reply:
    """GET /v4/account/growth_stats: whole days in the account's own time zone.

    All of it is counted from what happened when: what happens later changes nothing of it. `subscribers` is who was
    active at the end. Without `starting` it is 90 days before today, whatever `ending` is. Chosen where the API says
    nothing: everybody who was created is new, in whatever state; who unsubscribes twice is two cancellations; bounces and
    complaints are none; a period that ends before it starts is a 422.
    """
    (timezone,) = _account(call, "timezone")
    today = datetime.fromtimestamp(call.account.now, UTC).astimezone(timezones.zone(timezone)).date()
    first, last = _period(call, today)
    starting, ending = timezones.local(timezone, first, time()), timezones.local(timezone, last, time(23, 59, 59))
    start, end = int(starting.timestamp()), int(ending.timestamp())
    created = _count(call, "created_at BETWEEN ? AND ?", start, end)
    sql = "SELECT count(*) FROM state_changes WHERE account_id = ? AND at BETWEEN ? AND ? AND became = 'cancelled'"
    cancelled: int = call.account.store.value(sql, (call.account.id, start, end))
    # Back from how it is now: those who came later are few as a rule, and all can be counted in a narrower index.
    remaining = _count(call, "state = 'active'") - _count(call, "created_at > ? AND state = 'active'", end)
    remaining -= call.account.store.value(
        "SELECT coalesce(sum((c.became = 'active') - (c.was = 'active')), 0) FROM state_changes c"
        " CROSS JOIN subscribers s ON s.id = c.subscriber_id"
        " WHERE c.account_id = ? AND c.at > ? AND s.created_at <= ?",
        (call.account.id, end, end),
    )
    return Reply(
        200,
        {
            "stats": {
                "cancellations": cancelled,
                "net_new_subscribers": created - cancelled,
                "new_subscribers": created,
                "subscribers": remaining,
                "starting": starting.isoformat(),
                "ending": ending.isoformat(),
            }
        },
    )


def _period(call: Call, today: date) -> tuple[date, date]:
    """The first and the last day that were asked for."""
    days: dict[str, date] = {}
    errors = []
    for name in ("starting", "ending"):
        text = call.query.get(name)
        found = None if text is None else dates.day(text)
        if found is not None:
            days[name] = found
        elif text is not None:
            errors.append(f"{name.capitalize()} date is incorrectly formatted. Use YYYY-MM-DD.")
    ending = days.get("ending", today)
    starting = days.get("starting", today - _PERIOD)
    if not errors and starting > ending:
        errors.append("Starting date must not be after ending date.")
    if errors:
        raise unprocessable(*errors)
    return starting, ending


def _count(call: Call, condition: str, *arguments: int) -> int:
    sql = f"SELECT count(*) FROM subscribers WHERE account_id = ? AND {condition}"
    found: int = call.account.store.value(sql, (call.account.id, *arguments))
    return found


def _account(call: Call, columns: str) -> tuple[Any, ...]:
    row = call.account.store.row(f"SELECT {columns} FROM accounts WHERE id = ?", (call.account.id,))
    if row is None:
        raise not_found()
    return row
