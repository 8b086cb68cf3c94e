"""Casts values to the types that the document gives them, as the service does: a scalar whose meaning is plain.

The rules named `cast_…` in `kit_mock.rules.topics.requests` say what is cast. Anything else stays unchanged, and the
validator refuses it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from functools import cached_property
from types import NoneType
from typing import Any

from kit_mock.protocol.schema_parts import Resolve, parts

_INTEGER = re.compile(r"[+-]?\d{1,30}", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?(e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_FALSE = frozenset({"false", "f", "0", "off"})
_TRUE = frozenset({"true", "t", "1", "on"})
_NUMERIC = frozenset({"integer", "number"})
_TYPE_NAMES = {
    NoneType: "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def flag(text: str) -> bool:
    """Read a boolean of a query: false for `false f 0 off` in any case, true for any other text."""
    return text.strip().lower() not in _FALSE


class Caster:
    """The types that a schema allows for a value, with a caster for each property and item of it.

    `resolve` follows a `$ref`. Casters for properties and items are made when first needed, since schemas can be
    recursive. Of alternatives (`anyOf` and the like), the types and properties of all are allowed.
    """

    def __init__(self, resolve: Resolve, *schemas: Any) -> None:
        self._resolve = resolve
        self._schemas = [part for schema in schemas if isinstance(schema, dict) for part in parts(schema, resolve)]

    def _inside(self, *schemas: Any) -> Caster | None:
        found = [schema for schema in schemas if isinstance(schema, dict)]
        return Caster(self._resolve, *found) if found else None

    @cached_property
    def types(self) -> frozenset[str]:
        """The JSON types that are allowed; empty if the schema names none."""
        return frozenset(name for schema in self._schemas for name in _types(schema))

    @cached_property
    def is_boolean(self) -> bool:
        """Whether only a boolean, or also null, is allowed."""
        return "boolean" in self.types and self.types <= {"boolean", "null"}

    @cached_property
    def choices(self) -> frozenset[str] | None:
        """The only texts that are allowed, or None if any is."""
        choices: set[str] = set()
        for schema in self._schemas:
            if "enum" in schema:
                choices.update(value for value in schema["enum"] if isinstance(value, str))
            elif "string" in _types(schema):
                return None
        return frozenset(choices)

    @cached_property
    def items(self) -> Caster | None:
        """The caster for the items of a list, or None if the schema says nothing of them."""
        return self._inside(*(schema.get("items") for schema in self._schemas))

    @cached_property
    def _others(self) -> Caster | None:
        return self._inside(*(schema.get("additionalProperties") for schema in self._schemas))

    @cached_property
    def _properties(self) -> Mapping[str, Caster]:
        found: dict[str, list[Any]] = {}
        for schema in self._schemas:
            for name, inner in schema.get("properties", {}).items():
                found.setdefault(name, []).append(inner)
        return {name: Caster(self._resolve, *schemas) for name, schemas in found.items()}

    @property
    def names(self) -> Collection[str]:
        """The properties of an object that the schema names."""
        return self._properties.keys()

    @cached_property
    def most_entries(self) -> int | None:
        """How many items or entries a value may have, or None if the schema doesn't say."""
        found = (schema.get(limit) for schema in self._schemas for limit in ("maxItems", "maxProperties"))
        return max((limit for limit in found if limit is not None), default=None)

    def property(self, name: str) -> Caster | None:
        """Return the caster for a property of an object, or None if the schema says nothing of it."""
        return self._properties.get(name, self._others)

    def cast(self, value: Any) -> Any:
        """Cast all that can be cast in a value. Returns the same object if there is nothing to cast."""
        if isinstance(value, dict):
            return self._object(value)
        if isinstance(value, list):
            return {} if not value and self._wants("object", "array") else self._list(value)
        return self._scalar(value)

    def _wants(self, type_: str, given: str) -> bool:
        return type_ in self.types and given not in self.types

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        changed = {}
        for name, inner in value.items():
            caster = self.property(name)
            if caster is not None and (found := caster.cast(inner)) is not inner:
                changed[name] = found
        return {**value, **changed} if changed else value

    def _list(self, value: list[Any]) -> list[Any]:
        if self.items is None:
            return value
        found = [self.items.cast(item) for item in value]
        return found if any(new is not old for new, old in zip(found, value, strict=True)) else value

    def _scalar(self, value: Any) -> Any:
        match value:
            case None:
                return value
            case bool():
                return str(value).lower() if self._wants("string", "boolean") else value
            case int() | float():
                return self._number(value)
            case _:
                return self._text(value)

    def _number(self, value: float) -> Any:
        if "number" in self.types or (value == int(value) and "integer" in self.types):
            return value
        if "string" in self.types:
            return str(value)
        return bool(value) if "boolean" in self.types and value in (0, 1) else value

    def _text(self, value: str) -> Any:
        if "string" in self.types and (self.choices is None or value in self.choices):
            return value
        text = value.strip().lower()
        if not self.types.isdisjoint(_NUMERIC) and _INTEGER.fullmatch(text):
            return int(text)
        if "number" in self.types and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        if "boolean" in self.types and (text in _TRUE or text in _FALSE):
            return text in _TRUE
        return None if not text and self._wants("null", "string") else value


def _types(schema: Mapping[str, Any]) -> list[str]:
    """Return the types that a schema names, or else those of the values in its `enum`."""
    found = schema.get("type")
    if found is None:
        return sorted({_TYPE_NAMES[type(value)] for value in schema.get("enum", ())})
    return [found] if isinstance(found, str) else list(found)
