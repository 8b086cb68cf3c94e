"""Imports of `AsyncKit`: each request in a task, everything else in the task that iterates."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Coroutine
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from kit_client.background import Background, current_run

from .flow import Do, Flow, Give, Read, Sleep, Start, Wait
from .options import BaseImport, Checking, Options
from .outcomes import Outcome, Report
from .plan import Job

if TYPE_CHECKING:
    import anyio

    from kit_client.client import AsyncKit

R = TypeVar("R")


class AsyncImport(BaseImport[R]):
    """An import that is run by `async for`, once, as `Import` is by `for`."""

    def __init__(self, client: AsyncKit, options: Options) -> None:
        super().__init__(client, options)
        self._client = client

    def __aiter__(self) -> AsyncGenerator[tuple[R, Outcome], None]:
        self._begin()
        flow = Flow(self._options, self._reader, self._report, self._client.clock)
        return _Run[R](self._client, self._options.rows, flow, self._report)

    async def report(self) -> Report:
        """Run the import to its end, and return the numbers and failures, as `Import.report` does."""
        async for pair in self:
            self._keep(pair)
        return self._report

    async def check(self) -> Report:
        """Read all rows, and return which of them would not be sent, as `Import.check` does."""
        self._begin()
        checking = Checking[R](self._reader, self._report)
        read = _reading(self._options.rows)
        while rows := await read(1000):
            for row in rows:
                checking.take(row)
        return self._report


class _Run(AsyncGenerator[tuple[R, Outcome], None]):
    """The iteration over an import. If it is cancelled, it is over: nothing more is sent."""

    def __init__(self, client: AsyncKit, rows: Any, flow: Flow, report: Report) -> None:
        self._client, self._report, self._steps = client, report, flow.steps()
        self._calls: set[Background[None]] = set()
        self._answers: list[tuple[Job, Any]] = []
        self._event: anyio.Event | None = None
        self._run: object = None
        self._busy = self._ended = False
        self._read = _reading(rows)

    async def asend(self, _: None) -> tuple[R, Outcome]:
        if self._busy:
            raise RuntimeError("the import is being iterated over by another task")
        if self._ended:
            raise StopAsyncIteration
        if (self._run or current_run()) != current_run():
            raise RuntimeError("the import can go on only in the event loop in which it began")
        self._busy, self._run = True, current_run()
        try:
            return await self._next()
        except BaseException:
            self._leave()
            raise
        finally:
            self._busy = False

    async def _next(self) -> tuple[R, Outcome]:
        import anyio

        reply: Any = None
        while True:
            try:
                step = self._steps.send(reply)
            except StopIteration:
                raise StopAsyncIteration from None
            reply = None
            if isinstance(step, Give):
                return step.row, step.outcome
            if isinstance(step, Read):
                reply = await self._read(step.most)
            elif isinstance(step, Start):
                self._calls.add(Background(partial(self._send, step.job)))
            elif isinstance(step, Wait):
                reply = await self._wait(step.is_patient)
            elif isinstance(step, Do):
                reply = await anyio.to_thread.run_sync(step.function)
            elif isinstance(step, Sleep):
                await self._client.clock.asleep(step.seconds)
            else:
                self._report.requests += 1
                reply = await step.asend(self._client)

    async def _wait(self, is_patient: bool) -> list[tuple[Job, Any]]:
        import anyio

        if is_patient and not self._answers:
            self._event = anyio.Event()
            await self._event.wait()
        else:
            # The tasks get a turn.
            await anyio.lowlevel.checkpoint()
        answers, self._answers = self._answers, []
        self._calls = {call for call in self._calls if not call.done}
        return answers

    async def _send(self, job: Job) -> None:
        if self._ended:
            # Cancelled before it began: it would go on to the first place where it waits.
            return
        came: Any
        try:
            came = await job.kind.call(job.items).asend(self._client)
        except Exception as error:  # noqa: BLE001  # it is raised where the rows are
            came = error
        self._answers.append((job, came))
        if self._event is not None:
            self._event.set()

    async def athrow(self, typ: Any, val: Any = None, _tb: Any = None, /) -> tuple[R, Outcome]:
        self._leave()
        raise typ if val is None else val

    async def aclose(self) -> None:
        self._leave()

    def __del__(self) -> None:
        self._leave()

    def _leave(self) -> None:
        self._ended = True
        self._steps.close()
        # Tasks of an event loop that isn't this thread's are left to come to their end.
        with contextlib.suppress(RuntimeError):
            if self._run == current_run():
                for call in self._calls:
                    call.cancel()


def _reading(rows: Any) -> Callable[[int], Coroutine[Any, Any, list[Any]]]:
    """Return what reads the next rows, a list that is shorter than asked for only at the end."""
    if not isinstance(rows, AsyncIterable):
        rows_ = iter(rows)

        async def read(most: int) -> list[Any]:
            return list(islice(rows_, most))

        return read
    iterator = aiter(rows)

    async def aread(most: int) -> list[Any]:
        found: list[Any] = []
        while len(found) < most:
            try:
                found.append(await anext(iterator))
            except StopAsyncIteration:
                break
        return found

    return aread
