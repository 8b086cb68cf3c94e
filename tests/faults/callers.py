"""One way to call a `Kit`, and an `AsyncKit` on asyncio and trio, for tests that tell the same story of all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from anyio.from_thread import start_blocking_portal

from kit_client import AsyncKit, Kit

CALLERS = ["sync", "asyncio", "trio"]
Caller: TypeAlias = Callable[[Callable[[Any], Any]], Any]
"""Takes a function of a client, written for `Kit`, and returns what it returns or raises what it raises."""


@contextmanager
def calling(how: str, **arguments: Any) -> Iterator[Caller]:
    """Make a client of these arguments, synchronous or on an event loop, and close it in the end."""
    if how == "sync":
        with Kit(**arguments) as kit:

            def called(call: Callable[[Kit], Any]) -> Any:
                result = call(kit)
                return list(result) if hasattr(result, "__iter__") else result

            yield called
        return
    with start_blocking_portal(how) as portal:
        async_kit = AsyncKit(**arguments)

        async def awaited(call: Callable[[AsyncKit], Awaitable[Any]]) -> Any:
            result = call(async_kit)
            return [item async for item in result] if hasattr(result, "__aiter__") else await result

        try:
            yield lambda call: portal.call(awaited, call)
        finally:
            portal.call(async_kit.aclose)
