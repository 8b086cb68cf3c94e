"""The columns of an export, known before the first item comes: the same ones in each run, and for each account's fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, get_origin

import msgspec

from kit_api.encoding import alternatives, is_model, model_fields
from kit_api.types import DateTime, Model, Unset

from .formats import Columns, Kind

_KINDS: dict[Any, Kind] = {int: "int", bool: "bool", DateTime: "moment"}


def columns_of(model: type[Model], *, absent: Collection[str], is_slim: bool, keys: Iterable[str]) -> Columns:
    """Return the columns of a model with their kinds. An object within it becomes columns with dots.

    Args:
        model: The model.
        absent: Fields that don't come, as they weren't asked for.
        is_slim: Whether the service was asked to leave out what it can.
        keys: The keys of the account's custom fields, for the field that maps these to values.
    """
    return dict(_columns(model, "", frozenset(absent), is_slim, list(keys)))


def has_custom_fields(model: type[Model]) -> bool:
    """Return whether a model has a field that maps keys of custom fields to values."""
    return any(get_origin(kind) is dict for hint in model_fields(model).values() for kind in alternatives(hint))


def _columns(
    model: type[Model], prefix: str, absent: frozenset[str], is_slim: bool, keys: list[str]
) -> Iterator[tuple[str, Kind]]:
    hints = model_fields(model)
    for field in msgspec.structs.fields(model):
        hint = hints.get(field.name)
        if hint is None or field.name in absent or (is_slim and _is_left_out_of_slim(field, hint)):
            continue
        name = f"{prefix}{field.name}"
        kinds = [kind for kind in alternatives(hint) if kind not in (type(None), Unset)]
        inner = next(filter(is_model, kinds), None)
        if inner is not None:
            yield from _columns(inner, f"{name}.", frozenset(), is_slim, keys)
        elif any(get_origin(kind) is dict for kind in kinds):
            for key in keys:
                yield f"{name}.{key}", "text"
        else:
            yield name, _kind(kinds)


def _is_left_out_of_slim(field: msgspec.structs.FieldInfo, hint: Any) -> bool:
    # It has a default, and yet the document doesn't call it optional.
    return not field.required and Unset not in alternatives(hint)


def _kind(kinds: list[Any]) -> Kind:
    if any(get_origin(kind) is list for kind in kinds):
        return "json"
    return "float" if float in kinds else _KINDS.get(kinds[0], "text")
