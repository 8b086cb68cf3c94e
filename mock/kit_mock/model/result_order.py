"""The order of the results of bulk operations."""

from __future__ import annotations

from typing import Any, get_args

from kit_mock.state.settings import BulkOrder

BULK_ORDERS: tuple[BulkOrder, ...] = get_args(BulkOrder)


def checked(order: BulkOrder) -> BulkOrder:
    """Return the order. Raises ValueError for an unknown one."""
    if order not in BULK_ORDERS:
        raise ValueError(f"bulk_order must be {' or '.join(BULK_ORDERS)}, not {order!r}")
    return order


def arranged(results: list[Any], order: BulkOrder) -> list[Any]:
    """Return results, given in the order of the request, in the order of the setting.

    `scrambled` puts the second half first: of two or more, none keeps its place, and every run gives the same order.
    """
    if order == "request":
        return results
    half = len(results) // 2
    return results[half:] + results[:half]
