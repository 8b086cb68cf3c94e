"""Items as CSV and Parquet: what is written is read as it was."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow.parquet  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kit_api.models
from kit_api.models import Subscriber, Webhook
from kit_cli.columns import columns_of
from kit_cli.csv_columns import columns_of as columns_of_file
from kit_cli.csv_columns import names_address
from kit_cli.csv_rows import Table, clean
from kit_cli.formats import Columns, Csv, Jsonl, write_parquet
from kit_cli.formulas import guarded, is_formula, unguarded
from kit_cli.listings import listings
from kit_cli.new_file import NewFile

COLUMNS: Columns = {"id": "int", "first_name": "text", "fields.a": "text", "tags": "json"}
NAMES = st.none() | st.text() | st.from_regex(r"\A[=+@\-\t\r\n'][\w(\"'\r\n,;]*\Z")
ITEMS = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(-(2**63), 2**63), "first_name": NAMES, "fields": st.fixed_dictionaries({"a": NAMES})},
        optional={"tags": st.lists(st.integers())},
    ),
    max_size=5,
)


def read(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


@given(items=ITEMS, delimiter=st.sampled_from(",;\t"))
def test_csv_is_read_as_it_was(items: list[dict[str, Any]], delimiter: str) -> None:
    made = Csv(COLUMNS, for_excel=False, delimiter=delimiter)
    rows = read((made.start + made.encode(items)).decode(), delimiter)
    assert rows[0] == list(COLUMNS)
    assert [row[:3] for row in rows[1:]] == [
        [str(item["id"]), item["first_name"] or "", item["fields"]["a"] or ""] for item in items
    ]


@given(ITEMS)
def test_no_cell_of_a_file_for_spreadsheets_begins_like_a_formula(items: list[dict[str, Any]]) -> None:
    made = Csv(COLUMNS, for_excel=True)
    rows = read((made.start + made.encode(items)).decode("utf-8-sig"))
    cells = [(item["first_name"] or "", row[1]) for item, row in zip(items, rows[1:], strict=True)]
    for name, cell in cells:
        assert cell in (name, f"'{name}")
        assert cell[:1] not in ("=", "@", "\t", "\r", "\n") or not cell.strip(" '\t\r\n")
        assert cell[:1] not in ("+", "-") or not any(letter.isalpha() for letter in cell)
    assert made.formulas >= sum(cell != name for name, cell in cells)


@pytest.mark.parametrize("number", ["-5", "+49 30 123-4", "-", "+1 (202) 555.0100", "-1,5"])
def test_numbers_are_no_formulas(number: str) -> None:
    made = Csv({"a": "text"}, for_excel=True)
    assert made.encode([{"a": number}]).decode().strip().strip('"') == number
    assert made.formulas == 0


SPECIAL = st.text(st.sampled_from("'=+-@\uff1d\t\r\n \u200b\xa05.(a\"")) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0\ufffd")
)


@given(SPECIAL)
def test_what_is_guarded_is_unguarded_again(text: str) -> None:
    cell = guarded(text)
    assert cell == (f"'{text}" if is_formula(text) else text)
    assert unguarded(cell) == text


@given(names=st.lists(SPECIAL, max_size=4), delimiter=st.sampled_from(",;\t"))
def test_what_is_exported_is_imported_as_it_was(names: list[str], delimiter: str) -> None:
    made = Csv({"email_address": "text", "first_name": "text"}, for_excel=True, delimiter=delimiter)
    items = [{"email_address": f"p{number}@example.com", "first_name": name} for number, name in enumerate(names)]
    table = Table(io.BytesIO(made.start + made.encode(items)), None, delimiter, names_address)
    columns = columns_of_file(table, {}, [])
    imported = [columns.values(record) for record in table.records()][1:]
    assert [each["email_address"] for each in imported] == [each["email_address"] for each in items]
    # An import takes blanks around a cell away, and what can't be seen.
    assert [clean(each["first_name"]) for each in imported] == [clean(unix(name)) for name in names]


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(
    "text", ["=1", "'=1", "''=1", " =1", "'-5", "' +49 30", "\t1", "\u200b'@a", "\uff1d1", "'\t'a"]
)
def test_what_is_guarded(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "'", "''", "'Ada", "Ada", "-5", " -5", "a=1", "\t", "'\t", "1=1"])
def test_what_is_not_guarded(text: str) -> None:
    assert guarded(text) == unguarded(text) == text


@given(ITEMS)
def test_half_a_surrogate_pair_does_not_stop_an_export(items: list[dict[str, Any]]) -> None:
    items = [*items, {"id": 1, "first_name": "\ud800", "fields": {"a": None}}]
    assert b"?" in Csv(COLUMNS, for_excel=False).encode(items)


def test_values_without_a_column_are_noted() -> None:
    made = Csv({"id": "int", "location.city": "text"}, for_excel=False)
    made.encode(
        [
            {"id": 1, "location": None, "other": None},
            {"id": 2, "location": {"city": "Rome", "zip": "1"}, "new": {"x": 5}},
        ]
    )
    assert made.without_column == {"location.zip", "new.x"}


def test_parquet_holds_what_json_lines_hold(tmp_path: Path) -> None:
    columns: Columns = {
        "id": "int",
        "total": "float",
        "public": "bool",
        "at": "moment",
        "name": "text",
        "products": "json",
    }
    items: list[dict[str, Any]] = [
        {"id": 1, "total": 5, "public": True, "at": "2026-01-31T09:00:00.5+01:00", "name": "x", "products": [{"a": 1}]},
        {"id": None, "total": 1.5, "public": None, "at": None, "name": 7, "other": 1},
    ]
    target = NewFile(tmp_path / "p.parquet")
    write_parquet(io.BytesIO(Jsonl().encode(items)), columns, target)
    target.finish()
    rows = pyarrow.parquet.read_table(tmp_path / "p.parquet").to_pylist()
    rows[0]["at"] = rows[0]["at"].isoformat()
    assert rows == [
        {
            "id": 1,
            "total": 5.0,
            "public": True,
            "at": "2026-01-31T08:00:00.500000+00:00",
            "name": "x",
            "products": '[{"a":1}]',
        },
        {"id": None, "total": 1.5, "public": None, "at": None, "name": "7", "products": None},
    ]


def test_columns_are_those_of_the_document_and_the_account() -> None:
    columns = columns_of(Subscriber, absent={"tags", "location", "attribution"}, is_slim=False, keys=["b", "a"])
    assert list(columns) == [
        "id",
        "first_name",
        "email_address",
        "state",
        "created_at",
        "fields.b",
        "fields.a",
        "canceled_at",
    ]
    assert "event.tag_id" in columns_of(Webhook, absent=(), is_slim=False, keys=())


@pytest.mark.parametrize("listing", listings(), ids=lambda listing: listing.name)
def test_each_list_has_columns_that_begin_with_the_id(listing: Any) -> None:
    columns = columns_of(getattr(kit_api.models, listing.item), absent=(), is_slim=False, keys=())
    assert next(iter(columns)) == "id"
    assert set(columns.values()) <= {"int", "float", "bool", "moment", "text", "json"}
