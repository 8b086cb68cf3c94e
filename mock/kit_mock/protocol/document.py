"""Reads the OpenAPI document and compiles it, once for each file, into routes and validators.

The document is `openapi.json` of the package `kit_api`, which is looked up but not imported: the mock shares the
document with the client and nothing else.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import msgspec
from jsonschema_rs import Draft202012, Registry, ValidationError
from jsonschema_rs import Draft202012Validator as Validator

from kit_mock.protocol import files, reference_view, schema_parts
from kit_mock.protocol.casts import Caster
from kit_mock.protocol.errors import KitMockError, shown
from kit_mock.protocol.operation import Content, Operation, QueryParameter, RequestBody
from kit_mock.protocol.router import Router
from kit_mock.protocol.undocumented_routes import with_undocumented

# Schemas refer to each other through a registry, which holds a copy of all schemas under each of these names. Responses
# aren't checked for the format of email addresses, which would be a third of the cost of checking a page: addresses are
# checked when they come in, see `model.values.email_address`.
_REQUESTS = "urn:kit-mock:requests"
_ANSWERS = "urn:kit-mock:answers"
_SLIM_ANSWERS = "urn:kit-mock:slim-answers"  # Of operations with the parameter that `x-absent-with` names.
_BEYOND = reference_view.MARK
_ABSENT_WITH = "x-absent-with"
_METHODS = ("get", "put", "post", "delete", "patch")
_MOST_BYTES = 64 * 1024 * 1024
_MOST_STEPS = 100
"""From one `$ref` to the next."""
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@attrs.frozen
class Document:
    """A compiled document."""

    operations: Mapping[str, Operation]
    router: Router[Operation]
    api_key_header: str
    """In lower case."""
    raw: Mapping[str, Any] = attrs.field(repr=False)
    """The document as parsed JSON."""


_compiled: dict[tuple[str, int, int, bool], Document] = {}
_lock = threading.Lock()


def default_path() -> Path:
    """Return the path of the document in the package `kit_api`. Raises KitMockError if that isn't installed."""
    spec = importlib.util.find_spec("kit_api")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "openapi.json"
        if path.is_file():
            return path
    raise KitMockError("no OpenAPI document: the package kit_api isn't installed; name a document instead")


