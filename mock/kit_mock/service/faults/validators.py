"""Validators of single values of a fault. `Fault` checks their combinations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import msgspec

Validator = Callable[[object, "attrs.Attribute[Any]", Any], None]

DAY = 86_400
_DEEPEST = 50
"""The most levels of a body. JSON libraries refuse much deeper bodies."""
_MOST_VALUES = 50_000
"""The most values of a body: it is validated, encoded and listed as a whole, while others wait."""


def must_be(expected: str, fits: Callable[[Any], bool]) -> Validator:
    """Return a validator that raises ValueError, with the argument's name and `expected`, unless a value fits."""

    def validate(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
        if not fits(value):
            raise ValueError(f"{attribute.name} must be {expected}, not {value!r}")

    return validate


def is_whole(value: Any) -> bool:
    """Return whether a value is an integer and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number and no boolean."""
    return is_whole(value) or (isinstance(value, float) and math.isfinite(value))


TEXT = must_be("a text in ASCII", lambda value: isinstance(value, str) and value.isascii() and value.isprintable())
FLAG = must_be("true or false", lambda value: isinstance(value, bool))
WHOLE = must_be("an integer", is_whole)
TIMES = must_be("a number from 1", lambda value: is_whole(value) and value >= 1)
PROBABILITY = must_be("above 0 and at most 1", lambda value: is_number(value) and 0 < value <= 1)
SECONDS = must_be("a number of seconds, from 0 to a day", lambda value: is_number(value) and 0 <= value <= DAY)
WHOLE_SECONDS = must_be(
    "a whole number of seconds, from 0 to a day", lambda value: is_whole(value) and 0 <= value <= DAY
)
STATUS = must_be("from 200 to 599", lambda value: is_whole(value) and 200 <= value <= 599)
SIDE = must_be("'before' or 'after' the effect", lambda value: value in ("before", "after"))


def validate_body(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Raise ValueError unless a body is a text, or an object or list that can be sent as JSON."""
    if not isinstance(value, str | dict | list):
        raise ValueError(f"{attribute.name} must be a text, or an object or list for JSON")
    level, count = [value], 0
    for _level in range(_DEEPEST):
        count += len(level)
        if count > _MOST_VALUES:
            raise ValueError(f"{attribute.name} has more than {_MOST_VALUES} values")
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    if level:
        raise ValueError(f"{attribute.name} is nested more than {_DEEPEST} levels deep")
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{attribute.name} can't be written as JSON: {error}") from None
