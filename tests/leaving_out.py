"""Tests that need a program of the machine, on a machine that doesn't have it."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

_LINES = pytest.StashKey[list[str]]()


def leave_out(
    config: pytest.Config,
    items: list[pytest.Item],
    ours: list[pytest.Item],
    missing: Callable[[], str | None],
    kind: str,
) -> None:
    """Take `ours` out of `items` if a program is missing, and remember to say so. In CI raise `UsageError` instead.

    Args:
        missing: Says what is missing, or None.
        kind: What the tests are called, such as `Redis tests`.
    """
    what = missing() if ours else None
    if what is None:
        return
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(f"{what}: the {kind} can't run")
    items[:] = [item for item in items if item not in ours]
    config.hook.pytest_deselected(items=ours)
    lines = config.stash.setdefault(_LINES, [])
    lines.append(f"{what}: {len(ours)} {kind} are left out (see scripts/program.sh)")


def say_left_out(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end of a run what was left out."""
    for line in terminalreporter.config.stash.get(_LINES, []):
        terminalreporter.write_line(line, yellow=True)
