"""`kit-client export`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from kit_api.errors import printable
from kit_cli.context import Context
from kit_cli.declaring import Commands
from kit_cli.output import Output
from kit_cli.status import OK, MisuseError

if TYPE_CHECKING:
    from kit_cli.listings import Listing

_MORE = """\
The file appears under its name when it is complete. --resume continues an export that was interrupted or killed.
Custom fields are columns such as fields.company."""


def add_to(commands: Commands) -> None:
    """Declare the command. Its arguments follow when it is called, as they are those of the generated code."""
    commands.add("export", "write a list of the account to a file", run, _MORE).declare = _declare


def _declare(parser: argparse.ArgumentParser) -> None:
    from kit_cli import listings

    lists = listings.listings()
    parser.add_argument(
        "what", choices=sorted({each.what for each in lists}), metavar="WHAT", help="one of %(choices)s"
    )
    parser.add_argument("--out", "-o", default="-", metavar="FILE", help="the file; - is standard output (default: -)")
    parser.add_argument(
        "--format",
        choices=("csv", "jsonl", "parquet"),
        help="the format (default: by the file's ending, otherwise csv)",
    )
    parser.add_argument(
        "--resume", action="store_true", help="continue the export that was interrupted, if there is one"
    )
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    parser.add_argument(
        "--parallel",
        type=_parallel,
        default=1,
        metavar="N",
        help="read subscribers with N requests at a time, which is faster; they are then in no order (default: 1)",
    )
    parser.add_argument(
        "--safe-for-excel",
        action="store_true",
        help="CSV: put an apostrophe before cells that a spreadsheet would run as formulas, and a byte-order mark at the"
        " beginning",
    )
    group = parser.add_argument_group("what is exported")
    for owner in sorted({each.owner for each in lists if each.owner is not None}):
        whose = " or ".join(each.what for each in lists if each.owner == owner)
        by = "id or name" if listings.with_names(owner) else "id"
        group.add_argument(f"--{owner}", metavar="ID", help=f"only the {whose} of this {owner}, by its {by}")
    for name in sorted({name for each in lists for name in each.filters}):
        flag = f"--{name.replace('_', '-')}"
        group.add_argument(flag, **_filter(name, [each for each in lists if name in each.filters]))


def _filter(name: str, lists: list[Listing]) -> dict[str, Any]:
    """Return how a filter is declared."""
    from kit_cli import listings

    about = f"for {', '.join(dict.fromkeys(each.what for each in lists))}"
    if listings.is_switch(name):
        return {"action": "store_true", "default": None, "help": about}
    known = dict.fromkeys(value for each in lists for value in listings.choices(each, name))
    return {
        "metavar": "MOMENT" if listings.is_moment(name) else "VALUE",
        "help": about + (f": {', '.join(known)}" if known else ""),
    }


def run(options: argparse.Namespace, context: Context) -> int:
    """Write the list to the file, and say what came of it."""
    from kit_cli.export_run import ExportRun
    from kit_cli.exporting import chosen
    from kit_cli.formats import pyarrow

    export, output = chosen(options), context.output
    if export.format == "parquet":
        # Before an hour of reading.
        pyarrow()
        if export.path is None and sys.stdout.isatty():
            raise MisuseError("Parquet is not for a terminal: give --out FILE")
    with context.kit() as kit:
        made = ExportRun(kit, export, output)
        made.run()
    report = made.report()
    if export.path is not None and output.as_json:
        output.result(report)
        return OK
    _tell(report, output)
    return OK


def _tell(report: dict[str, Any], output: Output) -> None:
    where = "standard output" if report["out"] is None else printable(report["out"], 1000)
    rows = "1 row" if report["rows"] == 1 else f"{report['rows']:,} rows"
    output.note(f"{report['what'].replace('_', ' ')}: {rows} in {where}")
    if report.get("keys_without_column"):
        keys = ", ".join(printable(key) for key in report["keys_without_column"][:20])
        output.note(f"came meanwhile, and has no column: {keys}; export again, or as JSON Lines")
    if report.get("cells_like_formulas") and not report["for_excel"]:
        count = report["cells_like_formulas"]
        cells = "1 cell begins like a formula" if count == 1 else f"{count:,} cells begin like formulas"
        output.note(f"{cells}, which a spreadsheet may run: --safe-for-excel keeps it from that")
    if "next_updated_after" in report:
        output.note(f"what changes from now on: --updated-after {report['next_updated_after']}")


def _parallel(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= 64):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 64")
    return int(text)
