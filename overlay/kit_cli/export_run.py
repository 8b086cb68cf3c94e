"""Exports: pages of a list become rows of a file."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from msgspec.structs import replace

from kit_client import Kit, KitError

from .columns import columns_of, has_custom_fields
from .exporting import Export
from .formats import Columns, Csv, Encoder, Jsonl, write_parquet
from .listings import choices, listings
from .new_file import NewFile
from .output import Output
from .resumable import Place, ResumableFile
from .sources import Source, moment_of, owner_id, source_of

_LAG = timedelta(minutes=6)
"""How long before its beginning something may have changed that an export doesn't have: lists lag behind writes by up to five
minutes."""


class ExportRun:
    """An export under way.

    Args:
        kit: The client.
        export: What is to be exported.
        output: Where progress and remarks go.
    """

    def __init__(self, kit: Kit, export: Export, output: Output) -> None:
        self._kit, self._export, self._output = kit, export, output
        self._owner = None if export.owner is None else owner_id(kit, export.listing.owner or "", export.owner)
        self.rows = 0
        self.started: str | None = None
        self._encoder: Encoder = Jsonl()

    def run(self) -> None:
        """Write the file.

        Raises:
            CommandError: The file can't be written.
            KitError: A request failed.
        """
        if self._export.path is not None and self._export.can_resume:
            self._to_resumable_file(self._export.path)
        else:
            self._to_new_file()

    def report(self) -> dict[str, Any]:
        """Return what came of it, as JSON."""
        export, made = self._export, self._encoder
        report: dict[str, Any] = {
            "what": export.listing.what,
            "out": None if export.path is None else str(export.path),
            "format": export.format,
            "rows": self.rows,
            "started_at": self.started,
        }
        if "updated_after" in export.listing.filters and self.started is not None:
            since = datetime.fromisoformat(self.started) - _LAG
            report["next_updated_after"] = since.isoformat().replace("+00:00", "Z")
        if isinstance(made, Csv):
            report |= {
                "keys_without_column": sorted(made.without_column),
                "cells_like_formulas": made.formulas,
                "for_excel": export.for_excel,
            }
        return report

    def _to_resumable_file(self, path: Path) -> None:
        export, identity = self._export, self._identity()
        file = ResumableFile(path, force=export.force, resume=export.resume, export=identity)
        try:
            place = file.place or Place(export=identity, columns=dict(self._columns()))
            self._encoder = self._encoder_of(place.columns, place)
            self._walk(file, place)
            if export.format == "parquet":
                with file.lines() as lines, _new(path, force=export.force, part=file.converted) as made:
                    # What a run before left that was killed here.
                    made.cut(0)
                    write_parquet(lines, place.columns, made)
        except BaseException:
            file.stop()
            if file.place is not None:
                self._output.note(f"{file.place.rows:,} rows are kept: the same command with --resume goes on")
            raise
        if export.format == "parquet":
            file.drop()
        else:
            file.finish()

    def _walk(self, file: ResumableFile, place: Place) -> None:
        self.rows, self.started = place.rows, place.started
        size = place.size or file.write(self._encoder.start)
        source = source_of(self._kit, self._export, self._owner, place.cursor)
        pages = source.pages()

        def note() -> None:
            if source.cursor is not None:
                found = replace(
                    place,
                    started=self.started,
                    total=source.total or place.total,
                    cursor=source.cursor,
                    rows=self.rows,
                    size=size,
                )
                if isinstance(self._encoder, Csv):
                    found.formulas = self._encoder.formulas
                    found.without_column = sorted(self._encoder.without_column)
                file.note(found)

        with closing(pages), self._progress() as update:
            while True:
                try:
                    page = next(pages, None)
                except KitError:
                    # It was asked for the next page, so that it counts the last one as handed over.
                    note()
                    raise
                if page is None:
                    return
                note()
                self.started = self.started or moment_of(page.response)
                size = file.write(self._encoder.encode(page.items))
                self.rows += len(page.items)
                update(self.rows, source.total or place.total)

    def _to_new_file(self) -> None:
        export = self._export
        source = source_of(self._kit, export, self._owner, None)
        columns = self._columns()
        self._encoder = self._encoder_of(columns)
        with _new(export.path, force=export.force) as file:
            if export.format != "parquet":
                self._stream(source, file)
                return
            with tempfile.TemporaryFile() as lines:
                self._stream(source, lines)
                lines.seek(0)
                write_parquet(lines, columns, file)

    def _stream(self, source: Source, file: BinaryIO | NewFile) -> None:
        file.write(self._encoder.start)
        with closing(source.pages()) as pages, self._progress() as update:
            for page in pages:
                self.started = self.started or moment_of(page.response)
                file.write(self._encoder.encode(page.items))
                file.flush()
                self.rows += len(page.items)
                update(self.rows, source.total)

    def _progress(self) -> AbstractContextManager[Callable[[int, int | None], None]]:
        if self._export.path is None and sys.stdout.isatty():
            # It would be in the midst of the rows.
            return nullcontext(lambda _done, _total: None)
        return self._output.progress(f"Reading {self._export.listing.what.replace('_', ' ')}")

    def _identity(self) -> dict[str, Any]:
        """Return what must be the same for an export to go on: the account too, since another one has other items."""
        export = self._export
        return {
            "account": self._kit.account.get().account.id,
            "list": f"{export.listing.what} {export.listing.owner or ''} {self._owner or ''}".strip(),
            "filters": {name: str(value) for name, value in export.filters.items()},
            "format": export.format,
            "for_excel": export.for_excel,
            "delimiter": export.delimiter,
            "is_parallel": export.parallel > 1,
        }

    def _columns(self) -> Columns:
        export = self._export
        if export.format == "jsonl":
            return {}
        asked_for = export.filters.get("include", ())
        absent = {
            value
            for each in listings()
            if each.what == export.listing.what and "include" in each.filters
            for value in choices(each, "include")
        }.difference(asked_for)
        is_slim = bool(export.filters.get("slim"))
        keys: list[str] = []
        if has_custom_fields(export.listing.model) and not is_slim:
            # In the order in which they were made, so that a new one becomes the last column.
            keys = [field.key for field in sorted(self._kit.custom_fields.list(), key=lambda field: field.id)]
        return columns_of(export.listing.model, absent=absent, is_slim=is_slim, keys=keys)

    def _encoder_of(self, columns: Columns, place: Place | None = None) -> Encoder:
        if self._export.format != "csv":
            return Jsonl()
        return Csv(
            columns,
            for_excel=self._export.for_excel,
            delimiter=self._export.delimiter,
            formulas=0 if place is None else place.formulas,
            without_column=() if place is None else place.without_column,
        )


@contextmanager
def _new(path: Path | None, *, force: bool, part: Path | None = None) -> Generator[NewFile, None, None]:
    """Open a file that gets its name at the end of the block, and is removed if the block fails."""
    file = NewFile(path, force=force, part=part)
    try:
        yield file
        file.finish()
    except BaseException:
        file.discard()
        raise
