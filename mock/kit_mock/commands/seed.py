"""`kit-mock seed`: makes a file with a large account."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kit_mock.commands import output, values

_INTERRUPTED = 130


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--subscribers", type=values.count, required=True, metavar="N", help="the number of subscribers in the account"
    )
    parser.add_argument(
        "--db", type=Path, required=True, metavar="FILE", help="the file to make; it must not exist yet"
    )


def run(options: argparse.Namespace) -> int:
    """Make the file, with its progress on standard error, and return the exit status. Raises KitMockError."""
    from kit_mock.seeds import large  # Imported late: the other commands need none of it.

    try:
        large.make(options.db, options.subscribers, large.Progress(sys.stderr))
    except KeyboardInterrupt:
        output.tell(f"stopped, and {options.db} was not made")
        return _INTERRUPTED
    return 0
