"""Bodies as the page shows them: JSON laid out and coloured, everything else as it is."""

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
    """A body as HTML, escaped."""
    if media_type == _FORM:
        pairs = parse_qsl(text, keep_blank_values=True)
        return Markup("\n").join(Markup('<span class="key">{}</span>={}').format(*pair) for pair in pairs)
    try:
        # What was cut off isn't JSON any more, nor is what nests too deeply to be laid out.
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
