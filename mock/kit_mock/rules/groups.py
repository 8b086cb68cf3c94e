"""Groups of operations that a rule can be about, such as all lists.

A group is a condition on operations, so that a new operation of the document is in its groups at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import attrs

from kit_mock.protocol.operation import Operation

_ADDS = re.compile(r"/v4/(forms|sequences|tags)/\{\w+\}/subscribers(/\{id\})?")
_JSON = "application/json"


@attrs.frozen
class Group:
    """Operations that share a condition."""

    name: str
    has: Callable[[Operation], bool] = attrs.field(repr=False)
    """Whether an operation belongs to the group."""


@attrs.frozen
class Subject(Group):
    """Something other than requests that a rule can be about, such as deliveries: no operation belongs to it."""

    has: Callable[[Operation], bool] = attrs.field(default=lambda _: False, init=False, repr=False)


ALL = Group("all", lambda _: True)
V4 = Group("all of `/v4`", lambda operation: operation.path.startswith("/v4/"))
OAUTH = Group("all of `/oauth`", lambda operation: operation.path.startswith("/oauth/"))
TOKEN_ALONE = Group("all that take no API key", lambda operation: operation.takes_token and not operation.takes_api_key)
LISTS = Group("all lists", lambda operation: operation.is_list)
LISTS_OF_SUBSCRIBERS = Group(
    "all lists of subscribers", lambda operation: operation.is_list and operation.path.endswith("/subscribers")
)
LISTS_OF_MEMBERS = Group(
    "all lists of the subscribers of a form, sequence or tag",
    lambda operation: LISTS_OF_SUBSCRIBERS.has(operation) and bool(operation.path_names),
)
BULK = Group("all bulk operations", lambda operation: operation.path.startswith("/v4/bulk/"))
WITH_A_BODY = Group("all with a body", lambda operation: operation.body is not None)
V4_WITH_A_BODY = Group("all of `/v4` with a body", lambda operation: V4.has(operation) and WITH_A_BODY.has(operation))
WITH_JSON = Group(
    "all with a JSON body", lambda operation: operation.body is not None and _JSON in operation.body.contents
)
WITH_VALUES = Group("all with a query or a body", lambda operation: bool(operation.query) or operation.body is not None)
WITH_AN_ID = Group("all with an id in the path", lambda operation: bool(operation.path_names))
WRITES = Group("all that change something", lambda operation: V4.has(operation) and not operation.reads_only)
ADDING = Group(
    "all that add a subscriber to a form, sequence or tag",
    lambda operation: operation.method == "POST" and _ADDS.fullmatch(operation.path) is not None,
)
ADDING_BY_ID = Group(
    "all that add a subscriber by id", lambda operation: ADDING.has(operation) and operation.path.endswith("/{id}")
)
BY_ADDRESS = Group("all that find a subscriber by address", lambda operation: operation.id.endswith("_by_email"))
SUBSCRIBERS = Group(
    "all that answer with a subscriber",
    lambda operation: (
        re.search(r"/subscribers(/\{id\})?$", operation.path) is not None
        and operation.method != "DELETE"
        and "/custom_fields/" not in operation.path
    ),
)
BROADCASTS = Group(
    "all that answer with a broadcast",
    lambda operation: (
        re.fullmatch(r"/v4/broadcasts(/\{id\})?", operation.path) is not None and operation.method != "DELETE"
    ),
)
PURCHASES = Group("all of purchases", lambda operation: operation.path.startswith("/v4/purchases"))

DELIVERIES = Subject("deliveries")
SEEDS = Subject("seeds")
SIMULATED = Subject("simulated events")

SUBJECTS: dict[str, Subject] = {subject.name: subject for subject in (DELIVERIES, SEEDS, SIMULATED)}
