"""Actions on purchases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.contract.caller import Answer
from tests.contract.model.account import Kind, Row
from tests.contract.model.actions_broadcasts import as_shown
from tests.contract.model.actions_people import People
from tests.contract.model.base import NOBODY, action
from tests.contract.model.rules import Rule

_BOUGHT = datetime(2023, 2, 17, 8, tzinfo=UTC)


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
        "create_purchase",
        how=(
            "of somebody new",
            "of somebody known",
            "of somebody who moves",
            "again",
            "with sums",
            "blank",
            "of nothing",
        ),
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
                given["products"] = [_product(20)]
                self._buy(given)
                given = given | {"products": [_product(21), _product(22)]}
            case "with sums":
                given |= {"status": "paid", "subtotal": 25.0, "tax": 1.5, "discount": 0.5, "total": 26.0}
                given["transaction_time"] = _BOUGHT
            case "blank" | "of nothing":
                bad: Row = {"transaction_id": " "} if pick % 2 else {"currency": "US"}
                given |= {"products": []} if how == "of nothing" else bad
                self.call("create_purchase", body={"purchase": given}, expect=422, by=Rule.BAD_PURCHASE)
                self.touch("subscriber")
                self.touch("purchase")
                return
        self._buy(given)
        if how == "of somebody who moves":
            buyer = self.account.person(given["email_address"])
            assert buyer is not None
            self.change(buyer, {"email_address": self.world.email()}, Rule.PERSON_UPDATED)

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
            expected = {
                name: value for name, value in as_shown(given).items() if name not in ("first_name", "products")
            }
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
        self.setting.settle()
        query = {"email_address": given["email_address"], "status": "all"}
        found = self.driver.call("list_subscribers", query=query, expect=200).json["subscribers"]
        self.hold(Rule.BUYER, answer, len(found) == 1, f"{len(found)} subscribers with the buyer's address")
        body = {"email_address": given["email_address"], "first_name": given.get("first_name")}
        return self.keep_person(answer, found[0], body, Rule.BUYER)

    def touch_all_of(self, id_: int) -> None:
        """Have the purchases checked as well: they show the address that the buyer has now."""
        super().touch_all_of(id_)
        for purchase in [purchase for purchase, buyer in self._buyers.items() if buyer == id_]:
            row = self.account.rows["purchase"][purchase]
            row["email_address"] = self.account.rows["subscriber"][id_]["email_address"]
            self.touch("purchase", purchase)


def _product(number: int) -> dict[str, Any]:
    names = {"name": f"Book {number}", "pid": f"P-{number}", "lid": f"L-{number}", "sku": None}
    return names | {"quantity": number + 1, "unit_price": 12.5}
