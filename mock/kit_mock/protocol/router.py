"""Finds the route for a method and a path, such as an operation of the document, in a tree of path segments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

import attrs

from kit_mock.protocol.errors import method_not_allowed, not_found


class Route(Protocol):
    """A method in upper case, and a path in which `{name}` is any one segment."""

    @property
    def method(self) -> str: ...

    @property
    def path(self) -> str: ...


_R = TypeVar("_R", bound=Route)


@attrs.define
class _Node(Generic[_R]):
    literal: dict[str, _Node[_R]] = attrs.field(factory=dict)
    placeholder: _Node[_R] | None = None
    routes: dict[str, _R] = attrs.field(factory=dict)
    """By method."""

    def find(self, segments: list[str], at: int, values: list[str]) -> _Node[_R] | None:
        """Return the node that the segments lead to. A literal segment is preferred to a placeholder."""
        if at == len(segments):
            return self if self.routes else None
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


class Router(Generic[_R]):
    """Finds routes by method and path."""

    def __init__(self, routes: Iterable[_R] = ()) -> None:
        self._root: _Node[_R] = _Node()
        for route in routes:
            self.add(route)

    def add(self, route: _R) -> None:
        """Add a route. One with the same method and path is replaced."""
        node = self._root
        for segment in route.path.split("/"):
            if segment.startswith("{"):
                node.placeholder = node.placeholder or _Node()
                node = node.placeholder
            else:
                node = node.literal.setdefault(segment, _Node())
        node.routes[route.method] = route

    def find(self, method: str, path: str) -> tuple[_R, list[str]]:
        """Return the route and the values of its `{name}`s, in the order of its path.

        Raises Refusal: 404 for an unknown path, 405 with `Allow` for a method that the path doesn't have. One slash at
        the end makes no difference, encoded or not.
        """
        values: list[str] = []
        node = self._root.find(path.removesuffix("/").split("/"), 0, values)
        if node is None:
            raise not_found()
        route = node.routes.get(method)
        if route is None:
            raise method_not_allowed(node.routes)
        return route, values
