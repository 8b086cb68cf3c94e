"""The endpoints of members of tags, forms and sequences: add, remove and list them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from kit_mock.endpoints import rendering
from kit_mock.endpoints.handlers import Call
from kit_mock.endpoints.pagination import Listing, date_filters, page
from kit_mock.model import origins, representations, rows, subscribers, values
from kit_mock.model.memberships import Member, Membership
from kit_mock.model.subscriber_rows import COLUMNS, Subscriber
from kit_mock.protocol.errors import not_found, unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation_messages import human
from kit_mock.state.clock import timestamp


@attrs.frozen
class Members:
    """The endpoints of one kind of membership."""

    of: Membership
    verb: str
    """`tagged` or `added`: names the attribute `tagged_at` and the filters `tagged_after` and `tagged_before`."""

    def owner(self, call: Call) -> int:
        """Return the id of the tag, form or sequence in the path. Raises Refusal 404 if the account has none with it."""
        id_ = call.path[self.of.owner_id]
        if not rows.exists(call.account, self.of.owners, id_):
            raise not_found()
        return id_

    def add_counts(self, call: Call, owners: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Add the number of active members to each owner if the request's `include` has `subscriber_count`."""
        if "subscriber_count" in call.query.get("include", ()):
            counts = self.of.count(call.account, [owner["id"] for owner in owners])
            for owner in owners:
                owner["subscriber_count"] = counts.get(owner["id"], 0)
        return owners

    def add(self, call: Call, subscriber: Subscriber) -> Reply:
        """Add a subscriber and answer 201, or 200 if they are a member already."""
        owner = self.owner(call)
        status = 201 if self.of.put(call.account, owner, subscriber, call.body.get("referrer")) else 200
        shown = representations.subscriber(call.account, subscriber) | self._membership(call, owner, subscriber)
        return Reply(status, {"subscriber": shown})

    def render_briefly(self, call: Call, owner: int, subscriber: Subscriber) -> dict[str, Any]:
        """Represent a member for a bulk operation, without state and custom fields."""
        shown = rendering.briefly(subscriber) | self._membership(call, owner, subscriber)
        del shown["state"]
        return shown

    def remove(self, call: Call, subscriber: Subscriber) -> Reply:
        """Remove a subscriber and answer 204, also if they are no member."""
        self.of.take(call.account, self.owner(call), subscriber)
        return Reply(204)

    def match_items(
        self, call: Call, items: Iterable[dict[str, Any]], name: str
    ) -> tuple[list[tuple[int, Subscriber, dict[str, Any]]], list[dict[str, Any]]]:
        """Return the owner's id, the subscriber and the item for each valid item of a bulk request, and the failures.

        An item fails if its owner or subscriber doesn't exist. A failure has the item under `name`, today with null in
        place of the missing id.
        """
        found, failures = [], []
        owner_id = self.of.owner_id
        parts = (owner_id, "subscriber_id", *(["referrer"] if self.of.is_referred else ()))
        for item in items:
            subscriber = subscribers.find(call.account, item["subscriber_id"])
            missing = {} if subscriber is not None else {"subscriber_id": "Subscriber does not exist"}
            if not rows.exists(call.account, self.of.owners, item[owner_id]):
                missing[owner_id] = f"{human(owner_id.removesuffix('_id'))} does not exist"
            if subscriber is not None and not missing:
                found.append((item[owner_id], subscriber, item))
                continue
            failed = {part: item.get(part) for part in parts}
            if call.account.behaviour.missing_ids_are_null:
                failed.update(dict.fromkeys(missing))
            failures.append({name: failed, "errors": list(missing.values())})
        return found, failures

    def find_by_email(self, call: Call, missing: str) -> Subscriber:
        """Return the subscriber with the `email_address` of the body.

        Raises Refusal: 422 with the message `missing` without an address, 404 if nobody has it.
        """
        self.owner(call)
        given: Any = call.body.get("email_address")
        if not isinstance(given, str) or values.is_blank(given):
            raise unprocessable(missing)
        subscriber = subscribers.by_email(call.account, given.strip())
        if subscriber is None:
            raise not_found()
        return subscriber

    def answer_list(self, call: Call) -> Reply:
        """Answer with a page of members, the newest subscriber first. Without `status`, active ones only."""
        # CROSS JOIN fixes the order of the join: members come in the order of the page. The planner would sort all
        # subscribers of a state.
        listing = Listing(
            tuple,
            columns=f"{COLUMNS}, m.at, {'m.referrer' if self.of.is_referred else 'NULL'}",
            source=f"{self.of.table} m CROSS JOIN subscribers s ON s.id = m.subscriber_id",
            key="m.subscriber_id",
            since="m.at",
        )
        listing.narrow(f"m.{self.of.owner_id} = ?", self.owner(call))
        rendering.narrow_to_status(call, listing)
        for name, column in (("created", "s.created_at"), (self.verb, "m.at")):
            listing.compare(column, date_filters(call, name))
        return page(call, listing, "subscribers", lambda found: self._render_list(call, found))

    def _render_list(self, call: Call, found: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        width = len(Subscriber._fields)
        shown = representations.subscribers(call.account, [row[:width] for row in found])
        for one, row in zip(shown, found, strict=True):
            one |= self._render_member(Member(*row[width:]))
        return rendering.slim(call, shown)

    def _membership(self, call: Call, owner: int, subscriber: Subscriber) -> dict[str, Any]:
        member = self.of.find(call.account, owner, subscriber.id)
        assert member is not None
        return self._render_member(member)

    def _render_member(self, member: Member) -> dict[str, Any]:
        shown: dict[str, Any] = {f"{self.verb}_at": timestamp(member.at)}
        if self.of.is_referred:
            shown |= {
                "referrer": member.referrer,
                "referrer_utm_parameters": origins.utm_parameters(member.referrer),
            }
        return shown
