"""Files of CSV as people have them: encodings, delimiters, quotes, and rows that can't be read."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kit_cli.csv_columns import names_address
from kit_cli.csv_rows import DELIMITERS, Record, Table, clean
from kit_cli.csv_text import LONGEST, open_bytes
from kit_cli.status import CommandError


def read(content: bytes, encoding: str | None = None, delimiter: str | None = None) -> tuple[Table, list[Record]]:
    table = Table(io.BytesIO(content), encoding, delimiter, names_address)
    return table, list(table.records())


def cells(content: bytes) -> list[list[str]]:
    _, records = read(content)
    assert [record.problem for record in records] == [None] * len(records)
    return [record.cells for record in records]


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp1252", "cp1252"),
    ],
)
@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encoding_delimiter_and_line_ends_are_found_out(encoding: str, named: str, delimiter: str, end: str) -> None:
    rows = [["Email", "First name"], ["ada@example.com", "Zoë, née Müller; “x” | \t"], ["grace@example.com", "Grace"]]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    table, records = read(text.getvalue().encode(encoding))
    assert (table.encoding, table.delimiter) == (named, delimiter)
    assert [record.cells for record in records] == [[clean(cell) for cell in row] for row in rows]
    assert [record.line for record in records] == [1, 2, 3]


# Nothing that is blank, ends a line, or has no form in the encodings.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp", "Cf", "Cs"), exclude_characters="\ufffd"),
    max_size=12,
)


@given(
    rows=st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=8),
    delimiter=st.sampled_from(list(DELIMITERS)),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
    breaks=st.booleans(),
)
def test_what_a_program_writes_is_read_as_it_was(
    rows: list[list[str]], delimiter: str, quoting: Literal[0, 1], end: str, breaks: bool
) -> None:
    rows = [
        ["email", "name"],
        *([f"p{number}@example.com", f"a{name}\nx" if breaks else name] for number, (_, name) in enumerate(rows)),
    ]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
    table, records = read(text.getvalue().encode())
    assert table.delimiter == delimiter
    assert [record.cells for record in records] == rows
    assert all(record.problem is None for record in records)


@given(st.binary(max_size=400))
def test_whatever_the_bytes_are_each_line_that_is_not_blank_is_read_or_reported(content: bytes) -> None:
    table, records = read(content, encoding="utf-8")
    lines = [record.line for record in records]
    assert lines == sorted(set(lines))
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", errors="replace", newline=None).read()
    starts = {number for number, line in enumerate(text.split("\n"), 1) if line.strip(' "\ufeff' + table.delimiter)}
    if not any('"' in line for line in text.split("\n")):
        assert starts.issuperset(lines)
        assert len(starts) >= len(records)


LINES = st.sampled_from(
    ["ada@example.com,Ada", 'bob@example.com,"Bob"', "carl@example.com,", '"dora@example.com","D ""x"" y"']
)


@given(before=st.lists(LINES, max_size=5), after=st.lists(LINES, min_size=1, max_size=5))
@pytest.mark.parametrize(
    "broken", ['eve@example.com,"Eve', 'eve@example.com,"Eve" Smith', '"eve@example.com,Eve', 'eve@example.com,"E"v"e"']
)
def test_a_broken_quote_spoils_its_own_row_alone(broken: str, before: list[str], after: list[str]) -> None:
    # What follows a quote that is left open and has no quote at all can't be told from the cell.
    assume(broken.count('"') % 2 == 0 or any('"' in line for line in after[:1]))
    _, records = read("\n".join(["email,name", *before, broken, *after, ""]).encode())
    assert [record.line for record in records] == list(range(1, len(before) + len(after) + 3))
    assert [record.line for record in records if record.problem is not None] == [len(before) + 2]
    good = [record.cells[0] for record in records if record.problem is None][1:]
    assert good == [next(csv.reader([line]))[0] for line in before + after]


def test_a_quote_that_is_never_closed_spoils_its_own_row_alone() -> None:
    lines = [f"p{number}@example.com,P" for number in range(50_000)]
    lines[10] += ',"open'
    _, records = read("\n".join(["email,name", *lines]).encode())
    assert len(records) == 50_001
    assert [record.line for record in records if record.problem is not None] == [12]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'email , name\n "ada@example.com" , "Ada, L" \n', ["ada@example.com", "Ada, L"]),
        ("email,name\n\u00a0ada@example.com\u200b,\ufeffAda\n".encode(), ["ada@example.com", "Ada"]),
        (b'email,name\nada@example.com,"two\r\nlines"\n', ["ada@example.com", "two\nlines"]),
        (b"email,name\nada@example.com\n", ["ada@example.com"]),
        (b"sep=;\r\nemail;name\r\nada@example.com;Ada\r\n", ["ada@example.com", "Ada"]),
        (b'email,name\nada@example.com,5" pipe\n', ["ada@example.com", '5" pipe']),
    ],
)
def test_what_programs_and_people_leave_in_cells(content: bytes, expected: list[str]) -> None:
    assert cells(content)[1] == expected


def test_empty_lines_are_no_rows() -> None:
    _, records = read(b"\n\nemail,name\n\n,\n  ,  \nada@example.com,Ada\n\n")
    assert [(record.line, record.cells[0]) for record in records] == [(3, "email"), (7, "ada@example.com")]


def test_a_list_of_addresses_alone_has_one_column() -> None:
    table, records = read(b"ada@example.com\ngrace@example.com\n")
    assert table.delimiter == ","
    assert [record.cells for record in records] == [["ada@example.com"], ["grace@example.com"]]


def test_the_delimiter_is_not_what_stands_in_values() -> None:
    content = b"Email;Note\nada@example.com;a,b,c,d\ngrace@example.com;e,f,g,h\n"
    assert cells(content)[1] == ["ada@example.com", "a,b,c,d"]


class Mixed(NamedTuple):
    good: int
    bad: int
    encoding: str


@pytest.mark.parametrize(
    "mixed", [Mixed(5, 1, "utf-8"), Mixed(1, 5, "cp1252"), Mixed(0, 1, "cp1252"), Mixed(1, 0, "utf-8")]
)
def test_a_file_of_two_encodings_counts_as_what_it_has_more_of(mixed: Mixed) -> None:
    rows = ["z\u00e9@example.com".encode()] * mixed.good + ["z\u00e9@example.com".encode("cp1252")] * mixed.bad
    table, records = read(b"email\n" + b"\n".join(rows))
    assert table.encoding == mixed.encoding
    right = [record.cells[0] for record in records[1:]].count("z\u00e9@example.com")
    assert right == (mixed.good + mixed.bad if mixed.encoding == "utf-8" else mixed.bad)


def test_letters_of_several_bytes_may_stand_at_the_end_of_what_is_read_at_once() -> None:
    for shift in range(4):
        content = b"email,name\n" + b"x" * (4096 - 11 - shift) + "\u20ac\u20ac\n".encode()
        table, records = read(content)
        assert table.encoding == "utf-8"
        assert records[1].cells[0].endswith("x\u20ac\u20ac")


@pytest.mark.parametrize("size", [csv.field_size_limit() + 1, LONGEST + 1])
def test_a_cell_that_is_too_long_is_reported_and_the_others_go_on(size: int) -> None:
    _, records = read(b"email,name\na@example.com," + b"x" * size + b"\nb@example.com,B\n")
    assert [(record.line, record.problem is None) for record in records] == [(1, True), (2, False), (3, True)]
    assert "longer than 131,072 characters" in str(records[1].problem)
    assert len(records[1].cells[0]) <= 1000


def test_rows_are_read_lazily() -> None:
    class Endless(io.RawIOBase):
        """Header, and then rows until somebody has read a hundred million."""

        def __init__(self) -> None:
            self.sent = 0

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0, /) -> int:
            assert (offset, whence) == (0, 0)
            self.sent = 0
            return 0

        def tell(self) -> int:
            return self.sent

        def readinto(self, buffer: object, /) -> int:
            view = memoryview(buffer)  # type: ignore[arg-type]
            line = b"ada@example.com,Ada\n"
            made = (line * (len(view) // len(line) + 2))[self.sent % len(line) :][: len(view)]
            view[: len(made)] = made
            self.sent += len(made)
            assert self.sent < 100_000_000
            return len(made)

    file = Endless()
    table = Table(io.BufferedReader(file), "utf-8", ",", names_address)
    rows: Iterator[Record] = table.records()
    assert next(rows).cells == ["ada@example.com", "Ada"]
    assert file.sent < 1_000_000


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (b"PK\x03\x04", "a workbook"),
        (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
        (b"\x1f\x8b", "gzip"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_files_that_hold_no_text_are_told_apart(tmp_path: Path, start: bytes, said: str) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(start + b"\0" * 100)
    with pytest.raises(CommandError, match=said):
        open_bytes(path)


def test_a_pipe_can_be_read_more_than_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"email\nada@example.com\n")))
    with open_bytes(None) as file:
        table = Table(file, None, None, names_address)
        assert [list(table.records()) for _ in range(2)] == [[Record(1, ["email"]), Record(2, ["ada@example.com"])]] * 2
