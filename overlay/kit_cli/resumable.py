"""Exports that go on where they stopped, also where their process was killed."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from .new_file import NewFile, check_free, shown, told
from .part import Part
from .status import CommandError, MisuseError

_SECONDS = 0.25
"""How often the place is noted at most: having rows on the disk can take longer than reading a page."""


class Place(Struct, kw_only=True):
    """How far an export has come."""

    export: dict[str, Any]
    """What is exported and how: an export goes on only if all of it is the same."""
    columns: dict[str, Any]
    """The columns with their kinds, which are those of the account when it began."""
    started: str | None = None
    """When the service answered first."""
    total: int | None = None
    """How many items there were then."""
    cursor: str | None = None
    """The cursor of the last page whose rows are in the file; None before the first one."""
    rows: int = 0
    """How many rows are in the file."""
    formulas: int = 0
    """How many cells of these rows a spreadsheet may run as formulas."""
    without_column: list[str] = []
    """The keys that came with these rows and have no column."""
    size: int = 0
    """How long the file is with these rows, in bytes. What stands behind is from a page that wasn't finished."""


class ResumableFile:
    """A file under the name `FILE.part` while rows come, with its place in `FILE.part.json`.

    Only one process at a time may write it.

    Args:
        path: The name when it is complete.
        force: Whether an existing file, or an export that was interrupted, may be replaced.
        resume: Whether to go on with an export that was interrupted, if there is one.
        export: What is exported and how.

    Raises:
        MisuseError: There is such a file, or an interrupted export that isn't to be resumed or is another one.
        CommandError: Another process writes it, or it can't be written.
    """

    def __init__(self, path: Path, *, force: bool, resume: bool, export: dict[str, Any]) -> None:
        check_free(path, force=force)
        self._claim = Part(path)
        self.part = self._claim.path
        self.converted = self.part.with_name(f"{self.part.name}.converted")
        """The name for what is made of the rows at the end."""
        self._noted = self.part.with_name(f"{self.part.name}.json")
        self.file_name, self._export, self._next = path, export, 0.0
        self.place: Place | None = None
        """Where to go on; None to begin."""
        with contextlib.ExitStack() as undone:
            undone.callback(self._claim.release)
            if self._claim.is_begun and self._noted.exists():
                self._find(resume=resume, force=force)
            self.file = NewFile(path, force=force, part=self.part)
            undone.callback(self.file.close)
            self._size = 0 if self.place is None else self.place.size
            self.file.cut(self._size)
            if self.place is None:
                self._noted.unlink(missing_ok=True)
            undone.pop_all()

    def write(self, rows: bytes) -> int:
        """Write to the end, and return the size."""
        self.file.write(rows)
        self._size += len(rows)
        return self._size

    def note(self, place: Place, *, now: bool = False) -> None:
        """Note how far it is: if the last time is a while ago, or `now`."""
        self.place = place
        if now or monotonic() >= self._next:
            self.file.save()
            with told(self._noted):
                beside = self._noted.with_name(f"{self._noted.name}.new")
                beside.write_bytes(msgspec.json.encode(place))
                beside.replace(self._noted)
            self._next = monotonic() + _SECONDS

    @contextlib.contextmanager
    def lines(self) -> Generator[BinaryIO, None, None]:
        """Open what was written, to be read."""
        self.file.flush()
        with self.part.open("rb") as file:
            yield file

    def finish(self) -> None:
        """Give the file its name, and forget the place."""
        self.file.finish()
        self._forget()

    def drop(self) -> None:
        """Remove what was written, and forget the place."""
        self.file.discard()
        self._forget()

    def stop(self) -> None:
        """Leave the file to be gone on with; remove it if nothing is in it."""
        if self.place is None:
            self.drop()
            return
        try:
            self.note(self.place, now=True)
        finally:
            self.file.close()
            self._claim.release()

    def _find(self, *, resume: bool, force: bool) -> None:
        if not resume:
            if force:
                return
            raise MisuseError(
                f"an export to {shown(self.file_name)} was interrupted: --resume goes on with it, --force begins anew"
            )
        try:
            place = msgspec.json.decode(self._noted.read_bytes(), type=Place)
        except (OSError, msgspec.DecodeError, UnicodeError):
            raise CommandError(f"{shown(self._noted)} can't be read: --force without --resume begins anew") from None
        if place.export != self._export:
            raise MisuseError(
                f"the export to {shown(self.file_name)} that was interrupted was another one:"
                " call it in the same way, or begin anew with --force and without --resume"
            )
        self.place = place

    def _forget(self) -> None:
        with told(self._noted):
            self._noted.unlink(missing_ok=True)
        self._claim.release()
