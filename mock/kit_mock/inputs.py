"""Reads what a request brings (ids in the path, the query, the body) and holds it against the document."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from jsonschema_rs import Draft202012Validator as Validator
from jsonschema_rs import ValidationError

from kit_mock.messages import Request
from kit_mock.operations import Operation, QueryParameter
from kit_mock.problems import Refusal, not_found, unprocessable
from kit_mock.wording import human, sentence

LARGEST_ID = 2**63 - 1

_INTEGER = re.compile(r"-?\d{1,30}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
_FORM = "application/x-www-form-urlencoded"


def path_ids(operation: Operation, texts: list[str]) -> dict[str, int]:
    """The ids in a path. Anything that can't be an id (`0`, `-1`, `abc`) doesn't exist: 404."""
    ids = {}
    for name, text in zip(operation.path_names, texts, strict=True):
        if not text.isdecimal() or not text.isascii() or not 1 <= int(text[:30]) <= LARGEST_ID:
            raise not_found()
        ids[name] = int(text)
    return ids


def raw_query(request: Request) -> dict[str, str]:
    """The query as texts. Of a name given twice the last counts; a name without a value has an empty one."""
    return dict(_pairs(request.query)) if request.query else {}


@lru_cache(maxsize=1024)
def _pairs(query: str) -> tuple[tuple[str, str], ...]:
    # The same few queries come again and again.
    return tuple(parse_qsl(query, keep_blank_values=True))


def query_values(operation: Operation, given: Mapping[str, str], judged: Collection[str]) -> dict[str, Any]:
    """The documented parameters that were given, with the types that the document gives them.

    Raises Refusal 422 with a message for each that doesn't fit, except those in `judged`, which the handler looks at
    itself. Names that the document doesn't have are left out.
    """
    values: dict[str, Any] = {}
    errors: list[str] = []
    for parameter in operation.query:
        text = given.get(parameter.name)
        if text is None:
            if parameter.required and parameter.name not in judged:
                errors.append(f"{human(parameter.name)} can't be blank")
            continue
        value = values[parameter.name] = _typed(parameter, text)
        if parameter.name not in judged and not parameter.validator.is_valid(value):
            first = next(parameter.validator.iter_errors(value))
            errors.append(sentence(first, [parameter.name]))
    if errors:
        raise unprocessable(*errors)
    return values


def _typed(parameter: QueryParameter, text: str) -> str | int | bool:
    if "boolean" in parameter.types and text in _BOOLEANS:
        return _BOOLEANS[text]
    if "integer" in parameter.types and _INTEGER.fullmatch(text):
        return int(text)
    return text


def body_values(
    operation: Operation, request: Request, judged: Collection[str], judged_in_items: Collection[str]
) -> dict[str, Any]:
    """The body as an object; an empty one counts as `{}`, so that its missing fields are what is reported, or that it
    is missing itself where no field must be there.

    Raises Refusal: 415 for a media type that the operation doesn't take, 400 for broken JSON, 422 with a message for
    each field that doesn't fit, except what the handler judges (see `registry.operation`). An operation without a
    body ignores what is sent.
    """
    if operation.body is None:
        return {}
    validator, value = _decoded(operation.body.validators, request)
    errors: list[str] = []
    if validator.is_valid(value):
        if operation.body.required and not request.body:
            raise unprocessable("The request body can't be blank")
    else:  # far faster than to look for errors where there are none
        violations = validator.iter_errors(value)
        errors += (sentence(each) for each in violations if not _is_judged(each, judged, judged_in_items))
    if errors or not isinstance(value, dict):
        raise unprocessable(*dict.fromkeys(errors or ["The request body must be an object"]))
    return value


def _is_judged(violation: ValidationError, judged: Collection[str], judged_in_items: Collection[str]) -> bool:
    """Whether the handler is the one to look at what a violation is about."""
    path = list(violation.instance_path)
    wrong_type = violation.kind.name == "type" and violation.instance is not None
    if violation.kind.name == "required":
        path.append(getattr(violation.kind, "property", ""))
    if path and f"{path[0]}.*" in judged:
        return True
    if not path or path[0] not in judged:
        return False
    return len(path) == 1 or (len(path) == 3 and path[2] in judged_in_items and not wrong_type)


def _decoded(validators: Mapping[str, Validator], request: Request) -> tuple[Validator, Any]:
    if not request.body:
        return next(iter(validators.values())), {}
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    validator = validators.get(media_type)
    if validator is None:
        raise Refusal(415, (f"Unsupported Media Type: the body must be {' or '.join(validators)}",))
    if media_type == _FORM:
        return validator, dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        return validator, msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Refusal(400, (f"Bad Request: the body isn't valid JSON ({reason})",)) from None
