"""The endpoints of the account: colors, creator profile and stats."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.model import accounts, dates, email_stats, growth, timezones
from kit_mock.protocol.errors import not_found, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.state.clock import timestamp

_PERIOD = timedelta(days=90)


@operation("get_account")
def get_account(call: Call) -> Reply:
    """Answer GET /v4/account."""
    details = accounts.details(call.account)
    own_address = {
        "email_address": details.email_address,
        "from_name": details.name,
        "status": "confirmed",
        "is_default": True,
        "is_verified": True,
        "is_dmarc_configured": True,
    }
    addresses = details.sending_addresses
    return Reply(
        200,
        {
            "user": {"email": details.email_address, "id": call.account.id},
            "account": {
                "name": details.name,
                "plan_type": details.plan_type,
                "primary_email_address": details.email_address,
                "created_at": timestamp(details.created_at),
                "id": call.account.id,
                "timezone": {
                    "name": details.timezone,
                    "friendly_name": timezones.friendly_name(details.timezone),
                    "utc_offset": timezones.utc_offset(details.timezone, datetime.fromtimestamp(call.account.now, UTC)),
                },
                "sending_addresses": [own_address] if addresses is None else msgspec.json.decode(addresses),
                "plan": {
                    "plan_type": details.plan_type,
                    "interval": "month",
                    "subscriber_limit": details.subscriber_limit,
                    "on_trial": False,
                    "trial_lapse_date": None,
                    "renews_at": None,
                    "cancels_at": None,
                    **msgspec.json.decode(details.plan),
                },
            },
        },
    )


@operation("list_account_colors")
def list_account_colors(call: Call) -> Reply:
    """Answer GET /v4/account/colors."""
    return Reply(200, {"colors": msgspec.json.decode(accounts.details(call.account).colors)})


@operation("update_account_colors", unchecked=["colors.*"])
def update_account_colors(call: Call) -> Reply:
    """Answer PUT /v4/account/colors: 200, 422 for an invalid hex code or more than 5."""
    colors = call.body.get("colors")
    if not isinstance(colors, list):
        raise unprocessable("Colors can't be blank" if colors is None else "Colors must be a list")
    accounts.set_colors(call.account, colors)
    return Reply(200, {"colors": colors})


@operation("get_creator_profile")
def get_creator_profile(call: Call) -> Reply:
    """Answer GET /v4/account/creator_profile: 200, 404 for an account without one."""
    profile = accounts.profile(call.account)
    if profile is None:
        raise not_found()
    return Reply(200, {"profile": profile._asdict()})


@operation("get_email_stats")
def get_email_stats(call: Call) -> Reply:
    """Answer GET /v4/account/email_stats: totals and rates of the broadcasts of the last 90 days."""
    since = call.account.now - int(_PERIOD.total_seconds())
    sent, opened, clicked, unsubscribed = email_stats.totals(call.account, since)
    bounced = growth.count_changes(call.account, "bounced", since, call.account.now)
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
                "open_rate": email_stats.percent(opened, sent),
                "click_rate": email_stats.percent(clicked, sent),
                "unsubscribe_rate": email_stats.percent(unsubscribed, sent),
                "bounce_rate": email_stats.percent(min(bounced, sent), sent),
            }
        },
    )


@operation("get_growth_stats", unchecked=["starting", "ending"])
def get_growth_stats(call: Call) -> Reply:
    """Answer GET /v4/account/growth_stats, for whole days in the account's time zone.

    `subscribers` counts the active ones at the end. `starting` is 90 days before today by default, whatever `ending` is.
    """
    timezone = accounts.details(call.account).timezone
    today = datetime.fromtimestamp(call.account.now, UTC).astimezone(timezones.zone(timezone)).date()
    first, last = _period(call, today)
    starting, ending = timezones.local(timezone, first, time()), timezones.local(timezone, last, time(23, 59, 59))
    found = growth.between(call.account, int(starting.timestamp()), int(ending.timestamp()))
    return Reply(
        200,
        {
            "stats": {
                "cancellations": found.cancelled,
                "net_new_subscribers": found.new - found.cancelled,
                "new_subscribers": found.new,
                "subscribers": found.active,
                "starting": starting.isoformat(),
                "ending": ending.isoformat(),
            }
        },
    )


def _period(call: Call, today: date) -> tuple[date, date]:
    """Return the first and the last day of the request. Raises Refusal 422 for invalid dates."""
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
