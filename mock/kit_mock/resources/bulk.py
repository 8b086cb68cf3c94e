"""What all bulk operations share.

Up to 100 items are dealt with at once; more become a job of the queue (`jobs`). Results and failures come in the order
of the request, unless the mock is to scramble them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kit_mock import jobs, ordering, registry
from kit_mock.deliveries import targets
from kit_mock.inputs import LARGEST_ID
from kit_mock.messages import Reply
from kit_mock.problems import unprocessable
from kit_mock.registry import Call
from kit_mock.wording import human

SYNCHRONOUS_ITEMS = 100

Items = list[dict[str, Any]]
Run = Callable[[Call, Items], dict[str, Any]]
Check = Callable[[Call, Items], None]


def operation(
    operation_id: str,
    name: str,
    *,
    judges_in_items: Iterable[str] = (),
    ids: Iterable[str] = (),
    check: Check | None = None,
) -> Callable[[Run], Run]:
    """Register the decorated function, which gets the items and returns the body of a 200, as a bulk operation.

    The function returns lists in the order of the items.
    `name` is the field that holds the items. `judges_in_items` is that of `registry.operation`. `ids` names the fields
    of each item that are ids, which the function gets as int or None; one that is too large for an id refuses the
    request. `check` raises Refusal for what is wrong with a request as a whole and the document doesn't find: it goes before everything that is done,
    and before the request is queued.
    """
    ids = tuple(ids)

    def register(run: Run) -> Run:
        def arranged(call: Call, items: Items) -> dict[str, Any]:
            found = run(call, [_with_whole(item, ids) for item in items])
            return {key: ordering.arranged(each, call.store.bulk_order) for key, each in found.items()}

        def handle(call: Call) -> Reply:
            items = _items(call, name)
            callback_url = _callback_url(call)
            _check_ids(name, items, ids)
            if check is not None:
                check(call, items)
            if len(items) <= SYNCHRONOUS_ITEMS:
                return Reply(200, arranged(call, items))
            jobs.enqueue(call, callback_url)
            return Reply(202, {})

        registry.operation(operation_id, judges=[name], judges_in_items=judges_in_items)(handle)
        jobs.register(operation_id, lambda call: arranged(call, call.body[name]))
        return run

    return register


def _items(call: Call, name: str) -> Items:
    """The items of a request, objects by the document. Raises Refusal 422 if they are missing, empty or no array."""
    found = call.body.get(name)
    if not isinstance(found, list) or not found:
        raise unprocessable(f"No {name.replace('_', ' ')} included for processing")
    return found


def _check_ids(name: str, items: Items, ids: tuple[str, ...]) -> None:
    """Raises Refusal 422 for an id that is too large for one."""
    for id_ in ids:
        if any(abs(item[id_] or 0) > LARGEST_ID for item in items):
            raise unprocessable(f"{human(f'{name} {id_}')} is out of range")


def _with_whole(item: dict[str, Any], ids: tuple[str, ...]) -> dict[str, Any]:
    """An item with its ids as int: the document takes 5.0 for an integer."""
    return {**item, **{id_: int(item[id_]) for id_ in ids if item[id_] is not None}}


def _callback_url(call: Call) -> str | None:
    """Where the result of a job goes: a URI by the document, and with http or https. Raises Refusal 422."""
    given: str | None = call.body.get("callback_url")
    if given is not None and not targets.is_web_url(given):
        raise unprocessable("Callback url is invalid")
    return given
