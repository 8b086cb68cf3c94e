"""`kit-mock rules` and `kit-mock behaviours`: the rules of the mock, and how each is known."""

from __future__ import annotations

import argparse
from pathlib import Path

from kit_mock.commands import output
from kit_mock.rules.groups import SUBJECTS
from kit_mock.rules.rule import GRADES


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kit-mock rules`."""
    subjects = ", ".join(repr(subject) if " " in subject else subject for subject in SUBJECTS)
    parser.add_argument(
        "operation",
        nargs="?",
        metavar="OPERATION",
        help=f"the id of an operation, such as tag_subscriber, or one of: {subjects}; without it, all rules",
    )
    parser.add_argument("--grade", choices=list(GRADES), help="only rules with this grade: how the rule is known")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--document", type=Path, metavar="FILE", help="OpenAPI document in JSON, instead of kit_api's own"
    )


def run(options: argparse.Namespace) -> None:
    """Carry out `kit-mock rules`. Raises KitMockError for an operation that the document does not have."""
    from kit_mock.rules import report  # Imported late: the other commands need no rules.

    output.write(report.rules_of(options.operation, options.grade, options.document, json=options.json))


def run_behaviours() -> None:
    """Carry out `kit-mock behaviours`."""
    from kit_mock.rules import report  # Imported late: the other commands need no rules.

    output.write(report.behaviours())
