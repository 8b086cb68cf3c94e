"""Bulk jobs of the service: any number of rows in one request, and the result by callback. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from kit_api.models import BulkSubscribersResult

from .kinds import SIZE, Call, wanted
from .matching import match_people
from .options import check_rows
from .outcomes import Outcome
from .plan import UNCLEAR
from .rows import Columns, Person, Reader
from .sieve import Sieve

if TYPE_CHECKING:
    from kit_client.webhooks import EmptyBulkResult

R = TypeVar("R")
Body: TypeAlias = "bytes | str | Mapping[str, Any] | BulkSubscribersResult | EmptyBulkResult"
"""The body of a callback: as it came, decoded, or as `kit_client.webhooks.parse` returns it."""


class Submission(Struct, Generic[R], frozen=True, kw_only=True):
    """The result of `submit`."""

    is_queued: bool
    """Whether the service processes the rows in the background and sends the result to the callback URL later."""
    outcomes: list[tuple[R, Outcome]]
    """Rows whose outcome is known, each with it: all rows if nothing is queued, otherwise those that were not sent."""


class Sifted(Generic[R]):
    """Rows for one job.

    Raises:
        ValueError, TypeError: The rows or the fields can't be used.
    """

    def __init__(self, rows: Iterable[R], fields: Columns) -> None:
        check_rows(rows)
        reader, sieve = Reader(fields), Sieve()
        if reader.named:
            raise ValueError(
                f"fields: a job can't set custom fields, such as {next(iter(reader.named))!r}; import_subscribers can"
            )
        self.people: list[Person] = []
        self.refused: list[tuple[R, Outcome]] = []
        for index, row in enumerate(rows, 1):
            if index == 1:
                reader.check_first(row)
            person = reader.read(index, row)
            if person.values and person.problem is None:
                person.problem = "fields: a job can't set custom fields; import_subscribers can"
            outcome = sieve.refuse(person)
            if outcome is None:
                self.people.append(person)
            else:
                self.refused.append((row, outcome))

    def call(self, callback_url: str) -> Call | None:
        """Return the request, None if there is nobody to send."""
        from kit_api.api.subscribers import bulk_create_subscribers
        from kit_client.webhooks.url_secret import check_url  # late, as most programs never need it

        check_url("callback_url", callback_url)
        body = {"subscribers": [wanted(person) for person in self.people], "callback_url": callback_url}
        return Call(bulk_create_subscribers, arguments={"body": body}) if self.people else None

    def submission(self, answer: Any) -> Submission[R]:
        if len(self.people) > SIZE:
            return Submission(is_queued=True, outcomes=self.refused)
        return Submission(is_queued=False, outcomes=[*self.refused, *self.match(answer)])

    def match(self, result: Any, *, may_be_of_others: bool = False) -> Iterator[tuple[R, Outcome]]:
        """Yield those who were sent with their outcomes."""
        people = [(person, person) for person in self.people]
        found = match_people(people, result, may_be_of_others=may_be_of_others)
        for person, subscriber in found.saved:
            yield person.row, Outcome(index=person.index, subscriber=subscriber)
        for person, errors in found.failed:
            yield person.row, Outcome(index=person.index, errors=errors)
        for person in found.unsure:
            yield person.row, Outcome(index=person.index, errors=(UNCLEAR,))


def match_callback(body: Body, rows: Iterable[R], fields: Columns) -> Iterator[tuple[R, Outcome]]:
    """Yield rows with their outcomes. See `Bulk.match_callback`."""
    result = _result(body)
    sifted = Sifted(rows, fields)
    yield from sifted.refused
    yield from sifted.match(result, may_be_of_others=True)


def _result(body: Body) -> Any:
    from kit_client.webhooks import EmptyBulkResult, parse  # late, as only those with an endpoint need it

    if isinstance(body, BulkSubscribersResult | EmptyBulkResult):
        return body
    if isinstance(body, str):
        body = body.encode()
    return parse(msgspec.json.encode(body) if isinstance(body, Mapping) else body, BulkSubscribersResult)
