"""Removes what Kit's reference of 2024 doesn't have, marked `x-beyond-reference` in the document.

Under the behaviour `reference`, requests are checked with the schemas that `without_marked` returns, and `Pruning` removes
the marked fields from the bodies of requests and responses. So no handler repeats which fields are new.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from kit_mock.protocol.schema_parts import Resolve, parts

MARK = "x-beyond-reference"
NULLABLE = "nullable"


def without_marked(schema: Any) -> Any:
    """Return a copy of a part of the document without marked properties, parameters, enumeration values and nulls."""
    if isinstance(schema, list):
        return [without_marked(part) for part in schema if not (isinstance(part, dict) and part.get(MARK) is True)]
    if not isinstance(schema, dict):
        return schema
    made = {name: without_marked(part) for name, part in schema.items()}
    if isinstance(properties := schema.get("properties"), dict):
        made["properties"] = {
            name: without_marked(part)
            for name, part in properties.items()
            if not (isinstance(part, dict) and part.get(MARK) is True)
        }
    if schema.get(MARK) == NULLABLE and isinstance(types := schema.get("type"), list):
        made["type"] = [name for name in types if name != "null"]
    if isinstance(schema.get("enum"), list) and isinstance(marked := schema.get(MARK), list):
        made["enum"] = [value for value in schema["enum"] if value not in marked]
    return made


@attrs.frozen
class Pruning:
    """Removes marked properties from the JSON that a schema describes."""

    names: frozenset[str]
    """Properties to remove."""
    inner: Mapping[str, Pruning]
    """What to remove inside of other properties. It applies to each item of a list."""

    def apply(self, value: Any) -> Any:
        """Return a copy of the value without the marked properties."""
        if isinstance(value, list):
            return [self.apply(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: self.inner[name].apply(part) if name in self.inner else part
            for name, part in value.items()
            if name not in self.names
        }


def pruning(schema: dict[str, Any], resolve: Resolve, known: dict[int, Pruning | None] | None = None) -> Pruning | None:
    """Return what to remove from the JSON that a schema describes, or None if nothing of it is marked.

    `known` has what was found before, by the id of the schema. Raises RecursionError for a schema that contains itself.
    """
    known = {} if known is None else known
    if id(schema) in known:
        return known[id(schema)]
    names: set[str] = set()
    inner: dict[str, Pruning] = {}
    for part in parts(schema, resolve, of_items=True):
        for name, child in part.get("properties", {}).items():
            if child.get(MARK) is True:
                names.add(name)
            elif (found := pruning(child, resolve, known)) is not None:
                inner[name] = found
    known[id(schema)] = Pruning(frozenset(names), inner) if names or inner else None
    return known[id(schema)]
