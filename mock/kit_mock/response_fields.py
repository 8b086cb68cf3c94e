"""The optional fields of the document's answers, and which of them were seen in answers of the mock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

Field = tuple[str, str]
"""The name of a component schema and of a property that it defines itself."""

NEVER_SENT: Mapping[Field, str] = {
    (
        "SubscriberTag",
        "added_at",
    ): "a second name for `tagged_at` in the reference, which no sample has; the mock sends that",
}
"""Optional fields that the mock never sends, and why."""


@attrs.define
class ResponseFields:
    """Optional response fields of a document, and those that were seen so far."""

    raw: Mapping[str, Any]
    seen: set[Field] = attrs.field(factory=set)

    def optional(self) -> set[Field]:
        """Return every optional field that an answer can have."""
        found: set[Field] = set()
        visited: set[str] = set()
        for item in self.raw["paths"].values():
            for operation in item.values():
                for response in operation.get("responses", {}).values() if isinstance(operation, dict) else ():
                    self._collect(self._schema(response), "", found, visited)
        return found

    def missing(self) -> set[Field]:
        """Return the optional fields that were not seen and have no reason in `NEVER_SENT`."""
        return self.optional() - self.seen - NEVER_SENT.keys()

    def observe(self, operation: Mapping[str, Any], status: str, payload: Any) -> None:
        """Note the optional fields in the body of an answer to an operation of the document."""
        self._match(self._schema(operation["responses"][status]), "", payload)

    def _schema(self, response: Mapping[str, Any]) -> Mapping[str, Any]:
        contents: list[Mapping[str, Any]] = list(self._resolve(response).get("content", {}).values())
        return contents[0].get("schema", {}) if contents else {}

    def _collect(self, schema: Mapping[str, Any], owner: str, found: set[Field], visited: set[str]) -> None:
        owner = _name(schema) or owner
        if "$ref" in schema:
            if owner in visited:
                return
            visited.add(owner)
        schema = self._resolve(schema)
        for name, part in schema.get("properties", {}).items():
            if name not in schema.get("required", ()):
                found.add((owner, name))
            self._collect(part, "", found, visited)
        for part in _inner(schema):
            self._collect(part, owner, found, visited)

    def _match(self, schema: Mapping[str, Any], owner: str, value: Any) -> None:
        owner = _name(schema) or owner
        schema = self._resolve(schema)
        if isinstance(value, list) and "items" in schema:
            for item in value:
                self._match(schema["items"], owner, item)
        if isinstance(value, dict):
            for name, part in schema.get("properties", {}).items():
                if name in value:
                    self.seen.add((owner, name))
                    self._match(part, "", value[name])
        for keyword in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(keyword, ()):
                self._match(part, owner, value)

    def _resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            target: Any = self.raw
            for step in schema["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            schema = target
        return schema


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _inner(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from schema.get(keyword, ())
    if isinstance(items := schema.get("items"), dict):
        yield items
