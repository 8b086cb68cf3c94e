"""Broadcasts: messages to many subscribers.

A broadcast without `send_at` is a draft. One with `send_at` is scheduled until the clock reaches that moment, then sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kit_mock.model import audience, email_templates, rows
from kit_mock.model.account import Account
from kit_mock.model.email_templates import EmailTemplate
from kit_mock.protocol.errors import not_found, unprocessable
from kit_mock.protocol.validation_messages import human
from kit_mock.state import schedule
from kit_mock.state.store import Store

ALREADY_SENDING = "Broadcast is already sending."
NO_TEMPLATE = "Email template not found"
DURATION = 60
"""Seconds that sending takes."""
TEXTS = (
    *("subject", "preview_text", "description", "content"),
    *("thumbnail_alt", "thumbnail_url", "email_address"),
)
MOMENTS = ("published_at", "send_at")


class Broadcast(NamedTuple):
    """A row of `broadcasts`, with the name of its email template."""

    id: int
    created_at: int
    subject: str | None
    preview_text: str | None
    description: str | None
    content: str | None
    thumbnail_alt: str | None
    thumbnail_url: str | None
    email_address: str | None
    public: int
    published_at: int | None
    send_at: int | None
    subscriber_filter: str
    """JSON; see `audience`."""
    started_at: int | None
    """When sending began."""
    aborted: int
    recipients: int
    opens: int
    """Recipients who opened it."""
    clickers: int
    """Recipients who clicked a link."""
    clicks: int
    unsubscribes: int
    email_template_id: int
    template_name: str


SOURCE = "broadcasts b CROSS JOIN email_templates t ON t.id = b.email_template_id"
COLUMNS = f"{', '.join(f'b.{name}' for name in Broadcast._fields[:-1])}, t.name"
"""The columns of a `Broadcast`, of SOURCE."""

STATUSES = {
    "draft": "b.started_at IS NULL AND b.send_at IS NULL",
    "scheduled": "b.started_at IS NULL AND b.send_at IS NOT NULL",
    "sending": f"NOT b.aborted AND b.started_at > :now - {DURATION}",
    "completed": f"NOT b.aborted AND b.started_at <= :now - {DURATION}",
    "aborted": "b.aborted",
}
"""The condition in SQL for each status of a broadcast; the same rule as `status`."""


def status(broadcast: Broadcast, now: int) -> str:
    """Return the status of a broadcast: one of `STATUSES`."""
    if broadcast.aborted:
        return "aborted"
    if broadcast.started_at is None:
        return "draft" if broadcast.send_at is None else "scheduled"
    return "sending" if broadcast.started_at > now - DURATION else "completed"


def progress(broadcast: Broadcast, now: int) -> float:
    """Return the part of a broadcast that has been sent, in percent."""
    if broadcast.started_at is None:
        return 0.0
    return min(100.0, max(0.0, round(100 * (now - broadcast.started_at) / DURATION, 2)))


def by_id(account: Account, id_: int) -> Broadcast:
    """Return the account's broadcast with that id. Raises Refusal 404."""
    sql = f"SELECT {COLUMNS} FROM {SOURCE} WHERE b.id = ? AND b.account_id = ?"
    found = rows.made(Broadcast, account.store.row(sql, (id_, account.id)))
    if found is None:
        raise not_found()
    return found


def unsent(account: Account, id_: int) -> Broadcast:
    """Return a broadcast that can still be changed. Raises Refusal: 404, and 422 once sending has begun."""
    found = by_id(account, id_)
    if found.started_at is not None:
        raise unprocessable(ALREADY_SENDING)
    return found


