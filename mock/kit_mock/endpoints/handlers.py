"""Which operation is carried out by which function.

The modules of `kit_mock.endpoints` register their handlers here when they are imported. An operation without a handler
answers 501.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from kit_mock.model.account import Account
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.reading import ORDINARY_BODY, Reading


@attrs.define
class Call:
    """One request to one operation, read and validated: what a handler works with."""

    operation_id: str
    path: dict[str, int]
    """Ids by the names of the parameters in the path."""
    query: dict[str, Any]
    """The documented parameters that were given."""
    body: dict[str, Any] = attrs.field(repr=False)  # It can hold the secrets of an OAuth client.
    """The fields of the body."""
    account: Account
    """Whose credentials came along, at the moment of the request; its id is 0 where none are needed."""
    client: str = ""
    """The app that asks; its bulk requests share a queue."""
    lag: int = 0
    """Seconds: what is younger isn't in lists yet."""


Handler = Callable[[Call], Reply]


@attrs.frozen
class Implementation:
    """A handler, and what is to be left to it when its request is read."""

    handle: Handler
    reading: Reading


_implementations: dict[str, Implementation] = {}


def operation(
    operation_id: str,
    *,
    unchecked: Iterable[str] = (),
    unchecked_in_items: Iterable[str] = (),
    also_in_query: Iterable[str] = (),
    wraps: str | None = None,
    convert_error: Callable[[Refusal], Refusal] | None = None,
    largest_body: int | None = ORDINARY_BODY,
) -> Callable[[Handler], Handler]:
    """Register the decorated function as the handler of an operation. `Reading` describes the other arguments."""

    def register(handler: Handler) -> Handler:
        if operation_id in _implementations:
            raise ValueError(f"{operation_id} has a handler already")
        reading = Reading(
            unchecked=frozenset(unchecked),
            unchecked_in_items=frozenset(unchecked_in_items),
            also_in_query=frozenset(also_in_query),
            wraps=wraps,
            convert_error=convert_error,
            largest_body=largest_body,
        )
        _implementations[operation_id] = Implementation(handler, reading)
        return handler

    return register


def implementation(operation_id: str) -> Implementation | None:
    """Return the implementation of an operation, or None if there is none."""
    return _implementations.get(operation_id)
