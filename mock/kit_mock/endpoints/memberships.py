"""Subscribers who belong to something, such as a tag: put in, taken out, listed.

Chosen where the API says nothing: putting a subscriber in again keeps the first date, and taking one out who isn't in
is a 204 like any other, as the wanted state holds.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import msgspec

from kit_mock.endpoints import people
from kit_mock.endpoints.handlers import Call
from kit_mock.endpoints.pagination import Listing, page
from kit_mock.model import events, origins
from kit_mock.model.field_values import FieldSet
from kit_mock.protocol.errors import not_found, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation_messages import human
from kit_mock.state.clock import timestamp


@attrs.frozen
class Membership:
    """One kind of membership: where it is stored and what the API calls its parts.

    `owners` is the table of what subscribers belong to, `table` that of the memberships, with a column `owner_id`,
    which is also the name of the path parameter. `verb` is what happened to a member: `tagged` makes the attribute
    `tagged_at` and the filters `tagged_after` and `tagged_before`. `begins` and `ends` are the events of putting somebody
    in and taking them out. `referred` is whether the table keeps a `referrer`.
    """

    owners: str
    table: str
    owner_id: str
    verb: str
    begins: str
    ends: str | None = None
    referred: bool = False

    def owner(self, call: Call) -> int:
        """The id in the path. Raises Refusal 404 if the caller's account has no such thing."""
        id_ = call.path[self.owner_id]
        if not self.has_owner(call, id_):
            raise not_found()
        return id_

    def has_owner(self, call: Call, id_: int | None) -> bool:
        """Whether the caller's account has the thing with that id. Nothing has None as its id."""
        sql = f"SELECT 1 FROM {self.owners} WHERE id = ? AND account_id = ?"
        return call.store.row(sql, (id_, call.account_id)) is not None

    def put(self, call: Call, owner: int, subscriber: int, referrer: str | None = None) -> bool:
        """Put a subscriber in; whether they weren't in yet."""
        sql = f"INSERT INTO {self.table} ({self.owner_id}, subscriber_id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        if call.store.write(sql, (owner, subscriber, call.now)) == 0:
            return False
        if self.referred:
            self._keep_origin(call, owner, subscriber, referrer)
        events.fire(call, self.begins, subscriber_id=subscriber, subject=owner)
        return True

    def _keep_origin(self, call: Call, owner: int, subscriber: int, referrer: str | None) -> None:
        sql = f"UPDATE {self.table} SET referrer = ? WHERE {self.owner_id} = ? AND subscriber_id = ?"
        call.store.write(sql, (referrer, owner, subscriber))
        name = call.store.value(f"SELECT name FROM {self.owners} WHERE id = ?", (owner,))
        sql = "UPDATE subscribers SET attribution = ? WHERE id = ? AND attribution IS NULL"
        call.store.write(sql, (origins.of_form(name, referrer), subscriber))

    def count_active(self, call: Call, owners: Iterable[int]) -> dict[int, int]:
        """Count the active members of each owner that has any."""
        sql = (
            f"SELECT m.{self.owner_id}, count(*) FROM {self.table} m CROSS JOIN subscribers s ON s.id = m.subscriber_id"
            f" WHERE m.{self.owner_id} IN (SELECT value FROM json_each(?)) AND s.state = 'active' GROUP BY 1"
        )
        return dict(call.store.rows(sql, (msgspec.json.encode(list(owners)).decode(),)))

    def counted(self, call: Call, owners: builtins.list[dict[str, Any]]) -> builtins.list[dict[str, Any]]:
        """Add to each owner how many active members it has, if the request's `include` asks for that."""
        if "subscriber_count" in call.query.get("include", ()):
            counts = self.count_active(call, [owner["id"] for owner in owners])
            for owner in owners:
                owner["subscriber_count"] = counts.get(owner["id"], 0)
        return owners

    def since(self, call: Call, owner: int, subscriber: int) -> int:
        """When a member was put in."""
        sql = f"SELECT at FROM {self.table} WHERE {self.owner_id} = ? AND subscriber_id = ?"
        at: int = call.store.value(sql, (owner, subscriber))
        return at

    def add(self, call: Call, subscriber: people.Row) -> Reply:
        """Put a subscriber in and show them: 201, or 200 if they were in already."""
        owner = self.owner(call)
        status = 201 if self.put(call, owner, subscriber[0], call.body.get("referrer")) else 200
        shown = people.shown(subscriber, FieldSet.of(call))
        shown[f"{self.verb}_at"] = timestamp(self.since(call, owner, subscriber[0]))
        if self.referred:
            shown |= self.referral(call, owner, subscriber[0])
        return Reply(status, {"subscriber": shown})

    def referral(self, call: Call, owner: int, subscriber: int) -> dict[str, Any]:
        """Return where a member came from, as the API shows it."""
        sql = f"SELECT referrer FROM {self.table} WHERE {self.owner_id} = ? AND subscriber_id = ?"
        return _referral(call.store.value(sql, (owner, subscriber)))

    def shown_in_bulk(self, call: Call, owner: int, subscriber: people.Row) -> dict[str, Any]:
        """Return a member as bulk operations report them: without state and custom fields."""
        id_, first_name, email_address, _, created_at, _ = subscriber
        shown = {
            "id": id_,
            "first_name": first_name,
            "email_address": email_address,
            "created_at": timestamp(created_at),
            f"{self.verb}_at": timestamp(self.since(call, owner, id_)),
        }
        return shown | (self.referral(call, owner, id_) if self.referred else {})

    def remove(self, call: Call, subscriber: people.Row) -> Reply:
        """Take a subscriber out."""
        self.take(call, self.owner(call), subscriber[0])
        return Reply(204)

    def take(self, call: Call, owner: int, subscriber: int) -> None:
        """Take a subscriber out; nothing happens if they aren't in."""
        sql = f"DELETE FROM {self.table} WHERE {self.owner_id} = ? AND subscriber_id = ?"
        if call.store.write(sql, (owner, subscriber)) and self.ends is not None:
            events.fire(call, self.ends, subscriber_id=subscriber, subject=owner)

    def named_in_bulk(
        self, call: Call, items: Iterable[dict[str, Any]], name: str
    ) -> tuple[builtins.list[tuple[int, people.Row, dict[str, Any]]], builtins.list[dict[str, Any]]]:
        """Return the owner and the subscriber that each item of a bulk request names, with the item, and the failures.

        An item fails, as `name` of its failure, if it names nobody or nothing; today, null stands for the id that
        doesn't exist.
        """
        found, failures = [], []
        parts = (self.owner_id, "subscriber_id", *(["referrer"] if self.referred else ()))
        for item in items:
            row = people.find(call, item["subscriber_id"])
            missing = {} if row is not None else {"subscriber_id": "Subscriber does not exist"}
            if not self.has_owner(call, item[self.owner_id]):
                missing[self.owner_id] = f"{human(self.owner_id.removesuffix('_id'))} does not exist"
            if row is not None and not missing:
                found.append((item[self.owner_id], row, item))
                continue
            failed = {part: item.get(part) for part in parts}
            if call.behaviour.missing_ids_are_null:
                failed.update(dict.fromkeys(missing))
            failures.append({name: failed, "errors": builtins.list(missing.values())})
        return found, failures

    def named_by_email(self, call: Call, missing: str) -> people.Row:
        """The subscriber whose `email_address` is in the body.

        Raises Refusal: 422 with the message `missing` if it isn't, 404 if nobody has it.
        """
        self.owner(call)
        given: Any = call.body.get("email_address")
        if not isinstance(given, str) or not given.strip():
            raise unprocessable(missing)
        row = people.by_email(call, given.strip())
        if row is None:
            raise not_found()
        return row

    def list(self, call: Call) -> Reply:
        """A page of members, the newest subscriber first, active ones unless `status` says otherwise."""
        # The order of the join is fixed, since members come in the order of the page and the filters look at few of
        # them; the planner would sort all subscribers of a state.
        listing = Listing(
            columns=f"{people.COLUMNS}, {'m.referrer, ' if self.referred else ''}m.at",
            source=f"{self.table} m CROSS JOIN subscribers s ON s.id = m.subscriber_id",
            key="m.subscriber_id",
            since="m.at",
        )
        listing.narrow(f"m.{self.owner_id} = ?", self.owner(call))
        people.narrow_to_status(call, listing)
        for name, column in (("created", "s.created_at"), (self.verb, "m.at")):
            for relation, moment in people.date_filters(call, name):
                listing.narrow(f"{column} {relation} ?", moment)
        return Reply(200, page(call, listing, "subscribers", lambda rows: self._listed(call, rows)))

    def _listed(self, call: Call, rows: Sequence[people.Row]) -> builtins.list[dict[str, Any]]:
        stamp, fields = f"{self.verb}_at", FieldSet.of(call)
        found = [
            {
                **people.shown(row[: people.WIDTH], fields),
                stamp: timestamp(row[-1]),
                **(_referral(row[-2]) if self.referred else {}),
            }
            for row in rows
        ]
        return people.slim(call, found)


def _referral(referrer: str | None) -> dict[str, Any]:
    return {"referrer": referrer, "referrer_utm_parameters": origins.utm_parameters(referrer)}
