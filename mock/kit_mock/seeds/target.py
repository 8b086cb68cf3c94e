"""Where a seed goes: the accounts, the tables, and what the rest of the seed can refer to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import apsw
import attrs

from kit_mock.model.account import Account
from kit_mock.protocol.errors import Refusal
from kit_mock.seeds.fields import Item, as_text
from kit_mock.seeds.node import Node
from kit_mock.state.store import Store


@attrs.define(eq=False)
class TargetAccount:
    """The account that something goes to, and what of it can be referred to: by kind, then by id or by name."""

    id: int
    item: Item
    dates: dict[str, dict[int, int]] = attrs.field(factory=dict)
    """When it was made, by kind and id."""
    names: dict[str, dict[str, list[int]]] = attrs.field(factory=dict)
    """Ids by kind and name, in one case; several if the name is."""

    def remember(self, kind: str, id_: int, name: str, created_at: int) -> None:
        """Make something known that subscribers can belong to."""
        self.dates.setdefault(kind, {})[id_] = created_at
        self.names.setdefault(kind, {}).setdefault(name.casefold(), []).append(id_)

    def find(self, kind: str, node: Node) -> int:
        """The id of what a node names, by id or by name. Refuses what doesn't exist or is ambiguous."""
        if isinstance(node.value, int) and not isinstance(node.value, bool):
            if node.value not in self.dates.get(kind, {}):
                node.refuse(f"isn't the id of one of the account's {kind}")
            return node.value
        found = self.names.get(kind, {}).get(as_text(node).casefold(), [])
        if not found:
            node.refuse(f"isn't the name of one of the account's {kind}")
        if len(found) > 1:
            node.refuse(f"is the name of several {kind}: use an id")
        return found[0]


@attrs.frozen(eq=False)
class Seeding:
    """One seed on its way into a database."""

    store: Store
    now: int

    def account(self, target: TargetAccount, at: int | None = None) -> Account:
        """Return an account for the model: at the present unless another moment is given, and without webhooks."""
        account = Account.of(self.store, target.id, self.now if at is None else at)
        return attrs.evolve(account, is_quiet=True)

    @contextmanager
    def naming(self, node: Node) -> Iterator[None]:
        """Turn what the model or the tables refuse into a refusal of that node."""
        try:
            yield
        except Refusal as refusal:
            node.refuse(f"is refused: {'; '.join(refusal.errors)}")
        except apsw.ConstraintError as error:
            # "UNIQUE constraint failed: tags.account_id, tags.folded_name"
            column = str(error).rpartition(".")[2].removeprefix("folded_").replace("_hash", "_token")
            node.refuse("stands there already" if column in ("hash", "subscriber_id") else f"has a taken {column}")

    def insert(self, item: Item, table: str, values: Mapping[str, Any]) -> int:
        """Add a row, with the item's id if it has one, and return the id."""
        return self.row(item.node, table, {"id": item.id(), **values})

    def row(self, node: Node, table: str, values: Mapping[str, Any]) -> int:
        """Add a row and return its id."""
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        with self.naming(node):
            return self.store.insert(f"INSERT INTO {table} ({columns}) VALUES ({marks})", (*values.values(),))

    def created_at(self, item: Item) -> int:
        """The item's date, by default the present."""
        found = item.moment("created_at")
        return self.now if found is None else found


@attrs.frozen
class Resource:
    """The names that an item of the resource can have, and what makes rows of one."""

    names: Collection[str]
    add: Callable[[Seeding, TargetAccount, Item], int]
    """Adds one and returns its id."""


def given(**columns: Any) -> dict[str, Any]:
    """Return the columns that have a value: a seed says nothing of the others."""
    return {name: value for name, value in columns.items() if value is not None}


def id_columns(item: Item) -> dict[str, int]:
    """Return the item's id as a column, if it has one."""
    return given(id=item.id())
