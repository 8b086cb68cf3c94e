"""Suggests the name that was probably meant in place of an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """Return the end of an error message, such as `: did you mean create_tag?`, or nothing if no name is close."""
    close = difflib.get_close_matches(str(given), list(known), n=1)
    return f": did you mean {close[0]}?" if close else ""
