"""The rows of an import that failed, as CSV: to be mended, and imported again."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

from .csv_rows import Record
from .csv_writing import CsvWriter
from .new_file import NewFile, check_free, part_of, real, shown
from .part import Part, PartInUseError
from .status import CommandError

SHOWN = 10
"""How many failures are also told in messages."""


class Failures:
    """Writes the rows that failed with their lines, the reasons and all of their cells.

    The file is claimed at once, so that an import which can't report doesn't begin. It gets its name by `finish`, if a row
    failed. Until then it is `FILE.part`: what an import that was killed left there is replaced by the next one.

    Args:
        path: The file; None for a new one in this folder, which is called after the input.
        source: The file that is imported; None for standard input.
        header: The names of its columns.
        delimiter: What stands between its cells.
        for_excel: Whether to mark the encoding for programs that don't expect UTF-8.
        force: Whether to replace a file of that name.
        is_written: Whether there is to be a file at all.
        taken: A file that is about to be made, whose name isn't free.

    Raises:
        CommandError: The file can't be written, or there is one of that name.
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
        is_written: bool,
        taken: Path | None,
    ) -> None:
        self._force, self._for_excel, self._header = force, for_excel, ["line", "reasons", *header]
        self._writer = CsvWriter(delimiter)
        self._part: Part | None = None
        self.count = 0
        self.first: list[tuple[int, str]] = []
        """Line and reasons of the first ones."""
        self._file = None
        if is_written:
            stem = "import" if source is None else source.stem
            self._file = self._in_this_folder(stem, taken) if path is None else self._open(path)

    def add(self, record: Record, reasons: Iterable[str]) -> None:
        """Write a row."""
        told = "; ".join(reasons)
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append((record.line, told))
        if self._file is None:
            return
        if self.count == 1:
            self._file.write((codecs.BOM_UTF8 if self._for_excel else b"") + self._writer.rows([self._header]))
        self._file.write(self._writer.rows([[str(record.line), told, *record.cells]]))

    def finish(self) -> Path | None:
        """Give the file its name, and return that; None if there is none, or no row failed.

        Raises:
            CommandError: It can't get its name. What is written stays under the other one.
        """
        if self._file is None or self.count == 0:
            return None
        file, self._file = self._file, None
        try:
            file.finish()
        except CommandError as error:
            file.close()
            where = "" if self._part is None else f"; the rows that failed are in {shown(self._part.path)}"
            # Rows were sent, whatever kind of error it is.
            raise CommandError(f"{error}{where}") from None
        finally:
            self._release()
        return file.path

    def discard(self) -> None:
        """Remove the file, unless it has its name."""
        if self._file is not None:
            self._file.discard()
            self._release()

    def _open(self, path: Path) -> NewFile:
        if path.exists() and not path.is_file():
            # A device or a pipe.
            return NewFile(path)
        check_free(path, force=self._force)
        self._part = Part(path)
        try:
            file = NewFile(path, force=self._force, part=self._part.path)
            # Of an import that was killed. This one reports its failures again.
            file.cut(0)
        except BaseException:
            self._release()
            raise
        return file

    def _in_this_folder(self, stem: str, taken: Path | None) -> NewFile:
        """Open a file of a name that is free, and that no other process writes."""
        for number in itertools.count(1):
            path = Path(f"{stem}.failures{f'-{number}' if number > 1 else ''}.csv")
            if path.exists() or (taken is not None and real(taken) in (real(path), part_of(path))):
                continue
            try:
                return self._open(path)
            except PartInUseError:
                continue
            except CommandError as error:
                raise CommandError(f"{error}; --failures FILE.csv is another place for rows that fail") from None
        raise AssertionError

    def _release(self) -> None:
        if self._part is not None:
            self._part.release()
            self._part = None
