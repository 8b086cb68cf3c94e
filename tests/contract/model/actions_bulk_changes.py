"""Bulk actions that change: they untag, delete tags, set field values and add to forms."""

from __future__ import annotations

from typing import Any

from tests.contract.caller import Answer
from tests.contract.model.account import Row
from tests.contract.model.actions_bulk import Bulk
from tests.contract.model.actions_members import PAGE, UTM
from tests.contract.model.base import NOBODY, action
from tests.contract.model.rules import Rule

_MOST = 100
_HOW = ("new", "new and bad", "twice", "none", "100", "a job")


def _items(how: str, first: Row, second: Row, bad: Row) -> list[Row]:
    """Return what a way of doing something sends."""
    many = [[first, second][number % 2] for number in range(_MOST)]
    return {
        "new": [first, second],
        "new and bad": [first, bad, second],
        "twice": [first, first],
        "none": [],
        "100": many,
        "a job": [*many, bad],
    }[how]


class BulkChanges(Bulk):
    """Sends bulk requests that change what there is."""

    @action("bulk_untag_subscribers", "list_tag_subscribers", how=(*_HOW, "without the tag"))
    def untag_many(self, how: str, pick: int) -> None:
        """Take a tag away from subscribers."""
        tag = self.owner("tag", pick)
        members = self.account.in_("tag", tag)
        while len(members) < 2:
            self.put("tag", "id", pick)
        ids = sorted(members)[:2]
        if how == "without the tag":
            ids[0] = self.nobody_of([*members], pick)["id"]
        for id_ in ids:
            # The tag that must stay.
            self.put("tag", "id", pick + 1, of=self.account.rows["subscriber"][id_])
        first, second = ({"tag_id": tag, "subscriber_id": id_} for id_ in ids)
        bad = [{**first, "subscriber_id": NOBODY}, {**first, "tag_id": NOBODY}][pick % 2]
        items = [first, second] if how == "without the tag" else _items(how, first, second, bad)
        found = self.results_of("bulk_untag_subscribers", "taggings", items, how)
        if found is None:
            return
        answer, body = found
        self._told(Rule.BULK_UNTAGGED, answer, body, "tagging", [bad] if bad in items else [])
        for id_ in {item["subscriber_id"] for item in items if item is not bad}:
            if members.pop(id_, None) is not None:
                self.account.happened("tag_remove", id_, tag)
            for each in (tag, self.owner("tag", pick + 1)):
                self.touch_members("tag", each, id_)

    @action("bulk_delete_tags", "tag_subscriber", how=_HOW)
    def delete_tags(self, how: str, pick: int) -> None:
        """Delete tags that somebody has."""
        for _ in range(2):
            self.make("tag")
        ids = self.account.ids("tag")[-2:]
        person = self.pick("subscriber", pick)
        for number in range(1, 4):
            # The tag before the two must stay.
            self.put("tag", "id", len(self.account.rows["tag"]) - number, of=person)
        self.check()  # As long as the tags are there.
        first, second = ({"id": id_} for id_ in ids)
        bad = {"id": max(self.account.deleted["tag"], default=NOBODY)}
        items = _items(how, first, second, bad)
        found = self.results_of("bulk_delete_tags", "tags", items, how)
        if found is None:
            return
        answer, body = found
        # Each but the first of an id.
        again = [item for number, item in enumerate(items) if item in items[:number]]
        failures = sorted((each["tag"]["id"], each["errors"]) for each in body["failures"])
        expected = sorted((each["id"], ["Tag does not exist"]) for each in [*again, *([bad] if bad in items else [])])
        by = Rule.BULK_DELETED_TWICE if again else Rule.BULK_DELETED
        self.hold(by, answer, failures == expected, f"failures of {failures[:5]}")
        for id_ in {item["id"] for item in items if item is not bad}:
            self.account.drop("tag", id_)
            gone = self.driver.call("list_tag_subscribers", {"tag_id": id_})
            self.hold(Rule.BULK_DELETED, answer, gone.status == 404, f"{gone.status} for its subscribers afterwards")
        self.touch("tag")
        self.touch_tags_of(person["id"])

    @action("bulk_update_custom_field_values", "get_subscriber", how=(*_HOW, "no value", "two values"))
    def set_values(self, how: str, pick: int) -> None:
        """Set values of fields."""
        row, field = self.pick("subscriber", pick), self.pick("custom_field", pick)
        other = self.other("custom_field", field)
        # What isn't named stays.
        self.upsert({"email_address": row["email_address"], "fields": {field["key"]: "old", other["key"]: "kept"}})
        first = {"subscriber_id": row["id"], "subscriber_custom_field_id": field["id"], "value": f"set {pick}"}
        second = {**first, "subscriber_id": self.other("subscriber", row)["id"], "value": f"Zoë {pick}"}
        bad = [{**first, "subscriber_id": NOBODY}, {**first, "subscriber_custom_field_id": NOBODY}][pick % 2]
        more = {"no value": [{**first, "value": ""}], "two values": [first, {**first, "value": "last"}]}
        items = more[how] if how in more else _items(how, first, second, bad)
        found = self.results_of("bulk_update_custom_field_values", "custom_field_values", items, how)
        if found is None:
            return
        answer, body = found
        good = {item["subscriber_id"]: item for item in items if item is not bad}
        results = sorted(body["custom_field_values"], key=lambda each: int(each["subscriber_id"]))
        by = Rule.BULK_VALUES_LAST if how == "two values" else Rule.BULK_VALUES
        self.hold(by, answer, results == [good[id_] for id_ in sorted(good)], f"the results {results}")
        self._told(Rule.BULK_VALUES, answer, body, "custom_field_value", [bad] if bad in items else [])
        for item in items:
            if item is not bad:
                self.set_fields(item["subscriber_id"], {field["key"]: item["value"]})
                self.touch_all_of(item["subscriber_id"])

    @action("bulk_add_form_subscribers", "list_form_subscribers", how=(*_HOW, "again"))
    def add_many_to_a_form(self, how: str, pick: int) -> None:
        """Add subscribers to a form."""
        form = self.owner("form", pick)
        members = self.account.in_("form", form)
        if how == "again":
            self.put("form", "id", pick)
        one = min(members) if how == "again" else self.nobody_of([*members], pick)["id"]
        other = self.other("subscriber", self.account.rows["subscriber"][one])["id"]
        first: Row = {"form_id": form, "subscriber_id": one, "referrer": PAGE}
        second: Row = {"form_id": form, "subscriber_id": other}
        bad = [{**first, "subscriber_id": NOBODY}, {**first, "form_id": NOBODY}][pick % 2]
        items = [first] if how == "again" else _items(how, first, second, bad)
        found = self.results_of("bulk_add_form_subscribers", "additions", items, how)
        if found is None:
            return
        answer, body = found
        results = {row["id"]: row for row in body["subscribers"]}
        ids = {item["subscriber_id"] for item in items if item is not bad}
        self.hold(Rule.BULK_ADDED, answer, len(body["subscribers"]) == len(ids), f"{len(results)} results")
        self.hold(Rule.BULK_ADDED, answer, results.keys() == ids, f"results for {sorted(results)}")
        self._told(Rule.BULK_ADDED, answer, body, "subscription", [bad] if bad in items else [])
        for id_ in ids:
            if id_ not in members:
                referrer = PAGE if id_ == one else None
                members[id_] = {
                    "added_at": results[id_]["added_at"],
                    "referrer": referrer,
                    "referrer_utm_parameters": UTM if referrer else dict.fromkeys(UTM),
                }
                self.account.happened("form_subscribe", id_, form)
            names = ("first_name", "email_address", "created_at")
            person = {name: self.account.rows["subscriber"][id_][name] for name in names}
            self.show(Rule.BULK_ADDED, answer, person | members[id_], results[id_])
            self.touch_members("form", form, id_)

    def _told(self, by: Rule, answer: Answer, body: Row, name: str, bad: list[Row]) -> None:
        """Hold the failures: what names nothing, with null for the id that nothing has unless it is a field's."""
        expected: list[Any] = []
        for item in bad:
            wrong = next(key for key, value in item.items() if value == NOBODY)
            noun = wrong.removeprefix("subscriber_custom_").removesuffix("_id")
            shown = item if noun == "field" else {**item, wrong: None}
            told = f"{'Custom field' if noun == 'field' else noun.capitalize()} does not exist"
            expected.append({name: shown, "errors": [told]})
        self.hold(by, answer, body["failures"] == expected, f"the failures {body['failures']}")
