"""Actions on tags and custom fields: their names are unique without regard to case."""

from __future__ import annotations

from typing import Literal

from tests.contract.caller import Answer
from tests.contract.model.account import Kind, Row
from tests.contract.model.actions_members import Members
from tests.contract.model.base import NOBODY, action
from tests.contract.model.rules import Rule

Named = Literal["tag", "custom_field"]
LABELS: dict[Named, str] = {"tag": "name", "custom_field": "label"}
_CREATED = ("new", "with spaces", "known", "known in another case", "blank", "given up")
_RENAMED = (
    "new",
    "new, twice",
    "its own in another case",
    "of another",
    "of another in another case",
    "blank",
    "of nothing",
)


class Names(Members):
    """Creates, renames and deletes tags and custom fields."""

    def make(self, kind: Kind) -> None:
        """Make a tag or a field."""
        if kind in ("tag", "custom_field"):
            self.create_named(kind, self.world.name("thing"))
        else:
            super().make(kind)

    def create_named(self, kind: Named, text: str) -> None:
        """Create one; if its name is known or blank, hold what is answered then."""
        label, known = LABELS[kind], self.account.named(kind, text)
        if not text.strip():
            answer = self.call(f"create_{kind}", body={label: text}, expect=422, by=Rule.NAME_BLANK)
            self._says(answer, Rule.NAME_BLANK, label, "can't be blank")
        elif known is None:
            answer = self.call(f"create_{kind}", body={label: text}, expect=201, by=Rule.NAME_NEW)
            self.keep_named(kind, answer, answer.json[kind], text)
        elif self.is_current:
            answer = self.call(f"create_{kind}", body={label: text}, expect=200, by=Rule.NAME_RETURNED)
            self.show(Rule.NAME_RETURNED, answer, known, answer.json[kind])
        else:
            answer = self.call(f"create_{kind}", body={label: text}, expect=422, by=Rule.NAME_TAKEN)
            self._says(answer, Rule.NAME_TAKEN, label, "has already been taken")
        self.touch(kind)

    def keep_named(self, kind: Named, answer: Answer, row: Row, text: str) -> int:
        """Keep a tag or field that was made with a name."""
        label = LABELS[kind]
        found = Rule.NAME_NEW if text == text.strip() else Rule.NAME_STRIPPED
        self.hold(found, answer, row[label] == text.strip(), f"{label} {row[label]!r}")
        row = {name: value for name, value in row.items() if name in ("id", "name", "label", "key", "created_at")}
        if kind == "custom_field":
            row.pop("created_at", None)  # Only the results of bulk operations have it.
            self.hold(Rule.FIELD_KEY, answer, row["key"] == key_of(text), row["key"])
            name = f"ck_field_{row['id']}_{row['key']}"
            self.hold(Rule.FIELD_NAME, answer, row["name"] == name, row["name"])
        id_ = self.new(kind, answer, row)
        if kind == "custom_field":
            self.account.happened("field_created", id_)
        return id_

    def _says(self, answer: Answer, found: Rule, label: str, message: str) -> None:
        wanted = [f"{label.capitalize()} {message}"]
        self.hold(found, answer, answer.errors == wanted, f"{answer.errors} instead of {wanted}")

    @action("create_tag", how=_CREATED)
    def create_a_tag(self, how: str, pick: int) -> None:
        """Create a tag."""
        self.create_named("tag", self._text("tag", how, pick))

    @action("create_custom_field", how=_CREATED)
    def create_a_field(self, how: str, pick: int) -> None:
        """Create a custom field."""
        self.create_named("custom_field", self._text("custom_field", how, pick))

    def _text(self, kind: Named, how: str, pick: int) -> str:
        match how:
            case "new":
                return self.world.name(f"{kind} Zoë" if kind == "tag" else "Field")
            case "with spaces":
                return f"  {self.world.name(kind)} "
            case "known":
                return str(self.pick(kind, pick)[LABELS[kind]])
            case "known in another case":
                return str(self.pick(kind, pick)[LABELS[kind]]).swapcase()
            case "given up":
                return self._given_up(kind, pick)
            case _:
                return " " * (pick % 2)

    def _given_up(self, kind: Named, pick: int) -> str:
        """Return a name that one had: another one can have it now."""
        row = self.pick(kind, pick)
        text: str = row[LABELS[kind]]
        if kind == "custom_field" and pick % 2:
            self.drop_field(row["id"])
        else:
            self._rename(kind, "new", pick)
        return text

    @action("update_tag", how=_RENAMED)
    def rename_a_tag(self, how: str, pick: int) -> None:
        """Give a tag another name."""
        self._rename("tag", how, pick)

    @action("update_custom_field", how=_RENAMED)
    def rename_a_field(self, how: str, pick: int) -> None:
        """Give a custom field another label."""
        self._rename("custom_field", how, pick)

    def _rename(self, kind: Named, how: str, pick: int) -> None:
        if how == "new, twice":
            self._rename(kind, "new", pick)
            how = "new"
        label, row = LABELS[kind], self.pick(kind, pick)
        id_, other = row["id"], self.other(kind, row)
        texts: dict[str, tuple[str, int, Rule]] = {
            "new": (self.world.name("renamed"), 200, Rule.NAME_CHANGED),
            "its own in another case": (row[label].swapcase(), 200, Rule.NAME_OWN),
            "of another": (other[label], 422, Rule.NAME_OF_ANOTHER),
            "of another in another case": (other[label].swapcase(), 422, Rule.NAME_OF_ANOTHER),
            "blank": (" ", 422, Rule.NAME_BLANK),
            "of nothing": (self.world.name("nothing"), 404, Rule.MISSING),
        }
        text, status, found = texts[how]
        if kind == "custom_field" and status == 200:
            self.give_a_value(row)
        target = id_ if status != 404 else self._missing(kind)
        answer = self.call(f"update_{kind}", {"id": target}, body={label: text}, expect=status, by=found)
        if status == 200:
            expected = row | {label: text}
            if kind == "custom_field":
                expected["key"] = key_of(text)
                self.hold(Rule.FIELD_KEY, answer, answer.json[kind]["key"] == expected["key"])
            self.show(found, answer, expected, answer.json[kind])
            row.update(expected)
            if kind == "custom_field":
                self._values_follow(answer, id_)
            else:
                self._members_stay(id_)
        self.touch(kind, id_)

    def _values_follow(self, answer: Answer, field: int) -> None:
        for id_ in [id_ for id_, values in self.account.values.items() if field in values]:
            shown = self.driver.call("get_subscriber", {"id": id_}, expect=200)
            self.show(Rule.VALUES_FOLLOW, shown, self.account.shown("subscriber", id_), shown.json["subscriber"])
        self.touch("subscriber")

    def _members_stay(self, tag: int) -> None:
        for member in self.account.in_("tag", tag):
            self.touch_members("tag", tag, member)

    def _missing(self, kind: Kind) -> int:
        return max(self.account.deleted[kind], default=NOBODY)

    @action("delete_custom_field", how=("there", "of nothing"))
    def delete_a_field(self, how: str, pick: int) -> None:
        """Delete a custom field, or one that isn't there."""
        if how == "there":
            self.drop_field(self.pick("custom_field", pick)["id"])
        else:
            missing = self._missing("custom_field")
            self.call("delete_custom_field", {"id": missing}, expect=404, by=Rule.MISSING)
        self.touch("custom_field")

    def drop_field(self, id_: int) -> None:
        """Delete a custom field that is there."""
        answer = self.call("delete_custom_field", {"id": id_}, expect=204, by=Rule.FIELD_DELETED)
        self.account.drop("custom_field", id_)
        self.account.happened("field_deleted", id_)
        again = self.driver.call("delete_custom_field", {"id": id_})
        self.hold(Rule.FIELD_DELETED, answer, again.status == 404, f"{again.status} when it is deleted again")
        self.touch("custom_field")
        self.touch("subscriber")


def key_of(label: str) -> str:
    """Return the key of a field with that label."""
    return "_".join("".join(c if c.isalnum() else " " for c in label.lower()).split())
