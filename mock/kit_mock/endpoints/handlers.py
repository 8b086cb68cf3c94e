"""The registry of handlers, which `kit_mock.endpoints` fills. An operation without a handler answers 501."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs
from msgspec import Struct

from kit_mock.model.account import Account
from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.reading import ORDINARY_BODY, Reading


class Call(Struct):
    """A validated request to an operation, as a handler gets it. Its repr shows no content, which can hold secrets."""

    operation_id: str
    path: dict[str, int]
    """Ids by the names of the parameters in the path."""
    query: dict[str, Any]
    """The documented parameters that were given."""
    body: dict[str, Any]
    """The fields of the body."""
    account: Account
    """The account of the credentials at the moment of the request. Its id is 0 for operations without credentials."""
    client: str = ""
    """The app of the credentials. Its bulk requests share a queue."""
    lag: int = 0
    """Seconds. Lists leave out rows that are younger."""

    __repr__ = object.__repr__


Handler = Callable[[Call], Reply]


@attrs.frozen
class Implementation:
    """A handler with the instructions for reading its requests."""

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
    """Register the decorated function as the handler of an operation. The other arguments are fields of `Reading`.

    Raises ValueError if the operation has a handler already.
    """

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
    """Return the implementation of an operation, or None."""
    return _implementations.get(operation_id)
