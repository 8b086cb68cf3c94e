"""Lists that are walked while requests fail in all ways: each item comes once, in order, and the walk can go on after any error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import anyio
import pytest

from kit_client import AsyncKit, Kit, KitError, RetryPolicy
from kit_mock import KitMock

from .all_kinds import arm
from .callers import CALLERS
from .hurried import Hurried

COUNT = 600
PER_PAGE = 10


@pytest.fixture(scope="module")
def mock() -> Iterator[KitMock]:
    with KitMock() as mock:
        for number in range(COUNT):
            mock.subscribers.add(f"reader{number}@example.com")
        mock.serve()
        yield mock


def walk(kit: Kit, found: list[int], cursor: str) -> str | None:
    """Go on from a cursor. Returns the cursor to go on from, or None at the end."""
    try:
        for each in kit.subscribers.list(per_page=PER_PAGE, after=cursor):
            found.append(each.id)
    except KitError as error:
        # None at the first page, and whoever begins anew has seen nothing.
        return error.cursor or ""
    return None


async def awalk(kit: AsyncKit, found: list[int], cursor: str) -> str | None:
    """Do the same in a task."""
    try:
        async for each in kit.subscribers.list(per_page=PER_PAGE, after=cursor):
            found.append(each.id)
    except KitError as error:
        return error.cursor or ""
    return None


@pytest.mark.parametrize("how", CALLERS)
@pytest.mark.parametrize(("share", "retries"), [(0.2, 4), (0.5, 1)])
def test_each_item_comes_once_and_in_order(mock: KitMock, how: str, share: float, retries: int) -> None:
    arguments: dict[str, Any] = {
        "api_key": mock.api_key,
        "base_url": mock.url,
        "rate_limiter": None,
        "timeout": 1,
        "clock": Hurried(),
        "retry": RetryPolicy(max_retries=retries),
    }
    arm(mock, share, seed=3)
    found: list[int] = []
    cursors = [""]

    async def main() -> None:
        async with AsyncKit(**arguments) as kit:
            while (cursor := await awalk(kit, found, cursors[-1])) is not None:
                cursors.append(cursor)

    try:
        if how == "sync":
            with Kit(**arguments) as kit:
                while (cursor := walk(kit, found, cursors[-1])) is not None:
                    cursors.append(cursor)
        else:
            anyio.run(main, backend=how)
    finally:
        mock.faults.clear()
    assert found == list(range(COUNT, 0, -1))
    assert len(cursors) > 1, "a body that is none is an error each time"
