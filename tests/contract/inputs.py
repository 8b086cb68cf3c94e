"""Invalid and valid values, made from the document's schemas."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import jsonschema_rs

from tests.contract.document import Document, Operation, Parameter, Schema

MISSING = object()
"""Stands for a value that is left out."""

UNKNOWN_IDS = {"unknown": 2**62, "zero": 0, "negative": -1, "text": "abc", "fraction": "1.5", "too large": 10**30}
_NO_CURSORS = ("nonsense", "!!!", "W10=", "WyJhIl0=", "eyJhIjoxfQ==", "WzFd0")
_WRONG: dict[str, tuple[Any, ...]] = {
    "string": ({"a": 1}, ["a"]),
    "integer": ("abc", 1.5, {"a": 1}, [1]),
    "number": ("abc", {"a": 1}, [1]),
    "boolean": ("maybe", 2, {"a": 1}, ["true"]),
    "array": ("abc", 5, {"a": 1}),
    "object": ("abc", 5, ["a"]),
}
# What a server that casts, as Kit's does, takes for one of the type.
_CASTABLE: dict[str, tuple[Any, ...]] = {
    "string": (5, True),
    "integer": ("5",),
    "number": ("5",),
    "boolean": ("true", 1),
    "array": (),
    "object": ([],),
}
_BAD_FORMAT = {
    "email": ("nobody", "a b@example.com", "@example.com", "ada@"),
    "uri": ("not a url", "/path"),
    "date-time": ("yesterday", "2023-13-01T00:00:00Z", "2023-02-30T00:00:00Z"),
    "date": ("yesterday", "2023-13-01", "2023-02-30", "17.02.2023"),
}


@attrs.frozen
class Bad:
    """A value that is to be refused: where it stands, what is wrong with it, and the value itself."""

    place: tuple[str | int, ...]
    what: str
    value: Any


def bad_queries(document: Document, operation: Operation, *, strict: bool) -> Iterator[Bad]:
    """Yield values of the query that the document doesn't allow."""
    for parameter in operation.query.values():
        for what, value in _bad_texts(document, parameter, strict=strict):
            yield Bad((parameter.name,), what, value)


def _bad_texts(document: Document, parameter: Parameter, *, strict: bool) -> Iterator[tuple[str, str]]:
    schema = parameter.schema
    if parameter.name in ("after", "before"):
        yield from (("no cursor", text) for text in _NO_CURSORS)
    types = document.types(schema)
    if "integer" in types:
        yield from (("no integer", text) for text in ("abc", "1.5", "1e3x"))
        yield from (("out of range", str(value)) for value in _outside(schema))
    if "boolean" in types and strict:
        yield from (("no boolean", text) for text in ("maybe", "2"))
    if choices := _choices(document, schema):
        yield from (("an unknown value", text) for text in ("nonsense", f"{choices[0]}x"))
    elif "array" in types and (choices := _choices(document, schema["items"])):
        yield "an unknown value", "nonsense"
        yield "an unknown value beside a known one", f"{choices[0]},nonsense"
    formats = {part["format"] for part in document.parts(schema) if "format" in part}
    if "date" in formats:
        yield from (("no date", text) for text in _BAD_FORMAT["date"])


def _outside(schema: Schema) -> list[int]:
    found = []
    if "minimum" in schema:
        found += [schema["minimum"] - 1, -(10**12)]
    if "maximum" in schema:
        found += [schema["maximum"] + 1, 10**12]
    return found


def _choices(document: Document, schema: Schema) -> list[Any]:
    return [value for part in document.parts(schema) for value in part.get("enum", ()) if value is not None]


def bad_bodies(document: Document, schema: Schema, body: Any, *, strict: bool) -> Iterator[Bad]:
    """Yield what to put where in a valid body, so that the document doesn't allow it any more."""
    for place, inner, required in places(document, schema, body):
        types = document.types(inner)
        if required:
            yield Bad(place, "missing", MISSING)
        if "null" not in types and not any("enum" in part and None in part["enum"] for part in document.parts(inner)):
            yield Bad(place, "null", None)
        for value in _wrong_types(types, strict=strict):
            yield Bad(place, "another type", value)
        if _choices(document, inner):
            yield Bad(place, "an unknown value", "nonsense")
        for part in document.parts(inner):
            for value in _BAD_FORMAT.get(part.get("format", ""), ()):
                yield Bad(place, f"no {part['format']}", value)
            if "array" not in types and "object" not in types:
                yield from (Bad(place, "out of range", value) for value in _outside(part))
            if part.get("minItems"):
                yield Bad(place, "too few items", [])
            if part.get("minLength"):
                yield Bad(place, "too short", "")


def good_bodies(document: Document, schema: Schema, body: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield what may stand where in a valid body: each value of an enum, and null where a schema has it."""
    for place, inner, _ in places(document, schema, body):
        for value in _choices(document, inner):
            yield place, value
        if "null" in document.types(inner):
            yield place, None


def _wrong_types(types: set[str], *, strict: bool) -> list[Any]:
    concrete = sorted(types - {"null"})
    tried = [value for name in concrete for value in (*_WRONG[name], *(_CASTABLE[name] if strict else ()))]
    return [value for value in tried if not jsonschema_rs.is_valid({"type": concrete}, value)]


def places(
    document: Document, schema: Schema, body: Any, place: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Schema, bool]]:
    """Yield each place in a body that its schema describes: where it is, its schema, and whether it is required."""
    if isinstance(body, list):
        items = next((part["items"] for part in document.parts(schema) if "items" in part), None)
        if items is not None and body:
            yield (*place, 0), items, False
            yield from places(document, items, body[0], (*place, 0))
    elif isinstance(body, Mapping):
        required = document.required(schema)
        for name, inner in document.properties(schema).items():
            if name in body:
                yield (*place, name), inner, name in required
                yield from places(document, inner, body[name], (*place, name))


def changed(body: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """Return a copy of a body with another value at a place, or without one."""
    made = copy.deepcopy(body)
    target = made
    for step in place[:-1]:
        target = target[step]
    if value is MISSING:
        del target[place[-1]]
    else:
        target[place[-1]] = value
    return made


def good_queries(document: Document, operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield each parameter of the query with values that the document allows, cursors left out."""
    for parameter in operation.query.values():
        schema = parameter.schema
        types = document.types(schema)
        formats = {part["format"] for part in document.parts(schema) if "format" in part}
        if parameter.name in ("after", "before"):
            continue
        if choices := _choices(document, schema):
            yield from ((parameter.name, value) for value in choices)
        elif "array" in types:
            choices = _choices(document, schema["items"])
            yield from ((parameter.name, value) for value in choices)
            yield parameter.name, ",".join(choices)
        elif "boolean" in types:
            yield from ((parameter.name, text) for text in ("true", "false"))
        elif "integer" in types:
            yield from ((parameter.name, str(schema[name])) for name in ("minimum", "maximum") if name in schema)
        elif "date" in formats:
            yield parameter.name, "2023-02-17"
            if "date-time" in formats:
                yield from ((parameter.name, text) for text in ("2023-02-17T08:00:00Z", "2023-02-17T08:00:00-05:00"))
