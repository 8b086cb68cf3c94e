"""Masks the passwords of URLs, such as that of `https://user:password@app.example.com/`, wherever they are shown or kept.

The user stays, and so does whatever merely looks similar: an e-mail address, or a port.
"""

from __future__ import annotations

import re

MASK = "***"


def _pattern(colon: str, slash: str, at: str, end: str) -> re.Pattern[bytes]:
    """Return a pattern for the password of a URL: what is between its colon and its last at sign.

    The arguments are patterns for the forms that a colon, slash, at sign and end can have. A password has no slash and each
    match needs two, so matching takes linear time. If the text ends before an at sign, the group `cut` matches.
    """
    user, password = f"(?:(?!{colon}|{slash}|{at})[^{end}])*", f"(?:(?!{slash})[^{end}])*"
    before = f"(?P<before>(?:{colon})(?:{slash}){{2}}{user}(?:{colon}))"
    return re.compile(rf"{before}(?:{password}(?={at})|{password}(?P<cut>\Z))".encode(), re.IGNORECASE)


# The first for plain text and JSON, which can escape any character; the second for percent-encoded forms and queries.
_PATTERNS = (
    _pattern(r":|\\u003a", r"\\?/|\\u002f", r"@|\\u0040", r'\s"?#'),
    _pattern(":|%3a", "/|%2f", "@|%40", r'\s"?#&'),
)


def masked(text: str, *, is_cut: bool = False) -> str:
    """Return a text with the passwords of all URLs masked, or the same object if it can have none; see `masked_in`."""
    if "//" not in text and "\\" not in text and "%" not in text:
        return text
    return masked_in(text.encode("utf-8", "surrogatepass"), is_cut=is_cut).decode("utf-8", "surrogatepass")


def masked_in(text: bytes, *, is_cut: bool = False) -> bytes:
    """Return a text with the passwords of all URLs masked. `is_cut` says that the text may end within a URL."""
    # Most texts have no URL. This takes a fiftieth of the patterns' time, and one byte is found faster than two.
    if (b"/" not in text or b"//" not in text) and b"\\" not in text and b"%" not in text:
        return text

    def replace(match: re.Match[bytes]) -> bytes:
        return match[0] if match["cut"] is not None and not is_cut else match["before"] + MASK.encode()

    for pattern in _PATTERNS:
        text = pattern.sub(replace, text)
    return text
