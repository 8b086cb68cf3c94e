"""The rows of a CSV file as people have them: each that can be read, and a reason for each that can't."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from .csv_text import Lines, encoding_of

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
SAMPLE = 200
"""Rows that are looked at to find the delimiter."""

_ADDRESS = re.compile(r"[^@\s,;|\"<>]+@[^@\s,;|\"<>]+\.[^@\s,;|\"<>]+")
# Python strips the rest of what is blank; these have no width.
INVISIBLE = str.maketrans("", "", "\ufeff\u200b\u200c\u200d\u2060")
_EXCEL_HINT = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(slots=True, frozen=True)
class Record:
    """One row of the file."""

    line: int
    """The number of its first line, from 1."""
    cells: list[str]
    """As they stand in the file, without blanks around them. A row that can't be read is one cell: its line."""
    problem: str | None = None
    """Why it can't be read, or None."""


def clean(cell: str) -> str:
    """Return a cell without blanks around it, and without characters that can't be seen."""
    return (cell if cell.isascii() else cell.translate(INVISIBLE)).strip()


def is_address(cell: str) -> bool:
    """Return whether a cell looks like an e-mail address."""
    # Longer ones don't exist, and take long to match.
    return len(cell) <= 320 and _ADDRESS.fullmatch(cell) is not None


class Table:
    """A CSV file with its encoding and its delimiter. Rows are read lazily, and as often as asked for.

    Args:
        file: The file, which must be seekable.
        encoding: Its encoding; found out if None.
        delimiter: What stands between cells; found out if None.
        names_address: Says whether a cell of the header names the column of addresses.
    """

    def __init__(
        self, file: BinaryIO, encoding: str | None, delimiter: str | None, names_address: Callable[[str], bool]
    ) -> None:
        self._file = file
        self.encoding = encoding or encoding_of(file)
        self._skipped = 0
        hint = _EXCEL_HINT.fullmatch(self._first_line())
        if hint is not None:
            self._skipped = 1
            delimiter = delimiter or hint[1]
        self.delimiter = delimiter or max(DELIMITERS, key=lambda each: self._rate(each, names_address))

    def records(self) -> Iterator[Record]:
        """Yield every row that isn't empty, the header among them."""
        return self._read(self.delimiter)

    def _first_line(self) -> str:
        lines = Lines(self._file, self.encoding)
        try:
            return clean(next(lines, ""))
        except OverflowError:
            return ""
        finally:
            lines.detach()

    def _rate(self, delimiter: str, names_address: Callable[[str], bool]) -> tuple[bool, float, int]:
        sample = list(islice(self._read(delimiter), SAMPLE))
        if not sample:
            return False, 0, 0
        first = sample[0]
        width = len(first.cells)
        found = any(names_address(cell) or is_address(cell) for cell in first.cells)
        alike = sum(len(record.cells) == width and record.problem is None for record in sample) / len(sample)
        # In one column everything is alike.
        return found, alike if width > 1 else 0, width

    def _read(self, delimiter: str) -> Iterator[Record]:
        lines = Lines(self._file, self.encoding)
        try:
            for record in _records(lines, delimiter):
                if record.line > self._skipped and any(record.cells):
                    yield record
        finally:
            lines.detach()


def _records(lines: Lines, delimiter: str) -> Iterator[Record]:
    # Strict, since a lenient reader takes in the rows below a quote that is left open, and says nothing.
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, OverflowError) as error:
            number, text = lines.taken[0]
            again = _without_blanks_after_quotes(text, delimiter)
            lines.give_back()
            if again is None:
                yield Record(number, [clean(text[:1000])], _reason(error))
                continue
            cells = again
        else:
            number = lines.taken[0][0]
        yield Record(number, [clean(cell) for cell in cells])


def _without_blanks_after_quotes(line: str, delimiter: str) -> list[str] | None:
    """Read a line in which blanks stand between a closing quote and the delimiter; None if it is no better then."""
    line = re.sub(f'" +(?={re.escape(delimiter)}|$)', '"', line.rstrip())
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True), None)
    except csv.Error:
        return None


def _reason(error: Exception) -> str:
    if isinstance(error, OverflowError) or "limit" in str(error):
        return f"a cell is longer than {csv.field_size_limit():,} characters, or a quote isn't closed"
    return "a quote isn't closed, or stands in the middle of a cell"
