"""An import as a state machine: which request is next, and what an answer means for its rows. No I/O and no clock."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from msgspec import Struct, structs

from kit_api.models import BulkSubscriber
from kit_client.errors import APIConnectionError, APIStatusError, InvalidResponseError, KitError, RateLimitWaitError
from kit_client.retry import is_transient

from .kinds import Item, Items, Kind, Kinds, Pending
from .outcomes import Outcome, Report
from .preparing import Account
from .rows import Person
from .sieve import Sieve

PAUSES = (1.0, 5.0, 20.0, 60.0)
"""Seconds before a request is made again that failed though the client sent it again. They outlast a short outage."""
GIVEN_UP = 10
"""After how many requests in a row that failed for good the service counts as down."""
UNSURE = 3
"""How often rows are sent again, half as many at a time, of which an answer doesn't say what became of them."""
UNCLEAR = "the service didn't say what became of it"


class Job(Struct):
    """A request with its items."""

    kind: Kind
    items: Items
    again: int = 0
    """How often it failed."""
    unsure: int = 0
    """How often its items were among those of which an answer said nothing."""
    due: float = 0.0
    """The moment before which it isn't made."""


class Plan:
    """The rows that are under way.

    A subscriber is saved first, then their custom fields, then their tags and forms, as these start automations, whose
    messages may show the fields.

    Args:
        kinds: The kinds of requests.
        account: Has the tags and custom fields.
        forms: The ids of the forms.
        parallel: How many requests there may be at a time.
        report: Counts.
    """

    def __init__(self, kinds: Kinds, account: Account, forms: Sequence[int], parallel: int, report: Report) -> None:
        self._kinds, self._account, self._forms, self._report = kinds, account, forms, report
        # The last stage first, so that rows get done.
        stages = ((2, kinds.forms), (2, kinds.tags), (1, kinds.values), (0, kinds.subscribers))
        self._queues = [(stage, kind, deque[Item]()) for stage, kind in stages if kind is not None]
        # Each kind can hold back less than a request's worth of rows: more than four of these let the others go on.
        self._most = kinds.subscribers.size * (2 * parallel + 4)
        self._again: list[Job] = []
        self._sieve = Sieve()
        self._under_way = [0, 0, 0]
        self._given_up = 0
        self.ended = False
        """Whether no more rows come."""
        self.outcomes: deque[tuple[Person, Outcome]] = deque()
        """Of rows that are done."""
        self.lasting: list[tuple[Person, Outcome]] = []
        """Those of rows that were sent, and that another run need not send again."""

    @property
    def room(self) -> int:
        """How many rows may be read."""
        return 0 if self.ended else self._most - sum(self._under_way)

    @property
    def is_done(self) -> bool:
        return self.ended and not any(self._under_way) and not self.outcomes

    def add(self, person: Person, known: Outcome | None) -> None:
        """Take a row, and its outcome if an earlier run had one."""
        values: dict[int, str] = {}
        if known is None and person.problem is None:
            try:
                values = self._account.values(person)
            except ValueError as error:
                person.problem = str(error)
        # Last, as a row with a problem is not sent, and so is no reason not to send another one.
        outcome = self._sieve.refuse(person) or known
        if outcome is None:
            self._under_way[0] += 1
            self._queue(self._kinds.subscribers, Item(Pending(person, values)))
        else:
            self._conclude(person, outcome)

    def next_job(self, now: float) -> Job | None:
        """Return the request to make now, if there is one."""
        for job in self._again:
            if job.due <= now:
                self._again.remove(job)
                return job
        for stage, kind, queue in self._queues:
            no_more = self.ended and not any(self._under_way[:stage])
            if len(queue) >= kind.size or (queue and no_more):
                return Job(kind, [queue.popleft() for _ in range(min(kind.size, len(queue)))])
        return None

    def pause(self, now: float) -> float:
        """Return the seconds until a request is to be made again."""
        return max(min((job.due for job in self._again), default=now) - now, 0.0)

    def answer(self, job: Job, came: object, now: float) -> None:
        """Take the answer to a request, or the error that it raised.

        Raises:
            KitError: What came holds for all rows.
        """
        self._report.requests += came.attempts if isinstance(came, KitError) else 1
        if isinstance(came, KitError):
            self._take_error(job, came, now)
            return
        self._given_up = 0
        matched = job.kind.match(job.items, came)
        for item, subscriber in matched.saved:
            self._take_saved(item, subscriber)
        for item, errors in matched.failed:
            self._take_failed(job.kind, [item], errors)
        if job.unsure < UNSURE:
            # A request with one item tells whose any stray is.
            goes_on = matched.has_strays and len(job.items) > 1
            self._send_apart(job, _by_target(matched.unsure), job.unsure + (not goes_on))
        else:
            self._take_failed(job.kind, matched.unsure, (UNCLEAR,), is_final=False)

    def _take_error(self, job: Job, error: KitError, now: float) -> None:
        status = error.status_code if isinstance(error, APIStatusError) else 0
        messages = (error.errors if isinstance(error, APIStatusError) else None) or [str(error)]
        may_pass = isinstance(error, APIConnectionError | InvalidResponseError | RateLimitWaitError)
        if may_pass or status == 429 or is_transient(status):
            if job.again < len(PAUSES) and (job.kind.module.OPERATION.retry_safe or not error.may_have_taken_effect):
                self._again.append(structs.replace(job, again=job.again + 1, due=now + PAUSES[job.again]))
                return
            self._given_up += 1
            if self._given_up >= GIVEN_UP:
                raise error
            self._take_failed(job.kind, job.items, (str(error),), is_final=False)
        elif status in (400, 413, 422) and len(job.items) > 1:
            # One of the items spoils the request for the others.
            self._send_apart(job, _halves(job.items), job.unsure)
        elif status in (400, 403, 413, 422) or (status == 404 and job.kind.size == 1):
            # An account that is full may have room another day.
            self._take_failed(job.kind, job.items, messages, is_final=status != 403)
        else:
            raise error

    def _send_apart(self, job: Job, parts: Iterable[Items], unsure: int) -> None:
        self._again += [Job(job.kind, part, unsure=unsure) for part in parts if part]

    def _queue(self, wanted: Kind, *items: Item) -> None:
        for _, kind, queue in self._queues:
            if kind is wanted:
                queue.extend(items)

    def _take_saved(self, item: Item, subscriber: BulkSubscriber | None) -> None:
        if subscriber is not None:
            item.pending.subscriber = subscriber
        self._close(item.pending)

    def _take_failed(self, kind: Kind, items: Items, errors: Sequence[str], *, is_final: bool = True) -> None:
        for item in items:
            pending = item.pending
            pending.errors += errors if not item.target else [f"{kind.name} {item.target}: {error}" for error in errors]
            pending.is_final = pending.is_final and is_final
            self._close(pending)

    def _close(self, pending: Pending) -> None:
        """Close an item of a row, and begin the row's next stage with the last one of a stage."""
        pending.open -= 1
        while not pending.open:
            self._under_way[pending.stage] -= 1
            pending.stage += 1
            if pending.subscriber is None or pending.stage == len(self._under_way):
                self._finish(pending)
                return
            self._under_way[pending.stage] += 1
            for kind, ids in self._parts(pending):
                self._queue(kind, *(Item(pending, id_) for id_ in ids))
                pending.open += len(ids)

    def _parts(self, pending: Pending) -> list[tuple[Kind, Sequence[int]]]:
        kinds = self._kinds
        if pending.stage == 1:
            return [] if kinds.values is None else [(kinds.values, list(pending.values))]
        return [(kinds.tags, self._account.tags), (kinds.forms, self._forms)]

    def _finish(self, pending: Pending) -> None:
        errors = tuple(dict.fromkeys(pending.errors))
        outcome = Outcome(index=pending.person.index, errors=errors, subscriber=pending.subscriber)
        if pending.is_final:
            self.lasting.append((pending.person, outcome))
        self._conclude(pending.person, outcome)

    def _conclude(self, person: Person, outcome: Outcome) -> None:
        self._report.count(outcome)
        self.outcomes.append((person, outcome))


def _halves(items: Items) -> list[Items]:
    half = (len(items) + 1) // 2
    return [items[:half], items[half:]]


def _by_target(items: Items) -> list[Items]:
    """Return items in groups that have no two of a subscriber: answers may tell them by their subscriber only."""
    groups: defaultdict[int, list[Item]] = defaultdict(list)
    for item in items:
        groups[item.target].append(item)
    return list(groups.values()) if len(groups) > 1 else _halves(items)
