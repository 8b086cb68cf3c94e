"""Results on standard output; remarks, progress, questions and errors on standard error."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any

import msgspec

from kit_api.errors import printable

from .files import read_line
from .status import CommandError, MisuseError
from .streams import drop

# The longest cell of a table.
_CELL = 200


class Output:
    """Where a command writes to.

    Args:
        as_json: Results and errors are for programs.
        is_quiet: No progress and no remarks.
    """

    def __init__(self, *, as_json: bool, is_quiet: bool) -> None:
        self.as_json, self.is_quiet = as_json, is_quiet

    def result(self, data: Any) -> None:
        """Write data as JSON: indented on a terminal, in one line elsewhere.

        Args:
            data: What msgspec can encode: dicts, lists, structs, datetimes and the like.
        """
        self.raw(msgspec.json.encode(data))

    def raw(self, text: bytes) -> None:
        """Write JSON as `result` does, numbers with all their digits.

        Args:
            text: The JSON.
        """
        print(_visible_json(msgspec.json.format(text, indent=2 if sys.stdout.isatty() else -1).decode()))

    def say(self, line: str) -> None:
        """Write a line of a result for people. What a terminal may act upon is shown as an escape."""
        print(_visible(line))

    def verbatim(self, text: str) -> None:
        """Write text of the user's own as it is."""
        print(text)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Write a table: aligned on a terminal, with tabs elsewhere. Cells may hold any text; None is shown as nothing."""
        cells = [["" if cell is None else printable(str(cell), _CELL) for cell in row] for row in rows]
        rich_table = _rich_table(columns) if sys.stdout.isatty() else None
        if rich_table is None:
            for row in [list(columns), *cells]:
                self.say("\t".join(row))
            return
        from rich.console import Console
        from rich.text import Text

        for row in cells:
            rich_table.add_row(*map(Text, row))
        Console().print(rich_table)

    def note(self, line: str) -> None:
        """Write a remark to standard error, unless it is to be quiet."""
        if not self.is_quiet:
            _to_standard_error(_visible(line))

    def error(self, text: str, **details: Any) -> None:
        """Write an error to standard error: the text for people, or JSON with the details for programs."""
        text = _visible(text)
        if self.as_json:
            line = _visible_json(msgspec.json.encode({"error": text, **details}).decode())
        else:
            line = f"kit-client: {text}"
        _to_standard_error(line)

    def confirm(self, question: str) -> None:
        """Ask at the terminal, and go on only after a yes.

        Raises:
            CommandError: The answer isn't yes.
            MisuseError: There is no terminal to ask at.
        """
        if not sys.stdin.isatty():
            raise MisuseError("there is no terminal to ask at: add --yes to go on without a question")
        print(f"{_visible(question)} [y/N] ", end="", file=sys.stderr, flush=True)
        if read_line().strip().lower() not in ("y", "yes"):
            raise CommandError("stopped: nothing was sent")

    @contextlib.contextmanager
    def without_warnings(self) -> Generator[None, None, None]:
        """Keep off standard error, while the block runs, what the client logs where nobody set up logging.

        A warning of the client tells of a difference from the document, or of what the service warns of.
        """
        loggers = [logging.getLogger(name) for name in ("kit_api", "kit_client")]
        before = [logger.disabled for logger in loggers]
        for logger in loggers:
            logger.disabled = True
        try:
            yield
        finally:
            for logger, was in zip(loggers, before, strict=True):
                logger.disabled = was

    @contextlib.contextmanager
    def progress(
        self, what: str, total: int | None = None, *, is_writing: bool = False
    ) -> Generator[Callable[[int, int | None], None], None, None]:
        """Show progress on a terminal while the block runs, and nothing elsewhere.

        Args:
            what: What is going on, such as "Reading subscribers".
            total: How much there is to do, if that is known.
            is_writing: Whether the block writes results. At the same terminal they would run into the progress.

        Yields:
            A function to call with how much is done, and the total where it has become known (else None).
        """
        is_hidden = self.is_quiet or self.as_json or (is_writing and sys.stdout.isatty())
        shown = None if is_hidden or not sys.stderr.isatty() else _rich_progress()
        if shown is None:
            yield lambda _done, _total: None
            return
        with shown:
            task = shown.add_task(what, total=total)

            def update(done: int, new_total: int | None) -> None:
                shown.update(task, completed=done, **({} if new_total is None else {"total": new_total}))

            yield update


def _to_standard_error(line: str) -> None:
    """Write a line. What nobody can read doesn't stop the command."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        drop(sys.stderr)


def _visible(text: str) -> str:
    """Return text with escapes for what a terminal may act upon, or what turns the direction of writing."""
    return _escaped(text, lambda character: character.encode("unicode_escape").decode("ascii"))


def _visible_json(text: str) -> str:
    """Return JSON that means the same, with escapes of JSON for what `_visible` escapes."""
    return _escaped(text, lambda character: json.dumps(character)[1:-1])


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else escape(each) for each in text)


def _rich_table(columns: Sequence[str]) -> Any:
    """Return a table of rich, or None if that isn't installed."""
    try:
        from rich import box
        from rich.table import Table
    except ImportError:
        return None
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _rich_progress() -> Any:
    """Return a progress bar of rich on standard error, or None if that isn't installed."""
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        return None
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
