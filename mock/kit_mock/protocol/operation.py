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
    """A parameter of the query: the caster says how its text is to be read."""

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
    """What a body of one media type can hold."""

    validator: Validator
    caster: Caster
    pruning: Pruning | None = None
    """What to remove before anything else, where fields of today are not known."""


@attrs.frozen
class RequestBody:
    """The body of an operation: the media types that the document has for it, and what each can hold."""

    required: bool
    contents: Mapping[str, Content]
    is_fixed: bool = False
    """Whether no other media type is ever taken."""


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
    """What to remove from the body of an answer, by status, where fields of today are not to be sent."""

    @property
    def is_open(self) -> bool:
        """Whether it is called without credentials."""
        return not (self.takes_api_key or self.takes_token)

    @property
    def is_list(self) -> bool:
        """Whether it answers with a page of a list."""
        return any(parameter.name == "after" for parameter in self.query)

    @property
    def reads_only(self) -> bool:
        """Whether it changes nothing, by its method."""
        return self.method == "GET"

    def pruned(self, status: int, payload: Any) -> Any:
        """Return the body of an answer without the fields that are not to be sent."""
        pruning = self.pruning.get(str(status))
        return payload if pruning is None else pruning.apply(payload)

    def disagreement(self, status: int, payload: Any) -> str | None:
        """Why the document doesn't allow this response, or None if it does.

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
