"""One operation of the document, compiled: what it takes, who may call it and what it may answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from jsonschema_rs import Draft202012Validator as Validator

from kit_mock.protocol.casts import Caster
from kit_mock.protocol.reference_view import Pruning

_ERRORS = Validator(
    {
        "type": "object",
        "required": ["errors"],
        "properties": {"errors": {"type": "array", "minItems": 1, "items": {"type": "string"}}},
    }
)


@attrs.frozen
class QueryParameter:
    """A query parameter. Its caster reads the text."""

    name: str
    required: bool
    validator: Validator
    caster: Caster
    is_list: bool = attrs.field(init=False)

    @is_list.default
    def _is_list(self) -> bool:
        return "array" in self.caster.types


@attrs.frozen
class Content:
    """The schema of a body of one media type."""

    validator: Validator
    caster: Caster
    pruning: Pruning | None = None
    """Removes what Kit's reference doesn't have, first of all; None under the behaviour `current`."""


@attrs.frozen
class RequestBody:
    """The body of an operation: the schema for each media type that the document has."""

    required: bool
    contents: Mapping[str, Content]
    is_fixed: bool = False
    """Whether other media types are refused even by a mock that isn't strict."""


@attrs.frozen
class Operation:
    """An operation of the document. `path` is the template, `method` is in upper case."""

    id: str
    method: str
    path: str
    path_names: tuple[str, ...]
    query: tuple[QueryParameter, ...]
    body: RequestBody | None
    takes_api_key: bool
    takes_token: bool
    responses: Mapping[str, Validator | None]
    beyond_reference: frozenset[str] = frozenset()
    """The statuses that the document has and Kit's reference doesn't list."""
    pruning: Mapping[str, Pruning] = attrs.field(factory=dict)
    """By status, removes what Kit's reference doesn't have from the body of a response."""

    @property
    def is_open(self) -> bool:
        """Whether it is called without credentials."""
        return not (self.takes_api_key or self.takes_token)

    @property
    def is_list(self) -> bool:
        """Whether its response is a page of a list."""
        return any(parameter.name == "after" for parameter in self.query)

    @property
    def reads_only(self) -> bool:
        """Whether it changes nothing: its method is GET."""
        return self.method == "GET"

    def pruned(self, status: int, payload: Any) -> Any:
        """Return the body of a response without the fields that `pruning` removes."""
        pruning = self.pruning.get(str(status))
        return payload if pruning is None else pruning.apply(payload)

    def disagreement(self, status: int, payload: Any) -> str | None:
        """Return why the document doesn't allow this response, or None if it does.

        An error status that the document doesn't list for the operation (405, 415, …) must be Kit's usual error body.
        """
        key = str(status)
        if key in self.responses:
            validator = self.responses[key]
            if validator is None:
                return None if payload is None else f"a {status} has no body"
        elif status >= 400:
            validator = _ERRORS
        else:
            return f"status {status} isn't documented"
        if validator.is_valid(payload):
            return None
        first = next(validator.iter_errors(payload))
        return f"{first.message} at /{'/'.join(map(str, first.instance_path))}"
