"""Lies that nobody can see over HTTP, each with the reason. They are listed and not counted."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from tests.mutants.lie import Lie

REASONS: Mapping[str, str] = {}
"""The reasons by the names of lies."""


def unseen(lie: Lie) -> Lie:
    """Return the lie, with the reason why it can't be seen if there is one."""
    reason = REASONS.get(lie.name)
    return lie if reason is None else attrs.evolve(lie, unseen=reason)
