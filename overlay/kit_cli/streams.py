"""The standard streams of the process, also where some are closed or can't be written."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TextIO


def open_standard_streams() -> bool:
    """Prepare the standard streams, and return whether there is a standard output.

    A stream that was closed when the process began is opened anew, so that neither a file gets its number nor `print` writes
    elsewhere. Reading such an input fails; such an error output takes everything and shows nothing.
    """
    has_output = getattr(sys, "stdout", None) is not None
    # In this order, as an opened file gets the lowest number that is free.
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name, None) is None:
            # The input too is opened for writing: reading it fails, where an empty one would be taken for data.
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # UTF-8 where programs read, and escapes for what a terminal has no letters for.
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")
    return has_output


def flush_or_drop(stream: TextIO) -> None:
    """Write what a stream still holds or, if that fails, forget it."""
    try:
        stream.flush()
    except OSError:
        drop(stream)


def drop(stream: TextIO) -> None:
    """Let nothing more be written to a stream that failed. Python flushes it at its end, and would say that this failed."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
