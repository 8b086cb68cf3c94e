"""Calls in threads of their own."""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from .retry import retries_wanted

T = TypeVar("T")

watching: ContextVar[Ahead[Any] | None] = ContextVar("watching", default=None)
"""What is told of the next call in this context: when its request has left, and its body before that is decoded."""


class Ahead(Generic[T]):
    """A call in a daemon thread: one that hangs keeps nobody from leaving the loop or the program.

    It belongs to the process that made it: a forked child has no such thread.

    Args:
        call: Starts at once.
        wanted: Whether anybody still wants the result. If not, the call isn't retried.
        on_body: Called with this and the body of a successful answer before that is decoded, in the thread of the call.
        then: Called with this at the end, in the thread of the call.
    """

    def __init__(
        self,
        call: Callable[[], T],
        wanted: Callable[[], bool],
        *,
        on_body: Callable[[Ahead[T], bytes], object] = lambda _ahead, _body: None,
        then: Callable[[Ahead[T]], object] = lambda _: None,
    ) -> None:
        from concurrent.futures import Future

        self.process = os.getpid()
        self.is_awaited = False
        """Whether somebody waits for the result."""
        self.following: Ahead[T] | None = None
        """The call that comes after this one, if it was begun meanwhile."""
        self.sent = threading.Event()
        """Set when its request has left."""
        self.on_body = on_body
        self._call, self._then = call, then
        self._future: Future[T] = Future()
        context = contextvars.copy_context()
        context.run(retries_wanted.set, wanted)
        context.run(watching.set, self)
        threading.Thread(target=context.run, args=(self._work,), name="kit-page", daemon=True).start()

    def _work(self) -> None:
        try:
            self._future.set_result(self._call())
        except BaseException as error:  # noqa: BLE001  # it is raised where the page is asked for
            self._future.set_exception(error)
        self.sent.set()
        self._then(self)

    def result(self, seconds: float = threading.TIMEOUT_MAX) -> T:
        """Wait for the result. Raises TimeoutError if it doesn't come in time."""
        self.is_awaited = True
        return self._future.result(min(seconds, threading.TIMEOUT_MAX))
