"""Calls in tasks of their own, on asyncio and trio. anyio has no tasks that outlive the function that starts them."""

from __future__ import annotations

import contextlib
import contextvars
import os
import sys
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Run = tuple[int, object]

# An event loop keeps only weak references to its tasks.
_tasks: set[Any] = set()


def current_run() -> Run:
    """Return what identifies the process and the event loop (or the run of trio) that this code runs in.

    Raises:
        RuntimeError: There is none.
    """
    trio = _trio()
    if trio is not None:
        return os.getpid(), trio.lowlevel.current_trio_token()
    import asyncio  # late, as in all of this package: asyncio is a fifth of the import time, and `Kit` never needs it

    return os.getpid(), asyncio.get_running_loop()


def _trio() -> Any:
    """Return the module trio if this code runs in a task of it. Nobody does who hasn't imported it."""
    trio = sys.modules.get("trio")
    # Another thread may be importing it: httpcore does, at its first use.
    lowlevel = getattr(trio, "lowlevel", None)
    return trio if lowlevel is not None and lowlevel.in_trio_task() else None


class Background(Generic[T]):
    """A call in a task of its own: no cancel scope of the caller holds for it.

    Under trio it is a system task, so that one can be started in an iterator: a nursery must not stay open there.

    Args:
        function: Starts at once.
    """

    def __init__(self, function: Callable[[], Coroutine[Any, Any, T]]) -> None:
        import anyio

        self.run = current_run()
        self._function = function
        self._scope = anyio.CancelScope()
        self._done = anyio.Event()
        self._result: T
        self._error: BaseException | None = None
        trio = _trio()
        if trio is not None:
            trio.lowlevel.spawn_system_task(self._work, context=contextvars.copy_context())
            return
        import asyncio

        task = asyncio.get_running_loop().create_task(self._work())
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    async def _work(self) -> None:
        try:
            with self._scope:
                self._result = await self._function()
        except Exception as error:  # noqa: BLE001  # it is raised in `result`
            self._error = error
        except BaseException as error:
            # The event loop ends.
            self._error = error
            raise
        finally:
            self._done.set()

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._done.is_set()

    async def wait(self) -> None:
        """Wait for its end. Cancelling the wait doesn't cancel the call."""
        await self._done.wait()

    async def result(self) -> T:
        """Wait for its end, and return or raise what it did."""
        await self._done.wait()
        if self._error is not None:
            raise self._error
        return self._result

    def cancel(self) -> None:
        """Cancel the call. It is for the event loop's own thread."""
        self._scope.cancel()


def give_up(calls: Iterable[Background[Any]]) -> None:
    """Cancel those of the calls that are under way in this thread's event loop. Others are left to come to their end."""
    for call in calls:
        # At the end of the program, where asyncio can't be imported any more, there is no event loop.
        with contextlib.suppress(RuntimeError, ImportError):
            if not call.done and call.run == current_run():
                call.cancel()
