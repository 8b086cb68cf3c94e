"""The command `kit-mock`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import NoReturn

from kit_mock.commands import coverage, output, rules, seed, serve
from kit_mock.commands.settings import Settings
from kit_mock.protocol.errors import KitMockError
from kit_mock.version import version

_UNUSABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, 1 for gaps in `coverage`, or 2 with one line on standard error."""
    try:
        return _run(arguments)
    except KitMockError as error:
        output.tell(str(error))
        return _UNUSABLE
    except KeyboardInterrupt:
        pass  # Ctrl-C before the server handles it.
    except BrokenPipeError:
        pass  # The reader, such as `head`, closed the pipe.
    return 0


def _run(arguments: Sequence[str] | None) -> int:
    parser, settings = _parser()
    options = parser.parse_args(arguments)
    match options.command:
        case "coverage":
            return coverage.run(options)
        case "behaviours":
            rules.run_behaviours()
        case "rules":
            rules.run(options)
        case "seed":
            return seed.run(options)
        case "serve":
            settings.complete(options, os.environ)
            serve.run(options)
    return 0


class _Version(argparse.Action):
    """The action of `--version`. argparse's own would read the version for every command, which takes time."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        output.write(f"kit-mock {version()}")
        parser.exit()


def _parser() -> tuple[argparse.ArgumentParser, Settings]:
    """Return the parser, and the options of `serve`, which the environment completes."""
    parser = output.Parser(prog="kit-mock", description="A stateful mock of Kit's API v4.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, does: str, more: str = "") -> argparse.ArgumentParser:
        return commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}. {more}".rstrip())

    settings = serve.add_options(command("serve", "serve the mock until Ctrl-C", serve.ABOUT))
    command("behaviours", "list where Kit's reference and today's service differ")
    rules.add_options(command("rules", "list the mock's rules, each with how it is known"))
    seed.add_options(command("seed", "make a database file with a large account, for `serve --db`"))
    coverage.add_options(
        command(
            "coverage",
            "send requests for every status and every optional response field of each operation, and count them",
            coverage.ABOUT,
        )
    )
    return parser, settings
