"""Items of lists as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from kit_api.types import Model


def row(item: object, flatten: bool) -> dict[str, Any]:
    """Return the JSON form of an item; flattened, an object within it becomes keys with dots."""
    made = item.to_dict() if isinstance(item, Model) else cast("dict[str, Any]", item)
    return dict(_flat(made, "")) if flatten else made


def _flat(value: dict[str, Any], prefix: str) -> Iterable[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _flat(cast("dict[str, Any]", inner), f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner
