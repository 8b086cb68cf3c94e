"""Prints the rules that the server broke, and the coverage of the document, at the end of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.contract.coverage import GOALS, KINDS, Coverage
from tests.contract.document import BehaviourName, Document

_OUTPUT = "contract_coverage"
_SHOWN = 5
_BROKEN_SHOWN = 30
BROKEN = "contract_broken"
"""The property of a failed test that names the rule."""


def print_broken_rules(terminal: pytest.TerminalReporter) -> None:
    """Print each rule that was broken, and how many tests failed for it, since one fault can fail many."""
    failed = [*terminal.getreports("failed"), *terminal.getreports("error")]
    counts = Counter(value for report in failed for name, value in report.user_properties if name == BROKEN)
    if len(counts) < 2:
        return
    terminal.write_sep("=", "what the server broke, and how many tests failed for it")
    for rule, number in counts.most_common(_BROKEN_SHOWN):
        terminal.write_line(f"{number:5}  {str(rule)[:150]}")
    if len(counts) > _BROKEN_SHOWN:
        terminal.write_line(f"       and {len(counts) - _BROKEN_SHOWN} more rules")


class CoverageReport:
    """A plugin of pytest that has a coverage for each behaviour that was tried.

    Args:
        documents: The document of each behaviour.
        chosen: The operations that the run is narrowed to; None for all.
        has_goals: Whether the run fails if it tries less than the goals.
    """

    def __init__(
        self, documents: Mapping[BehaviourName, Document], chosen: set[str] | None = None, *, has_goals: bool
    ) -> None:
        self._documents = documents
        self._chosen = chosen
        self._has_goals = has_goals
        self._tried: dict[BehaviourName, Coverage] = {}

    def of(self, behaviour: BehaviourName) -> Coverage:
        """Return the coverage of a behaviour."""
        return self._tried.setdefault(behaviour, Coverage(self._documents[behaviour], self._chosen))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            # What pytest-xdist hands over has no sets.
            output[_OUTPUT] = {
                behaviour: {kind: sorted(names) for kind, names in each.found.items()}
                for behaviour, each in self._tried.items()
            }
        elif self._has_goals and session.exitstatus == pytest.ExitCode.OK and self._below():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for behaviour, found in getattr(node, "workeroutput", {}).get(_OUTPUT, {}).items():
            self.of(behaviour).merge(found)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self._tried:
            return
        terminalreporter.write_sep("=", "how much of the document was tried")
        for behaviour, each in sorted(self._tried.items()):
            for kind in KINDS:
                whole, missed = len(each.whole[kind]), each.missed(kind)
                if not whole:
                    continue
                terminalreporter.write_line(
                    f"{behaviour:<10} {kind:<11} {whole - len(missed):>5} of {whole:<5} {each.per_cent(kind):5.1f} %"
                    f"{f'  (goal: {GOALS[kind]} %)' if self._has_goals else ''}"
                )
                shown = missed if terminalreporter.config.get_verbosity() > 0 else missed[:_SHOWN]
                for name in shown:
                    terminalreporter.write_line(f"           not tried: {name}")
                if len(missed) > len(shown):
                    terminalreporter.write_line(f"           and {len(missed) - len(shown)} more (all of them with -v)")
        if self._has_goals and (below := self._below()):
            terminalreporter.write_line(f"below the goal: {', '.join(below)}", red=True)

    def _below(self) -> list[str]:
        return [
            f"{kind} of {behaviour}"
            for behaviour, each in sorted(self._tried.items())
            for kind in KINDS
            if each.per_cent(kind) < GOALS[kind]
        ]
