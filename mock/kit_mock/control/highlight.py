"""Renders bodies for the page: JSON indented and coloured, forms with a field in each line, other text unchanged."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from markupsafe import Markup, escape

_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<plain>\b(?:true|false|null)\b|-?\d[\d.eE+-]*)'
)
_LONGEST = 256 * 1024
"""Characters of JSON with indents: several times the part of a body that is kept."""
_FORM = "application/x-www-form-urlencoded"


def body(text: str, media_type: str | None = None) -> Markup:
    """Return a body as escaped HTML."""
    if media_type == _FORM:
        pairs = parse_qsl(text, keep_blank_values=True)
        return Markup("\n").join(Markup('<span class="key">{}</span>={}').format(*pair) for pair in pairs)
    try:
        # It can be cut off, and so no JSON, or nested too deeply to be parsed.
        laid_out = _laid_out(json.loads(text))
    except (ValueError, RecursionError):
        return escape(text)
    return _coloured(laid_out)


def _laid_out(value: Any) -> str:
    """Return JSON with indents. Raises ValueError if it is too long: indents grow with the nesting."""
    parts: list[str] = []
    left = _LONGEST
    for part in json.JSONEncoder(ensure_ascii=False, indent=2).iterencode(value):
        parts.append(part)
        left -= len(part)
        if left < 0:
            raise ValueError("it is too long")
    return "".join(parts)


def _coloured(text: str) -> Markup:
    parts = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(Markup('<span class="{}">{}</span>').format(match.lastgroup, match.group()))
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])
