"""Imports of `Kit`: each request in a thread, everything else in the thread that iterates."""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Generator, Iterator
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from kit_client.retry import retries_wanted

from .flow import Do, Give, Read, Sleep, Start, Steps, Wait
from .importing import BaseImport, read
from .options import Options, check_rows
from .outcomes import Outcome, Report
from .plan import Job

if TYPE_CHECKING:
    from kit_client.client import Kit

R = TypeVar("R")


class Import(BaseImport[R]):
    """An import: iterate over it once for each row with its outcome, in no particular order.

    When the loop ends early, the requests that are under way are completed and no others are sent. An exception that the
    rows raise is raised after the rows before it are imported.

    Raises:
        ValueError: While iterating, before any row is sent: `rows` has no column for the address or lacks one that
            `fields` names, or the account doesn't have a tag or custom field.
        CheckpointError: While iterating: the checkpoint file belongs to another import, is in use by another process, or
            can't be written.
        KitError: While iterating: a request failed for a reason that concerns all rows, such as wrong credentials or a
            service that stays down.
        RuntimeError: The import has been run before, or its process was forked meanwhile.
    """

    def __init__(self, client: Kit, options: Options) -> None:
        check_rows(options.rows)
        super().__init__(client, options)
        self._client = client
        self._rows: Iterator[R] = iter(options.rows)

    def __iter__(self) -> Generator[tuple[R, Outcome], None, None]:  # noqa: PYI058  # it can be closed
        return self._run(self._begin().steps())

    def report(self) -> Report:
        """Run the whole import, and return the counts and the failed rows. Raises what iterating raises."""
        for row, outcome in self:
            self._keep(row, outcome)
        return self._report

    def check(self) -> Report:
        """Read all rows without sending anything, and return those that can't be sent, with the reasons.

        Rows that could be sent count as imported. Whether tags and custom fields exist isn't checked.

        Raises:
            ValueError, TypeError: Row 1 lacks a column, or isn't a row.
            RuntimeError: The import has been run or checked before.
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
                    reply = read(self._rows, step.most)
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
        except Exception as error:
            # They may have something to say of it.
            steps.throw(error)
            raise
        finally:
            is_wanted = False
            steps.close()

    def _send(self, job: Job, answers: SimpleQueue[tuple[Job, Any]]) -> None:
        try:
            came = job.kind.call(job.items).send(self._client)
        except BaseException as error:  # noqa: BLE001  # it is raised where the rows are
            came = error
        answers.put((job, came))
