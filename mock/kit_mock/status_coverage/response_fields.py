"""The optional fields of the document's answers, and which of them were seen in answers of the mock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs
import httpx

Field = tuple[str, str]
"""The name of a component schema and of a property that it defines itself."""

NEVER_SENT: Mapping[Field, str] = {
    (
        "SubscriberTag",
        "added_at",
    ): "a second name for `tagged_at` in the reference, which no sample has; the mock sends that",
}
"""Optional fields that the mock never sends, and why."""


@attrs.define(slots=False)
class ResponseFields:
    """The optional response fields of a document, and those that were seen so far."""

    raw: Mapping[str, Any]
    seen: set[Field] = attrs.field(factory=set)

    def optional(self) -> set[Field]:
        """Return every optional field that a response can have."""
        found: set[Field] = set()
        visited: set[str] = set()
        for response in self._responses.values():
            self._collect(self._schema(response), "", found, visited)
        return found

    def missing(self) -> set[Field]:
        """Return the optional fields that were not seen and have no reason in `NEVER_SENT`."""
        return self.optional() - self.seen - NEVER_SENT.keys()

    def lines(self) -> Iterator[str]:
        """Yield how many optional fields were seen, and a line for each that was not, with the reason if there is one."""
        optional = self.optional()
        for field in sorted(optional - self.seen):
            yield f"never sent: {'.'.join(field)} ({NEVER_SENT.get(field, 'BUT nothing says why')})"
        yield f"{len(optional & self.seen)} of {len(optional)} optional response fields"

    def observe(self, operation_id: str, response: httpx.Response) -> None:
        """Note the fields in the body of a response to an operation."""
        described = self._responses.get((operation_id, str(response.status_code)))
        if described is not None and response.headers.get("Content-Type", "").startswith("application/json"):
            self._match(self._schema(described), "", response.json())

    @cached_property
    def _responses(self) -> dict[tuple[str, str], Mapping[str, Any]]:
        return {
            (operation["operationId"], status): response
            for item in self.raw["paths"].values()
            for operation in item.values()
            if isinstance(operation, dict)
            for status, response in operation.get("responses", {}).items()
        }

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
