"""Rows of any kind, read as people to import."""

from __future__ import annotations

import csv
import datetime
import enum
import io
import sqlite3
import types
from collections import namedtuple
from contextlib import closing
from decimal import Decimal
from typing import Any

import attrs
import msgspec
import pydantic
import pytest

from kit_api.models import Subscriber
from kit_api.types import UNSET
from kit_client.bulk.rows import Person, Reader, same

WANTED = {"email_address": "ada@example.com", "first_name": "Ada"}


def read(row: Any, fields: Any = None) -> Person:
    return Reader(fields).read(1, row)


class Struct(msgspec.Struct):
    email_address: str
    first_name: str | None = None


@attrs.define
class Attrs:
    email_address: str
    first_name: str


class Pydantic(pydantic.BaseModel):
    email_address: str
    first_name: str


class Series:
    """What a row of `DataFrame.iterrows` is like: it has keys and items, and is no mapping."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    def keys(self) -> list[str]:
        return list(self._values)

    def __getitem__(self, name: str) -> Any:
        return self._values[name]


def sqlite_row() -> sqlite3.Row:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.row_factory = sqlite3.Row
        row: sqlite3.Row = connection.execute("SELECT 'ada@example.com' email_address, 'Ada' first_name").fetchone()
    return row


@pytest.mark.parametrize(
    "row",
    [
        WANTED,
        types.MappingProxyType(WANTED),
        next(csv.DictReader(io.StringIO("first_name,email_address\nAda,ada@example.com\n"))),
        namedtuple("Row", WANTED)(**WANTED),  # noqa: PYI024  # as DataFrame.itertuples() makes them
        Struct(**WANTED),
        Attrs(**WANTED),
        Pydantic(**WANTED),
        types.SimpleNamespace(**WANTED),
        Series(**WANTED),
        sqlite_row(),
        Subscriber.from_dict(
            {**WANTED, "id": 1, "state": "active", "created_at": "2024-02-29T12:30:00Z", "fields": {}}
        ),
    ],
    ids=lambda row: type(row).__name__,
)
def test_rows_of_every_kind_are_read(row: Any) -> None:
    Reader(None).check_first(row)
    person = read(row)
    assert (person.address, person.first_name, person.problem) == ("ada@example.com", "Ada", None)
    assert person.row is row


class Scalar:
    """What a number of numpy is like."""

    shape = ()

    def __init__(self, value: object) -> None:
        self._value = value

    def item(self) -> object:
        return self._value

    def __ne__(self, other: object) -> bool:
        return isinstance(other, Scalar) and self._value != other._value

    __hash__ = None  # type: ignore[assignment]


class Array:
    """What an array of numpy is like: compared, it is another one, which has no truth value."""

    shape = (2,)

    def __eq__(self, other: object) -> Any:
        return self

    __ne__ = __eq__

    def __bool__(self) -> bool:
        raise ValueError("the truth value of an array with more than one element is ambiguous")

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Ada Ltd", "Ada Ltd"),
        ("  Ada  ", "Ada"),
        ("0", "0"),
        (0, "0"),
        (5, "5"),
        (5.0, "5"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (Decimal("1.10"), "1.10"),
        (True, "true"),
        (False, "false"),
        (Scalar(7), "7"),
        (Scalar(2.0), "2"),
        (Scalar(True), "true"),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.datetime(2024, 2, 29, 12, 30), "2024-02-29T12:30:00"),
        (datetime.time(12, 30), "12:30:00"),
        (enum.Enum("Plan", {"PRO": "pro"}).PRO, "pro"),  # type: ignore[attr-defined]
    ],
)
def test_values_become_text(value: object, text: str) -> None:
    assert read({**WANTED, "plan": value}, ["plan"]).values == {"plan": text}
    assert read({**WANTED, "fields": {"plan": value}}).values == {"plan": text}


class NA:
    """Like pandas.NA: a comparison with it is itself, and it has no truth value."""

    def __eq__(self, other: object) -> Any:
        return self

    __ne__ = __eq__

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment]


BLANKS: list[Any] = [
    *(None, "", "   ", float("nan"), Decimal("nan"), Decimal("sNaN"), Scalar(float("nan")), UNSET, NA()),
]


@pytest.mark.parametrize("blank", BLANKS)
def test_a_blank_value_is_none(blank: object) -> None:
    person = read({**WANTED, "first_name": blank, "state": blank, "plan": blank, "fields": blank}, ["plan"])
    assert (person.first_name, person.state, person.values, person.problem) == (None, None, {}, None)

    class Blank(enum.Enum):
        MEMBER = blank

    person = read({**WANTED, "first_name": Blank.MEMBER, "plan": Blank.MEMBER}, ["plan"])
    assert (person.first_name, person.values, person.problem) == (None, {}, None)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"email_address": None}, "email_address: expected an address, got NoneType None"),
        ({"email_address": float("nan")}, "email_address: expected an address"),
        ({"email_address": ""}, "email_address: expected an address"),
        ({"email_address": "ada"}, "email_address: expected an address, got str 'ada'"),
        ({"email_address": "@example.com"}, "email_address: expected an address"),
        ({"email_address": "ada@"}, "email_address: expected an address"),
        ({"email_address": 5}, "email_address: expected an address, got int 5"),
        ({"email_address": "a\ud800@example.com"}, "email_address: the text has half of a surrogate pair"),
        ({**WANTED, "first_name": "\udfff"}, "first_name: the text has half"),
        ({**WANTED, "first_name": ["Ada"]}, "first_name: expected text, a number or a date, got list"),
        ({**WANTED, "state": "CA"}, "state: expected active"),
        ({**WANTED, "fields": "plan"}, "fields: expected a mapping"),
        ({**WANTED, "fields": {"plan": {}}}, "fields.plan: expected text"),
        ({**WANTED, "plan": Array()}, "plan: expected text"),
        ({**WANTED, "plan": float("inf")}, "plan: expected a finite number"),
        ({**WANTED, "plan": Decimal("-Infinity")}, "plan: expected a finite number"),
        ("ada@example.com", "expected a mapping or an object"),
        (("ada@example.com", "Ada"), "expected a mapping or an object"),
        (None, "expected a mapping or an object"),
    ],
)
def test_what_is_wrong_with_a_row_is_said(row: Any, says: str) -> None:
    problem = read(row, {"plan": "plan"}).problem
    assert problem is not None
    assert problem.startswith(says)
    assert len(problem) < 200


def test_long_values_are_cut_in_messages() -> None:
    problem = read({"email_address": "a" * 100_000}).problem
    assert problem is not None
    assert len(problem) < 200


def test_columns_are_what_fields_says() -> None:
    row = {"E-mail": "ada@example.com", "Vorname": "Ada", "Firma": "Engines", "state": "CA", "Nr": 7}
    fields = {"E-mail": "email_address", "Vorname": "first_name", "Firma": "Company", "state": "State", "Nr": 31}
    Reader(fields).check_first(row)
    person = read(row, fields)
    assert (person.address, person.first_name, person.state, person.problem) == ("ada@example.com", "Ada", None, None)
    assert person.values == {"Company": "Engines", "State": "CA", 31: "7"}
    assert Reader(fields).named == {"Company": "Firma", "State": "state", 31: "Nr"}


def test_a_column_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match=r"row 1 has no column 'email_address'\. It has 'Email', 'Name'") as caught:
        Reader(None).check_first({"Email": "a@example.com", "Name": "A"})
    assert "fields={'E-mail': 'email_address'}" in str(caught.value)
    with pytest.raises(ValueError, match="row 1 has no column 'plan'"):
        Reader(["plan"]).check_first(WANTED)
    with pytest.raises(ValueError, match="row 1 has no column 'email_address'"):
        Reader(None).check_first(types.SimpleNamespace(email="a@example.com"))


@pytest.mark.parametrize("row", ["email_address", b"x", 5, None, ["ada@example.com"], ("ada@example.com",)])
def test_a_first_row_that_is_none_is_refused(row: object) -> None:
    with pytest.raises(TypeError, match="rows: expected mappings or objects with attributes"):
        Reader(None).check_first(row)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ("company", TypeError),
        (5, TypeError),
        ({"Company": None}, TypeError),
        ({"Company": True}, TypeError),
        ({5: "company"}, TypeError),
        ({"Company": ""}, ValueError),
        ({"Company": 0}, ValueError),
        ({"a": "company", "b": "company"}, ValueError),
        ({"a": "Company", "b": " company"}, ValueError),
        ({"a": 31, "b": 31}, ValueError),
        ({"a": "first_name", "b": "first_name"}, ValueError),
        (["Company", "company"], ValueError),
        (["company", "company"], ValueError),
        ({"Company": " "}, ValueError),
        ({"Company": -1}, ValueError),
        ({"Company": 1.5}, TypeError),
    ],
)
def test_fields_that_say_nothing_are_refused(fields: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="fields: "):
        Reader(fields)


def test_addresses_are_the_same_whatever_their_case_blanks_and_composition() -> None:
    assert same(" Ada@Example.COM\n") == same("ada@example.com")
    assert same("\ufeffada@example.com") == same("ada@example.com")
    assert same("jose\u0301@example.com") == same("JOS\u00c9@example.com")
    assert same("ada@example.com") != same("ada+1@example.com")


def test_a_digest_tells_rows_apart() -> None:
    digests = {
        read(row, ["plan"]).digest()
        for row in (
            {**WANTED, "plan": None},
            {**WANTED, "plan": "pro"},
            {**WANTED, "plan": "free"},
            {**WANTED, "first_name": "Eve", "plan": None},
            {**WANTED, "email_address": "eve@example.com", "plan": None},
            {**WANTED, "state": "inactive", "plan": None},
        )
    }
    assert len(digests) == 6
    assert read({**WANTED, "plan": 5.0}, ["plan"]).digest() == read({"plan": "5", **WANTED}, ["plan"]).digest()
