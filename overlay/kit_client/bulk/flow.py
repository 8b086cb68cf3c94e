"""An import, step by step. No I/O: it yields what is to be done, to threads.py and tasks.py."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from functools import partial
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from kit_client.clock import Clock
from kit_client.errors import KitError

from .answers import made_id
from .checkpoint import Checkpoint
from .kinds import SIZE, Call, bulk_kinds, single_kinds
from .options import Options
from .outcomes import Outcome, Report
from .plan import Job, Plan
from .preparing import Account
from .rows import Person, Reader

logger = logging.getLogger("kit_client")


class Read(Struct):
    """Reply with the next rows, a list that is shorter than `most` only at the end, and the error if one ended them."""

    most: int


class Start(Struct):
    """Begin a request, and don't wait for its answer."""

    job: Job


class Wait(Struct):
    """Reply with the jobs that have been answered since, each with its answer or error."""

    is_patient: bool
    """Whether to wait for one if there is none."""


class Sleep(Struct):
    """Let time pass."""

    seconds: float


class Do(Struct):
    """Call a function that reads or writes a file, and reply with what it returns."""

    function: Callable[[], Any]


class Give(Struct):
    """Give the caller a row and its outcome."""

    row: Any
    outcome: Outcome


Step: TypeAlias = Read | Start | Wait | Sleep | Do | Give | Call
"""What is to be done. The reply to a call is its answer."""
Steps: TypeAlias = Generator[Step, Any, None]


class Flow:
    """The steps of one import.

    Args:
        options: Its arguments.
        reader: Reads its rows.
        report: Counts.
        clock: The time of the client.
        is_single: Whether each subscriber has requests of their own.
    """

    def __init__(self, options: Options, reader: Reader, report: Report, clock: Clock, *, is_single: bool) -> None:
        self._options, self._reader, self._report, self._now = options, reader, report, clock.monotonic
        self._account = Account(options.tags, reader, create_missing=options.create_missing, needs_keys=is_single)
        kinds = single_kinds(self._account.keys) if is_single else bulk_kinds()
        self._plan = Plan(kinds, self._account, options.forms, options.parallel, report)
        self._checkpoint: Checkpoint | None = None
        self._read = self._under_way = self._told = 0
        self._error: Exception | None = None
        """What ended the rows. Those before it are imported before it is raised."""

    def steps(self) -> Steps:
        """Yield each step, and take its reply."""
        plan = self._plan
        try:
            while not plan.is_done:
                if plan.room:
                    yield from self._take_rows()
                while self._under_way < self._options.parallel and (job := plan.next_job(self._now())) is not None:
                    self._under_way += 1
                    yield Start(job)
                error = yield from self._take_answers()
                if self._checkpoint is not None and plan.lasting:
                    yield Do(partial(self._checkpoint.save, plan.lasting))
                plan.lasting = []
                self._tell()
                while plan.outcomes:
                    person, outcome = plan.outcomes.popleft()
                    yield Give(person.row, outcome)
                if error is not None:
                    raise error
            if self._error is not None:
                raise self._error
        except Exception as error:
            if self._error not in (None, error):
                error.add_note(f"the rows had raised {self._error!r} before")
            raise
        finally:
            if self._checkpoint is not None:
                self._checkpoint.close()

    def _take_rows(self) -> Steps:
        most = min(self._plan.room, SIZE)
        rows, self._error = yield Read(most)
        if self._error is not None and not rows and not self._read:
            raise self._error
        self._plan.ended = len(rows) < most
        if rows and not self._read:
            self._reader.check_first(rows[0])
        people = [self._reader.read(self._read + number, row) for number, row in enumerate(rows, 1)]
        self._read += len(rows)
        # Before anything is created: a checkpoint that can't be used ends the import.
        known = yield from self._find_known(people)
        if people:
            yield from self._account.look_up(people)
        for person in people:
            self._plan.add(person, known.get(person.index))

    def _find_known(self, people: Sequence[Person]) -> Generator[Step, Any, dict[int, Outcome]]:
        """Return the outcomes of earlier runs."""
        path, checkpoint = self._options.checkpoint, self._checkpoint
        if path is None:
            return {}
        if checkpoint is None:
            identity = yield from self._identity()
            checkpoint = self._checkpoint = yield Do(partial(Checkpoint, path, identity))
        if self._plan.ended and self._error is None:
            checkpoint.end(self._read)
        known: dict[int, Outcome] = yield Do(partial(checkpoint.find, people))
        return known

    def _identity(self) -> Generator[Step, Any, bytes]:
        """Return what tells this import from others, to which its checkpoint is of no use."""
        from kit_api.api.account import get_account

        answer = yield Call(get_account)
        tags = sorted(repr(tag.strip().casefold() if isinstance(tag, str) else tag) for tag in self._options.tags)
        known = (made_id("get_account", answer.account), tags, sorted(self._options.forms))
        return blake2b(msgspec.json.encode(known), digest_size=16).digest()

    def _take_answers(self) -> Generator[Step, Any, Exception | None]:
        """Take what came, waiting for it if there is nothing else to do. Returns an error that ends the import."""
        plan, error = self._plan, None
        is_patient = not plan.outcomes and (self._under_way == self._options.parallel or not plan.room)
        if not self._under_way:
            if is_patient and (pause := plan.pause(self._now())):
                yield Sleep(pause)
            return None
        answers: list[tuple[Job, Any]] = yield Wait(is_patient)
        self._under_way -= len(answers)
        for job, came in answers:
            try:
                if isinstance(came, Exception) and not isinstance(came, KitError):
                    raise came
                plan.answer(job, came, self._now())
            except Exception as raised:  # noqa: BLE001  # the other answers count all the same
                error = raised
        return error

    def _tell(self) -> None:
        done = self._report.rows + self._report.requests
        if self._options.on_progress is not None and done != self._told:
            self._told = done
            try:
                self._options.on_progress(self._report)
            except Exception:
                logger.exception("on_progress raised")
