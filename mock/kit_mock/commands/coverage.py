"""`kit-mock coverage`: measures how much of the document the mock implements."""

from __future__ import annotations

import argparse
from pathlib import Path

from kit_mock.commands import output

_GAPS = 1

ABOUT = f"The exit status is {_GAPS} if one of them never occurs."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--how", metavar="OPERATION", help="instead, say how to get each status of this operation")
    parser.add_argument(
        "--document", type=Path, metavar="FILE", help="OpenAPI document in JSON, instead of kit_api's own"
    )


def run(options: argparse.Namespace) -> int:
    """Print a line for each operation and the totals, or the ways to each status of one. Return the exit status.

    Raises KitMockError for an unknown operation and for an unusable document.
    """
    # Imported late: the other commands need none of it.
    from kit_mock.protocol.document import load
    from kit_mock.status_coverage import measure
    from kit_mock.status_coverage.response_fields import ResponseFields

    if options.how is not None:
        output.write(*measure.how(options.how, options.document))
        return 0
    covered, fields = measure.Tally(), ResponseFields(load(options.document).raw)
    for line in covered.lines(measure.measure_all(options.document, fields), fields):
        output.write(line)
    return 0 if covered.is_complete else _GAPS
