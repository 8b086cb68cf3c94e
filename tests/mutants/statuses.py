"""Lies about statuses: a wrong one that is documented, or one that isn't."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from tests.contract.document import Document, Operation
from tests.mutants.exchange import Answer, Request
from tests.mutants.lie import Lie, changing_answers

KINDS = ("status swapped", "status undocumented")

_SUCCESS = (200, 201, 202, 204)
_REFUSAL = (400, 401, 403, 404, 409, 410, 422)
# Answers that take a state of the account which the API can't bring about, or more time than a run has.
_RARE = ("403", "413", "429")
# An account that has no profile, and a broadcast of five years ago, are beyond the API.
BEYOND_THE_API = {("get_creator_profile", "404"), ("get_broadcast_stats", "400")}


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about each documented status of each operation."""
    for operation in document.operations.values():
        for status in operation.answers:
            if (
                status.isdecimal()
                and status not in _RARE
                and (operation.id, status) not in BEYOND_THE_API
                and status[0] in "24"
            ):
                yield from _of(operation, int(status))


def _of(operation: Operation, status: int) -> Iterator[Lie]:
    family = _SUCCESS if status < 300 else _REFUSAL
    others = [other for other in family if other != status and not _needs_no_body(operation, status, other)]
    known = [other for other in others if str(other) in operation.answers and str(other) not in _RARE]
    unknown = [other for other in others if str(other) not in operation.answers]
    for kind, candidates in (("status swapped", known), ("status undocumented", unknown)):
        if candidates:
            other = candidates[0]
            yield Lie(
                name=f"{kind}: {operation.id} {status} to {other}",
                kind=kind,
                operations=(operation.id,),
                says=f"{operation.id} answers {other} where {status} is right.",
                start=changing_answers([operation.id], _swapped(status, other)),
            )


def _needs_no_body(operation: Operation, status: int, other: int) -> bool:
    """Return whether a 204 can't replace the status, since its answer has a body."""
    return other == 204 and operation.answers[str(status)].schema is not None


def _swapped(status: int, other: int) -> Callable[[Request, Answer], Answer]:
    return lambda _, answer: attrs.evolve(answer, status=other) if answer.status == status else answer
