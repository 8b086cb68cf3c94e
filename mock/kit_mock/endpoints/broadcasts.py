"""The broadcasts of an account: messages to many subscribers.

`send_at` alone makes a broadcast a draft (null), scheduled or, once the clock reaches it, sent; see `sending` for what
follows. Chosen where the API says nothing or two things:

- `public` makes it a post as well. Only when updating is a false `public` the way back to a draft, and then only if
  no `send_at` comes along, so that what was read can be sent back.
- What is to be sent needs a subject and content, a draft nothing. A `send_at` that has passed sends at once.
- `published_at`, where none is given, is when a public draft was saved, or else when sending began. The way back to a
  draft takes it away.
- The permission is asked for by what changes something; anybody may read. It goes before everything but values of wrong
  types.
- A null takes a value away: the template becomes the account's default one, the filter everybody.
- A publication has the id of its broadcast and a million more, so that the two are not mixed up unnoticed. Its URL is
  there as soon as it is public and its date has come.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.pagination import Listing, date_filters, page
from kit_mock.model import audience, dates, sending
from kit_mock.protocol.errors import Refusal, not_found, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.protocol.validation_messages import human
from kit_mock.state.clock import timestamp

FORBIDDEN = "You do not have sufficient permissions to access this resource. Please contact support."
ALREADY_SENDING = "Broadcast is already sending."
NO_TEMPLATE = "Email template not found"
TOO_OLD = "Stats are not available for broadcasts that were sent more than five years ago."

_TEXTS = (
    *("subject", "preview_text", "description", "content"),
    *("thumbnail_alt", "thumbnail_url", "email_address"),
)
_MOMENTS = ("published_at", "send_at")
_COLUMNS = (
    *("b.id", "b.created_at", *(f"b.{name}" for name in _TEXTS), "b.public", "b.published_at", "b.send_at"),
    *("b.subscriber_filter", "t.id", "t.name", "b.started_at", "b.aborted"),
)
_LEFT_OUT_IF_SLIM = ("content", "public_url", "email_address", "email_template", "subscriber_filter")
_PUBLICATIONS = 1_000_000
_KEPT_YEARS = 5
_OLD_STATS_END = datetime(2026, 10, 15, tzinfo=UTC).timestamp()
_SOURCE = "broadcasts b CROSS JOIN email_templates t ON t.id = b.email_template_id"


@operation("list_broadcasts")
def list_broadcasts(call: Call) -> Reply:
    """Answer GET /v4/broadcasts: drafts, scheduled and sent ones, the newest first."""
    listing = Listing(columns=", ".join(_COLUMNS), source=_SOURCE, key="b.id", since="b.created_at")
    listing.narrow("b.account_id = ?", call.account.id)
    if "status" in call.query:
        condition = sending.STATUSES[call.query["status"]]
        listing.narrow(condition.replace(":now", "?"), *[call.account.now] * condition.count(":now"))
    for relation, moment in date_filters(call, "sent"):
        listing.narrow(f"b.started_at {relation} ?", moment)
    return Reply(200, page(call, listing, "broadcasts", lambda rows: _listed(call, rows)))


@operation("get_broadcast")
def get_broadcast(call: Call) -> Reply:
    """GET /v4/broadcasts/{id}."""
    return _one(call, 200, call.path["id"])


@operation("get_broadcast_stats")
def get_broadcast_stats(call: Call) -> Reply:
    """Answer GET /v4/broadcasts/{id}/stats; since 2026-10-15 with 400 if it was sent more than five years ago."""
    id_ = call.path["id"]
    found = sending.stats(call.account.store, id_, call.account.id, call.account.now)
    if found is None:
        raise not_found()
    if call.account.behaviour.today_fields and call.account.now >= _OLD_STATS_END:
        today = datetime.fromtimestamp(call.account.now, UTC)
        oldest = int((today - timedelta(days=365 * _KEPT_YEARS + 1)).timestamp())
        if call.account.store.value("SELECT started_at < ? FROM broadcasts WHERE id = ?", (oldest, id_)):
            raise Refusal(400, (TOO_OLD,))
    return Reply(200, {"broadcast": {"id": id_, "stats": found}})


@operation("create_broadcast", unchecked=_MOMENTS)
def create_broadcast(call: Call) -> Reply:
    """POST /v4/broadcasts: 201, 403 without permission, 422 for an unknown template or more than one filter group."""
    _require_permission(call)
    body = {"email_template_id": None, "subscriber_filter": None, **call.body}
    values = {"account_id": call.account.id, "created_at": call.account.now, **_values(call, body)}
    _check_sendable(values)
    marks = ", ".join("?" * len(values))
    sql = f"INSERT INTO broadcasts ({', '.join(values)}) VALUES ({marks})"
    id_ = call.account.store.insert(sql, (*values.values(),))
    _publish(call, id_)
    return _one(call, 201, id_)


@operation("update_broadcast", unchecked=_MOMENTS)
def update_broadcast(call: Call) -> Reply:
    """PUT /v4/broadcasts/{id}: what is left out stays. 422 likewise, and once it is being sent."""
    id_ = _open_to_change(call)
    body = dict(call.body)
    if body.get("public") is False:
        for name in _MOMENTS:
            body.setdefault(name, None)
    values = _values(call, body)
    row = call.account.store.row("SELECT subject, content, send_at FROM broadcasts WHERE id = ?", (id_,))
    _check_sendable({**dict(zip(("subject", "content", "send_at"), row or (), strict=True)), **values})
    if values:
        columns = ", ".join(f"{name} = ?" for name in values)
        call.account.store.write(f"UPDATE broadcasts SET {columns} WHERE id = ?", (*values.values(), id_))
    _publish(call, id_)
    return _one(call, 200, id_)


@operation("delete_broadcast")
def delete_broadcast(call: Call) -> Reply:
    """DELETE /v4/broadcasts/{id}: 204, or 422 once it is being sent."""
    call.account.store.write("DELETE FROM broadcasts WHERE id = ?", (_open_to_change(call),))
    return Reply(204)


def _require_permission(call: Call) -> None:
    if not call.account.store.value("SELECT can_broadcast FROM accounts WHERE id = ?", (call.account.id,)):
        raise Refusal(403, (FORBIDDEN,))


def _open_to_change(call: Call) -> int:
    """The id in the path. Raises Refusal: 403 without permission, 404, 422 once the broadcast is being sent."""
    _require_permission(call)
    sql = "SELECT id, started_at FROM broadcasts WHERE id = ? AND account_id = ?"
    row = call.account.store.row(sql, (call.path["id"], call.account.id))
    if row is None:
        raise not_found()
    if row[1] is not None:
        raise unprocessable(ALREADY_SENDING)
    id_: int = row[0]
    return id_


def _values(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    """The columns that a body sets. Raises Refusal 422 with all that is wrong with it."""
    values: dict[str, Any] = {name: body[name] for name in _TEXTS if name in body}
    errors = []
    if "public" in body:
        values["public"] = bool(body["public"])
    for name in _MOMENTS:
        if name in body:
            values[name] = None if body[name] is None else dates.of_timestamp(body[name])
            if values[name] is None and body[name] is not None:
                errors.append(f"{human(name)} is not a valid ISO8601 timestamp")
    if "email_template_id" in body:
        values["email_template_id"] = _template(call, body["email_template_id"])
        if values["email_template_id"] is None:
            errors.append(NO_TEMPLATE)
    if "subscriber_filter" in body:
        given = body["subscriber_filter"]
        if found := audience.problems(given):
            errors += found
        else:
            values["subscriber_filter"] = msgspec.json.encode(audience.normalized(given)).decode()
    if errors:
        raise unprocessable(*errors)
    return values


def _template(call: Call, given: Any) -> int | None:
    """The id of the template with that id, of the default one for None; None if the account has no such template."""
    sql = "SELECT id FROM email_templates WHERE account_id = ?"
    found: int | None
    if given is None:
        found = call.account.store.value(f"{sql} ORDER BY is_default DESC, id", (call.account.id,))
    else:
        # An integer by the document, which takes 5.0 for one.
        id_ = int(given) if abs(given) <= LARGEST_ID else 0
        found = call.account.store.value(f"{sql} AND id = ?", (call.account.id, id_))
    return found


def _check_sendable(values: dict[str, Any]) -> None:
    """Raises Refusal 422 if the broadcast is to be sent and lacks what that takes."""
    if values.get("send_at") is not None:
        blank = [name for name in ("subject", "content") if not (values.get(name) or "").strip()]
        if blank:
            raise unprocessable(*(f"{human(name)} can't be blank" for name in blank))


def _publish(call: Call, id_: int) -> None:
    """See to a broadcast that was just saved: a public draft is published, and one that is due is sent."""
    call.account.store.write(
        "UPDATE broadcasts SET published_at = ?"
        " WHERE id = ? AND public = 1 AND send_at IS NULL AND published_at IS NULL",
        (call.account.now, id_),
    )
    if call.account.store.value("SELECT send_at <= ? FROM broadcasts WHERE id = ?", (call.account.now, id_)):
        sending.begin(call.account.store, id_, call.account.now)


def _one(call: Call, status: int, id_: int) -> Reply:
    sql = f"SELECT {', '.join(_COLUMNS)} FROM {_SOURCE} WHERE b.id = ? AND b.account_id = ?"
    row = call.account.store.row(sql, (id_, call.account.id))
    if row is None:
        raise not_found()
    return Reply(status, {"broadcast": _shown(call, row)})


def _listed(call: Call, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    found = [_shown(call, row) for row in rows]
    if call.query.get("slim"):
        for one in found:
            for name in _LEFT_OUT_IF_SLIM:
                del one[name]
    return found


def _shown(call: Call, row: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row of _COLUMNS as the API shows a broadcast."""
    id_, created_at, *texts, public, published_at, send_at, subscriber_filter = row[:-4]
    template_id, template, started_at, aborted = row[-4:]
    is_out = public and published_at is not None and published_at <= call.account.now
    return {
        "id": id_,
        "created_at": timestamp(created_at),
        **dict(zip(_TEXTS, texts, strict=True)),
        "public": bool(public),
        "published_at": None if published_at is None else timestamp(published_at),
        "send_at": None if send_at is None else timestamp(send_at),
        "email_template": {"id": template_id, "name": template},
        "subscriber_filter": msgspec.json.decode(subscriber_filter),
        "publication_id": _PUBLICATIONS + id_,
        "public_url": f"https://mock-letters.example.com/posts/{id_}" if is_out else None,
        "status": sending.status(send_at, started_at, aborted, call.account.now),
    }
