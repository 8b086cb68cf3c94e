"""Subclasses of scalars, and what else programs have in place of plain values: sent as the plain type, or refused."""

from __future__ import annotations

import datetime
import enum
import json
from collections import UserString
from collections.abc import Callable
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from kit_api.api.purchases import create_purchase
from kit_api.api.tags import list_tags
from kit_api.models import NewPurchase, NewPurchaseProduct
from kit_client import Kit

from .service import TAG, Service, tag_page

ANY = httpx.Response(200, json={})


class Colour(enum.StrEnum):
    GREEN = "green"


class Named(str, enum.Enum):  # noqa: UP042  # the kind that users have
    GREEN = "green"


class Number(enum.IntEnum):
    SEVEN = 7


class Ratio(float):
    def __repr__(self) -> str:
        return "a ratio"


class Money(Decimal):
    def __str__(self) -> str:
        return "$$$"


class Moment(datetime.datetime):
    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        return "now"


class Day(datetime.date):
    def isoformat(self) -> str:
        return "today"


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "shown"


class Scalar:
    """Like a scalar of numpy: an `item()` and no dimensions."""

    ndim = 0

    def __init__(self, value: object) -> None:
        self.value = value

    def item(self) -> object:
        return self.value

    def __index__(self) -> int:
        return 99


class Index:
    def __index__(self) -> int:
        return 41


