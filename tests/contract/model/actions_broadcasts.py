"""Actions on broadcasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.contract.caller import Answer
from tests.contract.model.account import Kind, Row
from tests.contract.model.base import NOBODY, Machine, action
from tests.contract.model.rules import Rule

_EVERYBODY = [{"all": [{"type": "all_subscribers"}]}]
_NULL = ("preview_text", "published_at", "send_at", "thumbnail_alt", "thumbnail_url")
_TEXTS = ("subject", "content", "description", "preview_text", "thumbnail_alt")
_ZEROS = {"recipients": 0, "open_rate": 0, "click_rate": 0, "unsubscribes": 0, "total_clicks": 0}
_LATER_SECONDS = 30 * 86_400
_SENDING_SECONDS = 120
_PUBLISHED = datetime(2023, 2, 17, 8, tzinfo=UTC)


class Broadcasts(Machine):
    """Creates, changes, schedules and deletes broadcasts; none is sent but where nobody gets it."""

    def __init__(self) -> None:
        super().__init__()
        self._sent: set[int] = set()

    def make(self, kind: Kind) -> None:
        """Make a draft."""
        if kind == "broadcast":
            self._create_draft({"subject": self.world.name("issue"), "content": "<p>Hello</p>", "public": False})
        else:
            super().make(kind)

    @action("create_broadcast", how=("least", "with nulls", "full", "for a tag", "with a date", "without a template"))
    def create_a_broadcast(self, how: str, pick: int) -> None:
        """Create a draft."""
        body: Row = {"subject": self.world.name("issue"), "content": f"<p>Zoë {pick}</p>", "public": False}
        match how:
            case "full":
                body |= {name: f"The {name} {pick}" for name in _TEXTS if name not in ("subject", "content")}
                body["thumbnail_url"] = f"https://example.com/{pick}.png"
                templates = self.world.rows("email_template")
                body |= {"email_template_id": templates[pick % len(templates)]["id"]} if templates else {}
                if self.setting.is_disposable:
                    body |= {"email_address": "editor@example.com", "public": True, "published_at": _PUBLISHED}
            case "with nulls":
                body |= {"email_template_id": None, "subscriber_filter": None, "send_at": None, "preview_text": None}
            case "with a date":
                body |= {"send_at": self._later(pick), "subscriber_filter": self._to_ours(pick)}
            case "for a tag":
                group = ("all", "any", "none")[pick % 3]
                tags = [self.pick("tag", pick)["id"], self.pick("tag", pick + 1)["id"]]
                body["subscriber_filter"] = [{group: [{"type": "tag", "ids": tags}]}]
            case "without a template":
                body["email_template_id"] = NOBODY
                self.call("create_broadcast", body=body, expect=422, by=Rule.MISSING)
                self.touch("broadcast")
                return
        self._create_draft(body)

    def _create_draft(self, body: Row) -> int:
        answer = self.call("create_broadcast", body=body, expect=201, by=Rule.BROADCAST_FIELDS)
        shown = answer.json["broadcast"]
        expected: Row = dict.fromkeys(_NULL) | {"subscriber_filter": _EVERYBODY} | as_shown(body)
        template = expected.pop("email_template_id", None)
        expected["subscriber_filter"] = expected["subscriber_filter"] or _EVERYBODY
        if self.is_current:
            expected["status"] = "draft" if expected["send_at"] is None else "scheduled"
        self.show(Rule.BROADCAST_FIELDS, answer, expected, shown)
        self.hold(Rule.DRAFT, answer, template in (None, shown["email_template"]["id"]), str(shown["email_template"]))
        kept = {name: shown[name] for name in ("id", "created_at", "email_template", "email_address", "description")}
        if self.is_current:
            url = f"public_url {shown['public_url']}"
            self.hold(Rule.PUBLIC, answer, bool(shown["public_url"]) == expected["public"], url)
        id_ = self.new("broadcast", answer, kept | expected)
        if "send_at" in body and not self.setting.is_disposable:
            self._update(self.account.rows["broadcast"][id_], {"send_at": None}, Rule.BROADCAST_UPDATED)
        return id_

    @action(
        "update_broadcast",
        how=(
            *_TEXTS, "thumbnail_url", "template", "filter", "no filter", "two", "public", "not public", "dates",
            "no subject", "of nothing",
        ),
    )  # fmt: skip
    def update_a_broadcast(self, how: str, pick: int) -> None:
        """Change a draft."""
        row = self._open(pick)
        later = self._later(pick)
        cases: dict[str, Row] = {
            "thumbnail_url": {"thumbnail_url": f"https://example.com/{pick}/other.png"},
            "template": {"email_template_id": self._template(row, pick)["id"]},
            "filter": {"subscriber_filter": [{"any": [{"type": "tag", "ids": [self.pick("tag", pick)["id"]]}]}]},
            "no filter": {"subscriber_filter": None},
            "two": {"description": f"Both {pick}", "preview_text": None},
            "public": {"public": True, "published_at": _PUBLISHED} if self.setting.is_disposable else {"public": False},
            "not public": {"public": False},
            "dates": {"published_at": later},
            "no subject": {"subject": "", "send_at": later},
            "of nothing": {"subject": "x"},
        }
        body = cases.get(how, {how: f"{self.world.name('changed')}"})
        if how == "no subject":
            self.call("update_broadcast", {"id": row["id"]}, body=body, expect=422, by=Rule.UNSENDABLE)
        elif how == "of nothing":
            missing = max(self.account.deleted["broadcast"], default=NOBODY)
            self.call("update_broadcast", {"id": missing}, body=body, expect=404, by=Rule.MISSING)
        else:
            if how == "not public":
                self._update(row, {"published_at": later}, Rule.BROADCAST_UPDATED)
            self._update(row, body, Rule.UNPUBLISHED if body.get("public") is False else Rule.BROADCAST_UPDATED)
        self.touch("broadcast", row["id"])

    def _open(self, pick: int) -> Row:
        """Return a broadcast that can be changed."""
        row = self.pick("broadcast", pick)
        if row["id"] not in self._sent:
            return row
        self.make("broadcast")
        return self.account.rows["broadcast"][self.account.ids("broadcast")[-1]]

    def _update(self, row: Row, body: Row, by: Rule) -> Answer:
        answer = self.call("update_broadcast", {"id": row["id"]}, body=body, expect=200, by=by)
        changes = as_shown(body)
        if (template := changes.pop("email_template_id", None)) is not None:
            changes["email_template"] = {"id": template, "name": self._templates()[template]}
        if body.get("public") is False:
            changes = {"published_at": None, "send_at": None} | changes
        if body.get("subscriber_filter", ()) is None:
            changes["subscriber_filter"] = _EVERYBODY
        if self.is_current and "send_at" in changes:
            changes["status"] = "draft" if changes["send_at"] is None else "scheduled"
        row |= changes
        self.show(by, answer, row, answer.json["broadcast"])
        return answer

    def _templates(self) -> dict[int, str]:
        return {row["id"]: row["name"] for row in self.world.rows("email_template")}

    def _template(self, row: Row, pick: int) -> Row:
        """Return a template that a broadcast doesn't have, or the one that it has if there is no other."""
        known = row["email_template"]["id"]
        ids = [id_ for id_ in self._templates() if id_ != known] or [known]
        return {"id": ids[pick % len(ids)]}

    def _to_ours(self, pick: int) -> list[Row]:
        """Return the filter that lets a broadcast go to subscribers of the run alone."""
        return [{"all": [{"type": "tag", "ids": [self.pick("tag", pick)["id"]]}]}]

    def _later(self, pick: int) -> datetime:
        now = self.now() or datetime.now(UTC)
        return now.replace(microsecond=0) + timedelta(seconds=_LATER_SECONDS + pick)

    @action("update_broadcast", "get_broadcast_stats", how=("and back", "and stays"))
    def schedule(self, how: str, pick: int) -> None:
        """Give a draft a date in a month, for nobody but the run's own subscribers."""
        row = self._open(pick)
        by = Rule.SCHEDULED if self.is_current else Rule.BROADCAST_UPDATED
        self._update(row, {"send_at": self._later(pick), "subscriber_filter": self._to_ours(pick)}, by)
        self.hold(by, *self._stats(row["id"], "scheduled"))
        if how == "and back" or not self.setting.is_disposable:
            self._update(row, {"send_at": None}, by)
            self.hold(by, *self._stats(row["id"], "draft"))
        self.touch("broadcast", row["id"])

    def _stats(self, id_: int, status: str) -> tuple[Answer, bool, str]:
        answer = self.driver.call("get_broadcast_stats", {"id": id_}, expect=200)
        stats = answer.json["broadcast"]["stats"]
        return answer, stats["status"] == status, f"the status {stats['status']} instead of {status}"

    @action("get_broadcast_stats")
    def read_stats(self, how: str, pick: int) -> None:
        """Read the stats of a broadcast that wasn't sent."""
        row = self._open(pick)
        answer = self.driver.call("get_broadcast_stats", {"id": row["id"]}, expect=200)
        found = answer.json["broadcast"]
        self.show(Rule.STATS_OF_A_DRAFT, answer, {"id": row["id"]}, found)
        expected = _ZEROS | {"status": row.get("status", found["stats"]["status"])}
        self.show(Rule.STATS_OF_A_DRAFT, answer, expected, found["stats"])
        self.call("get_broadcast_stats", {"id": NOBODY}, expect=404, by=Rule.MISSING)

    @action("delete_broadcast", how=("there", "of nothing", "scheduled"))
    def delete_a_broadcast(self, how: str, pick: int) -> None:
        """Delete a draft, or one that isn't there."""
        if how == "of nothing":
            missing = max(self.account.deleted["broadcast"], default=NOBODY)
            self.call("delete_broadcast", {"id": missing}, expect=404, by=Rule.MISSING)
        else:
            row = self._open(pick)
            if how == "scheduled":
                body = {"send_at": self._later(pick), "subscriber_filter": self._to_ours(pick)}
                self._update(row, body, Rule.BROADCAST_UPDATED)
            id_ = row["id"]
            answer = self.call("delete_broadcast", {"id": id_}, expect=204, by=Rule.BROADCAST_DELETED)
            self.account.drop("broadcast", id_)
            for operation in ("get_broadcast", "get_broadcast_stats", "delete_broadcast"):
                status = self.driver.call(operation, {"id": id_}).status
                self.hold(Rule.BROADCAST_DELETED, answer, status == 404, f"{status} to {operation} afterwards")
        self.touch("broadcast")

    @action("update_broadcast", "delete_broadcast", "get_broadcast_stats")
    def send(self, how: str, pick: int) -> None:
        """Let the date of a broadcast come, where the server's clock can be moved."""
        clock = self.setting.clock
        if clock is None:
            return
        row, tag = self._open(pick), self.pick("tag", pick)
        recipients = self.account.active_in("tag", tag["id"])
        body = {"send_at": clock.now() + timedelta(seconds=1), "subscriber_filter": self._to_ours(pick)}
        self._update(row, body, Rule.SENT)
        clock.advance(_SENDING_SECONDS)
        answer = self.driver.call("get_broadcast_stats", {"id": row["id"]}, expect=200)
        stats = answer.json["broadcast"]["stats"]
        self.show(Rule.SENT, answer, {"recipients": recipients, "status": "completed", "progress": 100.0}, stats)
        for operation, late in (("update_broadcast", {"subject": "late"}), ("delete_broadcast", None)):
            self.call(operation, {"id": row["id"]}, body=late, expect=422, by=Rule.SENT_STAYS)
        if self.is_current:
            row["status"] = "completed"
        row["published_at"] = row["published_at"] or row["send_at"]
        self._sent.add(row["id"])
        self.touch("broadcast", row["id"])


def as_shown(body: Row) -> Row:
    """Return the values of a body as answers show them."""
    return {name: _text(value) if isinstance(value, datetime) else value for name, value in body.items()}


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
