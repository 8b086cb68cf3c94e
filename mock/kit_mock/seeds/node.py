"""The tree of a seed: values that know where they stand, so that whoever refuses one can say which it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, NoReturn

import attrs

from kit_mock.protocol.errors import KitMockError, shown

DEEPEST = 50
"""Levels. A subscriber filter in a seed of several accounts is on the eleventh."""
MOST_REPEATED = 20_000
"""Values, beside ten for each value that isn't repeated. A few lines of YAML can stand for billions by their aliases."""
LONGEST_NUMBER = 100
"""Characters. Python takes minutes for some that are longer, and refuses others."""
_TWICE = "stands there twice"
_CHARACTERS = 64
"""A repeated text of a file counts as one value for each so many characters."""

# The names and numbers that lead to a value, the last one first; None for the whole seed. A text for each value would be
# as long as all names above it, and there can be millions of values below a name of a megabyte.
Path = tuple["Path", str | int] | None
Lines = Mapping[tuple[int, str | int], int]
"""The line of each value, by the id of the object or list that holds it and its name or number there."""


@attrs.frozen(eq=False)
class Node:
    """A value and where it stands. `value` is a dict of nodes, a list of nodes, or None, bool, int, float or str."""

    value: Any
    source: str
    line: int | None = None
    """That of its name, if it has one. None if the source has no lines."""
    path: Path = None

    def refuse(self, reason: str) -> NoReturn:
        """Raise KitMockError with the file, the line, the way to this value and the reason."""
        raise refusal(self.source, self.line, f"{_trail(self.path) or 'the seed'} {reason}")


class Twice(dict[str, Any]):
    """An object that has a name twice, which the tree refuses."""

    name: str


def refusal(source: str, line: int | None, reason: str) -> KitMockError:
    """The error for what stands on that line."""
    place = source if line is None else f"{source}, line {line}"
    return KitMockError(f"{place}: {reason}")


def tree(data: Any, source: str, *, path: Path = None, lines: Lines | None = None) -> Node:
    """Return the tree of data. What the data holds in several places is in several places of the tree.

    Raises KitMockError for what a seed can't hold, for more than 50 levels, and for data that would take far more room as a
    tree than it takes itself.
    """
    return _Tree(source, lines).node(data, path, 0, None if lines is None else 1, is_repeated=False)


class _Tree:
    def __init__(self, source: str, lines: Lines | None) -> None:
        self._source = source
        self._lines = lines
        self._seen: set[int] = set()
        self._once = 0
        self._repeated = 0

    def node(self, value: Any, path: Path, depth: int, line: int | None, *, is_repeated: bool) -> Node:
        if depth > DEEPEST:
            raise refusal(self._source, line, "it is nested too deeply, or holds itself")
        if isinstance(value, Mapping | list | tuple) or self._is_long(value):
            is_repeated = is_repeated or (id(value) in self._seen and bool(value))
            self._seen.add(id(value))
        self._count(value, line, is_repeated=is_repeated)
        if isinstance(value, Twice):
            Node(None, self._source, line, (path, value.name)).refuse(_TWICE)
        made: Any = value
        if isinstance(value, Mapping):
            made = {}
            for name, inner in value.items():
                step = path, str(name)
                if step[1] in made:  # Python has names that differ by their type alone.
                    Node(None, self._source, line, step).refuse(_TWICE)
                made[step[1]] = self._inner(value, name, inner, step, depth, is_repeated=is_repeated)
        elif isinstance(value, list | tuple):
            made = [
                self._inner(value, number, each, (path, number), depth, is_repeated=is_repeated)
                for number, each in enumerate(value)
            ]
        elif isinstance(value, date):  # Times are dates too.
            made = value.isoformat()
        elif not isinstance(value, None | bool | int | float | str):
            Node(None, self._source, line, path).refuse(f"can't be a {type(value).__name__}")
        return Node(made, self._source, line, path)

    def _inner(self, holder: Any, key: str | int, value: Any, path: Path, depth: int, *, is_repeated: bool) -> Node:
        line = None if self._lines is None else self._lines[id(holder), key]
        return self.node(value, path, depth + 1, line, is_repeated=is_repeated)

    def _count(self, value: Any, line: int | None, *, is_repeated: bool) -> None:
        if not is_repeated:
            self._once += 1
            return
        self._repeated += len(value) // _CHARACTERS if self._is_long(value) else 1
        if self._repeated > MOST_REPEATED + 10 * self._once:
            raise refusal(self._source, line, "it repeats a few values too often")

    def _is_long(self, value: Any) -> bool:
        """Tell whether it is a text of a file that is worth counting; Python data shares texts as it likes."""
        return self._lines is not None and isinstance(value, str) and len(value) > _CHARACTERS


def _trail(path: Path) -> str:
    """The way to a value, such as `tags[0].name`."""
    steps = []
    while path is not None:
        path, step = path
        steps.append(f"[{step}]" if isinstance(step, int) else f".{shown(step)}")
    return "".join(reversed(steps)).removeprefix(".")
