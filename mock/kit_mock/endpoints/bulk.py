"""The frame of all bulk operations.

Up to 100 items are answered at once; more become a job (see `bulk_jobs`). Results and failures have the order of the
request, unless the setting `bulk_order` scrambles them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

from kit_mock.endpoints import bulk_jobs, handlers
from kit_mock.endpoints.handlers import Call
from kit_mock.model import result_order
from kit_mock.outbox import allowed_hosts
from kit_mock.protocol.errors import unprocessable
from kit_mock.protocol.messages import Reply
from kit_mock.protocol.validation import LARGEST_ID
from kit_mock.protocol.validation_messages import human

SYNCHRONOUS_ITEMS = 100

Items = bulk_jobs.Items
Run = Callable[[Call, Items], Mapping[str, Any]]
Check = Callable[[Call, Items], None]


def operation(
    operation_id: str,
    name: str,
    *,
    unchecked_in_items: Iterable[str] = (),
    ids: Iterable[str] = (),
    check: Check | None = None,
) -> Callable[[Run], Run]:
    """Register the decorated function as a bulk operation.

    The function takes items and returns `failures`, a list, and a dict of results in the order of the items; a later result
    replaces one with the same key. It may be called with the items of one request in slices.

    Args:
        operation_id: the operation.
        name: the field of the body with the items.
        unchecked_in_items: as for `handlers.operation`.
        ids: fields of each item that are ids. The function gets them as int or None; a too large one refuses the request.
        check: raises Refusal if the request as a whole is wrong. Called before the first item is changed or queued.
    """
    ids = tuple(ids)

    def register(run: Run) -> Run:
        def results(call: Call, items: Items) -> bulk_jobs.Results:
            return _keyed(run(call, [_with_whole(item, ids) for item in items]))

        def handle(call: Call) -> Reply:
            items = _items(call, name)
            callback_url = _callback_url(call)
            _check_ids(name, items, ids)
            if check is not None:
                check(call, items)
            if len(items) <= SYNCHRONOUS_ITEMS:
                found = results(call, items)
                order = call.account.store.settings.bulk_order
                return Reply(200, {key: result_order.arranged([*each.values()], order) for key, each in found.items()})
            bulk_jobs.enqueue(call, name, items, callback_url)
            return Reply(202, {})

        handlers.operation(operation_id, unchecked=[name], unchecked_in_items=unchecked_in_items, largest_body=None)(
            handle
        )
        bulk_jobs.register(operation_id, results)
        return run

    return register


def _keyed(found: Mapping[str, Any]) -> bulk_jobs.Results:
    """Return results by their keys as texts, as JSON needs them, and failures by their numbers."""
    pairs = {name: each.items() if isinstance(each, Mapping) else enumerate(each) for name, each in found.items()}
    return {name: {str(key): result for key, result in each} for name, each in pairs.items()}


def _items(call: Call, name: str) -> Items:
    """Return the items of a request. Raises Refusal 422 if they are missing, empty or no array."""
    found = call.body.get(name)
    if not isinstance(found, list) or not found:
        raise unprocessable(f"No {name.replace('_', ' ')} included for processing")
    return found


def _check_ids(name: str, items: Items, ids: tuple[str, ...]) -> None:
    """Raise Refusal 422 for an id that is out of range."""
    for id_ in ids:
        given = [0, *filter(None, map(itemgetter(id_), items))]  # Faster than a loop: there can be very many.
        if max(given) > LARGEST_ID or min(given) < -LARGEST_ID:
            raise unprocessable(f"{human(f'{name} {id_}')} is out of range")


def _with_whole(item: dict[str, Any], ids: tuple[str, ...]) -> dict[str, Any]:
    """Return an item with its ids as int, since 5.0 is an integer to the document."""
    return {**item, **{id_: int(item[id_]) for id_ in ids if item[id_] is not None}}


def _callback_url(call: Call) -> str | None:
    """Return the URL that gets the result of a job. Raises Refusal 422 for one that is neither http nor https."""
    given: str | None = call.body.get("callback_url")
    if given is not None and not allowed_hosts.is_web_url(given):
        raise unprocessable("Callback url is invalid")
    return given
