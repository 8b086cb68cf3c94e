"""Arguments as they are typed, made into the values that the document says."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from kit_api.errors import printable

from .document import resolved
from .status import MisuseError

Number = TypeVar("Number", int, Decimal)

_WHOLE = re.compile("[+-]?[0-9]{1,40}")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BOOLEANS = {"true": True, "false": False}
_FORMATS = {
    "date": "a day (2026-03-02)",
    "date-time": "a moment with a time zone (2026-03-02T09:30:00Z)",
    "email": "an e-mail address",
    "uri": "a URL",
}
# No id is above it, so that it isn't worth a word.
_LARGEST = 2**63 - 1


def cast_text(name: str, text: str, schema: Mapping[str, Any]) -> Any:
    """Return the value that a text stands for.

    Args:
        name: What the argument is called, for errors.
        text: As it was typed.
        schema: The JSON schema of the value, without references at its top.

    Raises:
        MisuseError: The text isn't what the schema says. The error says what is.
    """
    # Text without a format takes anything, so that it comes last.
    for kind in sorted(_alternatives(schema), key=_is_any_text):
        try:
            return _cast(name, text, kind)
        except ValueError:
            continue
    raise MisuseError(f"{name}: expected {expected(schema)}, got {printable(repr(text), 80)}")


def expected(schema: Mapping[str, Any]) -> str:
    """Say in words what a schema takes."""
    return " or ".join(dict.fromkeys(_words(kind) for kind in _alternatives(schema))) or "anything"


def _alternatives(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the schemas of which one has to fit, of one JSON type each. Null is left out: it is typed as JSON."""
    made: list[dict[str, Any]] = []
    for each in schema.get("anyOf") or schema.get("oneOf") or [schema]:
        one = resolved(each)
        kinds: Any = one.get("type")
        made += [{**one, "type": kind} for kind in ([kinds] if isinstance(kinds, str | None) else kinds)]
    return [each for each in made if each["type"] != "null"]


def _cast(name: str, text: str, schema: dict[str, Any]) -> Any:
    """Cast to one JSON type. Raises ValueError if the text doesn't fit, MisuseError if no text does."""
    kind = schema["type"]
    if kind == "integer":
        if not _WHOLE.fullmatch(text):
            raise ValueError
        return _within(int(text), schema)
    if kind == "number":
        return _within(_number(text), schema)
    if kind == "boolean":
        if text.lower() not in _BOOLEANS:
            raise ValueError
        return _BOOLEANS[text.lower()]
    if kind == "array":
        item = resolved(schema.get("items", {}))
        if any(each["type"] == "object" for each in _alternatives(item)):
            raise MisuseError(f"{name}: expected JSON, as in {name}:='[{{…}}]'")
        return [cast_text(name, part.strip(), item) for part in text.split(",")] if text else []
    if kind == "object":
        raise MisuseError(f"{name}: expected JSON, as in {name}:='{{…}}', or its fields, as in {name}.FIELD=VALUE")
    return _text(text, schema)


def _text(text: str, schema: dict[str, Any]) -> Any:
    if "enum" in schema and text not in schema["enum"]:
        raise ValueError
    if schema.get("format") == "date":
        if not _DAY.fullmatch(text):
            raise ValueError
        return datetime.date.fromisoformat(text)
    if schema.get("format") == "date-time":
        moment = datetime.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    return text


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError from None
    if not number.is_finite():
        raise ValueError
    return number


def _within(number: Number, schema: dict[str, Any]) -> Number:
    if not schema.get("minimum", number) <= number <= schema.get("maximum", number):
        raise ValueError
    return number


def _is_any_text(schema: dict[str, Any]) -> bool:
    return schema["type"] == "string" and "enum" not in schema and "format" not in schema


def _words(schema: dict[str, Any]) -> str:
    kind = schema["type"]
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if kind == "array":
        return f"a list with commas, of {expected(resolved(schema.get('items', {})))}"
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), "text")
    if kind in ("integer", "number"):
        low, high = schema.get("minimum"), schema.get("maximum", _LARGEST)
        ends = ("" if low is None else f" from {low}") + ("" if high >= _LARGEST else f" to {high}")
        return f"a {'whole ' if kind == 'integer' else ''}number{ends}"
    return {"boolean": "true or false", "object": "an object"}.get(kind, "anything")