def problems(account: Account, given: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the template and the filter of a broadcast, in sentences."""
    found = []
    if "email_template_id" in given and _template(account, given["email_template_id"]) is None:
        found.append(NO_TEMPLATE)
    return found + audience.problems(given.get("subscriber_filter"))


def create(
    account: Account,
    given: Mapping[str, Any],
    *,
    columns: Mapping[str, Any] | None = None,
    present: int | None = None,
    stats: Mapping[str, int] | None = None,
) -> Broadcast:
    """Create a broadcast from values by their names in requests; moments are in seconds since 1970.

    `columns`, such as an `id`, are stored unchanged. `present` is the present moment, for a seed that creates at an earlier
    one: a broadcast that is due by then is sent. `stats` is passed to `begin`. Raises Refusal 422 with a message for each
    wrong value.
    """
    values = _columns(account, {"email_template_id": None, "subscriber_filter": None, **given})
    _check_sendable(values)
    row = {"account_id": account.id, "created_at": account.now, **values, **(columns or {})}
    created = by_id(account, account.store.insert_row("broadcasts", row))
    return _settle(account, created, account.now if present is None else present, stats)


def update(account: Account, broadcast: Broadcast, given: Mapping[str, Any]) -> Broadcast:
    """Change the given values of a broadcast from `unsent`. Raises Refusal 422 with a message for each wrong value."""
    if given.get("public") is False:
        given = {**dict.fromkeys(MOMENTS), **given}
    values = _columns(account, given)
    _check_sendable({**broadcast._asdict(), **values})
    account.store.update_row("broadcasts", broadcast.id, values)
    return _settle(account, by_id(account, broadcast.id), account.now, None)


def delete(account: Account, broadcast: Broadcast) -> None:
    """Delete a broadcast from `unsent`."""
    account.store.write("DELETE FROM broadcasts WHERE id = ?", (broadcast.id,))


def begin(account: Account, broadcast: Broadcast, stats: Mapping[str, int] | None = None) -> Broadcast:
    """Begin to send a broadcast at the account's moment. Publish it too, unless it was published before.

    `sent` of each recipient goes up by 1. `stats` are columns that a seed gives for a sent broadcast, such as `opens`;
    then `sent` stays, since the seed also gives the numbers of its subscribers.
    """
    chosen = audience.decode(broadcast.subscriber_filter)
    values: dict[str, Any] = {
        "started_at": account.now,
        "published_at": account.now if broadcast.published_at is None else broadcast.published_at,
    }
    if stats is None:
        values["recipients"] = audience.count_as_sent(account, chosen)
    else:
        values |= {"recipients": audience.count(account, chosen), **stats}
    account.store.update_row("broadcasts", broadcast.id, values)
    return broadcast._replace(**values)


def next_at(store: Store) -> int | None:
    """Return the earliest `send_at` of a scheduled broadcast, or None if there is none."""
    sql = "SELECT min(send_at) FROM broadcasts WHERE started_at IS NULL AND send_at IS NOT NULL"
    found: int | None = store.value(sql)
    return found


@schedule.task(next_at)
def send_due(store: Store, now: int) -> None:
    """Send the scheduled broadcasts that are due. Each begins at its `send_at`, even if the clock has jumped past it."""
    due = "b.started_at IS NULL AND b.send_at IS NOT NULL AND b.send_at <= ?"
    for account_id, send_at, *row in store.rows(
        f"SELECT b.account_id, b.send_at, {COLUMNS} FROM {SOURCE} WHERE {due}", (now,)
    ):
        begin(Account.of(store, account_id, send_at), Broadcast(*row))


def _columns(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that values set. Raises Refusal 422 with a message for each wrong value."""
    if found := problems(account, given):
        raise unprocessable(*found)
    values = {name: given[name] for name in (*TEXTS, *MOMENTS) if name in given}
    if "public" in given:
        values["public"] = bool(given["public"])
    if "email_template_id" in given:
        template = _template(account, given["email_template_id"])
        values["email_template_id"] = None if template is None else template.id
    if "subscriber_filter" in given:
        values["subscriber_filter"] = audience.encode(given["subscriber_filter"])
    return values


def _template(account: Account, id_: int | None) -> EmailTemplate | None:
    """Return the account's template with that id, or the default one for None. None if there is none."""
    if id_ is None:
        return email_templates.default(account)
    return rows.find(account, "email_templates", EmailTemplate, id=id_)


def _check_sendable(values: Mapping[str, Any]) -> None:
    """Raise Refusal 422 if the broadcast has a `send_at` but no subject or no content."""
    if values.get("send_at") is not None:
        blank = [name for name in ("subject", "content") if not (values.get(name) or "").strip()]
        if blank:
            raise unprocessable(*(f"{human(name)} can't be blank" for name in blank))


def _settle(account: Account, saved: Broadcast, present: int, stats: Mapping[str, int] | None) -> Broadcast:
    """Publish a saved broadcast if it is a public draft, and send it if it is due."""
    if saved.send_at is None:
        if not saved.public or saved.published_at is not None:
            return saved
        account.store.update_row("broadcasts", saved.id, {"published_at": account.now})
        return saved._replace(published_at=account.now)
    if saved.send_at > present:
        return saved
    return begin(account.at(max(saved.send_at, account.now)), saved, stats)
