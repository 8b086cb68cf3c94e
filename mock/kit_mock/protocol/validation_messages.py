"""Turns the violations of a schema into messages like Kit's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jsonschema_rs import ValidationError

_Path = Callable[[Sequence[str | int]], Sequence[str | int]]
_TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def human(name: str) -> str:
    """Return the name of a field as messages have it: `Email address` for `email_address`."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def sentence(violation: ValidationError, prefix: Sequence[str] = (), *, whole_path: _Path = list) -> str:
    """Return the message for a violation.

    `prefix` names the instance if it isn't a whole body. `whole_path` is that of a `Piece`, if the instance is one.
    """
    violation = _most_telling(violation)
    path = [*prefix, *map(str, whole_path(violation.instance_path))]
    if violation.kind.name == "required":
        path.append(getattr(violation.kind, "property", ""))
    subject = human(" ".join(path)) if path else "The request body"
    return f"{subject} {_complaint(violation)}"


def _complaint(violation: ValidationError) -> str:
    kind = violation.kind
    limit: Any = getattr(kind, "limit", None)
    match kind.name:
        case "required":
            return "can't be blank"
        case "type":
            if violation.instance is None and violation.instance_path:
                return "can't be blank"
            names = sorted(getattr(kind, "types", ()), key="null".__eq__)
            return f"must be {' or '.join(_TYPES.get(name, name) for name in names)}"
        case "enum":
            return f"must be one of {', '.join(map(str, getattr(kind, 'options', ())))}"
        case "minimum":
            return f"must be at least {limit}"
        case "maximum":
            return f"must be at most {limit}"
        case "minLength":
            return "can't be blank" if limit == 1 else f"is too short (minimum is {limit} characters)"
        case "maxLength":
            return f"is too long (maximum is {limit} characters)"
        case "minItems" | "minProperties":
            return "can't be blank"
        case "maxItems" | "maxProperties":
            return at_most(limit)
        case _:
            return "is invalid"


def at_most(limit: int) -> str:
    """Return the end of a message about a list or object with too many entries."""
    return f"can have at most {limit} entries"


def _most_telling(violation: ValidationError) -> ValidationError:
    """Return the violation of the alternative that came closest, if none of several fits."""
    while violation.kind.name in ("anyOf", "oneOf"):
        inner = [branch[0] for branch in getattr(violation.kind, "context", []) if branch]
        # An alternative for null or another type says less than one that looked inside the value.
        inner.sort(key=lambda found: (len(found.instance_path), found.kind.name != "type"), reverse=True)
        if not inner:
            break
        violation = inner[0]
    return violation
