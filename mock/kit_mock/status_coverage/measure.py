"""Measures how much of the document the mock implements: requests every status, and looks at the responses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from kit_mock.protocol.document import load
from kit_mock.protocol.errors import KitMockError
from kit_mock.protocol.operation import Operation
from kit_mock.protocol.suggestions import did_you_mean
from kit_mock.rules.behaviours import DEFAULT
from kit_mock.status_coverage.field_recipes import FIELDS
from kit_mock.status_coverage.recipes import recipes
from kit_mock.status_coverage.response_fields import ResponseFields


@attrs.frozen
class Covered:
    """The result for one operation: the statuses that were seen, and what was answered instead of the others, if anything."""

    operation: Operation
    seen: frozenset[str]
    others: dict[str, int | None]

    @property
    def documented(self) -> frozenset[str]:
        """The statuses that Kit's reference lists."""
        return frozenset(self.operation.responses) - self.operation.beyond_reference

    @property
    def line(self) -> str:
        """The result as a line of text: first the reference's statuses, then those that the document adds."""
        parts = [" ".join(sorted(self.seen & self.documented))]
        if more := sorted(self.seen - self.documented):
            parts.append(f"and {' '.join(more)}")
        for status, other in sorted(self.others.items()):
            parts.append(f"BUT NOT {status} ({'no answer of it' if other is None else f'answered {other}'})")
        return " ".join(filter(None, parts))


@attrs.define
class Tally:
    """The sums over operations. They grow while `lines` yields."""

    operations: int = 0
    complete: int = 0
    """Operations all of whose statuses were seen, those that the document adds included."""
    documented: int = 0
    documented_seen: int = 0
    added: int = 0
    added_seen: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether all operations are complete."""
        return self.complete == self.operations

    def lines(self, covered: Iterable[Covered], fields: ResponseFields) -> Iterator[str]:
        """Yield a line for each operation as soon as it has been measured, then the fields, then the sums."""
        for each in covered:
            operation = each.operation
            self.operations += 1
            self.complete += operation.responses.keys() <= each.seen
            self.documented += len(each.documented)
            self.documented_seen += len(each.seen & each.documented)
            self.added += len(operation.beyond_reference)
            self.added_seen += len(each.seen - each.documented)
            yield f"{operation.id:32}  {operation.method:6} {operation.path:46}  {each.line}"
        yield from fields.lines()
        yield f"{self.added_seen} of {self.added} more that the document adds"
        yield (
            f"{self.complete} of {self.operations} operations,"
            f" {self.documented_seen} of {self.documented} documented statuses"
        )


def measure(operation: Operation, document: Path | None = None, fields: ResponseFields | None = None) -> Covered:
    """Request each documented status of an operation, each from a mock of its own.

    Notes the fields of the responses in `fields`, also of further requests that are made for fields alone.
    """
    known = recipes(operation)
    seen: set[str] = set()
    others: dict[str, int | None] = {}
    for status in operation.responses:
        recipe = known.get(status)
        response = None if recipe is None else recipe.answer(operation.id, document)
        answer = None if response is None else response.status_code
        if fields is not None and response is not None:
            fields.observe(operation.id, response)
        # For 5XX it must be the injected status: an error of the mock itself doesn't count.
        if recipe is not None and str(answer) == str(recipe.fault or status):
            seen.add(status)
        else:
            others[status] = answer
    if fields is not None:
        for recipe in FIELDS.get(operation.id, ()):
            if (response := recipe.answer(operation.id, document)) is not None:
                fields.observe(operation.id, response)
    return Covered(operation, frozenset(seen), others)


def measure_all(document: Path | None = None, fields: ResponseFields | None = None) -> Iterator[Covered]:
    """Measure one operation after another. Raises KitMockError for an unusable document."""
    for operation in load(document).operations.values():
        yield measure(operation, document, fields)


def how(operation_id: str, document: Path | None) -> Iterator[str]:
    """Yield lines that say how to get each status of an operation. Raises KitMockError if the document doesn't have it.

    The ids are those of `kit_mock.status_coverage.recipe.SEED`.
    """
    operations = load(document).operations
    operation = operations.get(operation_id)
    if operation is None:
        hint = did_you_mean(operation_id, operations)
        raise KitMockError(f"the document has no operation {operation_id}{hint}")
    usual = f"the behaviour is {DEFAULT.name} where none is named"
    yield f"{operation.id}: {operation.method} {operation.path} ({usual})"
    for status, recipe in recipes(operation).items():
        yield f"  {status}  {recipe.text(operation.id)}"