def load(path: Path | None = None, *, today: bool = True) -> Document:
    """Return the compiled document of a file, the default one if None. It is compiled again only if the file has changed.

    Without `today`, it has only the operations, parameters and fields that Kit's reference of 2024 lists.

    Raises KitMockError for a file that can't be read or isn't an OpenAPI document.
    """
    path = default_path() if path is None else path
    name = shown(str(path))
    try:
        found = path.stat()
        key = (str(path.resolve()), found.st_mtime_ns, found.st_size, today)
        with _lock:
            if key not in _compiled:
                _compiled[key] = _compile(msgspec.json.decode(files.read(path, _MOST_BYTES)), today=today)
            return _compiled[key]
    except OSError as error:
        raise KitMockError(f"cannot read the document {name}: {error.strerror or error}") from None
    except RecursionError:
        raise KitMockError(
            f"{name} isn't a usable OpenAPI document: it is nested too deeply, or holds itself"
        ) from None
    except (msgspec.DecodeError, ValidationError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise KitMockError(f"{name} isn't a usable OpenAPI document: {shown(repr(error))}") from None


def _compile(raw: dict[str, Any], *, today: bool) -> Document:
    return _Compiler(raw, today=today).document()


class _Compiler:
    def __init__(self, raw: dict[str, Any], *, today: bool) -> None:
        self._raw = raw
        self._today = today
        self._resolved: dict[int, dict[str, Any]] = {}
        self._alternatives: dict[int, int] = {}
        schemas = raw.get("components", {}).get("schemas", {})
        for schema in schemas.values():
            self._check(schema)
        self._registry = Registry(
            [
                (_REQUESTS, {"components": {"schemas": self._requested(schemas)}}),
                *((name, {"components": {"schemas": _referring(schemas, name)}}) for name in (_ANSWERS, _SLIM_ANSWERS)),
            ],
            draft=Draft202012,
        )
        self._schemes: dict[str, dict[str, Any]] = {
            name: self._resolve(scheme) for name, scheme in raw.get("components", {}).get("securitySchemes", {}).items()
        }

    def document(self) -> Document:
        operations = {operation.id: operation for operation in self._operations()}
        if not operations:
            raise ValueError("it has no operations")
        headers = [s["name"] for s in self._schemes.values() if s["type"] == "apiKey" and s["in"] == "header"]
        header = (headers or ["X-Kit-Api-Key"])[0].lower()
        return Document(operations, Router(with_undocumented(operations.values())), header, self._raw)

    def _operations(self) -> Iterator[Operation]:
        for path, item in self._raw["paths"].items():
            for method in _METHODS:
                if method in item and (self._today or item[method].get(_BEYOND) is not True):
                    yield self._operation(path, method.upper(), item, item[method])

    def _operation(self, path: str, method: str, item: dict[str, Any], raw: dict[str, Any]) -> Operation:
        parameters = [self._resolve(p) for p in (*item.get("parameters", ()), *raw.get("parameters", ()))]
        kinds = {
            self._schemes[name]["type"]
            for alternative in raw.get("security", self._raw.get("security", []))
            for name in alternative
        }
        return Operation(
            id=raw["operationId"],
            method=method,
            path=path,
            path_names=tuple(_PLACEHOLDER.findall(path)),
            query=tuple(
                self._parameter(p)
                for p in parameters
                if p["in"] == "query" and (self._today or p.get(_BEYOND) is not True)
            ),
            body=self._body(self._resolve(raw["requestBody"])) if "requestBody" in raw else None,
            takes_api_key="apiKey" in kinds,
            takes_token=bool(kinds & {"oauth2", "http"}),
            responses={
                status: self._response(
                    self._resolve(response),
                    _SLIM_ANSWERS if any(p["name"] == "slim" for p in parameters) else _ANSWERS,
                )
                for status, response in raw["responses"].items()
            },
            beyond_reference=frozenset(self._beyond_reference(raw)),
            pruning={} if self._today else dict(self._prunings(raw)),
        )

    def _requested(self, schema: Any) -> Any:
        """Return the schema that requests are checked with."""
        return schema if self._today else reference_view.without_marked(schema)

    def _prunings(self, raw: dict[str, Any]) -> Iterator[tuple[str, reference_view.Pruning]]:
        for status, response in raw["responses"].items():
            for content in self._resolve(response).get("content", {}).values():
                found = reference_view.pruning(content.get("schema", {}), self._resolve)
                if found is not None:
                    yield status, found

    def _beyond_reference(self, raw: dict[str, Any]) -> Iterator[str]:
        """Yield the statuses marked in an operation or in a shared response; all statuses if the operation is marked."""
        if raw.get(_BEYOND) is True:
            yield from raw["responses"]
            return
        yield from raw.get(_BEYOND, ())
        for status, response in raw["responses"].items():
            if self._resolve(response).get(_BEYOND) is True:
                yield status

    def _parameter(self, raw: dict[str, Any]) -> QueryParameter:
        # Handlers check the formats (dates, addresses, cursors), since Kit has messages of its own for them.
        schema = self._resolve(raw["schema"])
        if schema.get("format") == "cursor":
            schema = {name: value for name, value in schema.items() if name != "pattern"}
        return QueryParameter(
            name=raw["name"],
            required=raw.get("required", False),
            validator=self._validator(schema, formats=False),
            caster=Caster(self._resolve, raw["schema"]),
        )

    def _body(self, raw: dict[str, Any]) -> RequestBody:
        schemas = {media_type: content.get("schema", {}) for media_type, content in raw["content"].items()}
        contents = {
            media_type: Content(
                self._validator(schema, formats=True),
                Caster(self._resolve, schema),
                None if self._today else reference_view.pruning(schema, self._resolve),
            )
            for media_type, schema in schemas.items()
        }
        return RequestBody(raw.get("required", False), contents)

    def _response(self, raw: dict[str, Any], name: str) -> Validator | None:
        content = raw.get("content", {})
        if not content:
            return None
        _, first = next(iter(content.items()))
        return self._validator(first.get("schema", True), formats=True, name=name)

    def _validator(self, schema: dict[str, Any] | bool, *, formats: bool, name: str = _REQUESTS) -> Validator:
        self._check(schema)
        if name == _REQUESTS:
            schema = self._requested(schema)
        return Validator(_referring(schema, name), registry=self._registry, validate_formats=formats)

    def _check(self, schema: dict[str, Any] | bool) -> None:
        if isinstance(schema, dict):
            schema_parts.check_alternatives(schema, self._resolve, self._alternatives)

    def _resolve(self, raw: dict[str, Any]) -> dict[str, Any]:
        """Follow a `$ref`. Keys beside it override those of its target, as in OpenAPI 3.1."""
        found = raw
        steps = 0
        while "$ref" in found:
            if id(raw) in self._resolved:
                return self._resolved[id(raw)]
            steps += 1
            if steps > _MOST_STEPS:
                raise ValueError(f"$ref {found['$ref']} leads to itself")
            target: Any = self._raw
            for step in found["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            found = {**target, **{k: v for k, v in found.items() if k != "$ref"}} if len(found) > 1 else target
        if steps:
            self._resolved[id(raw)] = found
        return found


def _referring(schema: Any, name: str) -> Any:
    """Return a copy of a schema with `$ref`s to the registry; for responses, without the format of addresses."""
    if isinstance(schema, dict):
        made = {
            key: name + value
            if key == "$ref" and isinstance(value, str) and value.startswith("#")
            else _referring(value, name)
            for key, value in schema.items()
            if not (name != _REQUESTS and key == "format" and value == "email")
        }
        if name == _ANSWERS and isinstance(properties := schema.get("properties"), dict):
            always = [key for key, value in properties.items() if isinstance(value, dict) and _ABSENT_WITH in value]
            if always:
                made["required"] = [*schema.get("required", ()), *always]
        return made
    if isinstance(schema, list):
        return [_referring(part, name) for part in schema]
    return schema
