"""Tags, forms, sequences and custom fields by what people call them: a name, or an id."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from kit_api.errors import printable


def find_id(text: str, names: Mapping[int, str]) -> int | None:
    """Return the id of what has this name, without regard to case, or this id; None if nothing has."""
    named = [number for number, name in names.items() if name.casefold() == text.strip().casefold()]
    if named:
        return named[0]
    return int(text) if text.isascii() and text.isdecimal() and int(text) in names else None


def plain(name: str) -> str:
    """Return a name in lower case, without anything but letters and digits, so that it can be compared."""
    made = "".join(character for character in name.casefold() if character.isalnum())
    # What has none of these is still a name.
    return made or name.casefold()


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message that asks whether a known name was meant, or nothing if none is alike."""
    by_plain = {plain(each): each for each in known}
    close = difflib.get_close_matches(plain(name), by_plain, 1)
    return f"; did you mean {printable(repr(by_plain[close[0]]))}?" if close else ""
