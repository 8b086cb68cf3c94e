"""The command `kit-client`: the parser, and what becomes of errors."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, TextIO

from kit_client import (
    APIStatusError,
    AuthenticationError,
    KitError,
    OAuthError,
    OAuthRequiredError,
    TokenStoreError,
    __version__,
)

from .commands import broadcast, call, doctor, export, import_, login, logout, webhooks, whoami
from .context import Context
from .declaring import Commands, HelpFormatter
from .status import EXPLAINED, FAILED, INTERRUPTED, NOBODY_READS, CommandError

_ABOUT = """\
Work with a Kit account from a terminal or a script. `kit-client COMMAND --help` explains a command.

It uses the credentials of `kit-client login` or, without a login, the environment variable KIT_API_KEY or KIT_ACCESS_TOKEN.
The credentials of a login are sent only to the service where the login was made, and those of the environment only to
KIT_BASE_URL if that is set.
"""
# The advice at the end of some errors.
_FOR_PROGRAMS = re.compile("[;:] (authorize again|open authorization_url).*")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status. `--help` lists the statuses."""
    for stream in (sys.stdout, sys.stderr):
        _be_able_to_write(stream)
    options = parser().parse_args(arguments)
    context = Context(options)
    output = context.output
    try:
        with output.without_warnings() if options.quiet or options.json else contextlib.nullcontext():
            status: int = options.run(options, context)
        sys.stdout.flush()
    except CommandError as error:
        output.error(str(error), exit_status=error.status)
        return error.status
    except KitError as error:
        output.error(_told(error, options.command), **_details(error), exit_status=FAILED)
        return FAILED
    except KeyboardInterrupt:
        output.error("stopped", exit_status=INTERRUPTED)
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return NOBODY_READS
    except OSError as error:
        _drop_output()
        output.error(f"{error.filename or 'the output'}: {error.strerror or type(error).__name__}", exit_status=FAILED)
        return FAILED
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command."""
    made = argparse.ArgumentParser(
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


def _be_able_to_write(stream: TextIO) -> None:
    """Let a stream take any text: in UTF-8 where programs read, and with escapes for what a terminal has no letters for."""
    if isinstance(stream, io.TextIOWrapper):
        encoding = stream.encoding if stream.isatty() else "utf-8"
        stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _drop_output() -> None:
    """Let nothing be written any more. Python flushes once more at its end, and would say that this failed."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _told(error: KitError, command: str) -> str:
    """Return an error in words for a person."""
    signing_in_helps = isinstance(error, AuthenticationError | OAuthError | OAuthRequiredError) and not (
        isinstance(error, TokenStoreError) or command == "login"
    )
    text = _FOR_PROGRAMS.sub("", str(error)) + ("; `kit-client login` signs in" if signing_in_helps else "")
    return ". ".join([text, *getattr(error, "__notes__", ())])


def _details(error: KitError) -> dict[str, Any]:
    """Return what programs may want to know of an error."""
    details: dict[str, Any] = {"type": type(error).__name__}
    if error.cursor is not None:
        details["cursor"] = error.cursor
    if isinstance(error, APIStatusError):
        details |= {
            "operation": error.operation,
            "status_code": error.status_code,
            "errors": list(error.errors),
            "request_id": error.request_id,
        }
    return details
