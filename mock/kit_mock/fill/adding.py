"""The base class of what adds an item to an account from Python, and shows it as the API does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar

from kit_mock.endpoints import handlers
from kit_mock.model import accounts
from kit_mock.model.account import Account
from kit_mock.protocol.document import Document
from kit_mock.protocol.errors import KitMockError
from kit_mock.seeds import seed
from kit_mock.seeds.fields import Item
from kit_mock.seeds.source import of_arguments
from kit_mock.seeds.target import Seeding, TargetAccount
from kit_mock.state.clock import Clock
from kit_mock.state.store import Store

Moment = str | date
"""A day or a time: a `date`, a `datetime` or a text that the API would take. It is in UTC unless it has another zone."""
Reference = int | str
"""An id, or a name in any case."""
Member = Reference | Mapping[str, Any]
"""What a subscriber belongs to; `{"name": "Newsletter", "tagged_at": "2023-02-18"}` gives it a date (see seeds)."""
Shown = dict[str, Any]
"""An item as the API shows it."""

_ALL = 10**9  # More than an account has, on one page.

# What an argument can refer to: its table, and the columns with the texts that it can be referred to by.
_KNOWN = {
    "custom fields": ("custom_fields", ("key", "label")),
    "email templates": ("email_templates", ("name",)),
    "forms": ("forms", ("name",)),
    "products": ("products", ("pid",)),
    "segments": ("segments", ("name",)),
    "sequences": ("sequences", ("name",)),
    "tags": ("tags", ("name",)),
}
_REFERS_TO = {
    "custom_field": ("custom fields",),
    "email_template": ("email templates",),
    "exclude_subscriber_sources": ("forms", "segments", "sequences", "tags"),
    "fields": ("custom fields",),
    "form": ("forms",),
    "forms": ("forms",),
    "product": ("products",),
    "segments": ("segments",),
    "sequence": ("sequences",),
    "sequences": ("sequences",),
    "subscriber_filter": ("segments", "tags"),
    "tag": ("tags",),
    "tags": ("tags",),
}
_UNDATED = ("email_templates", "products")


class Additions:
    """The items of one kind in a mock's accounts: adds some and lists them."""

    name: ClassVar[str]
    filters: ClassVar[Mapping[str, Any]] = {}
    """The query that makes the API list all of them."""
    shown_by: ClassVar[tuple[str, str]]
    """The operation that shows an item as `_render` does, and the name of the item in its response."""
    _render: ClassVar[staticmethod[[Account, int], Shown]]

    def __init__(self, store: Store, clock: Clock, document: Document) -> None:
        self._store = store
        self._clock = clock
        self._document = document

    def __repr__(self) -> str:
        return f"<{self.name} of a KitMock>"

    def all(self, *, account_id: int | None = None) -> list[Shown]:
        """Return all items of an account in any state, the newest first, as the API shows them. No request is recorded.

        The account is the first one by default. Raises KitMockError if there is no account with that id.
        """
        with self._store.reading():
            operation_id = f"list_{self.name}"
            implementation = handlers.implementation(operation_id)
            assert implementation is not None, operation_id
            query = {**self.filters, "per_page": _ALL}
            reply = implementation.handle(handlers.Call(operation_id, {}, query, {}, self._account(account_id, "all")))
            return list(self._pruned(operation_id, reply.payload)[self.name])

    def _add(self, arguments: dict[str, Any]) -> Shown:
        """Add an item by all arguments of `add`, and return it as the API shows it. None and () count as not given."""
        account_id = arguments.pop("account_id")
        given = {name: value for name, value in arguments.items() if name != "self" and value not in (None, ())}
        node = of_arguments(given, f"{self.name}.add")
        resource = seed.RESOURCES[self.name]
        with self._store.transaction():
            account = self._account(account_id, "add")
            item = Item.of(node, resource.names)
            id_ = resource.add(Seeding(self._store, account.now), self._target(account.id, item), item)
            operation_id, name = self.shown_by
            shown, is_list = self._render(account, id_), operation_id.startswith("list_")
            found = self._pruned(operation_id, {name: [shown] if is_list else shown})[name]
            return dict(found[0] if is_list else found)

    def _pruned(self, operation_id: str, payload: Any) -> dict[str, Any]:
        """Leave out what the document doesn't have, as responses do."""
        operation = self._document.operations.get(operation_id)
        return dict(payload if operation is None else operation.pruned(200, payload))

    def _account(self, account_id: int | None, function: str) -> Account:
        if account_id is None:
            account_id = accounts.first_id(self._store)
        if (account_id,) not in self._store.rows("SELECT id FROM accounts"):
            raise KitMockError(f"{self.name}.{function}: account_id {account_id} isn't that of an account")
        return Account.of(self._store, account_id, self._clock.epoch())

    def _target(self, account_id: int, item: Item) -> TargetAccount:
        """Return the account with only what the item can refer to: an account can have thousands of tags."""
        target = TargetAccount(account_id, item)
        for kind in {kind for name in item.node.value for kind in _REFERS_TO.get(name, ())}:
            table, texts = _KNOWN[kind]
            created_at = "0" if table in _UNDATED else "created_at"
            sql = f"SELECT id, {created_at}, {', '.join(texts)} FROM {table} WHERE account_id = ? ORDER BY id"
            for id_, at, *names in self._store.rows(sql, (account_id,)):
                for text in {name.casefold() for name in names}:
                    target.remember(kind, id_, text, at)
        return target
