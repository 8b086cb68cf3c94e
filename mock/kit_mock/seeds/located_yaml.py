"""Reads YAML into the tree of `source`."""

from __future__ import annotations

from typing import Any

import yaml

from kit_mock.seeds.source import DEEPEST, Node, refusal, step

MOST = 2_000_000
"""Values. A file of a few lines can stand for billions, by naming what was named before again and again."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def tree(text: str, source: str) -> Node:
    """The tree of a text from that source. Raises KitMockError for broken YAML."""
    return _Reader(text, source).tree()


class _Reader:
    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._nodes = 0

    def tree(self) -> Node:
        control = yaml.reader.Reader.NON_PRINTABLE.search(self._text)
        if control is not None:
            line = self._text.count("\n", 0, control.start()) + 1
            raise refusal(self._source, line, f"the character U+{ord(control[0]):04X} can't stand in YAML")
        try:
            self._loader = _Loader(self._text)
            try:
                root = self._loader.get_single_node()
                if root is None:
                    return Node({}, self._source, 1)  # An empty file asks for nothing.
                return self._node(root, root.start_mark.line + 1, "")
            finally:
                self._loader.dispose()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise refusal(self._source, mark.line + 1 if mark else None, _one_line(error.problem)) from None
        except yaml.YAMLError as error:
            raise refusal(self._source, None, _one_line(error)) from None

    def _node(self, raw: yaml.Node, line: int, trail: str) -> Node:
        if trail.count(".") + trail.count("[") > DEEPEST:
            raise refusal(self._source, line, "it is nested too deeply, or holds itself")
        self._nodes += 1
        if self._nodes > MOST:
            raise refusal(self._source, line, f"it holds more than {MOST:,} values")
        value: Any
        if isinstance(raw, yaml.MappingNode):
            value = self._mapping(raw, trail)
        elif isinstance(raw, yaml.SequenceNode):
            value = [
                self._node(item, item.start_mark.line + 1, f"{trail}[{number}]")
                for number, item in enumerate(raw.value)
            ]
        elif raw.tag == "tag:yaml.org,2002:timestamp":
            value = raw.value  # Whether it is a moment, or just looks like one, depends on where it stands.
        else:
            try:
                value = self._loader.construct_object(raw)
            except (ValueError, KeyError):  # Such as `!!int x` and `!!bool x`.
                raise refusal(self._source, line, f"{trail} isn't what its tag says") from None
            if not isinstance(value, None | bool | int | float | str):
                raise refusal(self._source, line, f"{trail} can't be a {type(value).__name__}")
        return Node(value, self._source, line, trail)

    def _mapping(self, raw: yaml.MappingNode, trail: str) -> dict[str, Node]:
        lines: dict[str, int] = {}
        for key, _ in raw.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise refusal(self._source, line, "a name must be a text")
            if key.value in lines:
                raise refusal(self._source, line, f"{step(trail, key.value)} stands on line {lines[key.value]} already")
            lines[key.value] = line
        self._loader.flatten_mapping(raw)  # Puts what `<<` names in front, so that the mapping's own values win.
        return {
            key.value: self._node(value, key.start_mark.line + 1, step(trail, key.value)) for key, value in raw.value
        }


def _one_line(message: object) -> str:
    return " ".join(str(message).split())
