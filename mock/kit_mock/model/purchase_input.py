"""Read a purchase from a request or a seed.

Checked here and not by the document, since Kit has messages of its own, such as `Transaction cannot be blank`.
"""

from __future__ import annotations

import re
from typing import Any

import attrs

from kit_mock.model import dates, values
from kit_mock.model.account import Account
from kit_mock.protocol.errors import unprocessable

AMOUNTS = ("subtotal", "discount", "tax", "shipping", "total")
PAID = "paid"

_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII | re.IGNORECASE)
_LARGEST = 10**15


@attrs.frozen
class Line:
    """One line of a purchase."""

    name: str
    pid: str | None
    lid: str | None
    quantity: int
    sku: str | None
    unit_price: float


@attrs.frozen
class PurchaseInput:
    """A purchase in a request. `amounts` holds those that were given, by name. Times are in seconds since 1970."""

    email_address: str
    first_name: str | None
    transaction_id: str
    status: str
    currency: str
    transaction_time: int | None
    amounts: dict[str, float]
    lines: list[Line]


def read(account: Account, given: Any) -> PurchaseInput:
    """Read a purchase from decoded JSON. By the reference, each product needs a `pid` and a `lid`.

    Raises Refusal 422 with a message for each wrong value.
    """
    if not isinstance(given, dict):
        raise unprocessable("Purchase cannot be blank" if given is None else "Purchase must be an object")
    reader = _Reader(with_ids=not account.behaviour.today_fields)
    amounts = {
        name: reader.number(given.get(name), name.capitalize(), whole=name == "shipping")
        for name in AMOUNTS
        if given.get(name) is not None
    }
    found = PurchaseInput(
        transaction_id=reader.text(given.get("transaction_id"), "Transaction"),
        email_address=reader.email_address(given.get("email_address")),
        first_name=reader.optional_text(given.get("first_name"), "First name"),
        currency=reader.currency(given.get("currency")),
        status=reader.status(given.get("status")),
        transaction_time=reader.time(given.get("transaction_time")),
        amounts=amounts,
        lines=reader.lines(given.get("products")),
    )
    if reader.errors:
        raise unprocessable(*reader.errors)
    return found


class _Reader:
    """Reads values. For a wrong one it adds a message to `errors` and returns a placeholder of the same type."""

    def __init__(self, *, with_ids: bool) -> None:
        self.errors: dict[str, None] = {}  # Without repetitions: each product can have the same mistake.
        self._with_ids = with_ids

    def text(self, value: Any, label: str) -> str:
        if values.is_blank(value):
            self.errors.setdefault(f"{label} cannot be blank")
        elif isinstance(value, str):
            return value.strip()
        else:
            self.errors.setdefault(f"{label} must be a string")
        return ""

    def id(self, item: dict[str, Any], name: str) -> str | None:
        if name not in item and not self._with_ids:
            return None
        return self.text(item.get(name), f"Product {name}")

    def optional_text(self, value: Any, label: str) -> str | None:
        if value is not None and not isinstance(value, str):
            self.errors.setdefault(f"{label} must be a string")
            return None
        return value

    def number(self, value: Any, label: str, *, whole: bool = False) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            kind = "an integer" if whole else "a number"
            self.errors.setdefault(f"{label} cannot be blank" if value is None else f"{label} must be {kind}")
        elif not abs(value) <= _LARGEST:
            self.errors.setdefault(f"{label} is out of range")
        elif whole and value != int(value):
            self.errors.setdefault(f"{label} must be an integer")
        else:
            return int(value) if whole else value
        return 0

    def email_address(self, value: Any) -> str:
        text = self.text(value, "Email address")
        if text and values.email_address(text) is None:
            self.errors.setdefault(values.EMAIL_INVALID)
        return text

    def currency(self, value: Any) -> str:
        text = self.text(value, "Currency")
        if text and not _CURRENCY.fullmatch(text):
            self.errors.setdefault("Currency must be a 3 letter code")
        return text.upper()

    def status(self, value: Any) -> str:
        if value not in (None, PAID):
            self.errors.setdefault(f"Status must be {PAID}")
        return PAID

    def time(self, value: Any) -> int | None:
        found = dates.of_timestamp(value)
        if found is None and value is not None:
            self.errors.setdefault("Transaction time is not a valid ISO8601 timestamp")
        return found

    def lines(self, value: Any) -> list[Line]:
        if not isinstance(value, list) or not value:
            self.errors.setdefault("Products must be a list" if value else "Products cannot be blank")
            return []
        lines: list[Line] = []
        for item in value:
            if not isinstance(item, dict):
                self.errors.setdefault("Products must be objects")
            else:
                lines.append(self.line(item))
        lids = [line.lid for line in lines if line.lid]
        if len(set(lids)) < len(lids):
            self.errors.setdefault("Product lid must be unique for this purchase")
        return lines

    def line(self, item: dict[str, Any]) -> Line:
        return Line(
            name=self.text(item.get("name"), "Product name"),
            pid=self.id(item, "pid"),
            lid=self.id(item, "lid"),
            quantity=int(self.number(item.get("quantity"), "Product quantity", whole=True)),
            sku=self.optional_text(item.get("sku"), "Product sku"),
            unit_price=self.number(item.get("unit_price"), "Product unit price"),
        )
