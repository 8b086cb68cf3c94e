"""The operations of the document, with their arguments: what `call` and `doctor` go by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct

_METHODS = ("get", "post", "put", "patch", "delete")
# `$ref`s of this document are at most this deep; a schema that holds itself ends here.
_DEEPEST = 12


class Argument(Struct, frozen=True):
    """A parameter of an operation, or a field of its body."""

    name: str
    place: str
    """Where it goes: `path`, `query` or `body`."""
    schema: dict[str, Any]
    """Its JSON schema. References are resolved, one level of `anyOf` stays."""
    is_required: bool
    description: str


class Described(Struct, frozen=True):
    """An operation as the document describes it."""

    name: str
    """The `operationId`."""
    method: str
    path: str
    tag: str
    summary: str
    description: str
    security: tuple[str, ...]
    """The kinds of credentials of which one is needed: `apiKey`, `oauth2`, …; empty where none is."""
    has_body: bool
    arguments: dict[str, Argument]

    @property
    def is_list(self) -> bool:
        """Whether it answers with pages."""
        return self.method == "GET" and "after" in self.arguments

    def module(self) -> Any:
        """Import the generated module of the operation."""
        return import_module(f"kit_api.api.{self.tag}.{self.name}")

    def in_place(self, place: str) -> list[Argument]:
        """Return the arguments that go to one place."""
        return [argument for argument in self.arguments.values() if argument.place == place]


@cache
def operations() -> dict[str, Described]:
    """Return the operations that can be called, by name, in the order of the document."""
    document = raw_document()
    found: dict[str, Described] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            operation = item.get(method)
            if operation is not None and not _is_browser_page(operation):
                found[operation["operationId"]] = _described(document, path, method, item, operation)
    return found


@cache
def raw_document() -> dict[str, Any]:
    """Return the OpenAPI document that the client was made from."""
    document: dict[str, Any] = msgspec.json.decode((files("kit_api") / "openapi.json").read_bytes())
    return document


def resolved(schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return a schema with what it refers to in the place of references, and `allOf` merged."""
    made: dict[str, Any] = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
    parts: list[dict[str, Any]] = list(schema.get("allOf", ()))
    if "$ref" in schema:
        parts.append(_target(raw_document(), schema["$ref"]))
    for part in parts if depth < _DEEPEST else ():
        base = resolved(part, depth + 1)
        properties: dict[str, Any] = {**base.get("properties", {}), **made.get("properties", {})}
        required: list[str] = list(dict.fromkeys([*base.get("required", ()), *made.get("required", ())]))
        made = {**base, **made}
        if properties:
            made |= {"properties": properties, "required": required}
    return made


def _described(
    document: dict[str, Any], path: str, method: str, item: dict[str, Any], operation: dict[str, Any]
) -> Described:
    listed = [_followed(document, each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    arguments = {
        each["name"]: Argument(
            each["name"],
            each["in"],
            resolved(each.get("schema", {})),
            each.get("required", False),
            each.get("description", ""),
        )
        for each in listed
        if each["in"] in ("path", "query")
    }
    content = _followed(document, operation.get("requestBody", {})).get("content", {})
    for media in content.values():
        body = resolved(media.get("schema", {}))
        for name, schema in body.get("properties", {}).items():
            field = resolved(schema)
            is_required = name in body.get("required", ())
            arguments.setdefault(name, Argument(name, "body", field, is_required, field.get("description", "")))
    schemes = {name for alternative in operation.get("security", document.get("security", ())) for name in alternative}
    return Described(
        operation["operationId"],
        method.upper(),
        path,
        operation["tags"][0],
        operation.get("summary", ""),
        operation.get("description", ""),
        tuple(sorted(schemes)),
        bool(content),
        arguments,
    )


def _is_browser_page(operation: dict[str, Any]) -> bool:
    """Return whether an operation is a page that a person opens: it has no success of its own."""
    return not any(status.startswith("2") for status in operation["responses"])


def _followed(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Follow a `$ref`. Keys beside it override those of its target."""
    if "$ref" not in part:
        return part
    beside = {key: value for key, value in part.items() if key != "$ref"}
    return {**_followed(document, _target(document, part["$ref"])), **beside}


def _target(document: dict[str, Any], reference: str) -> dict[str, Any]:
    found: Any = document
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    target: dict[str, Any] = found
    return target
