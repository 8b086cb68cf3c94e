"""Arguments of a command line for an operation of the document, and the call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, cast

import msgspec

from kit_api.errors import printable
from kit_api.types import Response
from kit_client import Kit

from .casting import cast_text
from .document import Argument, Described, operations, resolved
from .files import read_text
from .status import MisuseError


def find(name: str) -> Described:
    """Return the operation of this name.

    Raises:
        MisuseError: There is none; the error names those that are alike.
    """
    known = operations()
    # As people type it: the name of the method, or with hyphens.
    wanted = name.replace("-", "_")
    if wanted in known:
        return known[wanted]
    raise MisuseError(f"OPERATION: there is no {printable(repr(name), 80)}{_instead(wanted, known)}")


def read_arguments(operation: Described, given: Sequence[str], body: str | None) -> dict[str, Any]:
    """Return the arguments of the generated function of an operation, but for the client.

    Args:
        operation: What is called.
        given: Each as `NAME=VALUE` or `NAME:=JSON`.
        body: The body as JSON, or `@` and a file that holds it. Fields among `given` win over it.

    Raises:
        MisuseError: An argument is unknown, missing, or not what the document says.
        CommandError: A file can't be read.
    """
    if body is not None and not operation.has_body:
        raise MisuseError(f"--body: {operation.name} has no body")
    fields: dict[str, Any] = {} if body is None else _body(body)
    made: dict[str, Any] = {}
    seen: set[tuple[str, ...]] = set()
    for text in given:
        path, value, argument = _argument(operation, text)
        _put(fields if argument.place == "body" else made, path, value, is_again=path in seen)
        seen.add(path)
    missing = [
        each.name
        for each in operation.arguments.values()
        if each.is_required and each.name not in (fields if each.place == "body" else made)
    ]
    if missing:
        raise MisuseError(f"{', '.join(missing)}: missing; `kit-client call {operation.name} --help` tells more")
    return {**made, "body": fields} if operation.has_body else made


def send(kit: Kit, operation: Described, arguments: dict[str, Any]) -> Response[Any]:
    """Call an operation.

    Raises:
        MisuseError: An argument can't be sent; nothing was.
        KitError: The call failed.
    """
    try:
        response: Response[Any] = operation.module().sync_detailed(client=kit, **arguments)
    except (ValueError, TypeError) as error:
        raise _refused(error) from None
    return response


def items(kit: Kit, operation: Described, arguments: dict[str, Any], limit: int | None) -> Iterator[dict[str, Any]]:
    """Yield the JSON form of every item of a list, over all pages.

    Args:
        kit: The client.
        operation: The list.
        arguments: Those of `read_arguments`.
        limit: At most how many.

    Raises:
        MisuseError: An argument can't be sent; nothing was.
        KitError: A page failed.
    """
    try:
        pager = kit.paginate(operation.module(), limit, client=kit, **arguments)
        first = iter(pager)
        for item in first:
            yield item.to_dict()
    except (ValueError, TypeError) as error:
        raise _refused(error) from None


def _refused(error: Exception) -> MisuseError:
    return MisuseError(printable(str(error), 500))


def _argument(operation: Described, text: str) -> tuple[tuple[str, ...], Any, Argument]:
    """Take an argument apart: its path, its value, and what the document says of its first name."""
    name, equals, value = text.partition("=")
    if not equals:
        raise MisuseError(f"{printable(repr(text), 80)}: expected NAME=VALUE")
    is_json = name.endswith(":")
    path = tuple(name.removesuffix(":").split("."))
    argument = operation.arguments.get(path[0])
    if argument is None or "" in path:
        raise MisuseError(
            f"{printable(name.removesuffix(':'), 80)}: {operation.name} has no such argument"
            f"{_instead(path[0], operation.arguments)}"
        )
    schema = schema_of(argument, path)
    name = ".".join(path)
    return path, _json(name, value) if is_json else cast_text(name, _content(name, value), schema), argument


def schema_of(argument: Argument, path: Sequence[str]) -> dict[str, Any]:
    """Return the schema of a field within an argument.

    Args:
        argument: The argument.
        path: Its name, and those of fields within it.

    Raises:
        MisuseError: There is no such field.
    """
    schema = argument.schema
    for depth, name in enumerate(path[1:], 1):
        nothing: dict[str, Any] = {}
        objects = [resolved(each) for each in schema.get("anyOf", [schema])]
        inner = next((each for each in objects if "properties" in each or "additionalProperties" in each), nothing)
        fields = inner.get("properties", {})
        if name in fields:
            schema = resolved(fields[name])
        elif isinstance(inner.get("additionalProperties"), dict):
            schema = resolved(inner["additionalProperties"])
        else:
            where = ".".join(path[:depth])
            raise MisuseError(f"{printable('.'.join(path), 80)}: {where} has no such field{_instead(name, fields)}")
    return schema


def _put(into: dict[str, Any], path: Sequence[str], value: Any, *, is_again: bool) -> None:
    """Set a value in nested dicts. A list that is given again goes on; anything else is given once."""
    name, last = ".".join(path), path[-1]
    for depth, key in enumerate(path[:-1], 1):
        inner: Any = into.setdefault(key, {})
        if not isinstance(inner, dict):
            raise MisuseError(f"{name}: {'.'.join(path[:depth])} was given as something else")
        into = cast("dict[str, Any]", inner)
    if is_again and not (isinstance(into[last], list) and isinstance(value, list)):
        raise MisuseError(f"{name}: given twice")
    into[last] = [*into[last], *value] if is_again else value


def _body(text: str) -> dict[str, Any]:
    body = _json("--body", _content("--body", text))
    if not isinstance(body, dict):
        raise MisuseError("--body: expected a JSON object")
    return cast("dict[str, Any]", body)


def _content(name: str, text: str) -> str:
    """Return the text itself or, after an @, that of a file or of standard input."""
    return read_text(text[1:], name) if text.startswith("@") else text


def _json(name: str, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MisuseError(f"{name}: expected JSON: {printable(str(error))}") from None


def _instead(name: str, known: Sequence[str] | dict[str, Any]) -> str:
    """Return the end of a sentence: what may have been meant or, if there are few, what there is."""
    alike = get_close_matches(name, known, n=3, cutoff=0.6) or [each for each in known if name and name in each][:3]
    if alike:
        return f"; did you mean {' or '.join(alike)}?"
    if not known:
        return "; it has none"
    return f"; it has {', '.join(known)}" if len(known) <= 20 else "; `kit-client call --list` shows all"
