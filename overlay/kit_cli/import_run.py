"""What `kit-client import` does: it looks at the file, says what is about to happen, imports, and reports."""

from __future__ import annotations

import argparse
import math
import sys
from contextlib import closing
from pathlib import Path

from kit_api.errors import printable
from kit_client import Kit, OAuthRequiredError
from kit_client.bulk import Estimate, Outcome, Report
from kit_client.bulk.threads import Import

from .csv_columns import Columns, columns_of, names_address
from .csv_rows import DELIMITERS, Table
from .csv_text import open_bytes
from .failures import Failures
from .importing import Account, Row, Rows, Wanted, wanted
from .new_file import check_distinct, check_free, part_of, shown
from .output import Output
from .status import FAILED, OK, PARTLY, CommandError, MisuseError


class ImportRun:
    """An import.

    Args:
        kit: The client.
        options: Those of the command.
        output: Where remarks, progress, questions and the report go.
    """

    def __init__(self, kit: Kit, options: argparse.Namespace, output: Output) -> None:
        self._kit, self._options, self._output = kit, options, output
        self._path = None if options.file == "-" else Path(options.file)
        self._mapping: dict[str, str] = {}
        for column, field in options.map:
            if self._mapping.setdefault(column, field) != field:
                raise MisuseError(f"--map: column {printable(repr(column))} is given twice")
        named = {"FILE": self._path, "--checkpoint": options.checkpoint, "--store": options.store}
        if options.failures is not None:
            check_free(options.failures, force=options.force)
            named |= {"--failures": options.failures, "the unfinished file of --failures": part_of(options.failures)}
        check_distinct(named)

    def run(self) -> int:
        """Import, and return the exit status."""
        options = self._options
        with closing(open_bytes(self._path)) as file:
            account = Account(self._kit)
            table = Table(file, options.encoding, options.delimiter, self._names_address)
            columns = columns_of(table, self._mapping, account.custom_fields)
            given = wanted(account, options.tag, options.form, columns, create=options.create_missing)
            rows = Rows(table, columns)
            count = sum(1 for _ in rows)
            imported = self._prepared(rows, given, count)
            estimate = imported.estimate()
            failures = Failures(
                options.failures,
                self._path,
                header=columns.names,
                delimiter=table.delimiter,
                for_excel=table.encoding != "utf-8",
                force=options.force,
                is_written=options.failures is not None or not options.dry_run,
                taken=options.checkpoint,
            )
            try:
                self._announce(table, columns, given, count + rows.unreadable, estimate)
                rows.report = lambda record, problem: failures.add(record, [problem])
                report = (self._check if options.dry_run else self._send)(imported, rows, failures)
                try:
                    where = failures.finish()
                except CommandError:
                    self._tell(report, rows, failures, None, estimate, columns)
                    raise
            finally:
                failures.discard()
        return self._tell(report, rows, failures, where, estimate, columns)

    def _names_address(self, cell: str) -> bool:
        return names_address(cell) or cell in self._mapping

    def _prepared(self, rows: Rows, given: Wanted, count: int) -> Import[Row]:
        options = self._options
        try:
            return self._kit.bulk.import_subscribers(
                rows,
                tags=given.tags,
                forms=given.forms,
                fields=rows.columns.fields,
                create_missing=options.create_missing,
                checkpoint=options.checkpoint,
                fallback=options.fallback,
                count=count,
                on_progress=lambda report: self._update(report.rows, None),
            )
        except OAuthRequiredError:
            raise CommandError(
                "an import needs OAuth: sign in with kit-client login --client-id ID;"
                " or --fallback single sends one subscriber after the other, which takes long"
            ) from None

    def _send(self, imported: Import[Row], rows: Rows, failures: Failures) -> Report:
        with self._output.progress("Importing", imported.so_far.total) as self._update:
            try:
                for row, outcome in imported:
                    if not outcome.ok:
                        failures.add(row.record, _reasons(outcome, rows))
            except ValueError as error:
                raise CommandError(printable(str(error), 1000)) from None
            except BaseException:
                self._tell_interrupted(imported.so_far, failures)
                raise
        return imported.so_far

    def _check(self, imported: Import[Row], rows: Rows, failures: Failures) -> Report:
        report = imported.check()
        for row, outcome in report.failures:
            failures.add(row.record, _reasons(outcome, rows))
        return report

    def _announce(self, table: Table, columns: Columns, given: Wanted, rows: int, estimate: Estimate) -> None:
        note = self._output.note
        sign = DELIMITERS.get(table.delimiter, table.delimiter)
        note(f"{shown(self._path) if self._path else 'standard input'}: {_many(rows, 'row')}, {table.encoding}, {sign}")
        for index, target in columns.targets.items():
            note(f"  {printable(columns.names[index])} -> {printable(str(target))}")
        if columns.ignored:
            note(
                f"  not imported: {', '.join(printable(name, 60) for name in columns.ignored)}; --map says what they are"
            )
        if given.new:
            note(f"  to be created: {', '.join(given.new)}")
        note(f"about {_many(estimate.requests, 'request')}, {_minutes(estimate)}")
        options = self._options
        is_asked = not (options.yes or options.dry_run or self._output.as_json or self._path is None)
        if is_asked and sys.stdin.isatty() and sys.stderr.isatty():
            self._output.confirm(f"Import {_many(rows, 'row')}?")

    def _tell_interrupted(self, report: Report, failures: Failures) -> None:
        self._output.note(f"{report.rows:,} of {_many(report.total or 0, 'row')} are done")
        self._tell_failures(failures)
        if self._options.checkpoint is not None:
            self._output.note("the same command goes on where it stopped")
        else:
            self._output.note(
                "the same command begins anew, which does no harm; with --checkpoint FILE it would go on where it stopped"
            )

    def _tell(
        self, report: Report, rows: Rows, failures: Failures, where: Path | None, estimate: Estimate, columns: Columns
    ) -> int:
        failed = report.failed + rows.unreadable
        if self._output.as_json:
            self._output.result(
                {
                    "dry_run": self._options.dry_run,
                    "rows": report.rows + rows.unreadable,
                    "imported": report.imported,
                    "duplicates": report.duplicates,
                    "failed": failed,
                    "resumed": report.resumed,
                    "requests": report.requests,
                    "failures": None if where is None else str(where),
                    "first_failures": [{"line": line, "reasons": told} for line, told in sorted(failures.first)],
                    "columns": {columns.names[index]: str(target) for index, target in columns.targets.items()},
                    "not_imported": columns.ignored,
                    "estimate": {"requests": estimate.requests, "seconds": estimate.seconds},
                }
            )
        else:
            done = "can be imported" if self._options.dry_run else "imported"
            parts = [f"{_many(report.imported, 'row')} {done}"]
            parts += [f"{_many(report.duplicates, 'duplicate')} left out"] if report.duplicates else []
            parts += [f"{failed:,} failed"] if failed else []
            self._tell_failures(failures)
            if where is not None:
                self._output.note(f"all of these rows are in {shown(where)}")
            self._output.say("; ".join(parts))
        if not failed:
            return OK
        return PARTLY if report.imported else FAILED

    def _tell_failures(self, failures: Failures) -> None:
        for line, told in sorted(failures.first):
            self._output.note(f"  line {line}: {printable(told)}")
        if failures.count > len(failures.first):
            self._output.note(f"  and {failures.count - len(failures.first):,} more")


def _reasons(outcome: Outcome, rows: Rows) -> list[str]:
    if outcome.duplicate_of is not None:
        return [f"line {rows.line(outcome.duplicate_of)} has the same address"]
    return list(outcome.errors)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _minutes(estimate: Estimate) -> str:
    return "less than a minute" if estimate.seconds < 60 else f"{_many(math.ceil(estimate.minutes), 'minute')}"
