"""A Markdown file with fields of YAML at its top, and its HTML."""

from __future__ import annotations

import re
import sys
from itertools import count
from typing import Any

from msgspec import Struct

from kit_api.errors import printable

from .extras import needed
from .status import MisuseError

_END = re.compile("^(?:---|\\.\\.\\.)[ \t]*$", re.MULTILINE)
# Up to its end on the same line or, as long as no other one begins before that, on a later line: two braces that mean nothing
# don't take what follows.
_SAME_TAG = r"(?:(?!\{[{%])[\s\S])*?"
_LIQUID = rf"\{{\{{.*?\}}\}}|\{{%.*?%\}}|\{{\{{{_SAME_TAG}\}}\}}|\{{%{_SAME_TAG}%\}}"


class Document(Struct, frozen=True):
    """A Markdown file, taken apart."""

    fields: dict[str, str | list[str]]
    """The fields at its top, as they are written: `yes` is the text "yes"."""
    html: str
    relative_urls: list[str]
    """Pictures and links that lead nowhere from an inbox."""


def read_markdown(text: str, name: str) -> Document:
    """Take a Markdown file apart. Tables and strikethrough are understood beside CommonMark; HTML stays as it is.

    Args:
        text: The file.
        name: What it is called, for errors.

    Raises:
        MisuseError: What stands at its top isn't YAML, or no plain fields; or something is nested too deeply.
        CommandError: The extra `cli` isn't installed.
    """
    top, body = _split(text.replace("\r\n", "\n"), name)
    # Without a limit: it would leave out what is nested more deeply.
    parser = needed("markdown_it", "Markdown").MarkdownIt("commonmark", {"maxNesting": sys.maxsize})
    parser.enable(["table", "strikethrough"])
    liquid = _Liquid(body)
    try:
        tokens = parser.parse(liquid.hidden)
        html = liquid.shown(parser.renderer.render(tokens, parser.options, {}))
    except RecursionError:
        raise MisuseError(f"{name}: quotes, lists or links are nested too deeply") from None
    every = [each for token in tokens for each in (token, *(token.children or ()))]
    urls = [liquid.shown(str(token.attrs[key])) for token in every for key in ("href", "src") if key in token.attrs]
    return Document({} if top is None else _fields(top, name), html, [url for url in urls if _is_relative(url)])


class _Liquid:
    """The tags of Liquid in a text, such as `{{ subscriber.first_name | default: "friend" }}`.

    The service fills them in. Markdown would end a link at their spaces and escape their quotes, so that it sees words in
    the place of them.

    Args:
        text: The text with the tags.
    """

    def __init__(self, text: str) -> None:
        self._tags = re.findall(_LIQUID, text)
        # A word that the text doesn't have.
        self._word = next(word for number in count() if (word := f"LIQUID{number}x") not in text)
        numbers = count()
        self.hidden = re.sub(_LIQUID, lambda _: f"{self._word}{next(numbers)}x", text)

    def shown(self, text: str) -> str:
        """Return a text with its tags."""
        return re.sub(f"{self._word}([0-9]+)x", lambda found: self._tags[int(found[1])], text)


def _split(text: str, name: str) -> tuple[str | None, str]:
    """Return the YAML, or None if there is none, and the Markdown."""
    first, _, rest = text.partition("\n")
    if first.rstrip() != "---":
        return None, text
    end = _END.search(rest)
    if end is None:
        raise MisuseError(f"{name}: the fields at its top have no end: expected a second line with --- alone")
    return rest[: end.start()], rest[end.end() :]


def _fields(top: str, name: str) -> dict[str, str | list[str]]:
    yaml = needed("yaml", "the top of a Markdown file")
    try:
        # The loader that leaves scalars as they are written: what they stand for is for the document to say.
        found: Any = yaml.compose(top, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f"line {_line(mark)}: "
        raise MisuseError(f"{name}: {where}{printable(getattr(error, 'problem', None) or 'no YAML')}") from None
    except RecursionError:
        raise MisuseError(f"{name}: the fields at its top are nested too deeply") from None
    if found is None:
        return {}
    if not isinstance(found, yaml.MappingNode):
        raise MisuseError(f"{name}: expected fields at its top, such as subject: News")
    fields: dict[str, str | list[str]] = {}
    for key, value in found.value:
        where = f"{name}: line {_line(key.start_mark)}"
        if not isinstance(key, yaml.ScalarNode):
            raise MisuseError(f"{where}: expected a field, such as subject: News")
        if key.value in fields:
            raise MisuseError(f"{where}: {printable(key.value, 80)} is given twice")
        every = value.value if isinstance(value, yaml.SequenceNode) else [value]
        if not all(isinstance(each, yaml.ScalarNode) for each in every):
            raise MisuseError(f"{where}: {printable(key.value, 80)}: expected text, or a list of texts")
        fields[key.value] = [each.value for each in every] if isinstance(value, yaml.SequenceNode) else value.value
    return fields


def _line(mark: Any) -> int:
    # From 1, and below the line with the dashes.
    return int(mark.line) + 2


def _is_relative(url: str) -> bool:
    return not re.match("[a-z][a-z0-9+.-]*:|#|\\{\\{", url, re.IGNORECASE)
