"""Subscribers who belong to something: to a tag, a form, a sequence or a segment."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import attrs
import msgspec

from kit_mock.model import events, origins
from kit_mock.model.account import Account
from kit_mock.model.subscribers import Subscriber


class Member(NamedTuple):
    """Since when a subscriber belongs to something, and which page brought them."""

    at: int
    referrer: str | None


@attrs.frozen(kw_only=True)
class Membership:
    """One kind of membership."""

    owners: str
    """The table of what subscribers belong to, such as `tags`."""
    table: str
    """The table of the memberships."""
    owner_id: str
    """The column of that table with the owner's id."""
    begins: str | None
    """The event of putting somebody in."""
    ends: str | None = None
    """The event of taking somebody out."""
    is_referred: bool = False
    """Whether the table has a `referrer`."""

    def has_owner(self, account: Account, id_: int | None) -> bool:
        """Return whether the account has the thing with that id. Nothing has None as its id."""
        sql = f"SELECT 1 FROM {self.owners} WHERE id = ? AND account_id = ?"
        return account.store.row(sql, (id_, account.id)) is not None

    def find(self, account: Account, owner: int, subscriber_id: int) -> Member | None:
        """Return the membership of a subscriber, or None."""
        columns = "at, referrer" if self.is_referred else "at, NULL"
        sql = f"SELECT {columns} FROM {self.table} WHERE {self.owner_id} = ? AND subscriber_id = ?"
        row = account.store.row(sql, (owner, subscriber_id))
        return None if row is None else Member(*row)

    def put(self, account: Account, owner: int, subscriber: Subscriber, referrer: str | None = None) -> bool:
        """Put a subscriber in, and return whether they were not in yet. Again, it keeps the first date and referrer.

        The first form that a subscriber is put into is what brought them.
        """
        columns: dict[str, Any] = {self.owner_id: owner, "subscriber_id": subscriber.id, "at": account.now}
        if self.is_referred:
            columns["referrer"] = referrer
        if not account.store.insert_missing_row(self.table, columns):
            return False
        if self.is_referred:
            name = account.store.value(f"SELECT name FROM {self.owners} WHERE id = ?", (owner,))
            sql = "UPDATE subscribers SET attribution = ? WHERE id = ? AND attribution IS NULL"
            account.store.write(sql, (origins.of_form(name, referrer), subscriber.id))
        if self.begins is not None:
            events.fire_for(account, subscriber, self.begins, owner)
        return True

    def take(self, account: Account, owner: int, subscriber: Subscriber) -> None:
        """Take a subscriber out. Nothing happens if they are not in."""
        sql = f"DELETE FROM {self.table} WHERE {self.owner_id} = ? AND subscriber_id = ?"
        if account.store.write(sql, (owner, subscriber.id)) and self.ends is not None:
            events.fire_for(account, subscriber, self.ends, owner)

    def clear(self, account: Account, owner: int) -> None:
        """Take everybody out, without telling a webhook."""
        account.store.write(f"DELETE FROM {self.table} WHERE {self.owner_id} = ?", (owner,))

    def count_active(self, account: Account, owners: Iterable[int]) -> dict[int, int]:
        """Count the active members of each owner that has any."""
        sql = (
            f"SELECT m.{self.owner_id}, count(*) FROM {self.table} m CROSS JOIN subscribers s ON s.id = m.subscriber_id"
            f" WHERE m.{self.owner_id} IN (SELECT value FROM json_each(?)) AND s.state = 'active' GROUP BY 1"
        )
        return dict(account.store.rows(sql, (msgspec.json.encode(list(owners)).decode(),)))


TAGGED = Membership(owners="tags", table="tag_subscribers", owner_id="tag_id", begins="tag_add", ends="tag_remove")
ON_FORM = Membership(
    owners="forms", table="form_subscribers", owner_id="form_id", begins="form_subscribe", is_referred=True
)
IN_SEQUENCE = Membership(
    owners="sequences", table="sequence_subscribers", owner_id="sequence_id", begins="course_subscribe"
)
IN_SEGMENT = Membership(owners="segments", table="segment_subscribers", owner_id="segment_id", begins=None)
KINDS = {each.owners: each for each in (TAGGED, ON_FORM, IN_SEQUENCE, IN_SEGMENT)}
"""By the table of their owners."""
