"""Renders bodies for the page: JSON indented and coloured, forms with a field in each line, other text unchanged."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qsl

from markupsafe import Markup, escape

_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=:)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<plain>\b(?:true|false|null)\b|-?\d[\d.eE+-]*)'
)
_FORM = "application/x-www-form-urlencoded"


def body(text: str, media_type: str | None = None) -> Markup:
    """Return a body as escaped HTML."""
    if media_type == _FORM:
        pairs = parse_qsl(text, keep_blank_values=True)
        return Markup("\n").join(Markup('<span class="key">{}</span>={}').format(*pair) for pair in pairs)
    try:
        # It can be cut off, and so no JSON, or nested too deeply to be parsed.
        laid_out = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return escape(text)
    return _coloured(laid_out)


def _coloured(text: str) -> Markup:
    parts = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(Markup('<span class="{}">{}</span>').format(match.lastgroup, match.group()))
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])
