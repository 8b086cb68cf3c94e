"""Reads a seed (YAML, JSON or Python data) into a tree that knows the line of everything in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any, NoReturn

import attrs

from kit_mock.protocol.errors import KitMockError

DEEPEST = 50


@attrs.frozen(eq=False)
class Node:
    """A value and where it stands: its line is that of its name, if it has one.

    `value` is a dict of nodes, a list of nodes, or None, bool, int, float or str. `trail` is the way to it, such as
    `tags[0].name`, and empty for the whole seed.
    """

    value: Any
    source: str
    line: int | None
    trail: str = ""

    def refuse(self, reason: str) -> NoReturn:
        """Raise KitMockError with the file, the line, the way to this value and the reason."""
        raise refusal(self.source, self.line, f"{self.trail} {reason}" if self.trail else f"the seed {reason}")


def read(seed: str | Path | Mapping[str, Any]) -> Node:
    """The tree of a seed: of a file, JSON if its name ends in `.json` and else YAML, or of Python data.

    Raises KitMockError for a file that can't be read, that is broken, or that has something twice.
    """
    if isinstance(seed, Mapping):
        return _of_data(seed, "")
    source = str(seed)
    try:
        text = Path(seed).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise KitMockError(f"cannot read the seed {source}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise refusal(source, error.object.count(b"\n", 0, error.start) + 1, "it isn't UTF-8") from None
    try:
        if source.lower().endswith(".json"):
            return _Json(text, source).tree()
        from kit_mock.seeds import located_yaml  # Only here: its library takes a while to import.

        return located_yaml.tree(text, source)
    except RecursionError:
        raise KitMockError(f"cannot read the seed {source}: it is nested too deeply") from None


def of_arguments(arguments: Mapping[str, Any], source: str) -> Node:
    """The tree of what a function was called with, whose name is the source. Raises KitMockError like `read`."""
    return Node({name: _of_data(value, name, source) for name, value in arguments.items()}, source, None, "it")


def refusal(source: str, line: int | None, reason: str) -> KitMockError:
    """The error for what stands on that line."""
    place = source if line is None else f"{source}, line {line}"
    return KitMockError(f"{place}: {reason}")


def step(trail: str, name: str) -> str:
    """The way from there to a value by its name."""
    return f"{trail}.{name}" if trail else name


def _of_data(value: Any, trail: str, source: str = "seed") -> Node:
    if trail.count(".") + trail.count("[") > DEEPEST:
        raise refusal(source, None, "it is nested too deeply")
    if isinstance(value, Mapping):
        value = {str(name): _of_data(inner, step(trail, str(name)), source) for name, inner in value.items()}
    elif isinstance(value, list | tuple):
        value = [_of_data(inner, f"{trail}[{number}]", source) for number, inner in enumerate(value)]
    elif isinstance(value, date):  # Times are dates too.
        value = value.isoformat()
    elif not isinstance(value, None | bool | int | float | str):
        raise refusal(source, None, f"{trail} can't be a {type(value).__name__}")
    return Node(value, source, None, trail)


_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)


class _Json:
    """JSON with lines, which Python's own parser doesn't tell."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._at = 0
        self._counted = 0
        self._line = 1

    def tree(self) -> Node:
        self._skip()
        root = self._node(self._line_now(), "")
        self._skip()
        if self._at != len(self._text):
            self._fail("something follows after the end")
        return root

    def _node(self, line: int, trail: str) -> Node:
        if trail.count(".") + trail.count("[") > DEEPEST:
            self._fail("it is nested too deeply")
        value: Any
        match self._text[self._at : self._at + 1]:
            case "{":
                value = self._object(trail)
            case "[":
                value = self._array(trail)
            case '"':
                value = self._string()
            case _:
                found = _WORD.match(self._text, self._at)
                if found is None:
                    self._fail("a value is missing")
                try:
                    value = json.loads(found[0])
                except ValueError:
                    self._fail("the number is too long")
                self._at = found.end()
        return Node(value, self._source, line, trail)

    def _object(self, trail: str) -> dict[str, Node]:
        found: dict[str, Node] = {}
        self._at += 1
        while not self._closes("}", first=not found):
            if self._text[self._at : self._at + 1] != '"':
                self._fail("a name in double quotes is missing")
            line = self._line_now()
            name = self._string()
            if name in found:
                self._fail(f"{step(trail, name)} stands on line {found[name].line} already")
            self._skip()
            if self._text[self._at : self._at + 1] != ":":
                self._fail("a `:` is missing")
            self._at += 1
            self._skip()
            found[name] = self._node(line, step(trail, name))
        return found

    def _array(self, trail: str) -> list[Node]:
        found: list[Node] = []
        self._at += 1
        while not self._closes("]", first=not found):
            found.append(self._node(self._line_now(), f"{trail}[{len(found)}]"))
        return found

    def _closes(self, bracket: str, *, first: bool) -> bool:
        """Whether the bracket is next, which is then passed; otherwise the comma before the next item is."""
        self._skip()
        found = self._text[self._at : self._at + 1]
        if found == bracket:
            self._at += 1
            return True
        if not first:
            if found != ",":
                self._fail(f"a `,` or `{bracket}` is missing")
            self._at += 1
            self._skip()
        return False

    def _string(self) -> str:
        try:
            text: str
            text, self._at = scanstring(self._text, self._at + 1, True)
        except json.JSONDecodeError as error:
            raise refusal(self._source, error.lineno, error.msg.removesuffix(" at")) from None
        return text

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _line_now(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _fail(self, reason: str) -> NoReturn:
        raise refusal(self._source, self._line_now(), reason)
