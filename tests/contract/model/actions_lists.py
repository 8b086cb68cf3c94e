"""Actions that read lists: with each filter and sort, in pages both ways, with counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.contract.caller import Answer
from tests.contract.model.account import LISTS, Row
from tests.contract.model.actions_members import Members
from tests.contract.model.actions_people import STATES
from tests.contract.model.base import action, items
from tests.contract.model.driver import Enough
from tests.contract.model.queries import BROADCASTS, SUBSCRIBERS, TAGS, WHOLE, Make, Query, of_owner
from tests.contract.model.rules import Rule

LARGEST_PAGE = 1000
_TAGS_OF_ONE, _MEMBERS = 5, 3
_SHORT, _PAGES = 60, 3
"""Lists with so few rows are gone through to their end, in about so many pages."""


class Lists(Members):
    """Reads lists, and holds them against the model."""

    @action("list_subscribers", how=tuple(SUBSCRIBERS))
    def list_subscribers(self, how: str, pick: int) -> None:
        """List the subscribers."""
        if how == "of a status":
            self._of_each_state()
        self._look("list_subscribers", None, SUBSCRIBERS[how], self.pick("subscriber", pick), pick)

    @action("list_subscribers")
    def sort_by_cancellation(self, how: str, pick: int) -> None:
        """Sort subscribers of other states by their cancellation."""
        query = {"sort_field": "cancelled_at"} | ({}, {"status": "active"}, {"status": "all"})[pick % 3]
        self.call("list_subscribers", query=query, expect=422, by=Rule.CANCELLED_ALONE)

    @action("list_tags", how=tuple(TAGS))
    def list_tags(self, how: str, pick: int) -> None:
        """List the tags."""
        self._look("list_tags", None, TAGS[how], self.pick("tag", pick), pick)

    @action("list_broadcasts", how=tuple(BROADCASTS))
    def list_broadcasts(self, how: str, pick: int) -> None:
        """List the broadcasts."""
        self._look("list_broadcasts", None, BROADCASTS[how], self.pick("broadcast", pick), pick)

    @action("list_custom_fields")
    def list_custom_fields(self, how: str, pick: int) -> None:
        """List the custom fields."""
        self._look("list_custom_fields", None, WHOLE["whole"], self.pick("custom_field", pick), pick)

    @action("list_purchases")
    def list_purchases(self, how: str, pick: int) -> None:
        """List the purchases."""
        self._look("list_purchases", None, WHOLE["whole"], self.pick("purchase", pick), pick)

    @action("list_webhooks")
    def list_webhooks(self, how: str, pick: int) -> None:
        """List the webhooks."""
        self._look("list_webhooks", None, WHOLE["whole"], self.pick("webhook", pick), pick)

    @action("list_tag_subscribers", how=tuple(of_owner("tagged_at")))
    def list_tagged(self, how: str, pick: int) -> None:
        """List who has a tag."""
        self._look_at_members("tag", "tagged_at", how, pick)

    @action("list_form_subscribers", how=tuple(of_owner("added_at")))
    def list_added_to_a_form(self, how: str, pick: int) -> None:
        """List who was added to a form."""
        self._look_at_members("form", "added_at", how, pick)

    @action("list_sequence_subscribers", how=tuple(name for name in of_owner("added_at") if name != "slim"))
    def list_added_to_a_sequence(self, how: str, pick: int) -> None:
        """List who was added to a sequence."""
        self._look_at_members("sequence", "added_at", how, pick)

    @action("list_subscriber_tags")
    def list_tags_of_a_subscriber(self, how: str, pick: int) -> None:
        """List the tags of a subscriber."""
        row = self.pick("subscriber", pick)
        for number in range(_TAGS_OF_ONE):
            self.put("tag", "id", number, of=row)
        tag = self.account.rows["tag"][self.account.tags_of(row["id"])[0]]
        self._look("list_subscriber_tags", row["id"], WHOLE["whole"], tag, pick)

    def _of_each_state(self) -> list[Row]:
        """Return a subscriber of each state."""
        for state in STATES:
            if not any(row["state"] == state for row in self.account.rows["subscriber"].values()):
                self.upsert({"email_address": self.world.email(), "state": state})
        return list({row["state"]: row for row in self.account.rows["subscriber"].values()}.values())

    def _look_at_members(self, owner: str, stamp: str, how: str, pick: int) -> None:
        id_ = self.owner(owner, pick)
        members = self.account.in_(owner, id_)
        while len(members) < _MEMBERS:
            self.put(owner, "id", pick)
        if how == "of a status":
            for person in self._of_each_state():
                self.put(owner, "id", pick, of=person)
        member = sorted(members)[pick % len(members)]
        row = self.account.rows["subscriber"][member] | members[member]
        self._look(f"list_{owner}_subscribers", id_, of_owner(stamp)[how], row, pick)

    def _look(self, operation: str, owner: int | None, found: tuple[Rule, Make], row: Row, pick: int) -> None:
        """Read a list with queries, whole and with one of them in pages, and hold it against the model."""
        by, make = found
        queries = make(self, row) if by.applies(self.setting.behaviour) else []
        listed, path = LISTS[operation], self.path(LISTS[operation], owner)
        self.setting.settle()
        for number, query in enumerate(queries):
            expected = self.account.listing(listed, owner, query)
            whole = self.driver.call(operation, path, query=query | {"per_page": LARGEST_PAGE}, expect=200)
            if whole.json["pagination"]["has_next_page"] and "sort_order" in query:
                continue  # What the machine has made may be on any page.
            self.compare(by, whole, listed.kind, expected, items(whole))
            if by is Rule.INCLUDE_CANCELLED:
                dated = all(each.get("canceled_at") for each in items(whole))
                self.hold(by, whole, dated, "a row without canceled_at")
            self._check_absent(whole, by, query)
            if number == pick % len(queries):
                self.in_pages(operation, path, query, whole, pick, self.is_past(listed.kind))

    def _check_absent(self, whole: Answer, by: Rule, query: Query) -> None:
        extra = {"subscriber_count", "tags"} - {*query.get("include", ())} | (
            {"fields"} if query.get("slim") else set()
        )
        if whole.operation.id == "list_broadcasts":
            extra = {"content", "subscriber_filter"} if query.get("slim") else set()
        names = {name for each in items(whole) for name in each} & extra
        self.hold(by, whole, not names, f"rows with {sorted(names)}, which weren't asked for")

    def in_pages(
        self, operation: str, path: Mapping[str, object], query: Query, whole: Answer, pick: int, is_past: Enough
    ) -> None:
        """Hold that pages, both ways, are the whole list, and that it is counted if that is asked for.

        Of a list that is too long to go through, that is so for what comes before a page that `is_past` holds for.
        """
        rows = items(whole)
        is_short = len(rows) <= _SHORT
        size = max(1 + pick % 3, len(rows) // _PAGES if is_short else 1)
        self._walk(operation, path, query, rows, size, never if is_short else is_past)
        self._walk_back(operation, path, query, rows, size)
        self._count(operation, path, query, whole)

    def _walk(
        self, operation: str, path: Mapping[str, object], query: Query, whole: list[Row], size: int, enough: Enough
    ) -> None:
        pages = self.driver.pages(operation, path, query | {"per_page": size}, enough)
        seen: list[Any] = []
        for page in pages:
            rows, pagination = items(page), page.json["pagination"]
            begin, seen = len(seen), [*seen, *rows]
            self.hold(Rule.FORWARD, page, rows == whole[begin : len(seen)], f"the rows {ids_of(rows)}")
            flags = (pagination["has_previous_page"], pagination["has_next_page"], pagination["per_page"])
            wanted = (begin > 0, len(seen) < len(whole), size)
            self.hold(Rule.FORWARD, page, flags == wanted, f"{flags} instead of {wanted} after {len(seen)} rows")
            self._check_cursors(page)
        self.hold(Rule.FORWARD, pages[-1], len(seen) == len(whole) or enough(pages[-1]), f"{len(seen)} rows")
        if whole and len(seen) == len(whole):
            sent = query | {"per_page": size, "after": pages[-1].json["pagination"]["end_cursor"]}
            behind = self.driver.call(operation, path, query=sent, expect=200)
            self.hold(
                Rule.FORWARD, behind, items(behind) == [], f"the rows {ids_of(items(behind))} behind the last one"
            )
            self._check_cursors(behind)

    def _check_cursors(self, page: Answer) -> None:
        pagination, has_rows = page.json["pagination"], bool(items(page))
        for name in ("start_cursor", "end_cursor"):
            by = Rule.FORWARD if has_rows else Rule.EMPTY
            self.hold(by, page, (pagination[name] is not None) == has_rows, f"{name} {pagination[name]}")

    def _walk_back(self, operation: str, path: Mapping[str, object], query: Query, whole: list[Row], size: int) -> None:
        """Go back from a row near the beginning, of which all before it is ours, or a part of the list that stays."""
        position = min(len(whole), 2 * size + 1)
        if position == 0:
            return
        first = self.driver.call(operation, path, query=query | {"per_page": position}, expect=200)
        cursor = first.json["pagination"]["end_cursor"]
        position -= 1
        while position > 0:
            sent = query | {"per_page": size, "before": cursor}
            page = self.driver.call(operation, path, query=sent, expect=200)
            rows, pagination = items(page), page.json["pagination"]
            wanted = whole[max(position - size, 0) : position]
            shown = f"the rows {ids_of(rows)} instead of {ids_of(wanted)}"
            self.hold(Rule.BACK, page, rows == wanted, shown)
            flags = (pagination["has_previous_page"], pagination["has_next_page"])
            self.hold(Rule.BACK, page, flags == (position > size, True), str(flags))
            position, cursor = position - len(rows), pagination["start_cursor"]

    def _count(self, operation: str, path: Mapping[str, object], query: Query, whole: Answer) -> None:
        self.hold(Rule.COUNT, whole, "total_count" not in whole.json["pagination"], "a total_count, unasked")
        sent = query | {"per_page": 1, "include_total_count": True}
        page = self.driver.call(operation, path, query=sent, expect=200)
        count, length = page.json["pagination"].get("total_count"), len(items(whole))
        right = isinstance(count, int) and (count == length or (count > length >= LARGEST_PAGE))
        self.hold(Rule.COUNT, page, right, f"a total_count of {count} for {length} rows")


def never(answer: Answer) -> bool:
    """Return False, so that a walk goes on to the last page."""
    return False


def ids_of(rows: list[Row]) -> list[int]:
    """Return the ids of rows."""
    return [row["id"] for row in rows]
