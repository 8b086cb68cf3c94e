"""From a method and a path to an operation: a tree of path segments, made once from the document."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from kit_mock.protocol.errors import method_not_allowed, not_found
from kit_mock.protocol.operation import Operation


@attrs.define
class _Node:
    literal: dict[str, _Node] = attrs.field(factory=dict)
    placeholder: _Node | None = None
    operations: dict[str, Operation] = attrs.field(factory=dict)

    def find(self, segments: list[str], at: int, values: list[str]) -> _Node | None:
        """The node that the segments lead to; a literal segment is preferred to a placeholder."""
        if at == len(segments):
            return self if self.operations else None
        child = self.literal.get(segments[at])
        if child is not None and (found := child.find(segments, at + 1, values)) is not None:
            return found
        if self.placeholder is None or not segments[at]:
            return None
        values.append(segments[at])
        found = self.placeholder.find(segments, at + 1, values)
        if found is None:
            values.pop()
        return found


class Router:
    """All routes of a document."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._root
            for segment in operation.path.split("/"):
                if segment.startswith("{"):
                    node.placeholder = node.placeholder or _Node()
                    node = node.placeholder
                else:
                    node = node.literal.setdefault(segment, _Node())
            node.operations[operation.method] = operation

    def find(self, method: str, path: str) -> tuple[Operation, list[str]]:
        """The operation and the texts of its path parameters, in the order of its path.

        Raises Refusal: 404 for an unknown path, 405 with `Allow` for a method that the path doesn't have. One slash at
        the end makes no difference, encoded or not.
        """
        values: list[str] = []
        node = self._root.find(path.removesuffix("/").split("/"), 0, values)
        if node is None:
            raise not_found()
        operation = node.operations.get(method)
        if operation is None:
            raise method_not_allowed(node.operations)
        return operation, values
