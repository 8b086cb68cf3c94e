"""Secrets in a wrapper that no repr, attribute, pickle or formatted traceback shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn, Self

MASKED = "[masked]"


class Secret:
    """A text that is shown nowhere by accident. `reveal` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return MASKED

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("secrets are not pickled: make the object that holds them again in the other process")

    def reveal(self) -> str:
        """Return the text."""
        return self._value


def scrub(text: str, secrets: Iterable[Secret | None]) -> str:
    """Mask secrets in a text of somebody else, such as a server that quotes what it was sent."""
    for secret in secrets:
        if secret is not None and secret.reveal():
            text = text.replace(secret.reveal(), MASKED)
    return text
