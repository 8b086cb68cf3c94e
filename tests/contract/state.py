"""Reads the state of the account over the API, to check that a write has its effect and no other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from tests.contract.caller import Answer
from tests.contract.world import World, everything


class State:
    """Reads things by kind and id: from their own operation, and from the list that they are in."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._caller = world.caller

    def listed(self, kind: str) -> dict[int, dict[str, Any]]:
        """Return the first page of everything of a kind, by id."""
        query = everything(self._caller.document, f"list_{kind}s")
        return {row["id"]: row for row in self._world.rows(kind, **query)}

    def get(self, kind: str, id_: int) -> dict[str, Any]:
        """Return one as its own operation shows it, or as its list does if it has none."""
        if not self._is_read(kind):
            return self.listed(kind)[id_]
        found: dict[str, Any] = self._caller.call(f"get_{kind}", {"id": id_}, expect=200).json[kind]
        return found

    def _is_read(self, kind: str) -> bool:
        """Whether an operation reads one of a kind."""
        return f"get_{kind}" in self._caller.document.operations

    def members(self, owner: str, id_: int) -> dict[int, dict[str, Any]]:
        """Return the subscribers of a tag, form or sequence, of any state, by id."""
        query = {"status": "all", "per_page": 1000}
        answer = self._caller.call(f"list_{owner}_subscribers", {f"{owner}_id": id_}, query=query, expect=200)
        return {row["id"]: row for row in answer.json["subscribers"]}

    def tags_of(self, subscriber: int) -> set[int]:
        """Return the ids of a subscriber's tags."""
        answer = self._caller.call("list_subscriber_tags", {"subscriber_id": subscriber}, expect=200)
        return {row["id"] for row in answer.json["tags"]}

    def expect(self, answer: Answer, kind: str, id_: int, **values: object) -> dict[str, Any]:
        """Raise ContractError unless one has these values in its own operation and in its list. Returns it."""
        found = self.get(kind, id_)
        for where, row in (("it", found), ("its list", self.listed(kind).get(id_))):
            for name, value in values.items():
                if row is None or row.get(name) != value:
                    came = "nothing" if row is None else f"{name} {row.get(name)!r}"
                    raise answer.broken(f"{where} shows {name} {value!r} afterwards", came)
        return found

    def expect_none(self, answer: Answer, kind: str, id_: int) -> None:
        """Raise ContractError if there is still one with that id."""
        if id_ in self.listed(kind):
            raise answer.broken(f"no {kind} {id_} in its list afterwards", "it is still there")
        if self._is_read(kind) and self._caller.call(f"get_{kind}", {"id": id_}).status != 404:
            raise answer.broken(f"404 for {kind} {id_} afterwards", "it is still there")

    @contextlib.contextmanager
    def nothing_else(self, kind: str, *ids: int, new: int = 0, ignore: str = "") -> Iterator[None]:
        """Raise ContractError if what is done inside changes others of a kind, or makes more than `new` ones.

        `ignore` is a field that may change.
        """
        before = self.listed(kind)
        yield
        after = self.listed(kind)
        answer = self._caller.call(
            f"list_{kind}s", query=everything(self._caller.document, f"list_{kind}s"), expect=200
        )
        made = after.keys() - before.keys() - set(ids)
        if len(made) != new and len(after) < 1000:
            raise answer.broken(f"{new} new {kind}s after the write", f"{len(made)}: {sorted(made)}")
        for id_, row in before.items():
            if id_ in ids or (len(after) >= 1000 and id_ not in after):
                continue
            if _without(after.get(id_), ignore) != _without(row, ignore):
                raise answer.broken(f"{kind} {id_} as it was: {row}", str(after.get(id_, "it is gone")))


def _without(row: dict[str, Any] | None, name: str) -> dict[str, Any] | None:
    return row and {key: value for key, value in row.items() if key != name}
