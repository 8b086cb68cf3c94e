"""The class of a lie, and functions that make lies."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, TypeVar

import attrs

from tests.contract.document import BehaviourName
from tests.mutants.exchange import Answer, Request

if TYPE_CHECKING:
    from tests.mutants.truth import Truth

Teller = Callable[[Request], Answer]
Start = Callable[["Truth"], Teller]
ClientName = Literal["confidential", "public"]


@attrs.frozen
class Lie:
    """One place in which the server lies.

    Args:
        name: tells lies apart; `kind: where`.
        kind: what it is counted under.
        operations: those that it concerns; the suite is narrowed to them.
        says: one sentence of what the server does.
        start: makes the function that answers requests, with a memory of its own for each server.
        behaviour: the behaviour of the mock that the lie is about.
        client: the OAuth app whose credentials the suite is given.
        limited: whether the mock limits how many requests come, as the service does.
        unseen: why nobody can see the lie over HTTP; such a lie is listed and not counted.
    """

    name: str
    kind: str
    operations: tuple[str, ...]
    says: str
    start: Start = attrs.field(repr=False, eq=False)
    behaviour: BehaviourName = "current"
    client: ClientName = "confidential"
    limited: bool = False
    unseen: str = ""


def at(operations: Iterable[str], tell: Callable[[Truth, Request], Answer]) -> Start:
    """Answer requests of some operations by `tell`, and all others truthfully."""
    concerned = frozenset(operations)

    def start(truth: Truth) -> Teller:
        return lambda request: tell(truth, request) if request.operation in concerned else truth.ask(request)

    return start


def changing_answers(operations: Iterable[str], change: Callable[[Request, Answer], Answer]) -> Start:
    """Ask the mock, and change what it answers to requests of some operations."""
    return at(operations, lambda truth, request: change(request, truth.ask(request)))


def changing_requests(operations: Iterable[str], change: Callable[[Request], Request]) -> Start:
    """Change requests of some operations before the mock sees them."""
    return at(operations, lambda truth, request: truth.ask(change(request)))


Memory = TypeVar("Memory")


def remembering(
    make: Callable[[], Memory], operations: Iterable[str], tell: Callable[[Memory, Truth, Request], Answer]
) -> Start:
    """Answer requests of some operations by a function that has a memory."""
    concerned = frozenset(operations)

    def start(truth: Truth) -> Teller:
        memory = make()
        return lambda request: tell(memory, truth, request) if request.operation in concerned else truth.ask(request)

    return start
