"""Lies about state: writes that are lost, that hit something else or do too much, and reads that are stale."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.contract.document import Document, Operation
from tests.mutants import neighbours, samples
from tests.mutants.exchange import Answer, Request
from tests.mutants.lie import Lie, Start, at, remembering
from tests.mutants.places import ITEMS, VALUES, Place, holders, places
from tests.mutants.truth import Truth

KINDS = ("write lost", "field lost", "other row", "neighbour too", "done twice", "stale read", "old state answered")

Memory = dict[tuple[str, object], Answer]


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about what each write does, and about what each read shows."""
    for operation in document.operations.values():
        if operation.is_open:
            continue
        if operation.is_read:
            yield _lie(
                "stale read",
                operation,
                "answers a request as it did the first time",
                remembering(dict, [operation.id], _stale),
            )
            continue
        others = tuple(each for each in neighbours.SEEN_BY.get(operation.id, ()) if each != operation.id)
        deletes = operation.method == "DELETE"
        says = "succeeds, and nothing is gone" if deletes else "succeeds, and nothing is kept"
        yield _lie("write lost", operation, says, at([operation.id], _lost), others)
        if operation.body is not None:
            for place in places(document, operation.body, operation.id):
                yield from _of_field(document, operation, place, others)
        for name in operation.in_path:
            if (operation.id, name) in neighbours.OTHERS:
                says = f"succeeds, and does it to another `{name}`"
                yield _lie("other row", operation, says, at([operation.id], _elsewhere(operation, name)), others)
                says = f"does it to another `{name}` as well"
                yield _lie("neighbour too", operation, says, at([operation.id], _too(operation, name)), others)
        if operation.id in neighbours.BY_EMAIL:
            says = "succeeds, and does it to another subscriber"
            yield _lie("other row", operation, says, at([operation.id], _to_somebody_else), others)
        if operation.id in neighbours.REPEATABLE:
            yield _lie("done twice", operation, "does it twice", at([operation.id], _twice), others)
        if operation.id in neighbours.READ_BY:
            says = "does it, and answers with what there was before"
            yield _lie("old state answered", operation, says, at([operation.id], _old))


def _lie(kind: str, operation: Operation, says: str, start: Start, others: tuple[str, ...] = ()) -> Lie:
    return Lie(
        name=f"{kind}: {operation.id} {says}",
        kind=kind,
        operations=(operation.id, *others),
        says=f"{operation.id} {says}.",
        start=start,
    )


def _lost(truth: Truth, request: Request) -> Answer:
    return truth.pretend(request)


# -------------------- Fields


def _of_field(document: Document, operation: Operation, place: Place, others: tuple[str, ...]) -> Iterator[Lie]:
    if place.name == VALUES or place.name in ("callback_url", "purchase", "event"):
        return  # Callbacks are for `deliveries`; the others hold what the request is about.
    is_group = "array" in place.types or "object" in place.types
    if place.is_required and (is_group or place.enum):
        return
    if ITEMS in place.path and operation.id.endswith("_broadcast"):
        return  # The filter as a whole is a field.
    if operation.id in neighbours.BY_EMAIL and place.name == "email_address":
        return  # It says whom the request is about: that is another row.
    must_be_there = place.is_required or place.name in samples.OTHER_IDS or place.name == "initiator_value"

    def tell(truth: Truth, request: Request) -> Answer:
        if not any(place.name in holder for holder in holders(request.fields, place.path)):
            return truth.ask(request)
        shown = truth.pretend(request)
        if not shown.is_success:
            return truth.ask(request)
        fields = samples.copied(request.fields)
        for holder in holders(fields, place.path):
            if place.name in holder:
                if must_be_there:
                    holder[place.name] = samples.another(document, place.schema, place.name, holder[place.name])
                else:
                    del holder[place.name]
        return shown if truth.ask(request.with_fields(fields)).is_success else truth.ask(request)

    says = f"answers with `{place.text}` as it was sent, and keeps {'another' if must_be_there else 'none'}"
    yield _lie("field lost", operation, says, at([operation.id], tell), others)


# -------------------- Rows


def _elsewhere(operation: Operation, name: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        shown = truth.pretend(request)
        other = neighbours.other(truth, request, name)
        if not shown.is_success or other is None:
            return truth.ask(request)
        truth.ask(request.to(operation.path, **{name: other}))
        return shown

    return tell


def _too(operation: Operation, name: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        other = neighbours.other(truth, request, name)
        answer = truth.ask(request)
        if answer.is_success and other is not None:
            truth.ask(neighbours.again(request).to(operation.path, **{name: other}))
        return answer

    return tell


def _to_somebody_else(truth: Truth, request: Request) -> Answer:
    shown = truth.pretend(request)
    other = neighbours.somebody_else(truth, request)
    if not shown.is_success or other is None:
        return truth.ask(request)
    truth.ask(request.with_fields({**request.fields, "email_address": other}))
    return shown


def _twice(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    if answer.is_success:
        truth.ask(neighbours.again(request))
    return answer


# -------------------- Reads


def _stale(memory: Memory, truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    return memory.setdefault((request.path, frozenset(request.query)), answer) if answer.is_success else answer


def _old(truth: Truth, request: Request) -> Answer:
    envelope, read = neighbours.READ_BY[request.operation]
    before = neighbours.row(truth, read, envelope, request.in_path)
    answer = truth.ask(request)
    if not answer.is_success or before is None or envelope not in answer.json:
        return answer
    return answer.with_json({**answer.json, envelope: before})
