"""The endpoints of broadcasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, date_filters, page
from kit_mock.model import accounts, audience, broadcasts, dates
from kit_mock.model.account import Account
from kit_mock.model.broadcasts import MOMENTS, TEXTS, Broadcast
from kit_mock.model.email_stats import percent
from kit_mock.protocol.errors import Refusal, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.protocol.validation_messages import human
from kit_mock.state.clock import timestamp

FORBIDDEN = "You do not have sufficient permissions to access this resource. Please contact support."
TOO_OLD = "Stats are not available for broadcasts that were sent more than five years ago."

_LEFT_OUT_IF_SLIM = ("content", "public_url", "email_address", "email_template", "subscriber_filter")
_PUBLICATIONS = 1_000_000
_KEPT_YEARS = 5
_OLD_STATS_END = datetime(2026, 10, 15, tzinfo=UTC).timestamp()


def render(account: Account, broadcast: Broadcast) -> dict[str, Any]:
    """Represent a broadcast."""
    published_at, send_at = broadcast.published_at, broadcast.send_at
    is_out = broadcast.public and published_at is not None and published_at <= account.now
    values = broadcast._asdict()
    return {
        "id": broadcast.id,
        "created_at": timestamp(broadcast.created_at),
        **{name: values[name] for name in TEXTS},
        "public": bool(broadcast.public),
        "published_at": None if published_at is None else timestamp(published_at),
        "send_at": None if send_at is None else timestamp(send_at),
        "email_template": {"id": broadcast.email_template_id, "name": broadcast.template_name},
        "subscriber_filter": audience.decode(broadcast.subscriber_filter),
        "publication_id": _PUBLICATIONS + broadcast.id,
        "public_url": f"https://mock-letters.example.com/posts/{broadcast.id}" if is_out else None,
        "status": broadcasts.status(broadcast, account.now),
    }


def render_by_id(account: Account, id_: int) -> dict[str, Any]:
    """Represent the account's broadcast with that id. Raises Refusal 404."""
    return render(account, broadcasts.by_id(account, id_))


@operation("list_broadcasts")
def list_broadcasts(call: Call) -> Reply:
    """Answer GET /v4/broadcasts: broadcasts of every status, the newest first."""
    listing = Listing(
        Broadcast._make, columns=broadcasts.COLUMNS, source=broadcasts.SOURCE, key="b.id", since="b.created_at"
    )
    listing.narrow("b.account_id = ?", call.account.id)
    if "status" in call.query:
        condition = broadcasts.STATUSES[call.query["status"]]
        listing.narrow(condition.replace(":now", "?"), *[call.account.now] * condition.count(":now"))
    listing.compare("b.started_at", date_filters(call, "sent"))
    return page(call, listing, "broadcasts", lambda found: _render_list(call, found))


@operation("get_broadcast")
def get_broadcast(call: Call) -> Reply:
    """Answer GET /v4/broadcasts/{id}."""
    return Reply(200, {"broadcast": render_by_id(call.account, call.path["id"])})


@operation("get_broadcast_stats")
def get_broadcast_stats(call: Call) -> Reply:
    """Answer GET /v4/broadcasts/{id}/stats: 200, and from 2026-10-15 on 400 for one sent more than five years ago."""
    broadcast = broadcasts.by_id(call.account, call.path["id"])
    if call.account.behaviour.today_fields and call.account.now >= _OLD_STATS_END:
        today = datetime.fromtimestamp(call.account.now, UTC)
        oldest = int((today - timedelta(days=365 * _KEPT_YEARS + 1)).timestamp())
        if broadcast.started_at is not None and broadcast.started_at < oldest:
            raise Refusal(400, (TOO_OLD,))
    return Reply(200, {"broadcast": {"id": broadcast.id, "stats": _stats(call, broadcast)}})


@operation("create_broadcast", unchecked=MOMENTS)
def create_broadcast(call: Call) -> Reply:
    """Answer POST /v4/broadcasts: 201, 403 without permission, 422 for an invalid value."""
    _require_permission(call)
    created = broadcasts.create(call.account, _given(call))
    return Reply(201, {"broadcast": render(call.account, created)})


@operation("update_broadcast", unchecked=MOMENTS)
def update_broadcast(call: Call) -> Reply:
    """Answer PUT /v4/broadcasts/{id}: 200, 403 without permission, 422 for an invalid value or once sending has begun."""
    _require_permission(call)
    broadcast = broadcasts.unsent(call.account, call.path["id"])
    return Reply(200, {"broadcast": render(call.account, broadcasts.update(call.account, broadcast, _given(call)))})


@operation("delete_broadcast")
def delete_broadcast(call: Call) -> Reply:
    """Answer DELETE /v4/broadcasts/{id}: 204, 403 without permission, 422 once sending has begun."""
    _require_permission(call)
    broadcasts.delete(call.account, broadcasts.unsent(call.account, call.path["id"]))
    return Reply(204)


def _require_permission(call: Call) -> None:
    if not accounts.details(call.account).can_broadcast:
        raise Refusal(403, (FORBIDDEN,))


def _given(call: Call) -> dict[str, Any]:
    """Return the body with moments in seconds since 1970. Raises Refusal 422 with a message for each wrong value."""
    given, errors = dict(call.body), []
    for name in MOMENTS:
        if given.get(name) is not None:
            given[name] = dates.of_timestamp(given[name])
            if given[name] is None:
                errors.append(f"{human(name)} is not a valid ISO8601 timestamp")
    id_ = given.get("email_template_id")
    if id_ is not None:
        # Converted, since 5.0 is an integer to the document. 0 is no template's id.
        given["email_template_id"] = int(id_) if abs(id_) <= LARGEST_ID else 0
    if errors:
        raise unprocessable(*errors, *broadcasts.problems(call.account, given))
    return given


def _render_list(call: Call, found: list[Broadcast]) -> list[dict[str, Any]]:
    left_out = _LEFT_OUT_IF_SLIM if call.query.get("slim") else ()
    shown = [render(call.account, each) for each in found]
    return [{name: value for name, value in each.items() if name not in left_out} for each in shown]


def _stats(call: Call, broadcast: Broadcast) -> dict[str, Any]:
    """Represent the stats of a broadcast. Rates are in percent of its recipients."""
    recipients = broadcast.recipients
    return {
        "recipients": recipients,
        "open_rate": percent(broadcast.opens, recipients),
        "click_rate": percent(broadcast.clickers, recipients),
        "unsubscribes": broadcast.unsubscribes,
        "total_clicks": broadcast.clicks,
        "show_total_clicks": broadcast.clicks > 0,
        "status": broadcasts.status(broadcast, call.account.now),
        "progress": broadcasts.progress(broadcast, call.account.now),
        "open_tracking_disabled": False,
        "click_tracking_disabled": False,
        "emails_opened": broadcast.opens,
        "unsubscribe_rate": percent(broadcast.unsubscribes, recipients),
    }
