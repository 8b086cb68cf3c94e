"""Reads form-encoded bodies with the nested names of Rails: `event[name]=x`, `tags[][name]=x`, `ids[]=1`.

As in Rails, `[]` adds to a list. A field of an object in a list begins a new object if the last one has it already. If a
name is given twice, the last value counts. A list may have numbers instead, as PHP writes it: `tags[0][name]=x`.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from kit_mock.protocol.casts import Caster
from kit_mock.protocol.errors import Refusal

FORM = "application/x-www-form-urlencoded"

_MOST_FIELDS = 1000
_DEEPEST = 32
_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_STEP = re.compile(r"\[([^\[\]]*)\]")


def parse(body: bytes) -> dict[str, Any]:
    """Parse a form into nested objects and lists, whose values are texts.

    Raises Refusal 400 for too many fields, names that are nested too deeply, and names that contradict each other, such
    as `a=1&a[b]=2`.
    """
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refusal(400, (f"Bad Request: the body has more than {_MOST_FIELDS} fields",)) from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        parts = _NAME.fullmatch(name)
        # A name whose brackets don't match is a name like any other.
        steps = [parts[1], *_STEP.findall(parts[2])] if parts else [name]
        if len(steps) > _DEEPEST:
            raise Refusal(400, (f"Bad Request: the field {name[:80]} is nested too deeply",))
        try:
            _put(fields, steps, value)
        except TypeError:
            raise Refusal(400, (f"Bad Request: the field {name[:80]} contradicts another one of the body",)) from None
    return fields


def convert_lists(value: Any, caster: Caster | None) -> Any:
    """Convert objects with numbers for names into lists, wherever the caster expects a list."""
    if caster is None:
        return value
    if isinstance(value, list):
        return [convert_lists(item, caster.items) for item in value]
    if not isinstance(value, dict):
        return value
    if "array" in caster.types and "object" not in caster.types and all(map(_is_number, value)):
        return [convert_lists(value[name], caster.items) for name in sorted(value, key=int)]
    return {name: convert_lists(inner, caster.property(name)) for name, inner in value.items()}


def _put(into: dict[str, Any], steps: list[str], value: str) -> None:
    """Set the value at a path of names. Raises TypeError if a value of another kind is on the path."""
    name, *rest = steps
    if not rest:
        if isinstance(into.get(name, ""), dict | list):
            raise TypeError
        into[name] = value
    elif rest[0]:
        _put(_of_kind(into.setdefault(name, {}), dict), rest, value)
    else:
        _append(_of_kind(into.setdefault(name, []), list), rest[1:], value)


def _append(items: list[Any], steps: list[str], value: str) -> None:
    if not steps:
        items.append(value)
        return
    if not steps[0]:  # A list in a list: no later name can add to it.
        inner: list[Any] = []
        items.append(inner)
        _append(inner, steps[1:], value)
        return
    if not items or not isinstance(items[-1], dict) or _has(items[-1], steps):
        items.append({})
    _put(items[-1], steps, value)


def _has(item: dict[str, Any], steps: list[str]) -> bool:
    """Tell whether an object has a value at a path already. A list doesn't count, since it can take one more."""
    found: Any = item
    for at, step in enumerate(steps):
        if not step:
            return False
        if not isinstance(found, dict) or step not in found:
            return at > 0 and not isinstance(found, dict)
        found = found[step]
    return True


def _of_kind(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _is_number(name: str) -> bool:
    return re.fullmatch(r"\d{1,9}", name, re.ASCII) is not None
