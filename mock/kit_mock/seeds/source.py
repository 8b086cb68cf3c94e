"""Reads a seed, from a file (YAML or JSON) or from Python data, into a tree."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from kit_mock.protocol import files
from kit_mock.protocol.errors import KitMockError, shown
from kit_mock.seeds.node import LONGEST_NUMBER, Node, Twice, refusal, tree

MOST_BYTES = 64 * 1024 * 1024
"""Of a file: about half a million subscribers. `kit-mock seed` makes larger accounts."""


def read(seed: str | Path | Mapping[str, Any]) -> Node:
    """The tree of a seed: of a file, JSON if its name ends in `.json` and else YAML, or of Python data.

    Errors name the line of what is wrong in YAML, and the way to it in JSON and data.

    Raises KitMockError for a file that can't be read, that is broken, or that has something twice.
    """
    if isinstance(seed, Mapping):
        return tree(seed, "seed")
    source = shown(str(seed))
    try:
        content = files.read(Path(seed), MOST_BYTES)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise KitMockError(f"cannot read the seed {source}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise refusal(source, error.object.count(b"\n", 0, error.start) + 1, "it isn't UTF-8") from None
    try:
        if str(seed).lower().endswith(".json"):
            return tree(_json(text, source), source)
        from kit_mock.seeds import located_yaml  # Only here: its library takes a while to import.

        data, lines = located_yaml.read(text, source)
        return tree(data, source, lines=lines)
    except RecursionError:
        raise KitMockError(f"cannot read the seed {source}: it is nested too deeply") from None


def of_arguments(arguments: Mapping[str, Any], source: str) -> Node:
    """The tree of what a function was called with, whose name is the source. Raises KitMockError like `read`."""
    return Node(
        {name: tree(value, source, path=(None, name)) for name, value in arguments.items()}, source, None, (None, "it")
    )


def _json(text: str, source: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise refusal(source, error.lineno, f"it isn't JSON: {error.msg}") from None
    except ValueError as error:
        raise refusal(source, None, str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        found = Twice(found)
        found.name = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
    return found


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError("it has a number that is too long")
    return int(text)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")
