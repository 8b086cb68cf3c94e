"""Rows as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


class CsvWriter:
    """Makes lines of CSV. The writer of `csv` leaves a carriage return unquoted, which readers take for the end of a row.

    Args:
        delimiter: What stands between cells.
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter
        self._needs_quotes = re.compile(f'["\r\n{re.escape(delimiter)}]').search

    def rows(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Return the lines of some rows in UTF-8."""
        lines = (self._delimiter.join(map(self._quoted, cells)) for cells in rows)
        # Half of a surrogate pair, which JSON can hold, has no form in UTF-8.
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")

    def _quoted(self, cell: str) -> str:
        if self._needs_quotes(cell) is None:
            return cell
        return '"' + cell.replace('"', '""') + '"'
