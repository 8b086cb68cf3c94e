"""Counts how much of the document a run has tried: operations, parameters, schema keywords, examples and answers.

operation   an answer of success or redirection came
parameter   a request that had it succeeded; fields of bodies count as parameters, at any depth
keyword     a value of a request kept to it, and another one broke it
example     a request had it
answer      it came; those with 5XX are left out, since no request can bring them about
"""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

import attrs
import jsonschema_rs

from tests.contract.document import Document, Operation, Schema

Kind = Literal["operations", "parameters", "keywords", "examples", "answers"]
Found = dict[Kind, set[str]]
KINDS: tuple[Kind, ...] = ("operations", "parameters", "keywords", "examples", "answers")
GOALS: Mapping[Kind, int] = {"operations": 100, "parameters": 95, "keywords": 95, "examples": 100, "answers": 95}
"""Per cent that a whole run on the mock must reach."""

_FORM = "application/x-www-form-urlencoded"
# The formats that the validator knows; nothing breaks another one.
_FORMATS = ("date", "date-time", "email", "uri")
# Each keyword, and the JSON types of the values that it is about.
_KEYWORDS: dict[str, tuple[type, ...]] = {
    "type": (object,),
    "enum": (object,),
    "const": (object,),
    "format": (str,),
    "pattern": (str,),
    "minLength": (str,),
    "maxLength": (str,),
    "minimum": (int, float),
    "maximum": (int, float),
    "minItems": (list,),
    "maxItems": (list,),
}


@attrs.frozen
class Sent:
    """A request and the status that came for it."""

    operation: Operation
    status: int | None
    target: str = ""
    """The path and the query, as they were sent."""
    content: bytes | None = attrs.field(default=None, repr=False)


class Coverage:
    """What was tried of a document. `found` can be merged with what other processes found.

    Args:
        document: The document.
        chosen: The operations that are to be tried; None for all.
    """

    def __init__(self, document: Document, chosen: Container[str] | None = None) -> None:
        self._document = document
        self._chosen: Container[str] = document.operations if chosen is None else chosen
        self._examples = {id_: _examples(document, each) for id_, each in document.operations.items()}
        self.found: Found = {kind: set() for kind in KINDS}

    def saw(self, sent: Sent) -> None:
        """Count a request."""
        operation = sent.operation
        succeeded = sent.status is not None and 200 <= sent.status < 400
        if sent.status is not None and operation.documented(sent.status):
            self.found["answers"].add(f"{operation.id} {sent.status}")
        if succeeded:
            self.found["operations"].add(operation.id)
        for place, schema, value, is_text in self._values(sent):
            if succeeded:
                self.found["parameters"].update(self._parameters(schema, value, place))
            self.found["examples"].update(_equal(self._examples[operation.id], place, value))
            self.found["keywords"].update(self._judged(schema, value, place, is_text=is_text))

    def merge(self, found: Mapping[Kind, Iterable[str]]) -> None:
        """Add what another process found."""
        for kind, names in found.items():
            self.found[kind].update(names)

    @cached_property
    def whole(self) -> Found:
        """Everything in the document that is to be tried."""
        whole: Found = {kind: set() for kind in KINDS}
        for operation in self._document.operations.values():
            if operation.id not in self._chosen:
                continue
            whole["operations"].add(operation.id)
            whole["answers"].update(f"{operation.id} {status}" for status in operation.answers if status != "5XX")
            whole["examples"].update(self._examples[operation.id])
            for place, schema, is_text in _roots(operation):
                whole["parameters"].update(self._all_parameters(schema, place))
                whole["keywords"].update(self._all_keywords(schema, place, is_text=is_text))
            whole["keywords"].update(
                f"{operation.id} query {name} required" for name, each in operation.query.items() if each.required
            )
        return whole

    def missed(self, kind: Kind) -> list[str]:
        """Return what was not tried."""
        found = self.found[kind]
        if kind == "keywords":
            found = {name[:-1] for name in found if f"{name[:-1]}+" in found and f"{name[:-1]}-" in found}
        return sorted(self.whole[kind] - found)

    def per_cent(self, kind: Kind) -> float:
        """Return how much was tried."""
        whole = len(self.whole[kind])
        return 100.0 * (whole - len(self.missed(kind))) / whole if whole else 100.0

    def _values(self, sent: Sent) -> Iterator[tuple[str, Schema, Any, bool]]:
        """Yield each parameter and the body that were sent: place, schema, value, and whether it was sent as text."""
        operation = sent.operation
        path, _, query = sent.target.partition("?")
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(operation.path))
        given = re.fullmatch(f".*{pattern}", path)
        texts = {("path", name): unquote(text) for name, text in (given.groupdict() if given else {}).items()}
        texts |= {("query", name): text for name, text in parse_qsl(query, keep_blank_values=True)}
        for parameter in operation.parameters:
            place = f"{operation.id} {parameter.location} {parameter.name}"
            text = texts.get((parameter.location, parameter.name))
            if text is not None:
                yield place, parameter.schema, _read(self._document, parameter.schema, text), True
            if parameter.location == "query" and parameter.required:
                self.found["keywords"].add(f"{place} required{'-' if text is None else '+'}")
        if operation.body is not None and sent.content:
            try:
                body = json.loads(sent.content)
            except ValueError:
                if operation.media_type != _FORM:
                    return
                body = dict(parse_qsl(sent.content.decode("utf-8", "replace"), keep_blank_values=True))
            yield f"{operation.id} body", operation.body, body, False

    def _inner(self, schema: Schema, place: str) -> Iterator[tuple[str, Schema]]:
        for name, inner in self._document.properties(schema).items():
            yield f"{place}.{name}", inner
        for part in self._document.parts(schema):
            if isinstance(part.get("items"), Mapping):
                yield f"{place}[]", part["items"]

    def _all_parameters(self, schema: Schema, place: str) -> Iterator[str]:
        yield place
        for inner_place, inner in self._inner(schema, place):
            yield from self._all_parameters(inner, inner_place)

    def _parameters(self, schema: Schema, value: Any, place: str) -> Iterator[str]:
        yield place
        for inner_place, inner, inner_value in self._inside(schema, value, place):
            yield from self._parameters(inner, inner_value, inner_place)

    def _inside(self, schema: Schema, value: Any, place: str) -> Iterator[tuple[str, Schema, Any]]:
        for inner_place, inner in self._inner(schema, place):
            if inner_place.endswith("[]") and isinstance(value, list):
                for item in value:
                    yield inner_place, inner, item
            elif isinstance(value, dict) and (name := inner_place.removeprefix(f"{place}.")) in value:
                yield inner_place, inner, value[name]

    def _all_keywords(self, schema: Schema, place: str, *, is_text: bool) -> Iterator[str]:
        for name, _, _ in self._keywords(schema, place, is_text=is_text):
            yield name
        for inner_place, inner in self._inner(schema, place):
            yield from self._all_keywords(inner, inner_place, is_text=is_text)

    def _judged(self, schema: Schema, value: Any, place: str, *, is_text: bool) -> Iterator[str]:
        for name, rule, about in self._keywords(schema, place, is_text=is_text):
            if isinstance(value, about) and not (isinstance(value, bool) and about == (int, float)):
                yield f"{name}{'+' if jsonschema_rs.is_valid(rule, value, validate_formats=True) else '-'}"
        for inner_place, inner, inner_value in self._inside(schema, value, place):
            yield from self._judged(inner, inner_value, inner_place, is_text=is_text)

    def _keywords(
        self, schema: Schema, place: str, *, is_text: bool
    ) -> Iterator[tuple[str, dict[str, Any], tuple[type, ...]]]:
        """Yield each keyword of a schema that a value can break: its name, a schema of it alone, and the types it is about."""
        types = self._document.types(schema)
        for part in self._document.parts(schema):
            for keyword, about in _KEYWORDS.items():
                if keyword not in part or (keyword == "format" and part["format"] not in _FORMATS):
                    continue
                if keyword == "type" and is_text and "string" in types:
                    continue  # Any text is a string.
                yield f"{place} {keyword} {json.dumps(part[keyword])}", {keyword: part[keyword]}, about
            for required in part.get("required", ()):
                yield f"{place} required {required}", {"required": [required]}, (dict,)


