"""Reads an existing database like clients do, to find at the start the damage that SQLite doesn't see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kit_mock.endpoints import handlers
from kit_mock.model import oauth_clients
from kit_mock.model.account import Account
from kit_mock.outbox import deliveries
from kit_mock.protocol.document import Document
from kit_mock.protocol.errors import KitMockError, Refusal
from kit_mock.protocol.operation import Operation
from kit_mock.state.store import REMEDY, Store

_PER_LIST = 1000
_ONE_BY_ONE = 50
_Asked = tuple[dict[str, int], dict[str, Any]]


def check(store: Store, document: Document, now: int, path: str) -> None:
    """Read what a client can read: the last 1,000 items of each list, and the last 50 that are shown by their ids.

    Raises KitMockError, with the path of the file, for a response that fails or that the document doesn't allow.
    """
    try:
        _check(store, document, now)
    except KitMockError as error:
        raise KitMockError(f"cannot use the database {path}: it is damaged ({error}): {REMEDY}") from None


def _check(store: Store, document: Document, now: int) -> None:
    try:
        for (client_id,) in store.rows("SELECT id FROM oauth_clients"):
            oauth_clients.find(store, client_id)
        deliveries.latest(store)
    except Exception as error:  # noqa: BLE001  (whatever it is, the row is to blame)
        raise _damaged("OAuth clients or deliveries", error) from None
    operations = [each for each in document.operations.values() if each.method == "GET" and not each.is_open]
    for (account_id,) in store.rows("SELECT id FROM accounts"):
        for operation in operations:
            for path, query in _asked(store, account_id, operation):
                _read(store, operation, account_id, now, path, query)


def _asked(store: Store, account_id: int, operation: Operation) -> Iterator[_Asked]:
    """Yield the path ids and queries of requests that show all that an operation can show."""
    names = {parameter.name: parameter for parameter in operation.query}
    query: dict[str, Any] = {"per_page": _PER_LIST} if operation.is_list else {}
    if "status" in names and "subscribers" in operation.path:
        query["status"] = "all"
    queries = [query]
    items = names["include"].caster.items if "include" in names else None
    queries += [{**query, "include": [choice]} for choice in sorted(items.choices or ())] if items else []
    if not operation.path_names:
        yield from (({}, each) for each in queries)
        return
    (name,) = operation.path_names
    table = operation.path.split("/")[2]  # From the document, not from a request.
    sql = f"SELECT id FROM {table} WHERE account_id = ? ORDER BY id DESC LIMIT ?"
    for (id_,) in store.rows(sql, (account_id, _ONE_BY_ONE)):
        yield from (({name: id_}, each) for each in queries)


def _read(
    store: Store, operation: Operation, account_id: int, now: int, path: dict[str, int], query: dict[str, Any]
) -> None:
    implementation = handlers.implementation(operation.id)
    if implementation is None:
        return
    try:
        reply = implementation.handle(handlers.Call(operation.id, path, query, {}, Account.of(store, account_id, now)))
        problem = operation.disagreement(reply.status, operation.pruned(reply.status, reply.payload))
    except Refusal:
        return
    except Exception as error:  # noqa: BLE001  (whatever it is, a row is to blame)
        raise _damaged(operation.id, error) from None
    if problem is not None:
        raise _damaged(operation.id, problem)


def _damaged(what: str, problem: object) -> KitMockError:
    reason = type(problem).__name__ if isinstance(problem, Exception) else problem
    return KitMockError(f"{what} can't be read ({reason})")
