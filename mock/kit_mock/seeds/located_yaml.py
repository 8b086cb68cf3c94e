"""Reads YAML into plain data, with the line of each value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from kit_mock.protocol.errors import shown
from kit_mock.seeds.node import DEEPEST, LONGEST_NUMBER, MOST_REPEATED, Lines, refusal

_MOST_DIRECTIVES = 100
_TAG = "tag:yaml.org,2002:"
_Pairs = dict[str, tuple[yaml.Node, yaml.Node]]
_NOT_OF_TAG = "a value isn't what its tag says"
_Library: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(text: str, source: str) -> tuple[Any, Lines]:
    """Return what a text from that source holds, and the lines. What aliases repeat is the same object each time.

    Raises KitMockError for broken YAML.
    """
    control = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        raise refusal(source, line, f"the character U+{ord(control[0]):04X} can't stand in YAML")
    if text.count("\n%") > _MOST_DIRECTIVES:  # The library compares each with all others.
        raise refusal(source, None, "it has too many directives")
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            # An empty file asks for nothing.
            return ({} if root is None else loader.construct_document(root)), loader.lines
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = ", ".join(filter(None, (error.context, error.problem)))
        raise refusal(source, mark.line + 1 if mark else None, _one_line(reason)) from None
    except yaml.YAMLError as error:
        raise refusal(source, None, _one_line(str(error))) from None


class _Loader(_Library):  # type: ignore[misc]
    """The library's loader, with bounds: its own code in C ends the process if values are nested too deeply."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lines: dict[tuple[int, str | int], int] = {}
        self._depth = 0
        self._composed = 0
        self._merged = 0
        self._pairs: dict[yaml.Node, _Pairs | None] = {}

    def descend_resolver(self, parent: yaml.Node | None, _: object) -> None:
        """Called before each value is composed."""
        self._composed += 1
        self._depth += 1
        if self._depth > DEEPEST + 1:
            raise _error(parent, "it is nested too deeply")

    def ascend_resolver(self) -> None:
        """Called after each value is composed."""
        self._depth -= 1

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Construct a value. A tag can stand before any kind of node, such as `!!seq` before a text."""
        kind = _NODES.get(node.tag, yaml.Node)
        if not isinstance(node, kind):
            raise _error(node, _NOT_OF_TAG)
        return super().construct_object(node, deep)

    def mapping(self, node: yaml.MappingNode) -> Iterator[dict[str, Any]]:
        made: dict[str, Any] = {}
        yield made  # Before its values, one of which may hold it.
        for name, (key, value) in self._flat(node).items():
            self.lines[id(made), name] = key.start_mark.line + 1
            made[name] = self.construct_object(value)

    def sequence(self, node: yaml.SequenceNode) -> Iterator[list[Any]]:
        made: list[Any] = []
        yield made
        for number, value in enumerate(node.value):
            self.lines[id(made), number] = value.start_mark.line + 1
            made.append(self.construct_object(value))

    def text(self, node: yaml.ScalarNode) -> str:
        return str(node.value)

    def scalar(self, node: yaml.ScalarNode) -> Any:
        kind = node.tag.removeprefix(_TAG)
        if kind in ("int", "float") and len(node.value) > LONGEST_NUMBER:
            raise _error(node, "the number is too long")
        try:
            return getattr(self, f"construct_yaml_{kind}")(node)
        except (ValueError, LookupError, OverflowError):  # Such as `!!int x` and `!!bool x`.
            raise _error(node, _NOT_OF_TAG) from None

    def _flat(self, node: yaml.Node) -> _Pairs:
        """The keys and values of a mapping by name, with those that `<<` brings and the mapping doesn't have itself."""
        if node in self._pairs:
            found = self._pairs[node]
            if found is None:
                raise _error(node, "it merges itself")
            return found
        if not isinstance(node, yaml.MappingNode):
            raise _error(node, "only an object, or a list of them, can be merged")
        self._pairs[node] = None
        merged, own = _Pairs(), _Pairs()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _error(key, "a name must be a text")
            if key.value in own:
                earlier = own[key.value][0].start_mark.line + 1
                raise _error(key, f"{shown(key.value)} stands on line {earlier} already")
            own[key.value] = (key, value)
            if key.tag == f"{_TAG}merge":
                for each in reversed(value.value) if isinstance(value, yaml.SequenceNode) else [value]:
                    brought = self._flat(each)
                    self._merged += 1 + len(brought)
                    if self._merged > MOST_REPEATED + 10 * self._composed:
                        raise _error(key, "it repeats a few values too often")
                    merged |= brought
        own = {name: pair for name, pair in own.items() if pair[0].tag != f"{_TAG}merge"}
        found = self._pairs[node] = merged | own
        return found


_CONSTRUCTORS: dict[str, tuple[Any, type[yaml.Node]]] = {
    **{_TAG + kind: (_Loader.scalar, yaml.ScalarNode) for kind in ("null", "bool", "int", "float")},
    # Whether a text is a moment, or just looks like one, depends on where it stands.
    **{_TAG + kind: (_Loader.text, yaml.ScalarNode) for kind in ("str", "timestamp")},
    f"{_TAG}map": (_Loader.mapping, yaml.MappingNode),
    f"{_TAG}seq": (_Loader.sequence, yaml.SequenceNode),
}
_NODES = {tag: kind for tag, (_, kind) in _CONSTRUCTORS.items()}
"""The kind of node that each tag is for."""
_Loader.yaml_constructors = {
    **{tag: construct for tag, (construct, _) in _CONSTRUCTORS.items()},
    None: _Loader.construct_undefined,
}


def _error(node: yaml.Node | None, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=None if node is None else node.start_mark)


def _one_line(message: str) -> str:
    return shown(" ".join(message.split()))
