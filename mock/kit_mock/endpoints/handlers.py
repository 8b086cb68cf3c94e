"""Which operation is carried out by which function.

The modules of `kit_mock.endpoints` register their handlers here when they are imported. An operation without a handler
answers 501.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import attrs

from kit_mock.protocol.errors import Refusal
from kit_mock.protocol.messages import Reply
from kit_mock.rules.behaviours import DEFAULT, Behaviour
from kit_mock.state.store import Store


@attrs.define
class Call:
    """One request to one operation, read and validated: what a handler works with.

    `path` holds ids by parameter name, `query` the documented parameters that were given, `body` the fields of the
    body. `now` is the request's moment in seconds since 1970. `account_id` is whose credentials came along. `behaviour`
    is that of the reference or of the service today; `auto_approve` is whether OAuth asks nobody for consent. `client`
    is the app that asks, `bulk_queue_bytes` how much of its bulk requests may wait. What is
    younger than `lag` seconds isn't in lists yet.
    """

    operation_id: str
    path: dict[str, int]
    query: dict[str, Any]
    body: dict[str, Any] = attrs.field(repr=False)  # It can hold the secrets of an OAuth client.
    store: Store
    account_id: int
    now: int
    behaviour: Behaviour = DEFAULT
    auto_approve: bool = False
    client: str = ""
    bulk_queue_bytes: int = 0
    lag: int = 0


Handler = Callable[[Call], Reply]

ORDINARY_BODY = 1024 * 1024
"""Bytes that the body of most operations may have: far more than any has use for, and read in no time."""


@attrs.frozen
class Implementation:
    """A handler and what it wants to look at itself."""

    handle: Handler
    judges: frozenset[str]
    judges_in_items: frozenset[str]
    in_query_too: frozenset[str]
    wraps: str | None = None
    rephrase: Callable[[Refusal], Refusal] | None = None
    documented: bool = True
    largest_body: int | None = ORDINARY_BODY


_implementations: dict[str, Implementation] = {}


def operation(
    operation_id: str,
    *,
    judges: Iterable[str] = (),
    judges_in_items: Iterable[str] = (),
    in_query_too: Iterable[str] = (),
    wraps: str | None = None,
    rephrase: Callable[[Refusal], Refusal] | None = None,
    documented: bool = True,
    largest_body: int | None = ORDINARY_BODY,
) -> Callable[[Handler], Handler]:
    """Registers the decorated function as the handler of an operation.

    `judges` names query parameters and top-level body fields for which Kit has messages or rules of its own: the
    handler gets them whatever their type, cast if they can be, or not at all if they are missing; where it is a list,
    of objects, its items are still held against the document; `name.*` leaves all that is inside to the handler.
    `judges_in_items` names fields of these items that may be missing, null or malformed, as bulk requests tell that
    item by item; a wrong type still refuses the request. `in_query_too` names body fields that may stand in the query
    instead. `wraps` names the body field that a body without it is the value of. `rephrase` turns refusals from before the handler, such as of a body that isn't JSON, into the operation's
    own. `documented` is whether the document has it. `largest_body` is how many bytes the body may have, None for as many
    as the mock takes.
    """

    def register(handler: Handler) -> Handler:
        if operation_id in _implementations:
            raise ValueError(f"{operation_id} has a handler already")
        _implementations[operation_id] = Implementation(
            handler,
            frozenset(judges),
            frozenset(judges_in_items),
            frozenset(in_query_too),
            wraps,
            rephrase,
            documented,
            largest_body,
        )
        return handler

    return register


def implementation(operation_id: str) -> Implementation | None:
    """The implementation of an operation, or None if there is none yet."""
    return _implementations.get(operation_id)


def implemented() -> frozenset[str]:
    """The ids of all operations of the document that have a handler."""
    return frozenset(id_ for id_, found in _implementations.items() if found.documented)
