"""Finds the schemas that a schema of the document is composed of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Resolve = Callable[[dict[str, Any]], dict[str, Any]]
"""Follows a `$ref`: the same dict each time for the same one."""

MOST_ALTERNATIVES = 10_000
_ALTERNATIVES = ("allOf", "anyOf", "oneOf")


def parts(schema: dict[str, Any], resolve: Resolve, *, of_items: bool = False) -> list[dict[str, Any]]:
    """Return the schema and all that it is composed of, each once; with `of_items`, also those of an array's items."""
    found: dict[int, dict[str, Any]] = {}
    left = [schema]
    while left:
        part = resolve(left.pop())
        if id(part) in found:
            continue
        found[id(part)] = part
        inner = [each for keyword in _ALTERNATIVES for each in part.get(keyword, ())]
        inner += [part.get("items")] if of_items else []
        left += [each for each in reversed(inner) if isinstance(each, dict)]
    return list(found.values())


def check_alternatives(schema: dict[str, Any], resolve: Resolve, known: dict[int, int]) -> int:
    """Return how many schemas a value is checked against, with each alternative counted as often as it is named.

    `known` has what was found before, by the id of the schema. Raises ValueError if there are more than 10,000, which a few
    lines can name and which no validator gets through.
    """
    part = resolve(schema)
    if id(part) not in known:
        known[id(part)] = 1  # Ends the recursion of a schema that contains itself.
        inner = [each for keyword in _ALTERNATIVES for each in part.get(keyword, ()) if isinstance(each, dict)]
        known[id(part)] = 1 + sum(check_alternatives(each, resolve, known) for each in inner)
    if known[id(part)] > MOST_ALTERNATIVES:
        raise ValueError(f"a schema has more than {MOST_ALTERNATIVES:,} alternatives")
    return known[id(part)]
