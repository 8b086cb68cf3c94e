"""Reads the document for the contract suite: operations with their parameters, bodies and answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import attrs
import jsonschema_rs

Schema = Mapping[str, Any]
BehaviourName = Literal["current", "reference"]

PATH = Path(__file__).parents[2] / "generated" / "kit_api" / "openapi.json"
_BEYOND = "x-beyond-reference"
_METHODS = ("get", "post", "put", "delete")
_JSON = "application/json"


@attrs.frozen
class Parameter:
    """A parameter of the path or the query."""

    name: str
    location: str
    required: bool
    schema: Schema = attrs.field(repr=False)


@attrs.frozen
class Documented:
    """An answer that the document lists for an operation; `schema` is None for one without a JSON body."""

    status: str
    media_types: tuple[str, ...]
    schema: Schema | None = attrs.field(repr=False)
    headers: Mapping[str, Schema] = attrs.field(repr=False)


@attrs.frozen(eq=False)
class Operation:
    """A method and a path, and what the document says of them."""

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...] = attrs.field(repr=False)
    body: Schema | None = attrs.field(repr=False)
    media_type: str | None = attrs.field(repr=False)
    answers: Mapping[str, Documented] = attrs.field(repr=False)
    schemes: frozenset[str] = attrs.field(repr=False)

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

    @property
    def is_open(self) -> bool:
        """Whether it takes no credential."""
        return not self.schemes

    @property
    def takes_key(self) -> bool:
        """Whether an API key is enough."""
        return "apiKey" in self.schemes

    @property
    def is_list(self) -> bool:
        """Whether it answers with pages."""
        return any(each.name == "after" for each in self.parameters)

    @property
    def query(self) -> dict[str, Parameter]:
        """The parameters of the query by name."""
        return {each.name: each for each in self.parameters if each.location == "query"}

    @property
    def in_path(self) -> dict[str, Parameter]:
        """The parameters of the path by name."""
        return {each.name: each for each in self.parameters if each.location == "path"}

    @property
    def succeeds_with(self) -> tuple[int, ...]:
        """The statuses of success or redirection that are documented."""
        return tuple(int(status) for status in self.answers if status[0] in "23")

    def documented(self, status: int) -> Documented | None:
        """Return what the document says of a status, by itself or by its class such as `5XX`."""
        return self.answers.get(str(status)) or self.answers.get(f"{status // 100}XX")


class Document:
    """An OpenAPI document. For `reference`, all that Kit's reference of 2024 doesn't have is taken out of it."""

    def __init__(self, behaviour: BehaviourName = "current", path: Path = PATH) -> None:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        self.behaviour = behaviour
        self.raw: dict[str, Any] = as_of_the_reference(loaded) if behaviour == "reference" else loaded
        self._validators: dict[int, tuple[Schema, jsonschema_rs.Validator]] = {}

    def resolve(self, part: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow a `$ref`. Keys beside it override those that it refers to."""
        if "$ref" not in part:
            return part
        found: Any = self.raw
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return {**self.resolve(found), **{name: value for name, value in part.items() if name != "$ref"}}

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """All operations by id, in the order of the document."""
        return {
            each["operationId"]: self._operation(path, method, item, each)
            for path, item in self.raw["paths"].items()
            for method, each in item.items()
            if method in _METHODS
        }

    def raw_operation(self, operation: Operation) -> Mapping[str, Any]:
        """Return what the document has of an operation, as it stands there, with the parameters of its path."""
        item = self.raw["paths"][operation.path]
        raw: dict[str, Any] = item[operation.method.lower()]
        return {**raw, "parameters": [*item.get("parameters", ()), *raw.get("parameters", ())]}

    def _operation(self, path: str, method: str, item: Mapping[str, Any], raw: Mapping[str, Any]) -> Operation:
        given = [self.resolve(each) for each in (*item.get("parameters", ()), *raw.get("parameters", ()))]
        content = self.resolve(raw["requestBody"])["content"] if "requestBody" in raw else {}
        media_type = next(iter(content), None)
        return Operation(
            id=raw["operationId"],
            method=method.upper(),
            path=path,
            parameters=tuple(
                Parameter(each["name"], each["in"], bool(each.get("required")), self.resolve(each["schema"]))
                for each in given
            ),
            body=self.resolve(content[media_type]["schema"]) if media_type else None,
            media_type=media_type,
            answers={status: self._answer(status, self.resolve(each)) for status, each in raw["responses"].items()},
            schemes=frozenset(name for each in raw.get("security", self.raw.get("security", ())) for name in each),
        )

    def _answer(self, status: str, raw: Mapping[str, Any]) -> Documented:
        content = raw.get("content", {})
        headers = {name: self.resolve(self.resolve(each)["schema"]) for name, each in raw.get("headers", {}).items()}
        return Documented(status, tuple(content), content.get(_JSON, {}).get("schema"), headers)

    def problems(self, schema: Schema, value: Any) -> list[str]:
        """Return what is wrong with a value by a schema: where, and what was expected."""
        # The schema is kept with its validator, so that its id stays its own.
        _, validator = self._validators.get(id(schema)) or (None, None)
        if validator is None:
            whole = {**schema, "components": {"schemas": self.raw["components"]["schemas"]}}
            validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            self._validators[id(schema)] = (schema, validator)
        return [f"{_place(error.instance_path)}: {error.message}" for error in validator.iter_errors(value)]

    def parts(self, schema: Schema) -> Iterator[Schema]:
        """Yield a schema, and each that it is composed of."""
        schema = self.resolve(schema)
        yield schema
        for keyword in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(keyword, ()):
                yield from self.parts(part)

    def properties(self, schema: Schema) -> dict[str, Schema]:
        """Return the properties of an object by name."""
        return {name: inner for part in self.parts(schema) for name, inner in part.get("properties", {}).items()}

    def required(self, schema: Schema) -> set[str]:
        """Return the names that an object must have."""
        return {name for part in self.parts(schema) for name in part.get("required", ())}

    def types(self, schema: Schema) -> set[str]:
        """Return the JSON types that a schema allows."""
        found: set[str] = set()
        for part in self.parts(schema):
            given = part.get("type", ())
            found.update((given,) if isinstance(given, str) else given)
        return found

    def undocumented(self, schema: Schema, value: Any, place: str = "") -> Iterator[str]:
        """Yield the places of keys that the document doesn't know."""
        if isinstance(value, list):
            items = [part["items"] for part in self.parts(schema) if "items" in part]
            for item in value if items else ():
                yield from self.undocumented(items[0], item, f"{place}[]")
        elif isinstance(value, dict):
            known = self.properties(schema)
            is_open = any("additionalProperties" in part for part in self.parts(schema))
            for name, inner in value.items():
                if name in known:
                    yield from self.undocumented(known[name], inner, f"{place}.{name}")
                elif not is_open and known:
                    yield f"{place}.{name}"


