"""Actions on the subscribers of a tag, a form or a sequence."""

from __future__ import annotations

from typing import Any

from tests.contract.model.account import STAMPS, Row
from tests.contract.model.actions_people import People
from tests.contract.model.base import NOBODY, Action, action
from tests.contract.model.rules import Rule

_NEIGHBOURS = 2
PAGE = "https://example.com/page?utm_source=radio&utm_medium=air&utm_campaign=c&utm_term=t&utm_content=d"
UTM = {"source": "radio", "medium": "air", "campaign": "c", "term": "t", "content": "d"}
_BY = ("address", "address in another case", "address, again", "address after a move")


class Members(People):
    """Puts subscribers in by id and by address, and takes tags away."""

    @action("unsubscribe_subscriber", how=("anybody", "who is cancelled", "nobody"))
    def unsubscribe(self, how: str, pick: int) -> None:
        """Unsubscribe a subscriber, who keeps the tags."""
        if how == "nobody":
            self.call("unsubscribe_subscriber", {"id": NOBODY}, expect=404, by=Rule.MISSING)
            return
        row = self.pick("subscriber", pick)
        for number in range(_NEIGHBOURS):
            self.equip(row, pick + number)
        for _ in range(2 if how == "who is cancelled" else 1):
            self.cancel(row)

    def equip(self, row: Row, pick: int) -> None:
        """Give a subscriber a tag."""
        super().equip(row, pick)
        self.put("tag", "id", pick, of=row)

    def touch_all_of(self, id_: int) -> None:
        """Mark all lists that a subscriber is in for the next check."""
        super().touch_all_of(id_)
        for (owner, about), members in self.account.members.items():
            if id_ in members:
                self.touch_members(owner, about, id_)

    @action("tag_subscriber", "list_tag_subscribers", how=("first", "again"))
    def tag(self, how: str, pick: int) -> None:
        """Tag a subscriber by id."""
        self.put("tag", "id", pick, again=how == "again")

    @action("tag_subscriber_by_email", "list_tag_subscribers", how=_BY)
    def tag_by_address(self, how: str, pick: int) -> None:
        """Tag a subscriber by address."""
        self.put("tag", how, pick, again=how.endswith("again"))

    @action("add_form_subscriber", "list_form_subscribers", how=("first", "again"))
    def add_to_a_form(self, how: str, pick: int) -> None:
        """Add a subscriber to a form by id."""
        self.put("form", "id", pick, again=how == "again")

    @action("add_form_subscriber_by_email", "list_form_subscribers", how=_BY)
    def add_to_a_form_by_address(self, how: str, pick: int) -> None:
        """Add a subscriber to a form by address."""
        self.put("form", how, pick, again=how.endswith("again"))

    @action("add_sequence_subscriber", "list_sequence_subscribers", how=("first", "again"))
    def add_to_a_sequence(self, how: str, pick: int) -> None:
        """Add a subscriber to a sequence by id."""
        self.put("sequence", "id", pick, again=how == "again")

    @action("add_sequence_subscriber_by_email", "list_sequence_subscribers", how=_BY)
    def add_to_a_sequence_by_address(self, how: str, pick: int) -> None:
        """Add a subscriber to a sequence by address."""
        self.put("sequence", how, pick, again=how.endswith("again"))

    @action("tag_subscriber_by_email", "add_form_subscriber_by_email", "add_sequence_subscriber_by_email")
    def put_nobody_in(self, how: str, pick: int) -> None:
        """Add an address that nobody has."""
        owner = [*STAMPS][pick % len(STAMPS)]
        operation = f"{'tag' if owner == 'tag' else f'add_{owner}'}_subscriber_by_email"
        body = {"email_address": self.world.email()}
        self.call(operation, {f"{owner}_id": self.owner(owner, pick)}, body=body, expect=404, by=Rule.JOINED_NOBODY)
        self.touch("subscriber")

    def may(self, found: Action) -> bool:
        """Whether the run may call the operations, and the account has the forms and sequences that they are about."""
        about = [owner for owner in STAMPS if any(f"{owner}_subscriber" in name for name in found.operations)]
        return super().may(found) and all(owner == "tag" or self.has(owner) for owner in about)

    def has(self, owner: str) -> bool:
        """Whether the account has a form or a sequence."""
        return bool(self._owners(owner))

    def owner(self, owner: str, pick: int) -> int:
        """Return the id of a tag that the run has made, or of a form or sequence of the account."""
        ids = self._owners(owner)
        return int(self.pick("tag", pick)["id"]) if owner == "tag" else ids[pick % len(ids)]

    def _owners(self, owner: str) -> list[int]:
        """Return the ids of two forms or sequences of the account, as far as it has any."""
        known = self.setting.owners
        if owner not in known:
            known[owner] = [] if owner == "tag" else [row["id"] for row in self.world.rows(owner)[:_NEIGHBOURS]]
        return known[owner]

    def put(self, owner: str, by: str, pick: int, *, again: bool = False, of: Row | None = None) -> None:
        """Put a subscriber into a tag, form or sequence: `of`, or who isn't in yet, or who is if `again`."""
        id_, stamp = self.owner(owner, pick), STAMPS[owner]
        members = self.account.in_(owner, id_)
        if again and not members:
            self.put(owner, by, pick)
        row = of or (self._somebody([*members], pick) if again else self.nobody_of([*members], pick))
        if by == "address after a move":
            self.change(row, {"email_address": self.world.email()}, Rule.PERSON_UPDATED)
        operation = "tag_subscriber" if owner == "tag" else f"add_{owner}_subscriber"
        path: dict[str, object] = {f"{owner}_id": id_}
        body: dict[str, object] = {"referrer": PAGE} if owner == "form" and self.is_current and pick % 2 else {}
        if by == "id":
            path["id"] = row["id"]
        else:
            operation += "_by_email"
            address = row["email_address"]
            body["email_address"] = address.swapcase() if "case" in by else address
        is_new = row["id"] not in members
        status, rule_ = (201, Rule.JOINED_FIRST) if is_new else (200, Rule.JOINED_AGAIN)
        answer = self.call(operation, path, body=body or None, expect=status, by=rule_)
        shown = answer.json["subscriber"]
        if is_new:
            members[row["id"]] = {stamp: shown[stamp]}
            if owner == "form" and self.is_current:
                referrer = body.get("referrer")
                utm = UTM if referrer else shown["referrer_utm_parameters"]
                members[row["id"]] |= {"referrer": referrer, "referrer_utm_parameters": utm}
                self.show(Rule.REFERRER, answer, members[row["id"]], shown)
            events = {"tag": "tag_add", "form": "form_subscribe", "sequence": "course_subscribe"}
            self.account.happened(events[owner], row["id"], id_)
        date = rule_ if is_new else Rule.JOINED_DATE
        self.show(date, answer, self.account.shown("subscriber", row["id"]) | members[row["id"]], shown)
        self.hold(Rule.JOINED_STATE, answer, shown["state"] == row["state"], shown["state"])
        for each in (id_, self.owner(owner, pick + 1)):
            self.touch_members(owner, each, row["id"])

    def _somebody(self, ids: list[int], pick: int) -> Row:
        """Return one of some subscribers."""
        return self.account.rows["subscriber"][sorted(ids)[pick % len(ids)]]

    def nobody_of(self, ids: list[int], pick: int) -> Row:
        """Return a subscriber who isn't one of some, made if there is none."""
        self.pick("subscriber", pick)
        if self.account.rows["subscriber"].keys() <= {*ids}:
            self.make("subscriber")
        return self._somebody([id_ for id_ in self.account.ids("subscriber") if id_ not in ids], pick)

    @action("untag_subscriber", "list_tag_subscribers", how=("tagged", "without the tag"))
    def untag(self, how: str, pick: int) -> None:
        """Take a tag away by id."""
        self.untag_one("id", pick, is_tagged=how == "tagged")

    @action("untag_subscriber_by_email", "list_tag_subscribers", how=_BY)
    def untag_by_address(self, how: str, pick: int) -> None:
        """Take a tag away by address."""
        self.untag_one(how, pick, is_tagged=True)

    @action("untag_subscriber_by_email")
    def untag_nobody(self, how: str, pick: int) -> None:
        """Take a tag away from an address that nobody has."""
        path = {"tag_id": self.owner("tag", pick)}
        body = {"email_address": self.world.email()}
        self.call("untag_subscriber_by_email", path, body=body, expect=404, by=Rule.JOINED_NOBODY)

    def untag_one(self, by: str, pick: int, *, is_tagged: bool) -> None:
        """Take a tag away from one who has it, or from one who doesn't."""
        tag = self.owner("tag", pick)
        members = self.account.in_("tag", tag)
        while is_tagged and len(members) < _NEIGHBOURS:
            self.put("tag", "id", pick)
        row = self._somebody([*members], pick) if is_tagged else self.nobody_of([*members], pick)
        # The tag that must stay.
        self.put("tag", "id", pick + 1, of=row)
        if by == "address after a move":
            self.change(row, {"email_address": self.world.email()}, Rule.PERSON_UPDATED)
        if by == "id":
            rule_ = Rule.UNTAGGED if is_tagged else Rule.UNTAGGED_WITHOUT_THE_TAG
            self.call("untag_subscriber", {"tag_id": tag, "id": row["id"]}, expect=204, by=rule_)
        else:
            address = row["email_address"]
            body: dict[str, Any] = {"email_address": address.swapcase() if "case" in by else address}
            self.call("untag_subscriber_by_email", {"tag_id": tag}, body=body, expect=204, by=Rule.UNTAGGED)
        if members.pop(row["id"], None) is not None:
            self.account.happened("tag_remove", row["id"], tag)
        for each in (tag, self.owner("tag", pick + 1)):
            self.touch_members("tag", each, row["id"])
        self.touch_members("tag", tag, self.other("subscriber", row)["id"])
