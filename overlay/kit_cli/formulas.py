"""Cells that a spreadsheet may run as formulas, and the apostrophe that keeps it from that."""

from __future__ import annotations

import re

from .csv_rows import INVISIBLE

# Some spreadsheets take the wide forms for them too.
_SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
_CONTROLS = re.compile("[\t\r\n]")
# Such as -5 or +49 30 123, which does nothing.
_NUMBER = re.compile(r"[+-][\d\s().,/-]*")
_PARTS = re.compile(r"([\s']*)(.*)", re.DOTALL)


def is_formula(text: str) -> bool:
    """Return whether a text is to be guarded: a spreadsheet may run it, or it looks as if it were guarded already."""
    if text[:1].isalnum():
        return False
    before, rest = _split(text)
    if not _begins_like_one(before, rest):
        return False
    # What begins with an apostrophe would lose it, a number too.
    return "'" in before or _CONTROLS.search(before) is not None or _NUMBER.fullmatch(rest) is None


def guarded(text: str) -> str:
    """Return a text with an apostrophe before it, if it needs one."""
    return f"'{text}" if is_formula(text) else text


def unguarded(cell: str) -> str:
    """Return the text that was guarded. Other programs guard numbers too."""
    return cell[1:] if cell[:1] == "'" and _begins_like_one(*_split(cell[1:])) else cell


def _split(text: str) -> tuple[str, str]:
    """Return the blanks and apostrophes that a text begins with, and the rest."""
    found = _PARTS.fullmatch(text if text.isascii() else text.translate(INVISIBLE))
    assert found is not None
    return found[1], found[2]


def _begins_like_one(before: str, rest: str) -> bool:
    return rest != "" and (rest[0] in _SIGNS or _CONTROLS.search(before) is not None)
