"""The database and the accounts that a seed fills, and what its parts can refer to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import apsw
import attrs
from msgspec.structs import replace

from kit_mock.model.account import Account
from kit_mock.model.values import whole_number
from kit_mock.protocol.errors import Refusal
from kit_mock.seeds.fields import Item, as_text
from kit_mock.seeds.node import Node
from kit_mock.state.store import Store


@attrs.define(eq=False)
class TargetAccount:
    """An account that is being filled, and its things that a seed can refer to."""

    id: int
    item: Item
    dates: dict[str, dict[int, int]] = attrs.field(factory=dict)
    """When each thing was created, by kind and id."""
    names: dict[str, dict[str, list[int]]] = attrs.field(factory=dict)
    """The ids of each kind by case-folded name; several if things share a name."""

    def remember(self, kind: str, id_: int, name: str, created_at: int) -> None:
        """Remember a thing, so that the rest of the seed can name it by id or name."""
        self.dates.setdefault(kind, {})[id_] = created_at
        self.names.setdefault(kind, {}).setdefault(name.casefold(), []).append(id_)

    def find(self, kind: str, node: Node) -> int:
        """Return the id of the thing that a node names by id or name.

        Raises KitMockError if the account has no such thing, or several of that name.
        """
        id_ = whole_number(node.value)
        if id_ is not None:
            if id_ not in self.dates.get(kind, {}):
                node.refuse(f"isn't the id of one of the account's {kind}")
            return id_
        found = self.names.get(kind, {}).get(as_text(node).casefold(), [])
        if not found:
            node.refuse(f"isn't the name of one of the account's {kind}")
        if len(found) > 1:
            node.refuse(f"is the name of several {kind}: use an id")
        return found[0]


@contextmanager
def errors_at(node: Node) -> Iterator[None]:
    """Convert what the model or the tables refuse into a KitMockError about that node."""
    try:
        yield
    except Refusal as refusal:
        node.refuse(f"is refused: {'; '.join(refusal.errors)}")
    except apsw.ConstraintError as error:
        # "UNIQUE constraint failed: tags.account_id, tags.folded_name"
        column = str(error).rpartition(".")[2].removeprefix("folded_").replace("_hash", "_token")
        node.refuse("stands there already" if column in ("hash", "subscriber_id") else f"has a taken {column}")


@attrs.frozen(eq=False)
class Seeding:
    """A database that is filled at a moment, in seconds since 1970."""

    store: Store
    now: int

    def account(self, target: TargetAccount, at: int | None = None) -> Account:
        """Return an account for the model, by default at the present. It tells no webhook of what happens."""
        account = Account.of(self.store, target.id, self.now if at is None else at)
        return replace(account, is_quiet=True)

    def created_at(self, item: Item) -> int:
        """Return the moment when an item was created, by default the present."""
        found = item.moment("created_at")
        return self.now if found is None else found


@attrs.frozen
class Resource:
    """A list of a seed, such as `tags`."""

    names: Collection[str]
    """The names that an item can have."""
    _add: Callable[[Seeding, TargetAccount, Item], int]

    def add(self, seeding: Seeding, account: TargetAccount, item: Item) -> int:
        """Add an item to an account and return its id. Raises KitMockError, which names the item, if that can't be."""
        with errors_at(item.node):
            return self._add(seeding, account, item)


def given(**columns: Any) -> dict[str, Any]:
    """Return the columns that have a value; the others keep their defaults."""
    return {name: value for name, value in columns.items() if value is not None}
