"""`kit-client call`: any operation of the document."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

from kit_cli.context import Context
from kit_cli.declaring import Commands
from kit_cli.status import OK, MisuseError

_MORE = """\
Arguments are parameters of the operation and fields of its body, by name:

  NAME=VALUE         a value of the type that the operation has; separate the items of a list by commas
  NAME.FIELD=VALUE   a field of an object, such as fields.last_name=Lovelace
  NAME=@FILE         the text of a file
  NAME:=JSON         a JSON value, such as NAME:=null, or NAME:='"@ada"' for text that begins with @

  kit-client call --list               lists all operations
  kit-client call OPERATION --help     lists the arguments of an operation
"""


def add_to(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add("call", "call any operation of the API", run, _MORE, add_help=False, prog="kit-client call")
    parser.add_argument(
        "operation", nargs="?", metavar="OPERATION", help="the name of the operation, such as list_tags"
    )
    parser.add_argument("arguments", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--body", metavar="@FILE", help="the body as JSON: @FILE, @- for standard input, or the JSON")
    parser.add_argument(
        "--all", action="store_true", help="get all pages of a list, and write each item as one line of JSON"
    )
    parser.add_argument("--limit", type=_positive, metavar="N", help="with --all: the largest number of items")
    parser.add_argument("--list", action="store_true", help="show all operations, and send nothing")
    # Of its own, as that of an operation is another one than that of the command.
    parser.add_argument("--help", "-h", action="store_true", help="show this help, or the arguments of the operation")
    parser.set_defaults(show_help=parser.print_help)


def run(options: argparse.Namespace, context: Context) -> int:
    """Call an operation, and write its answer as JSON. What the answer says of the document is logged as ever."""
    from kit_cli import calling, reference

    if options.list:
        reference.show_operations(context.output)
        return OK
    if options.operation is None:
        if not options.help:
            raise MisuseError("OPERATION: none given; `kit-client call --list` shows all")
        show: Callable[[], None] = options.show_help
        show()
        return OK
    operation = calling.find(options.operation)
    if options.help:
        reference.show_arguments(context.output, operation)
        return OK
    if options.limit is not None and not options.all:
        raise MisuseError("--limit: it is for --all; a single page has per_page")
    if options.all and not operation.is_list:
        raise MisuseError(f"--all: {operation.name} has no pages")
    arguments = calling.read_arguments(operation, options.arguments, options.body)
    with context.kit() as kit:
        if options.all:
            _write_items(context, calling.items(kit, operation, arguments, options.limit))
        else:
            response = calling.send(kit, operation, arguments)
            if response.content:
                context.output.raw(response.content)
    return OK


def _write_items(context: Context, items: Iterator[Any]) -> None:
    from kit_client import KitError

    with context.output.progress("Reading", is_writing=True) as update:
        try:
            for number, item in enumerate(items, 1):
                context.output.result(item)
                update(number, None)
        except KitError as error:
            if error.cursor is not None:
                context.output.note(f"To go on from there, give this as after or, backwards, before: {error.cursor}")
            raise


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)
