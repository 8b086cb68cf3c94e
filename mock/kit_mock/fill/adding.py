"""How one thing gets into an account from Python, and is shown as the API would."""

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
"""A day or a time, in UTC unless it says otherwise: as a `date`, a `datetime` or a text that the API would take."""
Reference = int | str
"""An id, or a name in any case."""
Member = Reference | Mapping[str, Any]
"""What somebody belongs to; `{"name": "Newsletter", "tagged_at": "2023-02-18"}` for one with a date (see seeds)."""
Shown = dict[str, Any]
"""What the API shows of a thing."""

_ALL = 10**9  # More than an account has, on one page.

# What an argument may refer to, and where it is: what it is called there, and under which texts it is found.
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
    """One kind of thing: adds it, and shows what there is of it."""

    name: ClassVar[str]
    filters: ClassVar[Mapping[str, Any]] = {}
    """What makes the API's list hold all of them."""
    shown_by: ClassVar[tuple[str, str]]
    """The operation that shows one as `_represent` does, and the name that it shows it under."""

    def __init__(self, store: Store, clock: Clock, document: Document) -> None:
        self._store = store
        self._clock = clock
        self._document = document

    def __repr__(self) -> str:
        return f"<{self.name} of a KitMock>"

    def all(self, *, account_id: int | None = None) -> list[Shown]:
        """All there are, the newest first, whatever their state, as the API shows them; no request is recorded.

        `account_id` is whose, by default the first account's. Raises KitMockError if there is no such account.
        """
        with self._store.reading():
            operation_id = f"list_{self.name}"
            implementation = handlers.implementation(operation_id)
            assert implementation is not None, operation_id
            query = {**self.filters, "per_page": _ALL}
            reply = implementation.handle(handlers.Call(operation_id, {}, query, {}, self._account(account_id, "all")))
            return list(self._pruned(operation_id, reply.payload)[self.name])

    def _add(self, account_id: int | None, arguments: Mapping[str, Any]) -> Shown:
        """Add one and return what the API shows of it; an argument that is None or () counts as not given."""
        source = f"{self.name}.add"
        node = of_arguments({name: value for name, value in arguments.items() if value not in (None, ())}, source)
        resource = seed.RESOURCES[self.name]
        with self._store.transaction():
            account = self._account(account_id, "add")
            item = Item.of(node, resource.names)
            id_ = resource.add(Seeding(self._store, account.now), self._target(account.id, item), item)
            operation_id, name = self.shown_by
            shown, is_list = self._represent(account, id_), operation_id.startswith("list_")
            found = self._pruned(operation_id, {name: [shown] if is_list else shown})[name]
            return dict(found[0] if is_list else found)

    def _represent(self, account: Account, id_: int) -> Shown:
        """Return the one with that id as the API shows it."""
        raise NotImplementedError

    def _pruned(self, operation_id: str, payload: Any) -> dict[str, Any]:
        """Leave out what the document doesn't have, as answers do."""
        operation = self._document.operations.get(operation_id)
        return dict(payload if operation is None else operation.pruned(200, payload))

    def _account(self, account_id: int | None, function: str) -> Account:
        if account_id is None:
            account_id = accounts.first_id(self._store)
        if not self._store.value("SELECT 1 FROM accounts WHERE id = ?", (account_id,)):
            raise KitMockError(f"{self.name}.{function}: account_id {account_id} isn't that of an account")
        return Account.of(self._store, account_id, self._clock.epoch())

    def _target(self, account_id: int, item: Item) -> TargetAccount:
        """The account, knowing what the item may refer to and no more: an account can have thousands of tags."""
        target = TargetAccount(account_id, item)
        for kind in {kind for name in item.node.value for kind in _REFERS_TO.get(name, ())}:
            table, texts = _KNOWN[kind]
            created_at = "0" if table in _UNDATED else "created_at"
            sql = f"SELECT id, {created_at}, {', '.join(texts)} FROM {table} WHERE account_id = ? ORDER BY id"
            for id_, at, *names in self._store.rows(sql, (account_id,)):
                for text in {name.casefold() for name in names}:
                    target.remember(kind, id_, text, at)
        return target
