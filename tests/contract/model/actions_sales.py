"""Actions on broadcasts and purchases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contract.caller import Answer
from tests.contract.model.account import Kind, Row
from tests.contract.model.actions_people import People
from tests.contract.model.base import NOBODY, Machine, action
from tests.contract.model.rules import Rule

_EVERYBODY = [{"all": [{"type": "all_subscribers"}]}]
_NULL = ("preview_text", "published_at", "send_at", "thumbnail_alt", "thumbnail_url")
_TEXTS = ("subject", "content", "description", "preview_text", "thumbnail_alt")
_ZEROS = {"recipients": 0, "open_rate": 0, "click_rate": 0, "unsubscribes": 0, "total_clicks": 0}
_LATER_SECONDS = 30 * 86_400
_SENDING_SECONDS = 120


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

    @action("create_broadcast", how=("least", "full", "for a tag", "without a template"))
    def create_a_broadcast(self, how: str, pick: int) -> None:
        """Create a draft."""
        body: Row = {"subject": self.world.name("issue"), "content": f"<p>Zoë {pick}</p>", "public": False}
        match how:
            case "full":
                body |= {name: f"The {name} {pick}" for name in _TEXTS if name not in ("subject", "content")}
                body["thumbnail_url"] = f"https://example.com/{pick}.png"
                body["email_template_id"] = self.world.template()
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
        expected: Row = dict.fromkeys(_NULL) | {"subscriber_filter": _EVERYBODY} | body
        template = expected.pop("email_template_id", None)
        if self.is_current:
            expected["status"] = "draft"
        self.show(Rule.BROADCAST_FIELDS, answer, expected, shown)
        self.hold(Rule.DRAFT, answer, template in (None, shown["email_template"]["id"]), str(shown["email_template"]))
        kept = {name: shown[name] for name in ("id", "created_at", "email_template", "email_address", "description")}
        return self.new("broadcast", answer, kept | expected)

    @action(
        "update_broadcast",
        how=(*_TEXTS, "thumbnail_url", "filter", "no filter", "two", "public", "dates", "no subject", "of nothing"),
    )
    def update_a_broadcast(self, how: str, pick: int) -> None:
        """Change a draft."""
        row = self._open(pick)
        later = self._later(pick)
        cases: dict[str, Row] = {
            "thumbnail_url": {"thumbnail_url": f"https://example.com/{pick}/other.png"},
            "filter": {"subscriber_filter": [{"any": [{"type": "tag", "ids": [self.pick("tag", pick)["id"]]}]}]},
            "no filter": {"subscriber_filter": None},
            "two": {"description": f"Both {pick}", "preview_text": None},
            "public": {"public": False},
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
            if how == "public":
                self._update(row, {"published_at": later}, Rule.BROADCAST_UPDATED)
            self._update(row, body, Rule.UNPUBLISHED if how == "public" else Rule.BROADCAST_UPDATED)
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
        changes = {name: _text(value) if isinstance(value, datetime) else value for name, value in body.items()}
        if body.get("public") is False:
            changes = {"published_at": None, "send_at": None} | changes
        if body.get("subscriber_filter", ()) is None:
            changes["subscriber_filter"] = _EVERYBODY
        if self.is_current and "send_at" in changes:
            changes["status"] = "draft" if changes["send_at"] is None else "scheduled"
        row |= changes
        self.show(by, answer, row, answer.json["broadcast"])
        return answer

    def _later(self, pick: int) -> datetime:
        now = self.now() or datetime.now(UTC)
        return now.replace(microsecond=0) + timedelta(seconds=_LATER_SECONDS + pick)

    @action("update_broadcast", how=("and back", "and stays"))
    def schedule(self, how: str, pick: int) -> None:
        """Give a draft a date in a month, for nobody but the run's own subscribers."""
        row = self._open(pick)
        to_ours = [{"all": [{"type": "tag", "ids": [self.pick("tag", pick)["id"]]}]}]
        by = Rule.SCHEDULED if self.is_current else Rule.BROADCAST_UPDATED
        self._update(row, {"send_at": self._later(pick), "subscriber_filter": to_ours}, by)
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

    @action("delete_broadcast", how=("there", "of nothing"))
    def delete_a_broadcast(self, how: str, pick: int) -> None:
        """Delete a draft, or one that isn't there."""
        if how == "of nothing":
            missing = max(self.account.deleted["broadcast"], default=NOBODY)
            self.call("delete_broadcast", {"id": missing}, expect=404, by=Rule.MISSING)
        else:
            id_ = self._open(pick)["id"]
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
        to_ours = [{"all": [{"type": "tag", "ids": [tag["id"]]}]}]
        self._update(row, {"send_at": clock.now() + timedelta(seconds=1), "subscriber_filter": to_ours}, Rule.SENT)
        clock.advance(_SENDING_SECONDS)
        answer = self.driver.call("get_broadcast_stats", {"id": row["id"]}, expect=200)
        stats = answer.json["broadcast"]["stats"]
        self.show(Rule.SENT, answer, {"recipients": recipients, "status": "completed", "progress": 100.0}, stats)
        for operation, body in (("update_broadcast", {"subject": "late"}), ("delete_broadcast", None)):
            self.call(operation, {"id": row["id"]}, body=body, expect=422, by=Rule.SENT_STAYS)
        if self.is_current:
            row["status"] = "completed"
        row["published_at"] = row["published_at"] or row["send_at"]
        self._sent.add(row["id"])
        self.touch("broadcast", row["id"])


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Purchases(People):
    """Records purchases."""

    def __init__(self) -> None:
        super().__init__()
        self._buyers: dict[int, int] = {}
        self._with_sums: set[int] = set()
        """The purchases whose sums were given: those of others follow from the products."""

    def make(self, kind: Kind) -> None:
        """Make a purchase."""
        if kind == "purchase":
            self._buy(self.world.purchase(products=[_product(0)]))
        else:
            super().make(kind)

    @action(
        "create_purchase", how=("of somebody new", "of somebody known", "again", "with sums", "blank", "of nothing")
    )
    def buy(self, how: str, pick: int) -> None:
        """Record a purchase, or more of one."""
        given = self.world.purchase(products=[_product(1), _product(10 + pick)])
        match how:
            case "of somebody new":
                given["first_name"] = f"Buyer {pick}"
            case "of somebody known":
                given["email_address"] = self.pick("subscriber", pick)["email_address"].swapcase()
            case "again":
                known = self.pick("purchase", pick)
                given |= {name: known[name] for name in ("transaction_id", "email_address", "currency")}
                given["products"] = [_product(7)]
            case "with sums":
                given |= {"status": "paid", "subtotal": 25.0, "tax": 1.5, "discount": 0.5, "total": 26.0}
            case "blank" | "of nothing":
                bad: Row = {"transaction_id": " "} if pick % 2 else {"currency": "US"}
                given |= {"products": []} if how == "of nothing" else bad
                self.call("create_purchase", body={"purchase": given}, expect=422, by=Rule.BAD_PURCHASE)
                self.touch("subscriber")
                self.touch("purchase")
                return
        self._buy(given)

    @action("get_purchase")
    def read_a_purchase(self, how: str, pick: int) -> None:
        """Read a purchase, and one that isn't there."""
        self.touch("purchase", self.pick("purchase", pick)["id"])
        self.call("get_purchase", {"id": NOBODY}, expect=404, by=Rule.MISSING)

    def _buy(self, given: Row) -> None:
        known = next(
            (row for row in self.account.rows["purchase"].values() if row["transaction_id"] == given["transaction_id"]),
            None,
        )
        by = Rule.BOUGHT if known is None else Rule.BOUGHT_MORE
        answer = self.call("create_purchase", body={"purchase": given}, expect=201, by=by)
        shown = answer.json["purchase"]
        if known is None:
            buyer = self._buyer(answer, given)
            expected = {name: value for name, value in given.items() if name not in ("first_name", "products")}
            expected |= {"email_address": self.account.rows["subscriber"][buyer]["email_address"]}
            if self.is_current:
                expected["subscriber_id"] = buyer
            kept = {name: shown[name] for name in ("id", "status", "transaction_time", "discount", "tax")}
            row = kept | expected | {"products": given["products"]}
            if "subtotal" in given:
                self._with_sums.add(row["id"])
            self._add_up(row)
            self.show(by, answer, row, shown)
            self._buyers[self.new("purchase", answer, row)] = buyer
            self.account.happened("purchase_create", row["id"])
        else:
            row = known
            row["products"] = row["products"] + given["products"]
            self._add_up(row)
            self.show(by, answer, row, shown)
            self.touch("purchase", row["id"])
        self.show(Rule.SUMS, answer, {name: row[name] for name in ("subtotal", "total")}, shown)

    def _add_up(self, row: Row) -> None:
        if row["id"] not in self._with_sums:
            row["subtotal"] = float(sum(each["quantity"] * each["unit_price"] for each in row["products"]))
            row["total"] = row["subtotal"] + row["tax"] - row["discount"]

    def _buyer(self, answer: Answer, given: Row) -> int:
        """Hold that a buyer is a subscriber. Returns the id."""
        known = self.account.person(given["email_address"])
        if known is not None:
            return int(known["id"])
        query = {"email_address": given["email_address"], "status": "all"}
        found = self.driver.call("list_subscribers", query=query, expect=200).json["subscribers"]
        self.hold(Rule.BUYER, answer, len(found) == 1, f"{len(found)} subscribers with the buyer's address")
        body = {"email_address": given["email_address"], "first_name": given.get("first_name")}
        return self.keep_person(answer, found[0], body, Rule.BUYER)

    def _shown_in_purchases(self, subscriber: int) -> None:
        address = self.account.rows["subscriber"][subscriber]["email_address"]
        for id_, buyer in self._buyers.items():
            if buyer == subscriber:
                self.account.rows["purchase"][id_]["email_address"] = address
                self.touch("purchase")


def _product(number: int) -> dict[str, Any]:
    names = {"name": f"Book {number}", "pid": f"P-{number}", "lid": f"L-{number}", "sku": None}
    return names | {"quantity": number + 1, "unit_price": 12.5}
