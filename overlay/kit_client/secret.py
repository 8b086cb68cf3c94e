"""Secrets in a wrapper that no repr, attribute, pickle or formatted traceback shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NoReturn, Self

MASKED = "[masked]"

# Longer than words are.
_OPAQUE = re.compile(r"[A-Za-z0-9_~+/=.-]{24,}")


class Secret:
    """A text that is shown nowhere by accident. `reveal` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return MASKED

    def __copy__(self, memo: object = None) -> Self:
        return self

    __deepcopy__ = __copy__

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not pickled: make the object that holds them again in the other process")

    def reveal(self) -> str:
        """Return the text."""
        return self._value


def scrub(text: str, secrets: Iterable[Secret]) -> str:
    """Mask secrets in a text of somebody else, such as a server that quotes what it was sent.

    Whatever else looks like a token is masked too: it may be one of before, or of another account.
    """
    for secret in secrets:
        text = text.replace(secret.reveal(), MASKED)
    return _OPAQUE.sub(MASKED, text)
