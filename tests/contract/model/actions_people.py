"""Actions on subscribers: upserts by address, updates, unsubscribing."""

from __future__ import annotations

from tests.contract.caller import Answer
from tests.contract.model.account import Kind, Row
from tests.contract.model.base import NOBODY, Machine, action
from tests.contract.model.rules import Rule

STATES = ("active", "bounced", "cancelled", "complained", "inactive")
_SYNCHRONOUS = 10


class People(Machine):
    """Creates, updates and unsubscribes subscribers."""

    def make(self, kind: Kind) -> None:
        """Make a subscriber."""
        if kind == "subscriber":
            self.upsert({"email_address": self.world.email(), "first_name": "Ada"})
        else:
            super().make(kind)

    # -------------------- Upserts

    @action(
        "create_subscriber",
        how=(
            "new", "with values", "in a state", "known", "known in another case", "known in a state",
            "cancelled", "nameless", "with an unknown field", "with many values", "without an address",
        ),
    )  # fmt: skip
    def create_a_subscriber(self, how: str, pick: int) -> None:
        """Create a subscriber, or send an address that is known."""
        body: Row = {"email_address": self.world.email(), "first_name": f"Zoë {pick}"}
        match how:
            case "with values":
                body["fields"] = {self._field(pick)["key"]: "one", self._field(pick + 1)["key"]: "two"}
            case "in a state":
                body = {"email_address": body["email_address"], "state": STATES[pick % len(STATES)]}
            case "known":
                body["email_address"] = self.pick("subscriber", pick)["email_address"]
                body["fields"] = {self._field(pick)["key"]: f"value {pick}"}
            case "known in another case":
                body = {"email_address": self.pick("subscriber", pick)["email_address"].upper()}
            case "known in a state":
                row = self.pick("subscriber", pick)
                body["email_address"] = row["email_address"]
                body["state"] = "cancelled" if row["state"] == "active" else "active"
            case "cancelled":
                row = self.pick("subscriber", pick)
                self.equip(row, pick)
                self.cancel(row)
                body |= {"email_address": row["email_address"], "state": "active"}
            case "nameless":
                body = {"email_address": self.pick("subscriber", pick)["email_address"], "first_name": None}
            case "with an unknown field":
                body["fields"] = {self.world.name("nothing"): "x", self._field(pick)["key"]: "kept"}
            case "with many values":
                names = [self.world.name("nothing") for _ in range(_SYNCHRONOUS)]
                body["fields"] = dict.fromkeys(names, "x") | {self._field(pick)["key"]: "later"}
            case "without an address":
                self.call("create_subscriber", body=body | {"email_address": "@"}, expect=422, by=Rule.BAD_ADDRESS)
                self.touch("subscriber")
                return
        self.upsert(body)

    def _field(self, pick: int) -> Row:
        return self.pick("custom_field", pick)

    def give_a_value(self, field: Row) -> None:
        """Give somebody a value of a field."""
        row = self.pick("subscriber", field["id"])
        self.upsert({"email_address": row["email_address"], "fields": {field["key"]: f"of {field['id']}"}})

    def upsert(self, body: Row) -> None:
        """Create a subscriber, or update the one with the address."""
        known = self.account.person(body["email_address"])
        status, by = (201, Rule.PERSON_NEW) if known is None else (200, Rule.PERSON_KNOWN)
        if len(body.get("fields", ())) > _SYNCHRONOUS:
            status, by = 202, Rule.VALUES_MANY
        answer = self.call("create_subscriber", body=body, expect=status, by=by)
        shown = answer.json["subscriber"]
        if known is None:
            self.keep_person(answer, shown, body)
        else:
            self.change_person(known, body)
            self.touch_all_of(known["id"])
        self._shown_after(answer, shown["id"] if known is None else known["id"], body)
        if known is not None and "state" in body:
            self.hold(Rule.PERSON_STATE, answer, shown["state"] == known["state"], f"state {shown['state']}")
        if known is not None and "first_name" in body and body["first_name"] is None:
            self.hold(Rule.PERSON_NAMELESS, answer, shown["first_name"] is None, shown["first_name"])

    def keep_person(self, answer: Answer, shown: Row, body: Row, by: Rule = Rule.PERSON_NEW) -> int:
        """Keep a subscriber who was made with the values of a body."""
        expected = {
            "email_address": body["email_address"],
            "first_name": body.get("first_name"),
            "state": body.get("state") or "active",
        }
        self.show(by, answer, expected, shown)
        id_ = self.new("subscriber", answer, expected | {name: shown[name] for name in ("id", "created_at")})
        if (now := self.now()) is not None:
            self.account.changed[id_] = now
            if expected["state"] == "cancelled":
                self.account.cancelled[id_] = now
        self.set_fields(id_, body.get("fields") or {})
        if expected["state"] == "active":
            self.account.happened("subscriber_activate", id_)
        return id_

    def change_person(self, row: Row, body: Row) -> None:
        """Change a subscriber as an upsert or update does."""
        changes = {name: body[name] for name in ("first_name",) if name in body and body[name] != row[name]}
        row |= changes
        if changes:
            self._changed(row["id"])
        self.set_fields(row["id"], body.get("fields") or {})
        self.touch("subscriber", row["id"])

    def set_fields(self, id_: int, given: Row) -> None:
        """Set values of a subscriber by the keys of their fields; an empty one takes the value away."""
        values, keys = self.account.values[id_], {
            each["key"]: key for key, each in self.account.rows["custom_field"].items()
        }  # fmt: skip
        for name, value in given.items():
            field = keys.get(name)
            if field is None or (value or None) == values.get(field):
                continue
            if value:
                values[field] = value
            else:
                del values[field]
            self._changed(id_)
            self.account.happened("field_value_updated", id_, field)

    def _changed(self, id_: int) -> None:
        if (now := self.now()) is not None:
            self.account.changed[id_] = now

    def _shown_after(self, answer: Answer, id_: int, body: Row) -> None:
        """Hold what an upsert or an update answers with."""
        shown, expected = answer.json["subscriber"], self.account.shown("subscriber", id_)
        fields = body.get("fields") or {}
        unknown = fields.keys() - {each["key"] for each in self.account.rows["custom_field"].values()}
        if answer.status == 202:
            # The answer may come before the values are written; the next read has them.
            answer = self.driver.call("get_subscriber", {"id": id_}, expect=200)
            self.show(Rule.VALUES_MANY, answer, expected, answer.json["subscriber"])
            return
        self.show(Rule.VALUES_BY_KEY, answer, expected, shown)
        if unknown:
            self.hold(Rule.VALUES_UNKNOWN, answer, not unknown & shown["fields"].keys())
        warnings = answer.json.get("warnings") or []
        named = all(any(name in text for text in warnings) for name in unknown)
        if self.is_current:
            self.hold(Rule.VALUES_WARNED, answer, named and bool(warnings) == bool(unknown), f"warnings {warnings}")

    # -------------------- Updates

    @action(
        "update_subscriber",
        how=(
            "name", "address", "values", "no value", "nameless", "own address in another case",
            "address of another", "nothing", "no address", "of nobody",
        ),
    )  # fmt: skip
    def update_a_subscriber(self, how: str, pick: int) -> None:
        """Update a subscriber."""
        row = self.pick("subscriber", pick)
        other = self.other("subscriber", row)["email_address"]
        field = self._field(pick)["key"]
        cases: dict[str, tuple[Row, int, Rule]] = {
            "name": ({"first_name": f"Grace {pick}"}, 200, Rule.PERSON_UPDATED),
            "address": ({"email_address": self.world.email()}, 200, Rule.PERSON_UPDATED),
            "values": ({"fields": {field: f"changed {pick}"}}, 200, Rule.PERSON_UPDATED),
            "no value": ({"fields": {field: None if pick % 2 else ""}}, 200, Rule.PERSON_UPDATED),
            "nameless": ({"first_name": None}, 200, Rule.PERSON_NAMELESS),
            "own address in another case": (
                {"email_address": row["email_address"].swapcase()}, 200, Rule.PERSON_ADDRESS_OWN,
            ),
            "address of another": (
                {"email_address": other.upper() if pick % 2 else other}, 422, Rule.PERSON_ADDRESS_TAKEN,
            ),
            "nothing": ({}, 200, Rule.PERSON_EMPTY),
            "no address": ({"email_address": "@", "first_name": "No"}, 422, Rule.BAD_ADDRESS),
            "of nobody": ({"email_address": self.world.email()}, 404, Rule.MISSING),
        }  # fmt: skip
        self.equip(row, pick)
        if how == "values":
            # What isn't named stays, so there must be something that isn't.
            self.upsert({"email_address": row["email_address"], "fields": {self._field(pick + 1)["key"]: "kept"}})
        body, status, by = cases[how]
        id_ = row["id"] if status != 404 else NOBODY
        if not self.is_current and "email_address" not in body:
            refused = self.driver.call("update_subscriber", {"id": id_}, body=body)
            self.hold(Rule.PERSON_ADDRESS_NEEDED, refused, refused.status == 422)
            body = body | {"email_address": row["email_address"]}
            by = Rule.PERSON_UPDATED
        if status == 200:
            self.change(row, body, by)
        else:
            self.call("update_subscriber", {"id": id_}, body=body, expect=status, by=by)
            self.touch_all_of(row["id"])

    def change(self, row: Row, body: Row, by: Rule) -> None:
        """Update a subscriber."""
        answer = self.call("update_subscriber", {"id": row["id"]}, body=body, expect=200, by=by)
        if body.get("email_address", row["email_address"]) != row["email_address"]:
            row["email_address"] = body["email_address"]
            self._changed(row["id"])
        self.change_person(row, body)
        self._shown_after(answer, row["id"], body)
        self.touch_all_of(row["id"])

    # -------------------- What hangs on a subscriber

    def equip(self, row: Row, pick: int) -> None:
        """Give a subscriber what must stay when the subscriber changes."""

    def touch_all_of(self, id_: int) -> None:
        """Have everything checked that shows a subscriber."""
        self.touch("subscriber", id_)

    def cancel(self, row: Row) -> None:
        """Unsubscribe somebody, who may have been unsubscribed before."""
        answer = self.call("unsubscribe_subscriber", {"id": row["id"]}, expect=204, by=Rule.UNSUBSCRIBED)
        if row["state"] != "cancelled":
            row["state"] = "cancelled"
            self._changed(row["id"])
            if (now := self.now()) is not None:
                self.account.cancelled[row["id"]] = now
            self.account.happened("subscriber_unsubscribe", row["id"])
        shown = self.driver.call("get_subscriber", {"id": row["id"]}, expect=200).json["subscriber"]
        self.hold(Rule.UNSUBSCRIBED, answer, shown["state"] == "cancelled", f"state {shown['state']} afterwards")
        self.touch_all_of(row["id"])
