"""Memberships of subscribers in tags, forms, sequences and segments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import attrs

from kit_mock.model import events, origins, rows
from kit_mock.model.account import Account
from kit_mock.model.subscriber_rows import Subscriber


class Member(NamedTuple):
    """A row of a table of memberships."""

    at: int
    """When the subscriber was added."""
    referrer: str | None
    """The URL of the page that sent them to the form."""


@attrs.frozen(kw_only=True)
class Membership:
    """One kind of membership."""

    owners: str
    """The table of the tags, forms, sequences or segments."""
    table: str
    """The table of the memberships."""
    owner_id: str
    """The column of that table with the owner's id."""
    begins: str | None
    """The event of an addition."""
    ends: str | None = None
    """The event of a removal."""
    is_referred: bool = False
    """Whether the table has a `referrer`."""

    def find(self, account: Account, owner: int, subscriber_id: int) -> Member | None:
        """Return the membership of a subscriber, or None."""
        columns = "at, referrer" if self.is_referred else "at, NULL"
        sql = f"SELECT {columns} FROM {self.table} WHERE {self.owner_id} = ? AND subscriber_id = ?"
        return rows.made(Member, account.store.row(sql, (owner, subscriber_id)))

    def put(self, account: Account, owner: int, subscriber: Subscriber, referrer: str | None = None) -> bool:
        """Add a subscriber and return True. Change nothing and return False if they are a member already.

        The first form that a subscriber is added to becomes their attribution.
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
        """Remove a subscriber. Do nothing if they are no member."""
        sql = f"DELETE FROM {self.table} WHERE {self.owner_id} = ? AND subscriber_id = ?"
        if account.store.write(sql, (owner, subscriber.id)) and self.ends is not None:
            events.fire_for(account, subscriber, self.ends, owner)

    def clear(self, account: Account, owner: int) -> None:
        """Remove all members without firing an event."""
        account.store.write(f"DELETE FROM {self.table} WHERE {self.owner_id} = ?", (owner,))

    def count(self, account: Account, owners: Iterable[int], state: str = "active") -> dict[int, int]:
        """Count the members in a state by the id of their owner. Owners without such members are left out."""
        sql = (
            f"SELECT m.{self.owner_id}, count(*) FROM {self.table} m CROSS JOIN subscribers s ON s.id = m.subscriber_id"
            f" WHERE m.{self.owner_id} IN (SELECT value FROM json_each(?)) AND s.state = ? GROUP BY 1"
        )
        return dict(account.store.rows(sql, (rows.id_array(owners), state)))


TAGGED = Membership(owners="tags", table="tag_subscribers", owner_id="tag_id", begins="tag_add", ends="tag_remove")
ON_FORM = Membership(
    owners="forms", table="form_subscribers", owner_id="form_id", begins="form_subscribe", is_referred=True
)
IN_SEQUENCE = Membership(
    owners="sequences", table="sequence_subscribers", owner_id="sequence_id", begins="course_subscribe"
)
IN_SEGMENT = Membership(owners="segments", table="segment_subscribers", owner_id="segment_id", begins=None)
KINDS = {each.owners: each for each in (TAGGED, ON_FORM, IN_SEQUENCE, IN_SEGMENT)}
"""The kinds of membership by the table of their owners."""
