"""Checks that a lie is active: that it changes an answer in a tour of its operation."""

from __future__ import annotations

from functools import cache

from tests.contract.document import BehaviourName, Document
from tests.mutants import samples, tour
from tests.mutants.lie import Lie
from tests.mutants.truth import Truth

BEYOND_A_TOUR = frozenset({"webhook", "callback", "rate limit"})
"""Kinds that a tour can't show: what the server sends by itself, and what takes a minute."""

_DOCUMENT = Document()


def is_active(lie: Lie) -> bool:
    """Return whether the lie changes an answer."""
    operation = lie.operations[0]
    return _transcript(lie, operation, lie.behaviour) != _truth(operation, lie.behaviour)


@cache
def _truth(operation: str, behaviour: BehaviourName) -> list[object]:
    return _transcript(None, operation, behaviour)


def _transcript(lie: Lie | None, operation: str, behaviour: BehaviourName) -> list[object]:
    samples.number_from_one()
    truth = Truth(_DOCUMENT, behaviour=behaviour, start=tour.START)
    try:
        return tour.transcript(truth, lie, (operation,))
    finally:
        truth.close()
