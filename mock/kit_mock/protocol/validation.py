"""Reads the ids in the path and the parameters in the query of a request, and checks them against the document.

Unless the mock is strict, a parameter that is empty or white space counts as absent, and a boolean is read by
`casts.flag`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from kit_mock.protocol.casts import Caster, flag
from kit_mock.protocol.errors import not_found, unprocessable
from kit_mock.protocol.messages import Request
from kit_mock.protocol.operation import Operation
from kit_mock.protocol.validation_messages import human, sentence

LARGEST_ID = 2**63 - 1
_DIGITS = len(str(LARGEST_ID))

_CACHED = 1024
"""The longest query or text that is cached, in characters: a thousand of the longest possible would take gigabytes."""

_BOOLEANS = {"true": True, "false": False}


def path_ids(operation: Operation, texts: list[str]) -> dict[str, int]:
    """Return the ids in a path. Raises Refusal 404 for anything that can't be an id, such as `0`, `-1` or `abc`."""
    return {name: as_id(text) for name, text in zip(operation.path_names, texts, strict=True)}


def as_id(text: str) -> int:
    """Parse an id. Raises Refusal 404 for a text that can't be one."""
    if text.isdecimal() and text.isascii() and len(text) <= _DIGITS and 1 <= (id_ := int(text)) <= LARGEST_ID:
        return id_
    raise not_found()


def raw_query(request: Request, *, strict: bool) -> Mapping[str, str]:
    """Return the query as texts, without blank ones unless `strict`. If a name is given twice, the last value counts."""
    if not request.query:
        return {}
    return (_last if len(request.query) <= _CACHED else _last.__wrapped__)(request.query, strict)


@lru_cache(maxsize=1024)
def _last(query: str, strict: bool) -> Mapping[str, str]:
    return {name: text for name, text in dict(_read(query)).items() if strict or not _is_blank(text)}


@lru_cache(maxsize=1024)
def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(query, keep_blank_values=True))


def _read(query: str) -> tuple[tuple[str, str], ...]:
    return (_pairs if len(query) <= _CACHED else _pairs.__wrapped__)(query)


def _is_blank(text: str) -> bool:
    return not text or text.isspace()


def query_values(operation: Operation, request: Request, unchecked: Collection[str], *, strict: bool) -> dict[str, Any]:
    """Return the documented parameters that were given, cast to their documented types.

    Raises Refusal 422 with a message for each that doesn't fit, except those in `unchecked`, which the handler checks.
    Names that the document doesn't have are left out.
    """
    given = raw_query(request, strict=strict)
    values: dict[str, Any] = {}
    errors: list[str] = []
    for parameter in operation.query:
        found: Any = _items(request, parameter.name, strict=strict) if parameter.is_list else given.get(parameter.name)
        if found is None:
            if parameter.required and parameter.name not in unchecked:
                errors.append(f"{human(parameter.name)} can't be blank")
            continue
        value = values[parameter.name] = _typed(parameter.caster, found, strict=strict)
        if parameter.name not in unchecked and not parameter.validator.is_valid(value):
            first = next(parameter.validator.iter_errors(value))
            errors.append(sentence(first, [parameter.name]))
    if errors:
        raise unprocessable(*errors)
    return values


def _items(request: Request, name: str, *, strict: bool) -> list[str] | None:
    """Return the items of a list: separated by commas, or under a repeated name, with or without `[]`."""
    texts = [text for found, text in _read(request.query) if found in (name, f"{name}[]")]
    if strict:
        return [item for text in texts for item in text.split(",")] or None
    return [item.strip() for text in texts for item in text.split(",") if not _is_blank(item)] or None


def _typed(caster: Caster, given: Any, *, strict: bool) -> Any:
    """Cast the text of a parameter, or the texts of a list."""
    if isinstance(given, list):
        return given if caster.items is None else [_scalar(caster.items, item, strict) for item in given]
    return _scalar(caster, given, strict)


def _scalar(caster: Caster, text: str, strict: bool) -> Any:
    return (_cast if len(text) <= _CACHED else _cast.__wrapped__)(caster, text, strict)


@lru_cache(maxsize=1024)
def _cast(caster: Caster, text: str, strict: bool) -> Any:
    if caster.is_boolean:
        return _BOOLEANS.get(text, text) if strict else flag(text)
    return text if strict and text != text.strip() else caster.cast(text)