# Zones had seconds in their offsets before they had standard time, and RFC 3339 has no place for those.
ANCIENT = datetime.timezone(-datetime.timedelta(minutes=16, seconds=8))
NOON = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)
SENT_AS: list[tuple[Any, object]] = [
    (Text("plain"), "plain"),
    (Markup("<b>bold</b>"), "<b>bold</b>"),
    (UserString("wrapped"), "wrapped"),
    (Colour.GREEN, "green"),
    (Named.GREEN, "green"),
    (Number.SEVEN, 7),
    (True, True),
    (Ratio(0.5), 0.5),
    (Scalar(5), 5),
    (Scalar(2.5), 2.5),
    (Scalar(True), True),
    (Scalar("text"), "text"),
    (Scalar(NOON), "2024-02-29T12:00:00Z"),
    (Index(), 41),
    (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    (Moment(2024, 2, 29, 12, tzinfo=datetime.UTC), "2024-02-29T12:00:00Z"),
    (datetime.datetime(1911, 1, 1, 0, 0, 0, 5000, ANCIENT), "1911-01-01T00:16:08.005Z"),
    (Day(2024, 2, 29), "2024-02-29"),
    (MappingProxyType({Text("k"): Number.SEVEN}), {"k": 7}),
    ((Text("a"), Number.SEVEN), ["a", 7]),
]


def sent(call: Callable[[Kit], object], answer: httpx.Response = ANY) -> httpx.Request:
    service = Service(answer)
    call(service.kit(access_token="token"))
    return service.requests[0]


@pytest.mark.parametrize(("value", "plain"), SENT_AS, ids=lambda value: type(value).__name__)
def test_bodies_hold_plain_values_at_any_depth(value: Any, plain: object) -> None:
    def body(given: Any) -> Any:
        return json.loads(sent(lambda kit: kit.request("POST", "/v4/things", json=given)).content)

    assert body({"a": value}) == {"a": plain}
    assert body([{"a": {"b": [value]}}]) == [{"a": {"b": [plain]}}]
    tag = httpx.Response(201, json={"tag": TAG})
    assert json.loads(sent(lambda kit: kit.tags.create(name=value), tag).content) == {"name": plain}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Markup("a&b"), "a&b"),
        (UserString("wrapped"), "wrapped"),
        (Text("plain"), "plain"),
        (Colour.GREEN, "green"),
        (Number.SEVEN, "7"),
        (False, "false"),
        (Scalar(False), "false"),
        (Scalar(5), "5"),
        (Index(), "41"),
        (Ratio(0.5), "0.5"),
        (Money("19.90"), "19.90"),
        (Decimal("1E+3"), "1000"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Moment(2024, 2, 29, 12, tzinfo=datetime.UTC), "2024-02-29T12:00:00Z"),
        (datetime.datetime(1911, 1, 1, tzinfo=ANCIENT), "1911-01-01T00:16:08Z"),
        (Day(2024, 2, 29), "2024-02-29"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_queries_hold_plain_values(value: Any, plain: str) -> None:
    page = tag_page([], None, False)
    assert dict(sent(lambda kit: list_tags.sync(client=kit, after=value), page).url.params)["after"] == plain
    assert dict(sent(lambda kit: kit.request("GET", "/v4/posts", params={"x": value})).url.params) == {"x": plain}
    assert sent(lambda kit: kit.request("GET", "/v4/posts", params={"x": [value, 1]})).url.params.get_list("x") == [
        plain,
        "1",
    ]


@pytest.mark.parametrize(("value", "path"), [(Number.SEVEN, "7"), (Scalar(5), "5"), (Index(), "41")])
def test_paths_hold_plain_ids(value: Any, path: str) -> None:
    tag = httpx.Response(200, json={"tag": TAG})
    assert sent(lambda kit: kit.tags.update(value, name="a"), tag).url.path == f"/v4/tags/{path}"


@pytest.mark.parametrize("value", [Scalar(True), Scalar(2.0), Scalar("7"), Decimal(7), UUID(int=7), Text("7")])
def test_what_is_no_whole_number_is_no_id(value: Any) -> None:
    service = Service(ANY)
    with pytest.raises(TypeError, match="id: expected a positive integer"):
        service.kit().tags.update(value, name="a")
    assert service.requests == []


PRODUCT = {"name": "Book", "pid": "1", "lid": "1", "quantity": 1}


@pytest.mark.parametrize("digits", ["19.99", "0.1", "1234567890.123456789012345", "1E+2", "-0.00"])
def test_money_is_sent_with_all_its_digits(digits: str) -> None:
    service = Service(httpx.Response(201, json={"purchase": {}}))
    purchase = NewPurchase(
        email_address="ada@example.com",
        transaction_id="1",
        status="paid",
        subtotal=Decimal(digits),
        tax=Decimal(0),
        total=Money(digits),
        currency="EUR",
        transaction_time=NOON,
        products=[NewPurchaseProduct(name="Book", pid="1", lid="1", quantity=1, unit_price=Decimal(digits))],
    )
    create_purchase.sync(client=service.kit(), body={"purchase": purchase})
    found = json.loads(service.requests[0].content, parse_float=str, parse_int=str)["purchase"]
    assert [found["subtotal"], found["total"], found["products"][0]["unit_price"]] == [digits] * 3


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_any_decimal_is_sent_exactly(value: Decimal) -> None:
    content = sent(lambda kit: kit.request("POST", "/v4/things", json={"a": value})).content
    found = json.loads(content, parse_float=Decimal, parse_int=Decimal)["a"]
    assert found == value


def test_the_json_form_of_a_model_has_numbers_for_decimals() -> None:
    made = NewPurchaseProduct(name="Book", pid="1", lid="1", quantity=1, unit_price=Money("19.99"))
    assert made.to_dict() == {**PRODUCT, "unit_price": 19.99}
    received = NewPurchaseProduct.from_dict({**PRODUCT, "unit_price": Decimal("19.99")})
    assert json.dumps(received.to_dict()["unit_price"]) == "19.99"


@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), Ratio("nan"), Scalar(float("inf"))]
)
def test_numbers_that_json_cannot_say_are_refused(value: Any) -> None:
    service = Service(ANY)
    with pytest.raises(ValueError, match=r"^total: expected a finite number"):
        service.kit().purchases.create(
            transaction_id="1", email_address="a@b.c", currency="USD", products=[], total=value
        )
    with pytest.raises(ValueError, match="after: expected a finite number"):
        list_tags.sync(client=service.kit(), after=value)
    assert service.requests == []


@pytest.mark.parametrize("value", ["\ud800", "a\udfffb", Text("\udc80"), Scalar("\udc80")])
def test_halves_of_surrogate_pairs_are_refused(value: Any) -> None:
    service = Service(ANY)
    kit = service.kit()
    with pytest.raises(ValueError, match=r"^name: half of a surrogate pair"):
        kit.tags.create(name=value)
    with pytest.raises(ValueError, match=r"^subscribers\[0\]\.first_name: half of a surrogate pair"):
        kit.subscribers.bulk_create(subscribers=[{"email_address": "a@b.c", "first_name": value}])
    with pytest.raises(ValueError, match=r"^after: half of a surrogate pair"):
        list_tags.sync(client=kit, after=value)
    if isinstance(value, str):
        with pytest.raises(ValueError, match=r"^fields: half of a surrogate pair"):
            kit.subscribers.create(email_address="a@b.c", fields={value: "x"})
    assert service.requests == []


