"""Calls in threads of their own."""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from .retry import retries_wanted

T = TypeVar("T")


class Ahead(Generic[T]):
    """A call in a daemon thread: one that hangs keeps nobody from leaving the loop or the program.

    Once it is not `wanted`, it isn't retried. It belongs to the process that made it: a forked child has no such thread.

    Args:
        call: Starts at once.
        then: Called at its end, in its thread.
    """

    def __init__(self, call: Callable[[], T], then: Callable[[Ahead[T]], object] | None = None) -> None:
        from concurrent.futures import Future

        self.wanted = True
        self.process = os.getpid()
        self._call, self._then = call, then
        self._future: Future[T] = Future()
        context = contextvars.copy_context()
        context.run(retries_wanted.set, lambda: self.wanted)
        threading.Thread(target=context.run, args=(self._work,), name="kit-page", daemon=True).start()

    def _work(self) -> None:
        try:
            self._future.set_result(self._call())
        except BaseException as error:  # noqa: BLE001  # it is raised where the page is asked for
            self._future.set_exception(error)
        if self._then is not None:
            self._then(self)

    def result(self) -> T:
        return self._future.result()
