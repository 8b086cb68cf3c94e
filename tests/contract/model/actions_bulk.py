"""Bulk actions that create and tag: up to 100 items are done at once, more become a job."""

from __future__ import annotations

import time
from typing import Any

from tests.contract.caller import Answer
from tests.contract.model.account import Row
from tests.contract.model.actions_names import LABELS, Named, Names
from tests.contract.model.base import NOBODY, action
from tests.contract.model.rules import Rule

_MOST = 100
_MOST_JOBS = 4
_JOB_SECONDS = 12.0
_QUIET_SECONDS = 0.25
_HOW = ("new", "new and bad", "new and known", "twice", "none", "100", "a job")


class Bulk(Names):
    """Sends bulk requests. Items that are there twice make one thing, so that 100 of them leave few things behind."""

    @action("bulk_create_tags", how=_HOW)
    def create_tags(self, how: str, pick: int) -> None:
        """Create tags."""
        self._create_many("tag", how, pick)

    @action("bulk_create_custom_fields", how=_HOW)
    def create_fields(self, how: str, pick: int) -> None:
        """Create custom fields."""
        self._create_many("custom_field", how, pick)

    def _create_many(self, kind: Named, how: str, pick: int) -> None:
        label, plural = LABELS[kind], f"{kind}s"
        new, bad = [self.world.name(f"{kind} {number}") for number in range(2)], " " * (pick % 2)
        row = self.pick(kind, pick)
        known = str(row[label])
        texts = {
            "new": new,
            "new and bad": [new[0], bad, new[1]],
            "new and known": [known.swapcase(), new[0], known],
            "twice": [new[0], new[0], new[0].swapcase()],
            "none": [],
            "100": [new[number % 2] for number in range(_MOST)],
            "a job": [*(new[number % 2] for number in range(_MOST)), bad],
        }[how]
        found = self.results_of(f"bulk_create_{plural}", plural, [{label: text} for text in texts], how)
        if found is None:
            return
        answer, body = found
        results = {each[label].casefold(): each for each in body[plural]}
        self.hold(Rule.BULK_TWICE, answer, len(results) == len(body[plural]), f"{len(body[plural])} results")
        wanted = {text.casefold(): text for text in reversed(texts) if text.strip()}
        if how == "new and known" and not self.is_current:
            del wanted[known.casefold()]
        self.hold(Rule.BULK_DONE, answer, results.keys() == wanted.keys(), f"results {sorted(results)}")
        for folded, text in wanted.items():
            if folded == known.casefold():
                self.show(Rule.BULK_KNOWN, answer, row, results[folded])
            else:
                self.keep_named(kind, answer, results[folded], text)
        taken = [known, known] if how == "new and known" and not self.is_current else []
        # Whether an item that is there twice is a failure as well, the reference doesn't say.
        made = {each["id"] for folded, each in results.items() if folded != known.casefold()}
        failures = [each for each in body["failures"] if each[kind]["id"] not in made]
        self._told_failures(answer, kind, failures, [text for text in texts if not text.strip()], taken)
        self.touch(kind)

    def _told_failures(
        self, answer: Answer, kind: Named, failures: list[Row], blank: list[str], taken: list[str]
    ) -> None:
        label = LABELS[kind]
        expected = [([f"{label.capitalize()} can't be blank"], None) for _ in blank]
        self.hold(Rule.BULK_FAILURES, answer, len(failures) == len(expected) + len(taken), f"{len(failures)} failures")
        ids = [row["id"] for name in taken if (row := self.account.named(kind, name)) is not None]
        expected += [([f"{label.capitalize()} has already been taken"], id_) for id_ in ids]
        shown = [(each["errors"], each[kind]["id"]) for each in failures]
        by = Rule.BULK_TAKEN if taken else Rule.BULK_FAILURES
        self.hold(by, answer, sorted(shown, key=str) == sorted(expected, key=str), f"the failures {shown}")

    @action("bulk_create_subscribers", how=(*_HOW, "new and cancelled"))
    def create_subscribers(self, how: str, pick: int) -> None:
        """Create subscribers, and send some that are known."""
        new = [{"email_address": self.world.email(), "first_name": f"Many {pick}"} for _ in range(2)]
        bad: Row = {"email_address": "@", "first_name": "Nobody"}
        row = self.pick("subscriber", pick)
        known = {"email_address": row["email_address"].swapcase(), "first_name": f"Known {pick}"}
        people = {
            "new": new,
            "new and bad": [new[0], bad, new[1]],
            "new and known": [known, new[0]],
            "new and cancelled": [new[0], known],
            "twice": [new[0], new[0] | {"email_address": new[0]["email_address"].swapcase()}],
            "none": [],
            "100": [new[number % 2] for number in range(_MOST)],
            "a job": [*(new[number % 2] for number in range(_MOST)), bad],
        }[how]
        if how == "new and cancelled":
            self.equip(row, pick)
            self.cancel(row)
        found = self.results_of("bulk_create_subscribers", "subscribers", people, how)
        if found is None:
            return
        answer, body = found
        results = {each["email_address"].casefold(): each for each in body["subscribers"]}
        good = {each["email_address"].casefold(): each for each in reversed(people) if each is not bad}
        self.hold(Rule.BULK_TWICE, answer, len(results) == len(body["subscribers"]), f"{len(results)} addresses")
        self.hold(Rule.BULK_DONE, answer, results.keys() == good.keys(), f"results {sorted(results)}")
        for address, item in good.items():
            person = self.account.person(address)
            if person is None:
                self.keep_person(answer, results[address], item)
            else:
                self.change_person(person, item)
                self.touch_all_of(person["id"])
                shown = {name: value for name, value in person.items() if name in results[address]}
                self.show(Rule.PERSON_KNOWN, answer, shown, results[address])
        failures = [(each["errors"], each["subscriber"]["email_address"]) for each in body["failures"]]
        expected: list[Any] = [(["Email address is invalid"], None) for each in people if each is bad]
        self.hold(Rule.BULK_FAILURES, answer, failures == expected, f"the failures {failures}")
        if expected:
            self.hold(Rule.BAD_ADDRESS, answer, True)
        self.touch("subscriber")

    @action("bulk_tag_subscribers", "list_tag_subscribers", how=_HOW)
    def tag_many(self, how: str, pick: int) -> None:
        """Tag subscribers."""
        tag, person = self.pick("tag", pick)["id"], self.pick("subscriber", pick)
        other = self.other("subscriber", person)["id"]
        new = [{"tag_id": tag, "subscriber_id": person["id"]}, {"tag_id": tag, "subscriber_id": other}]
        bad = [{"tag_id": tag, "subscriber_id": NOBODY}, {"tag_id": NOBODY, "subscriber_id": other}][pick % 2]
        items: list[Row] = {
            "new": new,
            "new and bad": [new[0], bad, new[1]],
            "new and known": [new[0], new[1]],
            "twice": [new[0], new[0]],
            "none": [],
            "100": [new[number % 2] for number in range(_MOST)],
            "a job": [*(new[number % 2] for number in range(_MOST)), bad],
        }[how]
        if how == "new and known":
            self.put("tag", "id", pick)
            self.cancel(person)
        found = self.results_of("bulk_tag_subscribers", "taggings", items, how)
        if found is None:
            return
        answer, body = found
        ids = list(dict.fromkeys(item["subscriber_id"] for item in items if item is not bad))
        results = {row["id"]: row for row in body["subscribers"]}
        self.hold(Rule.BULK_TAGGED, answer, sorted(results) == sorted(ids), f"results for {sorted(results)}")
        members = self.account.in_("tag", tag)
        for id_ in ids:
            if id_ not in members:
                members[id_] = {"tagged_at": results[id_]["tagged_at"]}
                self.account.happened("tag_add", id_, tag)
            expected = {name: self.account.rows["subscriber"][id_][name] for name in ("first_name", "created_at")}
            self.show(Rule.BULK_TAGGED, answer, expected | members[id_], results[id_])
            self.touch_members("tag", tag, id_)
        if bad in items:
            missing = "subscriber_id" if bad["subscriber_id"] == NOBODY else "tag_id"
            shown = bad | ({missing: None} if self.is_current else {})
            told = f"{'Subscriber' if missing == 'subscriber_id' else 'Tag'} does not exist"
            wanted = [{"tagging": shown, "errors": [told]}]
            self.hold(Rule.BULK_UNTAGGABLE, answer, body["failures"] == wanted, str(body["failures"]))
        else:
            self.hold(Rule.BULK_TAGGED, answer, body["failures"] == [], f"failures {body['failures']}")

    # -------------------- Requests and jobs

    def results_of(self, operation: str, plural: str, items: list[Row], how: str) -> tuple[Answer, Row] | None:
        """Send items. Returns the answer and the results, of a job those of its callback; None if there are none."""
        if how == "none":
            self.call(operation, body={plural: []}, expect=422, by=Rule.BULK_NOTHING)
            return None
        if how == "a job":
            return self._done_later(operation, plural, items)
        answer = self.call(operation, body={plural: items}, expect=200, by=Rule.BULK_DONE)
        return answer, answer.json

    def _done_later(self, operation: str, plural: str, items: list[Row]) -> tuple[Answer, Row] | None:
        setting = self.setting
        if setting.receiver is None or (setting.clock is None and setting.jobs >= _MOST_JOBS):
            return None
        setting.jobs += 1
        url = setting.receiver.url()
        body = {plural: items, "callback_url": url}
        answer = self.call(operation, body=body, expect=202, by=Rule.BULK_JOB)
        self.hold(Rule.BULK_JOB, answer, answer.json == {}, "a body that isn't empty")
        if setting.clock is not None:
            setting.clock.advance(_JOB_SECONDS)
        received = setting.receiver.wait(url, 1, _JOB_SECONDS)
        time.sleep(_QUIET_SECONDS)
        received = setting.receiver.at(url)
        self.hold(Rule.BULK_CALLBACK, answer, len(received) == 1, f"{len(received)} requests to the callback")
        results: Row = received[0].json
        return answer, results
