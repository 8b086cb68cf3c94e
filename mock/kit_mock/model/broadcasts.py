"""Broadcasts: messages to many subscribers, as drafts, scheduled, being sent and sent.

`send_at` alone makes a broadcast a draft (None), scheduled or, once the clock reaches it, sent.
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
    """Return where a broadcast stands."""
    if broadcast.aborted:
        return "aborted"
    if broadcast.started_at is None:
        return "draft" if broadcast.send_at is None else "scheduled"
    return "sending" if broadcast.started_at > now - DURATION else "completed"


def progress(broadcast: Broadcast, now: int) -> float:
    """Return how much of a broadcast has been sent, in percent."""
    if broadcast.started_at is None:
        return 0.0
    return min(100.0, max(0.0, round(100 * (now - broadcast.started_at) / DURATION, 2)))


def by_id(account: Account, id_: int) -> Broadcast:
    """Return the account's broadcast with that id. Raises Refusal 404."""
    sql = f"SELECT {COLUMNS} FROM {SOURCE} WHERE b.id = ? AND b.account_id = ?"
    row = account.store.row(sql, (id_, account.id))
    if row is None:
        raise not_found()
    return Broadcast(*row)


def unsent(account: Account, id_: int) -> Broadcast:
    """Return the account's broadcast with that id, to be changed. Raises Refusal: 404, 422 once it is being sent."""
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
    told: Mapping[str, int] | None = None,
) -> Broadcast:
    """Create a broadcast from values by the names that requests have; moments are in seconds since 1970.

    `columns`, such as an `id`, are set as they are. A seed says what is `present`, if that is later than the account's
    moment: what was due meanwhile is sent. `told` is what `begin` takes. Raises Refusal 422 with all that is wrong.
    """
    values = _columns(account, {"email_template_id": None, "subscriber_filter": None, **given})
    _check_sendable(values)
    row = {"account_id": account.id, "created_at": account.now, **values, **(columns or {})}
    created = by_id(account, account.store.insert_row("broadcasts", row))
    return _settle(account, created, account.now if present is None else present, told)


def update(account: Account, broadcast: Broadcast, given: Mapping[str, Any]) -> Broadcast:
    """Change values of a broadcast from `unsent`; others stay. Raises Refusal 422 with all that is wrong."""
    if given.get("public") is False:
        given = {**dict.fromkeys(MOMENTS), **given}
    values = _columns(account, given)
    _check_sendable({**broadcast._asdict(), **values})
    account.store.update_row("broadcasts", broadcast.id, values)
    return _settle(account, by_id(account, broadcast.id), account.now, None)


def delete(account: Account, broadcast: Broadcast) -> None:
    """Delete a broadcast from `unsent`."""
    account.store.write("DELETE FROM broadcasts WHERE id = ?", (broadcast.id,))


def begin(account: Account, broadcast: Broadcast, told: Mapping[str, int] | None = None) -> Broadcast:
    """Begin to send a broadcast, at the account's moment. It is published by then, unless it was before.

    Each recipient has one message more. Not so if a seed has `told` columns of a broadcast that was sent, such as
    `opens`: then its subscribers have the numbers of messages that it says.
    """
    chosen = audience.decode(broadcast.subscriber_filter)
    values: dict[str, Any] = {
        "started_at": account.now,
        "published_at": account.now if broadcast.published_at is None else broadcast.published_at,
    }
    if told is None:
        values["recipients"] = audience.count_as_sent(account, chosen)
    else:
        values |= {"recipients": audience.count(account, chosen), **told}
    account.store.update_row("broadcasts", broadcast.id, values)
    return broadcast._replace(**values)


def next_at(store: Store) -> int | None:
    """Return when the next scheduled broadcast is to be sent, or None if there is none."""
    sql = "SELECT min(send_at) FROM broadcasts WHERE started_at IS NULL AND send_at IS NOT NULL"
    found: int | None = store.value(sql)
    return found


@schedule.task(next_at)
def send_due(store: Store, now: int) -> None:
    """Send the scheduled broadcasts whose moment has come.

    Sending counts as begun at that moment, even if the clock has jumped past it.
    """
    due = "b.started_at IS NULL AND b.send_at IS NOT NULL AND b.send_at <= ?"
    for account_id, send_at, *row in store.rows(
        f"SELECT b.account_id, b.send_at, {COLUMNS} FROM {SOURCE} WHERE {due}", (now,)
    ):
        begin(Account.of(store, account_id, send_at), Broadcast(*row))


def _columns(account: Account, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that values set. Raises Refusal 422 with all that is wrong."""
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
    """Return the account's template with that id, its default one for None, or None."""
    if id_ is None:
        return email_templates.default(account)
    return rows.find(account, "email_templates", EmailTemplate, id=id_)


def _check_sendable(values: Mapping[str, Any]) -> None:
    """Raise Refusal 422 if the broadcast is to be sent and lacks what that takes."""
    if values.get("send_at") is not None:
        blank = [name for name in ("subject", "content") if not (values.get(name) or "").strip()]
        if blank:
            raise unprocessable(*(f"{human(name)} can't be blank" for name in blank))


def _settle(account: Account, saved: Broadcast, present: int, told: Mapping[str, int] | None) -> Broadcast:
    """See to a broadcast that was just saved: a public draft is published, and one that is due is sent."""
    if saved.send_at is None:
        if not saved.public or saved.published_at is not None:
            return saved
        account.store.update_row("broadcasts", saved.id, {"published_at": account.now})
        return saved._replace(published_at=account.now)
    if saved.send_at > present:
        return saved
    return begin(account.at(max(saved.send_at, account.now)), saved, told)
