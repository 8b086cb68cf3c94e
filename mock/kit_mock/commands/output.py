"""Standard output and standard error, for all commands."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from typing import Any, NoReturn

from kit_mock.protocol.errors import KitMockError

_WRONG_USE = 2


def write(*lines: str) -> None:
    """Print lines at once: a script may stop reading after the first one. What the encoding lacks is escaped.

    Raises KitMockError if they can't be written, BrokenPipeError if nobody reads them any more.
    """
    stream = sys.stdout
    if stream is None:
        raise KitMockError("cannot write to standard output: it is closed")
    encoding = stream.encoding or "utf-8"
    try:
        stream.write("".join(f"{line}\n" for line in lines).encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except OSError as error:
        with contextlib.suppress(OSError):
            # Or Python fails again when it flushes at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if isinstance(error, BrokenPipeError):
            raise
        raise KitMockError(f"cannot write to standard output: {error.strerror or error}") from None


def tell(line: str) -> None:
    """Print a line on standard error, if somebody can read it: nothing ends because it can't be written."""
    if sys.stderr is not None:  # Else `print` takes standard output.
        with contextlib.suppress(OSError):
            print(f"kit-mock: {line}", file=sys.stderr, flush=True)


class Parser(argparse.ArgumentParser):
    """A parser that writes its help by `write`, and ends for wrong use with one line."""

    def print_help(self, file: Any = None) -> None:  # noqa: ARG002  (argparse's own argument)
        """Write the help."""
        write(self.format_help().rstrip())

    def error(self, message: str) -> NoReturn:
        """End the program for wrong use."""
        self.exit(_WRONG_USE, f"kit-mock: {message}; see {self.prog} --help\n")
