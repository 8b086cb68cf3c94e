"""The rows of an import that failed, as CSV: to be mended, and imported again."""

from __future__ import annotations

import codecs
import contextlib
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .csv_rows import Record
from .csv_writing import CsvWriter
from .new_file import NewFile, check_free

if TYPE_CHECKING:
    from .part import Part

SHOWN = 10
"""How many failures are also told in messages."""


class Failures:
    """Writes the rows that failed with their lines, the reasons and all of their cells.

    The file is made when the first one comes, and gets its name by `finish`. Until then it is `FILE.part`: what an import
    that was killed left there is replaced by the next one.

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
        self._part: Part | None = None
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
            self._file = self._open()
            self._file.write((codecs.BOM_UTF8 if self._for_excel else b"") + self._writer.rows([self._header]))
        self._file.write(self._writer.rows([[str(record.line), told, *record.cells]]))

    def finish(self) -> Path | None:
        """Give the file its name, and return that; None if no row failed."""
        if self._file is None:
            return None
        self._file.finish()
        path, self._file = self._file.path, None
        self._release()
        return path

    def discard(self) -> None:
        """Remove the file, unless it has its name."""
        if self._file is not None:
            self._file.discard()
            self._release()

    def _open(self) -> NewFile:
        if self._path is not None and self._path.exists() and not self._path.is_file():
            return NewFile(self._path)
        path = self._claim()
        assert self._part is not None
        try:
            file = NewFile(path, force=self._force, part=self._part.path)
            # Of an import that was killed. This one reports its failures again.
            file.cut(0)
        except BaseException:
            self._release()
            raise
        return file

    def _claim(self) -> Path:
        """Return the name of the file, which no other process writes."""
        from .part import Part, PartInUseError  # late, as most imports have no failures

        if self._path is not None:
            check_free(self._path, force=self._force)
            self._part = Part(self._path)
            return self._path
        stem = "import" if self._source is None else self._source.stem
        names = (Path(f"{stem}.failures{f'-{number}' if number > 1 else ''}.csv") for number in itertools.count(1))
        while True:
            path = next(names)
            with contextlib.suppress(PartInUseError):
                if not path.exists():
                    self._part = Part(path)
                    return path

    def _release(self) -> None:
        if self._part is not None:
            self._part.release()
            self._part = None
