"""Places in JSON values: finds them by a schema, and changes the values there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from tests.contract.document import Document, Schema

ITEMS, VALUES = "[]", "*"
"""The steps to every item of an array, and to every value of an object whose keys aren't documented."""

Path = tuple[str, ...]
Holder = dict[str, Any]


@attrs.frozen
class Place:
    """A property of an object in a value.

    `owner` is the component that has the property, or the operation if the schema has no name of its own.
    """

    path: Path
    schema: Schema = attrs.field(repr=False)
    is_required: bool
    owner: str
    types: frozenset[str]

    @property
    def name(self) -> str:
        """The property's name."""
        return self.path[-1]

    @property
    def text(self) -> str:
        """The path as it is shown, such as `tags[].name`."""
        return ".".join(self.path).replace(".[]", "[]")

    @property
    def enum(self) -> tuple[Any, ...]:
        """The values that are allowed, if they are listed."""
        return tuple(self.schema.get("enum", ()))

    @property
    def format(self) -> str:
        """The format of a text; empty if it has none."""
        found: str = self.schema.get("format", "")
        return found


def places(document: Document, schema: Schema, owner: str, path: Path = (), depth: int = 0) -> Iterator[Place]:
    """Yield every property within a schema, the outer ones first."""
    if depth > 8:
        return
    owner = schema["$ref"].rpartition("/")[2] if "$ref" in schema else owner
    schema = document.resolve(schema)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(keyword, ()):
            yield from places(document, part, owner, path, depth + 1)
    for name, inner in schema.get("properties", {}).items():
        found = _merged(document, inner)
        required = name in document.required(schema)
        yield Place((*path, name), found, required, owner, frozenset(document.types(inner)))
        yield from places(document, inner, f"{owner}.{name}", (*path, name), depth + 1)
    if isinstance(schema.get("additionalProperties"), Mapping):
        inner = schema["additionalProperties"]
        yield Place((*path, VALUES), document.resolve(inner), False, owner, frozenset(document.types(inner)))
    if "items" in schema:
        yield from places(document, schema["items"], owner, (*path, ITEMS), depth + 1)


def _merged(document: Document, schema: Schema) -> Schema:
    """Return a schema with its type, enum and format at the top level, also if it allows null beside them."""
    found: dict[str, Any] = {**document.resolve(schema), "type": sorted(document.types(schema))}
    for part in document.parts(schema):
        found |= {name: part[name] for name in ("enum", "format", "minimum", "maximum", "items") if name in part}
    if "enum" in found:
        found["enum"] = [value for value in found["enum"] if value is not None]
    return found


def holders(value: Any, path: Path) -> Iterator[Holder]:
    """Yield the objects that have, or could have, the property at the end of a path."""
    step, rest = path[0], path[1:]
    if step == ITEMS:
        for item in value if isinstance(value, list) else ():
            yield from holders(item, rest)
    elif isinstance(value, dict):
        if not rest:
            yield value
        elif step == VALUES:
            for inner in value.values():
                yield from holders(inner, rest)
        elif step in value:
            yield from holders(value[step], rest)


def edit(value: Any, path: Path, change: Callable[[Holder, str], None]) -> None:
    """Call `change` with each object that has the property at the end of a path, and the property's name."""
    for holder in holders(value, path):
        for name in list(holder) if path[-1] == VALUES else [path[-1]]:
            if name in holder:
                change(holder, name)


def json_type(value: Any) -> str:
    """Return the JSON type of a value."""
    for kinds, name in (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (list, "array"),
        (dict, "object"),
    ):
        if isinstance(value, kinds):
            return name
    return "null"


def of_another_type(value: Any, types: frozenset[str]) -> Any:
    """Return a value of a type that isn't among `types`, as close as possible to the one given."""
    as_text = str(value).lower() if isinstance(value, bool) else str(value)
    allowed = types | {"integer"} if "number" in types else types
    candidates: tuple[Any, ...] = (as_text, 7, True, [], {})
    for candidate in candidates:
        if json_type(candidate) not in allowed:
            return candidate
    raise ValueError("every type is allowed")
