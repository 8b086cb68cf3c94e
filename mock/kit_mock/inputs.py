"""Reads what a request brings (ids in the path, the query, the body) and holds it against the document."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import islice
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
_DIGITS = len(str(LARGEST_ID))

_INTEGER = re.compile(r"-?\d{1,30}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 1000
_MOST_ERRORS = 100
_ITEMS = 1000


def path_ids(operation: Operation, texts: list[str]) -> dict[str, int]:
    """The ids in a path. Anything that can't be an id (`0`, `-1`, `abc`) doesn't exist: 404."""
    return {name: as_id(text) for name, text in zip(operation.path_names, texts, strict=True)}


def as_id(text: str) -> int:
    """The id that stands there. Raises Refusal 404 for what can't be one."""
    digits = len(text) if text.isdecimal() and text.isascii() else 0
    if not 1 <= digits <= _DIGITS or not 1 <= int(text) <= LARGEST_ID:
        raise not_found()
    return int(text)


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


def _typed(parameter: QueryParameter, text: str) -> str | int | bool | list[str]:
    if "array" in parameter.types:
        return [part for each in text.split(",") if (part := each.strip())]
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
    try:
        if validator.is_valid(value):
            if operation.body.required and not request.body:
                raise unprocessable("The request body can't be blank")
        else:  # far faster than to look for errors where there are none
            errors += islice(_complaints(validator, value, judged, judged_in_items), _MOST_ERRORS)
    except ValueError:  # The validator goes less deep than the decoder.
        raise _broken("nested too deeply") from None
    if errors or not isinstance(value, dict):
        raise unprocessable(*dict.fromkeys(errors or ["The request body must be an object"]))
    return value


def _complaints(
    validator: Validator, value: Any, judged: Collection[str], judged_in_items: Collection[str]
) -> Iterator[str]:
    for part, name, first in _parts(value):
        if validator.is_valid(part):
            continue
        for each in validator.iter_errors(part):
            # What is wrong elsewhere was told with the first part.
            is_told = first and list(each.instance_path)[:1] != [name]
            if not is_told and not _is_judged(each, judged, judged_in_items):
                yield sentence(each, first=first)


def _parts(value: Any) -> Iterator[tuple[Any, str, int]]:
    """A body in parts with some items of its longest list each: the name of that list, and where in it a part begins.

    The validator keeps a report on each of its findings, at once, and there can be millions.
    """
    lists = {name: each for name, each in value.items() if isinstance(each, list)} if isinstance(value, dict) else {}
    name = max(lists, key=lambda name: len(lists[name]), default="")
    for first in range(0, max(1, len(lists.get(name, ()))), _ITEMS):
        yield ({**value, name: lists[name][first : first + _ITEMS]} if lists else value), name, first


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
        text = request.body.decode("utf-8", "replace")
        try:
            return validator, dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
        except ValueError:
            raise Refusal(400, (f"Bad Request: the body has more than {_MOST_FIELDS} fields",)) from None
    return validator, decoded(request.body)


def decoded(body: bytes) -> Any:
    """What a body of JSON holds. Raises Refusal 400 for a broken one."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _broken("nested too deeply" if isinstance(error, RecursionError) else str(error)) from None


def _broken(reason: str) -> Refusal:
    return Refusal(400, (f"Bad Request: the body isn't valid JSON ({reason})",))
