"""What all bulk operations share: their items, and where asynchronous processing begins."""

from __future__ import annotations

from typing import Any

from kit_mock.problems import Refusal, unprocessable
from kit_mock.registry import Call

SYNCHRONOUS_ITEMS = 100


def items(call: Call, name: str) -> list[dict[str, Any]]:
    """The items of a bulk request, objects by the document.

    Raises Refusal: 422 if they are missing, empty or no array, 501 for more than are processed at once.
    """
    found = call.body.get(name)
    if not isinstance(found, list) or not found:
        raise unprocessable(f"No {name} included for processing")
    if len(found) > SYNCHRONOUS_ITEMS:
        raise Refusal(
            501,
            (f"{call.operation_id} of more than {SYNCHRONOUS_ITEMS} items is not implemented by this mock yet",),
        )
    return found
