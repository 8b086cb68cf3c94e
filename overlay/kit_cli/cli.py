"""The command `kit-client`: the parser, and what becomes of errors."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
from collections.abc import Sequence

from kit_client import KitError, __version__

from .commands import broadcast, call, doctor, export, import_, login, logout, webhooks, whoami
from .context import Context
from .declaring import CommandParser, Commands, HelpFormatter
from .output import Output
from .status import EXPLAINED, FAILED, INTERRUPTED, NOBODY_READS, OK, CommandError, MisuseError
from .streams import drop, flush_or_drop, open_standard_streams
from .telling import details, told

_ABOUT = """\
Work with a Kit account from a terminal or a script. `kit-client COMMAND --help` explains a command.

It uses the credentials of `kit-client login` or, without a login, the environment variable KIT_API_KEY or KIT_ACCESS_TOKEN.
The credentials of a login are sent only to the service where the login was made, and those of the environment only to
KIT_BASE_URL if that is set.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status. `--help` lists the statuses."""
    has_output = open_standard_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Also for errors of the arguments, which come before these are parsed.
    output = Output(as_json="--json" in itertools.takewhile(lambda each: each != "--", given), is_quiet=False)
    try:
        if not has_output:
            raise CommandError("standard output is closed: nothing was done")
        status = _run(given)
        sys.stdout.flush()
    except CommandError as error:
        output.error(str(error), exit_status=error.status)
        return error.status
    except KitError as error:
        output.error(told(error, is_signing_in=given[0] == "login"), **details(error), exit_status=FAILED)
        return FAILED
    except KeyboardInterrupt:
        output.error("stopped", exit_status=INTERRUPTED)
        return INTERRUPTED
    except BrokenPipeError:
        drop(sys.stdout)
        return NOBODY_READS
    except OSError as error:
        drop(sys.stdout)
        output.error(f"{error.filename or 'the output'}: {error.strerror or type(error).__name__}", exit_status=FAILED)
        return FAILED
    finally:
        # Also after an error: Python does so at its end, and would say that it failed.
        flush_or_drop(sys.stdout)
    return status


def _run(arguments: list[str]) -> int:
    try:
        options, unknown = parser().parse_known_args(arguments)
    except SystemExit:
        # After --help and --version.
        return OK
    if unknown:
        raise MisuseError(f"unrecognized arguments: {' '.join(unknown)}; `{options.prog} --help` tells more")
    context = Context(options)
    with context.output.without_warnings() if options.quiet or options.json else contextlib.nullcontext():
        status: int = options.run(options, context)
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    made = CommandParser(
        prog="kit-client",
        description=_ABOUT,
        epilog=EXPLAINED,
        formatter_class=HelpFormatter,
    )
    made.add_argument("--version", action="version", version=f"kit-client {__version__}")
    commands = Commands(made)
    for module in (login, logout, whoami, import_, export, broadcast, webhooks, call, doctor):
        module.add_to(commands)
    return made
