"""What the endpoints of tags, forms and sequences share: members put in, taken out, listed."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from kit_mock.endpoints import rendering
from kit_mock.endpoints.handlers import Call
from kit_mock.endpoints.pagination import Listing, date_filters, page
from kit_mock.model import origins, representations, subscribers
from kit_mock.model.memberships import Member, Membership
from kit_mock.model.subscribers import COLUMNS, Subscriber
from kit_mock.protocol.errors import not_found, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation_messages import human
from kit_mock.state.clock import timestamp


@attrs.frozen
class Members:
    """The endpoints of one kind of membership."""

    of: Membership
    verb: str
    """What happened to a member: `tagged` makes the attribute `tagged_at`, and the filters `tagged_after` and
    `tagged_before`."""

    def owner(self, call: Call) -> int:
        """Return the id in the path. Raises Refusal 404 if the caller's account has no such thing."""
        return self.required(call, call.path[self.of.owner_id])

    def required(self, call: Call, id_: int) -> int:
        """Return an id. Raises Refusal 404 if the caller's account has no such thing."""
        if not self.of.has_owner(call.account, id_):
            raise not_found()
        return id_

    def counted(self, call: Call, owners: builtins.list[dict[str, Any]]) -> builtins.list[dict[str, Any]]:
        """Add to each owner how many active members it has, if the request's `include` asks for that."""
        if "subscriber_count" in call.query.get("include", ()):
            counts = self.of.count_active(call.account, [owner["id"] for owner in owners])
            for owner in owners:
                owner["subscriber_count"] = counts.get(owner["id"], 0)
        return owners

    def add(self, call: Call, subscriber: Subscriber) -> Reply:
        """Put a subscriber in and show them: 201, or 200 if they were in already."""
        owner = self.owner(call)
        status = 201 if self.of.put(call.account, owner, subscriber, call.body.get("referrer")) else 200
        shown = representations.subscriber(call.account, subscriber) | self._shown_part(call, owner, subscriber)
        return Reply(status, {"subscriber": shown})

    def shown_in_bulk(self, call: Call, owner: int, subscriber: Subscriber) -> dict[str, Any]:
        """Return a member as bulk operations report them: without state and custom fields."""
        return {
            "id": subscriber.id,
            "first_name": subscriber.first_name,
            "email_address": subscriber.email_address,
            "created_at": timestamp(subscriber.created_at),
            **self._shown_part(call, owner, subscriber),
        }

    def remove(self, call: Call, subscriber: Subscriber) -> Reply:
        """Take a subscriber out: 204, also if they are not in."""
        self.of.take(call.account, self.owner(call), subscriber)
        return Reply(204)

    def named_in_bulk(
        self, call: Call, items: Iterable[dict[str, Any]], name: str
    ) -> tuple[builtins.list[tuple[int, Subscriber, dict[str, Any]]], builtins.list[dict[str, Any]]]:
        """Return the owner and the subscriber that each item of a bulk request names, with the item, and the failures.

        An item fails, as `name` of its failure, if it names nobody or nothing; today, null stands for the id that
        doesn't exist.
        """
        found, failures = [], []
        owner_id = self.of.owner_id
        parts = (owner_id, "subscriber_id", *(["referrer"] if self.of.is_referred else ()))
        for item in items:
            subscriber = subscribers.find(call.account, item["subscriber_id"])
            missing = {} if subscriber is not None else {"subscriber_id": "Subscriber does not exist"}
            if not self.of.has_owner(call.account, item[owner_id]):
                missing[owner_id] = f"{human(owner_id.removesuffix('_id'))} does not exist"
            if subscriber is not None and not missing:
                found.append((item[owner_id], subscriber, item))
                continue
            failed = {part: item.get(part) for part in parts}
            if call.account.behaviour.missing_ids_are_null:
                failed.update(dict.fromkeys(missing))
            failures.append({name: failed, "errors": builtins.list(missing.values())})
        return found, failures

    def named_by_email(self, call: Call, missing: str) -> Subscriber:
        """Return the subscriber whose `email_address` is in the body.

        Raises Refusal: 422 with the message `missing` if it isn't, 404 if nobody has it.
        """
        self.owner(call)
        given: Any = call.body.get("email_address")
        if not isinstance(given, str) or not given.strip():
            raise unprocessable(missing)
        subscriber = subscribers.by_email(call.account, given.strip())
        if subscriber is None:
            raise not_found()
        return subscriber

    def list(self, call: Call) -> Reply:
        """Answer with a page of members, the newest subscriber first, active ones unless `status` says otherwise."""
        # The order of the join is fixed, since members come in the order of the page and the filters look at few of
        # them; the planner would sort all subscribers of a state.
        listing = Listing(
            columns=f"{COLUMNS}, m.at, {'m.referrer' if self.of.is_referred else 'NULL'}",
            source=f"{self.of.table} m CROSS JOIN subscribers s ON s.id = m.subscriber_id",
            key="m.subscriber_id",
            since="m.at",
        )
        listing.narrow(f"m.{self.of.owner_id} = ?", self.owner(call))
        rendering.narrow_to_status(call, listing)
        for name, column in (("created", "s.created_at"), (self.verb, "m.at")):
            for relation, moment in date_filters(call, name):
                listing.narrow(f"{column} {relation} ?", moment)
        return Reply(200, page(call, listing, "subscribers", lambda rows: self._listed(call, rows)))

    def _listed(self, call: Call, rows: Sequence[Sequence[Any]]) -> builtins.list[dict[str, Any]]:
        width = len(Subscriber._fields)
        found = representations.subscribers(call.account, [row[:width] for row in rows])
        for one, row in zip(found, rows, strict=True):
            one |= self._represented(Member(*row[width:]))
        return rendering.slim(call, found)

    def _shown_part(self, call: Call, owner: int, subscriber: Subscriber) -> dict[str, Any]:
        member = self.of.find(call.account, owner, subscriber.id)
        assert member is not None
        return self._represented(member)

    def _represented(self, member: Member) -> dict[str, Any]:
        shown: dict[str, Any] = {f"{self.verb}_at": timestamp(member.at)}
        if self.of.is_referred:
            shown |= {
                "referrer": member.referrer,
                "referrer_utm_parameters": origins.utm_parameters(member.referrer),
            }
        return shown
