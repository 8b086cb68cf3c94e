"""Declaring commands: what all of them have in common on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from .context import Context
from .credentials import DEFAULT_ACCOUNT, account_name, default_path
from .status import EXPLAINED, MisuseError

Run = Callable[[argparse.Namespace, Context], int]


class CommandParser(argparse.ArgumentParser):
    """A parser whose options may stand before, between and after what isn't an option, and that raises `MisuseError`.

    The one of argparse takes all of its arguments from where the first one stands, and ends the process after an error.
    """

    declare: Callable[[argparse.ArgumentParser], None] | None = None
    """Adds arguments before the first command line is parsed. For those that take long to find."""
    _is_at_work = False

    # mypy and pyright see other overloads in the base class, one for each way to call it.
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Parse as `argparse.ArgumentParser` does, options anywhere."""
        if self.declare is not None:
            declare, self.declare = self.declare, None
            declare(self)
        has_commands = any(action.nargs == argparse.PARSER for action in self._actions)
        if self._is_at_work or has_commands:
            return super().parse_known_args(args, namespace)
        self._is_at_work = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_at_work = False

    def error(self, message: str) -> NoReturn:
        """Raise `MisuseError`."""
        raise MisuseError(f"{message}; `{self.prog} --help` tells more")


class HelpFormatter(argparse.HelpFormatter):
    """Wraps paragraphs, but for those that have lines with blanks before them."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.strip("\n").split("\n\n")
        return "\n\n".join(
            each if "\n " in f"\n{each}" else super(HelpFormatter, self)._fill_text(each, width, indent)
            for each in paragraphs
        )


class Commands:
    """The commands of a parser."""

    def __init__(self, parser: argparse.ArgumentParser, dest: str = "command") -> None:
        self._parsers = parser.add_subparsers(
            dest=dest, required=True, metavar=dest.upper(), parser_class=CommandParser
        )

    def group(self, name: str, does: str) -> Commands:
        """Declare a command that has commands of its own, and return those.

        Args:
            name: What is typed.
            does: As of `add`.
        """
        return Commands(self._parsers.add_parser(name, help=does, description=_sentence(does)), "action")

    def add(self, name: str, does: str, run: Run, more: str = "", **settings: Any) -> CommandParser:
        """Declare a command with the options that all have, and return its parser, for the options of its own.

        Args:
            name: What is typed.
            does: What it does: the rest of a sentence, without a capital and a full stop.
            run: Runs it, and returns the exit status.
            more: Whole sentences to follow `does` in the command's own help. An empty line ends a paragraph; one that has
                lines with blanks before them isn't wrapped.
            settings: Arguments of `argparse.ArgumentParser`.
        """
        about = f"{_sentence(does)} {more}".rstrip()
        settings = {
            "allow_abbrev": False,
            "formatter_class": HelpFormatter,
            "epilog": EXPLAINED,
            **settings,
        }
        made: CommandParser = self._parsers.add_parser(name, help=does, description=about, **settings)
        made.set_defaults(run=run, prog=made.prog)
        common = made.add_argument_group("options of all commands")
        common.add_argument(
            "--account",
            type=_account,
            metavar="NAME",
            help=f"the name of the login to use, if you have several (default: {DEFAULT_ACCOUNT!r})",
        )
        common.add_argument(
            "--store",
            type=Path,
            default=default_path(),
            metavar="FILE",
            help="the file of the credentials, which only you can read (default: %(default)s)",
        )
        common.add_argument(
            "--base-url",
            metavar="URL",
            help="the URL of the service, such as a mock's (default: that of the login, or Kit's)",
        )
        common.add_argument("--json", action="store_true", help="write results and errors as JSON, for programs")
        common.add_argument("--quiet", "-q", action="store_true", help="show neither progress nor notes")
        return made


def _account(text: str) -> str:
    try:
        return account_name(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} can't be the name of a login") from None


def _sentence(does: str) -> str:
    return f"{does[0].upper()}{does[1:]}."
