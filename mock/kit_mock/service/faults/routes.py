"""Patterns of routes: a method and a path, in which `*` matches any text and `{name}` any one segment."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import attrs

_ROUTE = re.compile(r"(?:(?P<method>[A-Z]+|\*) )?(?P<path>/\S*)")


def fits(route: str) -> Callable[[str, str], bool]:
    """Return a function that returns whether a route matches a method and a path.

    A route without a method, or with `*` as method, matches every method; GET matches HEAD too. Raises ValueError for a text
    that is no route.
    """
    match = _ROUTE.fullmatch(route)
    if match is None:
        raise ValueError(f"route must be a method and a path, such as 'GET /v4/tags*', not {route!r}")
    method, pattern = match["method"], _as_pattern(_without_slash(match["path"]))
    methods = {"GET": {"GET", "HEAD"}, "*": None, None: None}.get(method, {method})
    return lambda given, path: (
        (methods is None or given in methods) and pattern.fullmatch(_without_slash(path)) is not None
    )


def validate_route(_: object, __: attrs.Attribute[Any], value: Any) -> None:
    """Raise ValueError for a text that is no route."""
    fits(value)


def _without_slash(path: str) -> str:
    return path.rstrip("/") or "/"


def _as_pattern(path: str) -> re.Pattern[str]:
    """Return a pattern for a path. Each `*` is lazy and atomic (no backtracking), so that no route can make matching slow."""
    first, *rest = [
        "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^/}]*\})", piece))
        for piece in path.split("*")
    ]
    between = "".join(f"(?>.*?{piece})" for piece in rest[:-1] if piece)
    return re.compile(f"{first}{between}.*{rest[-1]}" if rest else first)
