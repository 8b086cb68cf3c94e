"""One run of a function for all who need its result."""

from __future__ import annotations

import contextlib
import copy
import os
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from kit_client.background import current_run
from kit_client.errors import KitError

T = TypeVar("T")


class Flight(Generic[T]):
    """A run of a function in a thread of its own, which any number of threads and tasks wait for.

    Whoever waits may be cancelled or interrupted: the run goes on, and the others get its result.

    What the function raises is raised anew for each who waits, without traceback and cause: their frames may hold
    secrets.

    Args:
        function: What to run. It raises `KitError` only.
        is_daemon: Whether the end of the program ends the run. If not, the program waits for it.
        purpose: What it is for, as whoever starts it puts it to those who join.
    """

    def __init__(self, function: Callable[[], T], *, is_daemon: bool = False, purpose: Any = None) -> None:
        self.purpose = purpose
        self._function: Callable[[], T] | None = function
        self._process = os.getpid()
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], object]] = []
        self._result: T
        self._error: KitError | None = None
        try:
            threading.Thread(target=self._run, name="kit-client oauth", daemon=is_daemon).start()
        except RuntimeError:
            # The interpreter ends, or the system has no thread to spare.
            self._run()

    def _run(self) -> None:
        try:
            assert self._function is not None
            self._result = self._function()
        except KitError as error:
            self._error = _bare(error)
        except BaseException as error:  # noqa: BLE001  # or those who wait would wait for ever
            self._error = KitError(f"OAuth: unexpected {type(error).__name__}")
        finally:
            self._function = None
            with self._lock:
                self._done.set()
            for wake in self._wakers:
                # RuntimeError: the event loop of the one who waited is closed.
                with contextlib.suppress(RuntimeError):
                    wake()

    @property
    def done(self) -> bool:
        """Whether the run has ended, or is of the process that this one was forked from, where it goes on."""
        return self._done.is_set() or self._process != os.getpid()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end of the run. Return False if it didn't come in time."""
        return self.done or self._done.wait(seconds)

    async def await_end(self, seconds: float | None = None) -> bool:
        """Wait for the end of the run, in a task of asyncio or trio. Return False if it didn't come in time."""
        import anyio

        ended = anyio.Event()
        run: Any = current_run()[1]
        # The names of asyncio and of trio.
        call_soon = getattr(run, "call_soon_threadsafe", None) or run.run_sync_soon
        if self.done:
            return True
        with self._lock:
            if self._done.is_set():
                return True
            self._wakers.append(lambda: call_soon(ended.set))
        with anyio.move_on_after(seconds):
            await ended.wait()
        return self.done

    def outcome(self) -> T:
        """Return or raise what the function did, once the run has ended."""
        if self._error is not None:
            raise _bare(self._error)
        return self._result


class SingleFlight(Generic[T]):
    """Starts a flight unless there is one under way. A forked child has flights of its own."""

    def __init__(self) -> None:
        self._flight: Flight[T] | None = None
        # By process: another thread may hold one at the moment of a fork.
        self._locks: dict[int, threading.Lock] = {}

    def join(self, start: Callable[[], Flight[T]]) -> Flight[T]:
        """Return the flight that is under way, or else the one that `start` starts."""
        with self._locks.setdefault(os.getpid(), threading.Lock()):
            if self._flight is None or self._flight.done:
                self._flight = start()
            return self._flight


def _bare(error: KitError) -> KitError:
    """Copy an error without its traceback, cause and context."""
    return copy.copy(error)
