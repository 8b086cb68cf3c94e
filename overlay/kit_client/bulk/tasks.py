"""Imports of `AsyncKit`: each request in a task, everything else in the task that iterates."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from kit_client.background import Background, current_run, give_up

from .flow import Do, Give, Read, Sleep, Start, Steps, Wait
from .importing import BaseImport, read
from .kinds import SIZE
from .options import Options
from .outcomes import Outcome, Report
from .plan import Job

if TYPE_CHECKING:
    import anyio

    from kit_client.client import AsyncKit

R = TypeVar("R")


class AsyncImport(BaseImport[R]):
    """An import for `async for`. Everything else is as in `Import`."""

    def __init__(self, client: AsyncKit, options: Options) -> None:
        super().__init__(client, options)
        self._client, self._rows = client, _Rows(options.rows)

    def __aiter__(self) -> AsyncGenerator[tuple[R, Outcome], None]:  # noqa: PYI058  # it can be closed
        return _Run[R](self._client, self._rows, self._begin().steps(), self._report)

    async def report(self) -> Report:
        """Run the whole import, and return the counts and the failed rows, as `Import.report` does."""
        async for row, outcome in self:
            self._keep(row, outcome)
        return self._report

    async def check(self) -> Report:
        """Read all rows without sending anything, and return those that can't be sent, as `Import.check` does."""
        self._begin()
        while True:
            rows, error = await self._rows.read(SIZE)
            for row in rows:
                self._check(row)
            if error is not None:
                raise error
            if len(rows) < SIZE:
                return self._report


class _Rows:
    """Rows of an iterable, async or not."""

    def __init__(self, rows: Any) -> None:
        try:
            self._rows, self._is_async = aiter(rows), True
        except TypeError:
            # It has no `__aiter__`, or one that says that it isn't for that, as the lists of `Kit` have.
            self._rows, self._is_async = iter(rows), False

    async def read(self, most: int) -> tuple[list[Any], Exception | None]:
        """Return the next rows, fewer than `most` only at the end, and the error if one ended them."""
        if not self._is_async:
            return read(self._rows, most)
        found: list[Any] = []
        try:
            while len(found) < most and (row := await anext(self._rows, self)) is not self:
                found.append(row)
        except Exception as error:  # noqa: BLE001  # it is raised after the rows before it are done
            return found, error
        return found, None


class _Run(AsyncGenerator[tuple[R, Outcome], None]):
    """The iteration over an import. If it is cancelled, it is over: nothing more is sent."""

    def __init__(self, client: AsyncKit, rows: _Rows, steps: Steps, report: Report) -> None:
        self._client, self._rows, self._steps, self._report = client, rows, steps, report
        self._calls: set[Background[None]] = set()
        self._answers: list[tuple[Job, Any]] = []
        self._event: anyio.Event | None = None
        self._run: object = None
        self._busy = self._ended = False

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
        except BaseException as error:
            try:
                # They may have something to say of it.
                self._steps.throw(error)
            finally:
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
                reply = await self._rows.read(step.most)
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
        give_up(self._calls)