@pytest.mark.parametrize("key", [1, None, True, b"k", ("a",), Number.SEVEN, UUID(int=1)])
def test_keys_that_are_no_strings_are_refused_by_place(key: Any) -> None:
    service = Service(ANY)
    kit = service.kit()
    tag: Any = {key: "x"}
    with pytest.raises(TypeError, match=r"^fields: expected keys that are strings"):
        kit.subscribers.create(email_address="a@b.c", fields={key: "x"})
    with pytest.raises(TypeError, match=r"^tags\[0\]: expected keys that are strings"):
        kit.tags.bulk_create(tags=[tag])
    with pytest.raises(TypeError, match=r"^json\.a: expected keys that are strings"):
        kit.request("POST", "/v4/things", json={"a": {key: 1}})
    assert service.requests == []


def test_keys_are_plain_too() -> None:
    class Key(str, enum.Enum):  # noqa: UP042  # its hash isn't the string's
        NAME = "name"

    tags: list[Any] = [{Text("name"): "x"}, {Key.NAME: "y"}]
    answer = httpx.Response(200, json={"tags": [], "failures": []})
    request = sent(lambda kit: kit.tags.bulk_create(tags=tags), answer)
    assert json.loads(request.content) == {"tags": [{"name": "x"}, {"name": "y"}]}


class Array:
    """Like an array of numpy: with dimensions."""

    ndim = 1

    def item(self) -> int:
        return 1

    def __index__(self) -> int:
        raise TypeError("only integer scalar arrays can be converted to a scalar index")


@pytest.mark.parametrize("value", [b"x", object(), Array(), Scalar(b"x"), Scalar(None), {1, 2}, 1j, datetime.time(1)])
def test_other_types_are_refused_by_name(value: Any) -> None:
    service = Service(ANY)
    with pytest.raises(TypeError, match=r"^name: a value of type \w+ can't be sent"):
        service.kit().tags.create(name=value)
    with pytest.raises(TypeError, match=r"^after: a value of type \w+ can't be sent"):
        list_tags.sync(client=service.kit(), after=value)
    assert service.requests == []


class NotATime(datetime.datetime):
    """Like NaT of pandas: a datetime by its type, and none by its value."""

    def utcoffset(self) -> datetime.timedelta:
        raise ValueError("NaTType does not support utcoffset")


UNFINISHED: datetime.tzinfo = type("Unfinished", (datetime.tzinfo,), {})()
"""A time zone whose methods raise NotImplementedError."""


@pytest.mark.parametrize("value", [NotATime(1, 1, 1), datetime.datetime(2024, 2, 29, tzinfo=UNFINISHED)])
def test_datetimes_that_have_no_time_are_refused_by_name(value: Any) -> None:
    service = Service(ANY)
    with pytest.raises(ValueError, match=r"^send_at: a \w+ without a time can't be sent"):
        service.kit().broadcasts.create(send_at=value)
    with pytest.raises(ValueError, match=r"^created_after: a \w+ without a time can't be sent"):
        service.kit().subscribers.list(created_after=value).first()
    assert service.requests == []


@pytest.mark.parametrize(("year", "sign"), [(1, 1), (9999, -1)])
def test_a_moment_that_utc_has_no_year_for_is_refused(year: int, sign: int) -> None:
    zone = datetime.timezone(sign * datetime.timedelta(hours=1, seconds=1))
    moment = datetime.datetime(year, 1 if year == 1 else 12, 1 if year == 1 else 31, 23 if year > 1 else 0, tzinfo=zone)
    with pytest.raises(
        ValueError, match=r"created_after: expected a datetime whose time in UTC is in the years 1 to 9999"
    ):
        Service(ANY).kit().subscribers.list(created_after=moment).first_page()
