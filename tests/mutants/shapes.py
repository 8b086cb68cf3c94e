"""Lies about the shape of answers: fields that are dropped, renamed, null, of another type or in another format."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.document import Document, Operation
from tests.mutants.exchange import Answer, Request
from tests.mutants.lie import Lie, changing_answers
from tests.mutants.places import VALUES, Holder, Path, Place, edit, of_another_type, places

_ADDED_BY_INCLUDE = {"attribution", "tags", "location", "canceled_at", "stats", "subscriber_count"}
"""Properties that `include` asks for, where they are optional."""

Change = Callable[[Holder, str], None]

_DATES = ("02/17/2023", "2023-02-17 08:00:00", "2023-02-17", "1676620800")
_FORMATS = {"email": "nobody", "uri": "not a uri"}


def lies(document: Document) -> Iterator[Lie]:
    """Yield each kind of change of each property of each schema, in the answers of one of the operations that have it."""
    for number, found in enumerate(_by_property(document).values()):
        for turn, (kind, says, change) in enumerate(_changes(found[0][1], number, document)):
            # All operations get their turn, and no property is changed in the same way twice.
            operation, place = found[(number + turn) % len(found)]
            yield Lie(
                name=f"{kind}: {operation} {place.text}",
                kind=kind,
                operations=(operation,),
                says=f"{operation} answers {says.format(place.text)}.",
                start=changing_answers([operation], _changed(place.path, change)),
            )


def _by_property(document: Document) -> dict[tuple[str, str], list[tuple[str, Place]]]:
    """Return the places of each property, with the operations whose answers have it."""
    found: dict[tuple[str, str], list[tuple[str, Place]]] = defaultdict(list)
    for operation in document.operations.values():
        for place in _shown(document, operation):
            found[place.owner, place.name].append((operation.id, place))
    return found


def _shown(document: Document, operation: Operation) -> Iterator[Place]:
    """Return the places in the successes of an operation, without those that only `include` of other operations adds."""
    include = operation.query.get("include")
    included = document.resolve(include.schema["items"])["enum"] if include is not None else ()
    elsewhere = _ADDED_BY_INCLUDE - set(included)
    seen: set[Path] = set()
    left_out: list[Path] = []
    for status, documented in operation.answers.items():
        if status[0] != "2" or documented.schema is None:
            continue
        for place in places(document, documented.schema, operation.id):
            if place.name in elsewhere and not place.is_required and len(place.path) > 1:
                left_out.append(place.path)
            if place.path not in seen and not any(place.path[: len(path)] == path for path in left_out):
                seen.add(place.path)
                yield place


def _changed(path: Path, change: Change) -> Callable[[Request, Answer], Answer]:
    def changed(_: Request, answer: Answer) -> Answer:
        if not answer.is_success or not answer.body:
            return answer
        value = answer.copy()
        edit(value, path, change)
        return answer if value == answer.json else answer.with_json(value)

    return changed


def _changes(place: Place, number: int, document: Document) -> Iterator[tuple[str, str, Change]]:
    # A property is dropped or renamed, null or of another type: more of each would tell nothing new.
    if place.name != VALUES:
        if number % 2 and (place.is_required or _is_kept(document, place)):
            yield "field dropped", "without `{}`", _drop
        else:
            yield "field renamed", f"with `{{}}` renamed to `{_other_name(place.name)}`", _rename
    if place.types:
        if number % 4 < 2 and "null" not in place.types:
            yield "field null", "with null for `{}`", _set(None)
        else:
            yield "field of another type", "with a value of another type for `{}`", _retype(place.types)
    if place.enum:
        yield "enum value invented", "with a value for `{}` that isn't documented", _set("unheard_of")
    if place.format == "date-time":
        date = _DATES[number % len(_DATES)]
        yield "date format", f"with dates such as `{date}` for `{{}}`", _set_unless_null(date)
    if place.format in _FORMATS:
        text = _FORMATS[place.format]
        yield "text format", f"with `{text}` for `{{}}`, which is no {place.format}", _set_unless_null(text)


def _is_kept(document: Document, place: Place) -> bool:
    """Return whether an answer must show what a request sets, though the property is optional there."""
    if len(place.path) < 2 or place.owner not in ("Broadcast", "Subscriber"):
        return False
    creates = document.operations[f"create_{place.owner.lower()}"]
    return creates.body is not None and place.name in document.properties(creates.body)


def _other_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest)) if rest else f"{name}_value"


def _drop(holder: Holder, name: str) -> None:
    del holder[name]


def _rename(holder: Holder, name: str) -> None:
    holder[_other_name(name)] = holder.pop(name)


def _set(value: Any) -> Change:
    def change(holder: Holder, name: str) -> None:
        holder[name] = value

    return change


def _set_unless_null(value: Any) -> Change:
    def change(holder: Holder, name: str) -> None:
        if holder[name] is not None:
            holder[name] = value

    return change


def _retype(types: frozenset[str]) -> Change:
    def change(holder: Holder, name: str) -> None:
        holder[name] = of_another_type(holder[name], types)

    return change


KINDS = (
    "field dropped",
    "field renamed",
    "field null",
    "field of another type",
    "enum value invented",
    "date format",
    "text format",
)
