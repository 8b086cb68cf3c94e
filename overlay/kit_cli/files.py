"""Text of files and of standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from kit_api.errors import printable

from .status import CommandError

STANDARD_INPUT = "-"


def read_text(name: str, what: str = "") -> str:
    """Return the text of a file in UTF-8, without a byte-order mark.

    Args:
        name: The file; `-` for standard input.
        what: What it is for, for errors.

    Raises:
        CommandError: It can't be read.
    """
    shown = "standard input" if name == STANDARD_INPUT else printable(repr(name) if what else name)
    shown = f"{what}: {shown}" if what else shown
    try:
        content = sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).expanduser().read_bytes()
    except OSError as error:
        raise CommandError(f"{shown} can't be read: {error.strerror}") from None
    except (ValueError, RuntimeError):
        # Such as a null character in the name, or the folder of a user who doesn't exist.
        raise CommandError(f"{shown} is no name of a file") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeError:
        raise CommandError(f"{shown} isn't text in UTF-8") from None


def read_line() -> str:
    """Return a line of standard input; nothing at its end.

    Raises:
        CommandError: It can't be read.
    """
    try:
        return sys.stdin.readline()
    except OSError as error:
        raise CommandError(f"standard input can't be read: {error.strerror}") from None
    except UnicodeError:
        raise CommandError("standard input isn't text") from None
