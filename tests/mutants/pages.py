"""Pages of lists, in a form that lies can change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from tests.mutants.exchange import Answer


@attrs.define
class Page:
    """The body of an answer to a list, to be changed."""

    body: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the list in the body."""
        return next(name for name in self.body if name != "pagination")

    @property
    def items(self) -> list[Any]:
        """The items."""
        found: list[Any] = self.body[self.name]
        return found

    @items.setter
    def items(self, value: list[Any]) -> None:
        self.body[self.name] = value

    @property
    def pagination(self) -> dict[str, Any]:
        """The cursors, flags and counts."""
        found: dict[str, Any] = self.body["pagination"]
        return found


def changed(answer: Answer, change: Callable[[Page], None]) -> Answer:
    """Return the answer with its page changed, if it is a success."""
    if answer.status != 200:
        return answer
    page = Page(answer.copy())
    change(page)
    return answer if page.body == answer.json else answer.with_json(page.body)
