"""The parameters and body fields of the document, with a valid request around each, for tables over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs
import msgspec
import pytest

from kit_mock.protocol.document import default_path
from kit_mock.status_coverage.recipes import TABLE

RAW: dict[str, Any] = msgspec.json.decode(default_path().read_bytes())

# What a value must be to be good, where the schema doesn't say.
_GOOD: dict[str, Any] = {
    "colors": ["#00ff00"],
    "currency": "USD",
    "email_address": "ada@example.com",
    "event": {"name": "subscriber.tag_add", "tag_id": 1},
    "status": "paid",
}
_FORMATS = {"email": "ada@example.com", "uri": "http://127.0.0.1:9/", "date-time": "2023-02-17T10:00:00Z"}
_ANY_NAME = "city"
_ALWAYS = {"email_address", "lid", "pid"}
"""What a body has also where the document lets it be left out, as the reference needs it."""

BEHAVIOURS = ("reference", "current")
_MARK = "x-beyond-reference"

Path = tuple[str | int, ...]


def resolved(raw: dict[str, Any]) -> dict[str, Any]:
    """The schema, parameter or body that a reference leads to; of alternatives, the one that isn't null."""
    while "$ref" in raw or "anyOf" in raw:
        if "anyOf" in raw:
            raw = next(part for part in raw["anyOf"] if part != {"type": "null"})
            continue
        found = RAW
        for step in raw["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        raw = found
    return raw


def operations(behaviour: str = "current") -> Iterator[tuple[str, dict[str, Any]]]:
    """Method in lower case and operation, of all that a behaviour has."""
    for item in RAW["paths"].values():
        for method, raw in item.items():
            if method != "parameters" and _is_known(raw, behaviour):
                yield method, {**raw, "parameters": [*item.get("parameters", ()), *raw.get("parameters", ())]}


def bodies(behaviour: str = "current") -> list[str]:
    """The ids of all operations of a behaviour that take a body."""
    return sorted(raw["operationId"] for _, raw in operations(behaviour) if "requestBody" in raw)


def line(operation_id: str) -> tuple[str, str]:
    """Method and path, with the query, of a request that succeeds."""
    method, _, path = next(iter(TABLE[operation_id].values())).line.partition(" ")
    return method, path


@attrs.frozen
class Parameter:
    """A parameter of a query."""

    operation_id: str
    name: str
    types: tuple[str, ...]
    required: bool

    def __str__(self) -> str:
        return f"{self.operation_id}-{self.name}"


@attrs.frozen
class Field:
    """A place in a body, by the names and numbers that lead there."""

    operation_id: str
    path: Path
    types: tuple[str, ...]
    is_free: bool
    """Whether any value of its type is good."""
    schema: dict[str, Any]
    """Of the whole body."""

    def __str__(self) -> str:
        return f"{self.operation_id}-{'.'.join(map(str, self.path))}"

    def body(self, value: Any) -> Any:
        """A body with that value in its place, and with whatever else must be there."""
        return _built(self.schema, self.path, value)


def parameters(behaviour: str = "current") -> list[Parameter]:
    """All parameters of all queries that a behaviour has."""
    return [
        Parameter(raw["operationId"], found["name"], _types(found["schema"]), found.get("required", False))
        for _, raw in operations(behaviour)
        for found in map(resolved, raw["parameters"])
        if found["in"] == "query" and _is_known(found, behaviour)
    ]


def per_behaviour(find: Callable[[str], list[Any]], wanted: Callable[[Any], bool] = lambda found: True) -> list[Any]:
    """What each behaviour has of what is wanted, as parameters of a test: the behaviour and what was found."""
    return [
        pytest.param(behaviour, found, id=f"{behaviour}-{found}")
        for behaviour in BEHAVIOURS
        for found in find(behaviour)
        if wanted(found)
    ]


def beyond_reference(find: Callable[[str], list[Any]]) -> list[Any]:
    """What is only found under `current`, in operations that both behaviours have."""
    known = set(map(str, find("reference")))
    shared = {raw["operationId"] for _, raw in operations("reference")}
    return [found for found in find("current") if str(found) not in known and found.operation_id in shared]


def fields(behaviour: str = "current") -> list[Field]:
    """All places of all bodies that a behaviour has, containers too, but the bodies themselves."""
    return [
        Field(raw["operationId"], path, _types(schema, behaviour), is_free, content["schema"])
        for _, raw in operations(behaviour)
        if "requestBody" in raw
        for content in resolved(raw["requestBody"])["content"].values()
        for path, schema, is_free in _places(content["schema"], (), behaviour, is_free=True)
        if path
    ]


def _is_known(raw: dict[str, Any], behaviour: str) -> bool:
    return behaviour == "current" or raw.get(_MARK) is not True


def _types(schema: dict[str, Any], behaviour: str = "current") -> tuple[str, ...]:
    found = resolved(schema)
    types = found.get("type", "string")
    types = [types] if isinstance(types, str) else types
    if behaviour == "reference" and found.get(_MARK) == "nullable":
        types = [name for name in types if name != "null"]
    return (*types, *(["null"] if {"type": "null"} in schema.get("anyOf", ()) else []))


def _places(
    schema: dict[str, Any], path: Path, behaviour: str, *, is_free: bool
) -> Iterator[tuple[Path, dict[str, Any], bool]]:
    found = resolved(schema)
    is_free = is_free and not {"enum", "format"} & (found.keys() if "string" in _types(schema) else set())
    yield path, schema, is_free
    if "items" in found:
        yield from _places(found["items"], (*path, 0), behaviour, is_free=is_free)
    inside = dict(found.get("properties", {}))
    if isinstance(found.get("additionalProperties"), dict):
        inside[_ANY_NAME] = found["additionalProperties"]
    for name, inner in inside.items():
        is_rule = name in _GOOD and not isinstance(_GOOD[name], dict)
        if _is_known(inner, behaviour):
            yield from _places(inner, (*path, name), behaviour, is_free=is_free and not is_rule)


def _built(schema: dict[str, Any], path: Path, value: Any) -> Any:
    if not path:
        return value
    found = resolved(schema)
    step, *rest = path
    if step == 0:
        return [_built(found["items"], tuple(rest), value)]
    assert isinstance(step, str)
    inner = found.get("properties", {}).get(step) or found["additionalProperties"]
    made = _built(inner, tuple(rest), value)
    if isinstance(_GOOD.get(step), dict) and isinstance(made, dict):
        made = {**_GOOD[step], **made} if rest else made
        made |= {rest[0]: value} if len(rest) == 1 else {}
    return {**_needed(found), step: made}


def _needed(schema: dict[str, Any]) -> dict[str, Any]:
    """The fields that an object must have, each with a good value."""
    properties = schema.get("properties", {})
    names = [name for name in properties if name in _ALWAYS or name in schema.get("required", ())]
    return {name: _good(properties[name], name) for name in names}


def _good(schema: dict[str, Any], name: str) -> Any:
    if name in _GOOD:
        return _GOOD[name]
    found = resolved(schema)
    if "enum" in found:
        return found["enum"][0]
    types = _types(schema)
    if "object" in types:
        return _needed(found)
    if "array" in types:
        return [_good(found["items"], "")]
    return _FORMATS.get(found.get("format", ""), "7") if "string" in types else 1
