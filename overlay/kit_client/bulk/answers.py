"""Parts of answers, whatever the service made of them. No I/O.

What differs from the document is kept as it came: where an object should be, there may be null or a text.
"""

from __future__ import annotations

from typing import Any, cast

from kit_api.types import Model, Unset
from kit_client.errors import KitError

NO_REASON = "the service gave no reason"


def field_of(part: Any, name: str) -> Any:
    """Return a field of a model or a dict, None if it isn't there."""
    value = cast("dict[str, Any]", part).get(name) if isinstance(part, dict) else getattr(part, name, None)
    return None if isinstance(value, Unset) else value


def id_of(part: Any, name: str = "id") -> int | None:
    """Return a field that is an id, None if it is anything else."""
    value = field_of(part, name)
    return value if type(value) is int else None


def made_id(operation: str, part: Any) -> int:
    """Return the id of what an operation returned. Raises KitError if it has none."""
    id_ = id_of(part)
    if id_ is None:
        raise KitError(f"{operation}: the answer has no id")
    return id_


def text_of(part: Any, name: str) -> str:
    """Return a field that is text, an empty one if it is anything else."""
    value = field_of(part, name)
    return value if isinstance(value, str) else ""


def list_of(answer: Any, name: str) -> list[Any]:
    """Return a list of an answer: an empty one if it has none, as one that the work is queued."""
    found = field_of(answer, name)
    return cast("list[object]", found) if isinstance(found, list) else []


def failures_of(answer: Any, name: str) -> list[tuple[Any, tuple[str, ...]]]:
    """Return what failed, which failures have under `name`, with the messages: none for what is no failure."""
    return [
        (field_of(failure, name), _messages(field_of(failure, "errors")) if isinstance(failure, Model | dict) else ())
        for failure in list_of(answer, "failures")
    ]


def _messages(errors: object) -> tuple[str, ...]:
    """Return the messages of a failure: at least one, also where the service gives none."""
    if isinstance(errors, list):
        return tuple(map(str, cast("list[object]", errors))) or (NO_REASON,)
    return (errors if isinstance(errors, str) and errors else NO_REASON,)
