"""Imports of `Kit`: each request in a thread, everything else in the thread that iterates."""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Generator, Iterator
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from kit_client.retry import retries_wanted

from .flow import Do, Give, Read, Sleep, Start, Steps, Wait
from .importing import BaseImport
from .options import Options, check_rows
from .outcomes import Outcome, Report
from .plan import Job

if TYPE_CHECKING:
    from kit_client.client import Kit

R = TypeVar("R")


class Import(BaseImport[R]):
    """An import, which is run by iterating over it, once: it yields each row with its outcome, in no certain order.

    Whoever stops iterating ends it: requests that are under way come to their end, and nothing more is sent.

    Raises:
        ValueError: `rows` has no column for the address or one that `fields` names, or the account has no such tag or
            custom field. Nothing was sent.
        CheckpointError: The checkpoint is of another import, in use, or can't be written.
        KitError: A request failed for a reason that holds for all rows, such as that the credentials are refused or the
            service stays down.
    """

    def __init__(self, client: Kit, options: Options) -> None:
        check_rows(options.rows)
        super().__init__(client, options)
        self._client = client
        self._rows: Iterator[R] = iter(options.rows)

    def __iter__(self) -> Generator[tuple[R, Outcome], None, None]:  # noqa: PYI058  # it can be closed
        return self._run(self._begin().steps())

    def report(self) -> Report:
        """Run the import to its end, and return the numbers and failures. Raises what iterating raises."""
        for row, outcome in self:
            self._keep(row, outcome)
        return self._report

    def check(self) -> Report:
        """Read all rows, and return which of them would not be sent, and why. Sends nothing, and looks nothing up.

        Rows that would be sent count as imported.

        Raises:
            ValueError, TypeError: Row 1 lacks a column, or is no row.
        """
        self._begin()
        for row in self._rows:
            self._check(row)
        return self._report

    def _run(self, steps: Steps) -> Generator[tuple[R, Outcome], None, None]:
        answers = SimpleQueue[tuple[Job, Any]]()
        is_wanted = True
        context = contextvars.copy_context()
        context.run(retries_wanted.set, lambda: is_wanted)
        reply: Any = None
        process = os.getpid()
        try:
            while True:
                step = steps.send(reply)
                reply = None
                if process != os.getpid():
                    raise RuntimeError("an import can't go on in a forked process: its requests are the parent's")
                if isinstance(step, Give):
                    yield step.row, step.outcome
                elif isinstance(step, Read):
                    reply = list(islice(self._rows, step.most))
                elif isinstance(step, Start):
                    run = context.copy().run
                    # A daemon, so that one that hangs keeps nobody from leaving the program.
                    threading.Thread(
                        target=run, args=(self._send, step.job, answers), name="kit-import", daemon=True
                    ).start()
                elif isinstance(step, Wait):
                    reply = [answers.get()] if step.is_patient else []
                    while not answers.empty():
                        reply.append(answers.get())
                elif isinstance(step, Do):
                    reply = step.function()
                elif isinstance(step, Sleep):
                    self._clock.sleep(step.seconds)
                else:
                    self._report.requests += 1
                    reply = step.send(self._client)
        except StopIteration:
            return
        finally:
            is_wanted = False
            steps.close()

    def _send(self, job: Job, answers: SimpleQueue[tuple[Job, Any]]) -> None:
        try:
            came = job.kind.call(job.items).send(self._client)
        except BaseException as error:  # noqa: BLE001  # it is raised where the rows are
            came = error
        answers.put((job, came))
