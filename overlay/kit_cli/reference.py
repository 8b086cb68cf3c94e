"""The operations of the document and their arguments, for people and for programs."""

from __future__ import annotations

import shutil
import textwrap
from typing import Any

from .casting import expected
from .document import Argument, Described, operations
from .output import Output

_PLACES = {"path": "In the path", "query": "Parameters", "body": "Fields of the body"}


def show_operations(output: Output) -> None:
    """Write all operations: as a table, or as JSON with the arguments of each."""
    if output.as_json:
        output.result([_as_data(operation) for operation in operations().values()])
        return
    rows = [(each.name, f"{each.method} {each.path}", _auth(each), each.summary) for each in operations().values()]
    output.table(("operation", "route", "credentials", "what it does"), rows)


def show_arguments(output: Output, operation: Described) -> None:
    """Write what an operation does, and its arguments."""
    if output.as_json:
        output.result(_as_data(operation))
        return
    width = min(shutil.get_terminal_size().columns, 100)
    output.say(f"{operation.name}: {operation.method} {operation.path}, with {_auth(operation)}\n")
    output.say(textwrap.fill(operation.description or operation.summary, width))
    for place, title in _PLACES.items():
        arguments = operation.in_place(place)
        if arguments:
            output.say(f"\n{title}:")
        for argument in arguments:
            needed = "; required" if argument.is_required else ""
            output.say(f"  {argument.name}  ({expected(argument.schema)}{needed})")
            if argument.description:
                output.say(
                    textwrap.fill(argument.description, width, initial_indent="      ", subsequent_indent="      ")
                )


def _auth(operation: Described) -> str:
    if not operation.security:
        return "no credentials"
    return "a key or OAuth" if "apiKey" in operation.security else "OAuth"


def _as_data(operation: Described) -> dict[str, Any]:
    return {
        "operation": operation.name,
        "method": operation.method,
        "path": operation.path,
        "summary": operation.summary,
        "credentials": _auth(operation),
        "arguments": [_argument_data(each) for each in operation.arguments.values()],
    }


def _argument_data(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "in": argument.place,
        "required": argument.is_required,
        "expected": expected(argument.schema),
        "description": argument.description,
    }
