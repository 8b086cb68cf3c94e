"""The rows of an import that failed, as CSV: to be mended, and imported again."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from pathlib import Path

from .csv_rows import Record
from .csv_writing import CsvWriter
from .new_file import NewFile

SHOWN = 10
"""How many failures are also told in messages."""


class Failures:
    """Writes the rows that failed with their lines, the reasons and all of their cells.

    The file is made when the first one comes, and gets its name by `finish`.

    Args:
        path: The file; None for a new one in this folder, which is called after the input.
        source: The file that is imported; None for standard input.
        header: The names of its columns.
        delimiter: What stands between its cells.
        for_excel: Whether to mark the encoding for programs that don't expect UTF-8.
        force: Whether to replace a file of that name.
    """

    def __init__(
        self,
        path: Path | None,
        source: Path | None,
        *,
        header: Sequence[str],
        delimiter: str,
        for_excel: bool,
        force: bool,
    ) -> None:
        self._path, self._source, self._force = path, source, force
        self._header, self._for_excel = ["line", "reasons", *header], for_excel
        self._writer = CsvWriter(delimiter)
        self._file: NewFile | None = None
        self.count = 0
        self.first: list[tuple[int, str]] = []
        """Line and reasons of the first ones."""

    def add(self, record: Record, reasons: Iterable[str]) -> None:
        """Write a row."""
        told = "; ".join(reasons)
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append((record.line, told))
        if self._file is None:
            self._file = NewFile(self._path or self._free_name(), force=self._force)
            self._file.write((codecs.BOM_UTF8 if self._for_excel else b"") + self._writer.rows([self._header]))
        self._file.write(self._writer.rows([[str(record.line), told, *record.cells]]))

    def finish(self) -> Path | None:
        """Give the file its name, and return that; None if no row failed."""
        if self._file is None:
            return None
        self._file.finish()
        path, self._file = self._file.path, None
        return path

    def discard(self) -> None:
        """Remove the file, unless it has its name."""
        if self._file is not None:
            self._file.discard()

    def _free_name(self) -> Path:
        stem = "import" if self._source is None else self._source.stem
        names = (Path(f"{stem}.failures{f'-{number}' if number > 1 else ''}.csv") for number in range(1, 1_000_000))
        return next(path for path in names if not path.exists())
