"""Patterns of routes: a method and a path, in which `*` matches any text and `{name}` any one segment."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPMethod
from typing import Any

import attrs

_ROUTE = re.compile(r"(?:(?P<method>[A-Z]+|\*) )?(?P<path>/\S*)")
_PLACEHOLDER = re.compile(r"(\{[^/{}*]*\})")
_PART_OF_A_SEGMENT = re.compile(rf"[^/*]{_PLACEHOLDER.pattern}|{_PLACEHOLDER.pattern}[^/*]")
_LONGEST = 1000


def fits(route: str) -> Callable[[str, str], bool]:
    """Return a function that returns whether a route matches a method and a path.

    A route without a method, or with `*` as method, matches every method; GET matches HEAD too. Raises ValueError for a text
    that is no route.
    """
    if len(route) > _LONGEST:
        raise ValueError(f"route must have at most {_LONGEST} characters")
    match = _ROUTE.fullmatch(route)
    if match is None or match["method"] not in (None, "*", *HTTPMethod):
        raise ValueError(f"route must be a method and a path, such as 'GET /v4/tags*', not {route!r}")
    if _PART_OF_A_SEGMENT.search(route):
        raise ValueError(
            f"route: a name in braces stands for a whole segment, such as '/v4/tags/{{id}}', not {route!r}"
        )
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
    """Return a pattern for a path, which takes linear time: each `*` is lazy and atomic, and segments are taken whole."""
    first, *rest = [
        "".join(
            "(?<=/)[^/]++" if _PLACEHOLDER.fullmatch(part) else re.escape(part) for part in _PLACEHOLDER.split(piece)
        )
        for piece in path.split("*")
    ]
    between = "".join(f"(?>.*?{piece})" for piece in rest[:-1] if piece)
    return re.compile(f"{first}{between}.*{rest[-1]}" if rest else first)