def _place(path: list[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path) or "the body"


def as_of_the_reference(document: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of a document without what it marks as newer than Kit's reference of 2024."""
    shared = document["components"].get("parameters", {})
    newer = frozenset(f"#/components/parameters/{name}" for name, each in shared.items() if each.get(_BEYOND) is True)
    made: dict[str, Any] = _without(document, newer)
    made["paths"] = {path: kept for path, item in made["paths"].items() if (kept := _known(item))}
    known = {operation["operationId"] for item in made["paths"].values() for operation in item.values()}
    links = made["components"].get("links", {})
    gone = {f"#/components/links/{name}" for name, each in links.items() if each["operationId"] not in known}
    for item in made["paths"].values():
        for operation in item.values():
            for answer in operation["responses"].values():
                if "links" in answer:
                    answer["links"] = {name: to for name, to in answer["links"].items() if to["$ref"] not in gone}
    return made


def _known(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a path that the reference has."""
    return {method: each for method, each in item.items() if each.get(_BEYOND) is not True}


def _without(part: Any, newer: frozenset[str]) -> Any:
    def is_newer(inner: Any) -> bool:
        return isinstance(inner, dict) and (inner.get(_BEYOND) is True or inner.get("$ref") in newer)

    if isinstance(part, list):
        return [_without(each, newer) for each in part if not is_newer(each)]
    if not isinstance(part, dict):
        return part
    made = {
        name: {key: _without(each, newer) for key, each in inner.items() if not is_newer(each)}
        if name == "properties" and isinstance(inner, dict)
        else _without(inner, newer)
        for name, inner in part.items()
    }
    mark = part.get(_BEYOND)
    if mark == "nullable" and isinstance(part.get("type"), list):
        made["type"] = [name for name in part["type"] if name != "null"]
    if isinstance(mark, list) and isinstance(part.get("enum"), list):
        made["enum"] = [value for value in part["enum"] if value not in mark]
    return made
