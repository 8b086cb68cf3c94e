"""`kit-client import`."""

from __future__ import annotations

import argparse
import codecs
from pathlib import Path

from kit_cli.context import Context
from kit_cli.declaring import Commands

_MORE = """\
Subscribers who exist already are updated, so that importing a file twice does no harm. A row that can't be imported is
reported with its line, and the other rows are imported.

Columns such as Email and First name are recognized, and columns that are named like a custom field; --map gives the meaning
of other columns."""


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add("import", "import subscribers from a CSV file", run, _MORE)
    parser.add_argument("file", metavar="FILE", help="the file; - is standard input")
    parser.add_argument(
        "--tag",
        action="append",
        default=[],
        type=_tag,
        metavar="NAME",
        help="a tag for all subscribers; can be repeated",
    )
    parser.add_argument(
        "--form",
        action="append",
        default=[],
        type=_id,
        metavar="ID",
        help="the id of a form to add all subscribers to; can be repeated",
    )
    parser.add_argument(
        "--map",
        action="append",
        default=[],
        type=_mapping,
        metavar="COLUMN=FIELD",
        help="the meaning of a column: email_address, first_name, state or a custom field; empty to ignore the column."
        " Can be repeated. Name a column without a header by its number, from 1",
    )
    parser.add_argument("--create-missing", action="store_true", help="create tags and custom fields that don't exist")
    parser.add_argument("--dry-run", action="store_true", help="check everything, but change nothing")
    parser.add_argument(
        "--checkpoint",
        type=Path,
        metavar="FILE",
        help="keep the outcome of each row in this file, so that the same command resumes where it stopped",
    )
    parser.add_argument(
        "--fallback", choices=("single",), help="with an API key, send one subscriber per request, which is slow"
    )
    parser.add_argument(
        "--failures",
        type=Path,
        metavar="FILE.csv",
        help="the file for rows that failed, with their lines and the reasons (default: a new file in this folder)",
    )
    parser.add_argument("--force", action="store_true", help="replace the file of --failures if it exists")
    parser.add_argument(
        "--encoding", type=_encoding, metavar="NAME", help="the file's encoding (default: it is detected)"
    )
    parser.add_argument(
        "--delimiter", type=_delimiter, metavar="SIGN", help="the character between cells (default: it is detected)"
    )
    parser.add_argument("--yes", "-y", action="store_true", help="don't ask before the import begins")


def run(options: argparse.Namespace, context: Context) -> int:
    """Import the rows of the file."""
    from kit_cli.import_run import ImportRun

    with context.kit() as kit:
        return ImportRun(kit, options, context.output).run()


def _tag(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the name of a tag is blank")
    return text.strip()


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of a form: `kit-client export forms` lists them")
    return int(text)


def _mapping(text: str) -> tuple[str, str]:
    # The last one: headers may hold the sign, and custom fields seldom do.
    column, sign, field = text.rpartition("=")
    if not sign or not column.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form COLUMN=FIELD")
    return column.strip(), field.strip()


def _encoding(text: str) -> str:
    try:
        if codecs.lookup(text)._is_text_encoding:
            return text
    except LookupError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not an encoding that is known, such as utf-8 or cp1252")


def _delimiter(text: str) -> str:
    sign = {"tab": "\t", "\\t": "\t"}.get(text.lower(), text)
    if len(sign) != 1 or sign in "\"'\r\n " or sign.isalnum():
        raise argparse.ArgumentTypeError(f"{text!r} is not one sign such as ; or the word tab")
    return sign