def _read(document: Document, schema: Schema, text: str) -> Any:
    """Return a text as the type that a schema asks for, or as it is if it can't be that."""
    types = document.types(schema)
    if "integer" in types and re.fullmatch(r"-?\d+", text):
        return int(text)
    if types & {"integer", "number"} and re.fullmatch(r"-?\d+\.\d+", text):
        return float(text)
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    if "array" in types:
        return text.split(",")
    return text


def _examples(document: Document, operation: Operation) -> dict[str, tuple[str, Any]]:
    """Return the examples of an operation's requests: by name, the place and the value."""
    found: dict[str, tuple[str, Any]] = {}
    raw = document.raw_operation(operation)
    for each in map(document.resolve, raw["parameters"]):
        place = f"{operation.id} {each['in']} {each['name']}"
        for name, value in _of_part(document, each):
            found[f"{place} example {name}"] = (place, value)
    for content in document.resolve(raw.get("requestBody", {})).get("content", {}).values():
        for name, value in _of_part(document, content):
            found[f"{operation.id} body example {name}"] = (f"{operation.id} body", value)
    return found


def _of_part(document: Document, part: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if "example" in part:
        yield "", part["example"]
    for name, each in part.get("examples", {}).items():
        yield name, document.resolve(each)["value"]


def _equal(examples: Mapping[str, tuple[str, Any]], place: str, value: Any) -> Iterator[str]:
    for name, (where, example) in examples.items():
        if where == place and json.dumps(example, sort_keys=True) == json.dumps(value, sort_keys=True):
            yield name


def _roots(operation: Operation) -> Iterator[tuple[str, Schema, bool]]:
    """Yield what a request of an operation consists of: place, schema, and whether it is sent as text."""
    for each in operation.parameters:
        yield f"{operation.id} {each.location} {each.name}", each.schema, True
    if operation.body is not None:
        yield f"{operation.id} body", operation.body, False
