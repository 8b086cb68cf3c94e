"""Lies about valid input: a parameter, field or value that must be accepted is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.contract.document import Document, Operation, Parameter
from tests.mutants.exchange import Answer, Request, refused
from tests.mutants.lie import Lie, Start, at
from tests.mutants.places import VALUES, Place, holders, places
from tests.mutants.truth import Truth

KINDS = ("good field refused", "good parameter refused")


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about each field and parameter, each value that is listed, and each null that is allowed."""
    for operation in document.operations.values():
        if operation.is_open:
            continue
        if operation.body is not None:
            for place in places(document, operation.body, operation.id):
                if place.name != VALUES:
                    yield from _of_field(operation, place)
        for parameter in operation.query.values():
            yield from _of_parameter(document, operation, parameter)


def _of_field(operation: Operation, place: Place) -> Iterator[Lie]:
    id_, path, name = operation.id, place.path, place.name

    def refusing(is_bad: Callable[[object], bool]) -> Start:
        def given(request: Request) -> bool:
            return any(name in holder and is_bad(holder[name]) for holder in holders(request.fields, path))

        return at([id_], _refusing(given, f"{name.replace('_', ' ').capitalize()} is invalid"))

    if not place.is_required:
        yield _lie("good field refused", id_, f"refuses `{place.text}`", refusing(lambda value: value is not None))
    if "null" in place.types and not place.is_required:
        yield _lie("good field refused", id_, f"refuses null for `{place.text}`", refusing(lambda value: value is None))
    for each in place.enum:
        says = f"refuses {each} for `{place.text}`"
        yield _lie("good field refused", id_, says, refusing(lambda value, each=each: value == each))  # type: ignore[misc]


def _of_parameter(document: Document, operation: Operation, parameter: Parameter) -> Iterator[Lie]:
    id_, name = operation.id, parameter.name

    def refusing(is_bad: Callable[[str], bool]) -> Start:
        def given(request: Request) -> bool:
            return name in request.parameters and is_bad(request.parameters[name])

        return at([id_], _refusing(given, f"{name.replace('_', ' ').capitalize()} is invalid"))

    yield _lie("good parameter refused", id_, f"refuses `{name}`", refusing(bool))
    schema = parameter.schema
    if schema.get("type") == "array":
        schema = document.resolve(schema["items"])
    values = [str(value) for value in schema.get("enum", ())]
    if schema.get("type") == "boolean":
        values = ["true", "false"]
    for value in values if len(values) > 1 else ():
        says = f"refuses {value} for `{name}`"
        yield _lie("good parameter refused", id_, says, refusing(lambda text, value=value: value in text.split(",")))  # type: ignore[misc]
    if schema.get("type") == "integer":
        largest = str(schema.get("maximum"))
        yield _lie(
            "good parameter refused", id_, f"refuses {largest} for `{name}`", refusing(lambda text: text == largest)
        )


def _lie(kind: str, operation: str, says: str, start: Start) -> Lie:
    return Lie(
        name=f"{kind}: {operation} {says}", kind=kind, operations=(operation,), says=f"{operation} {says}.", start=start
    )


def _refusing(given: Callable[[Request], bool], message: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        if given(request) and truth.pretend(request).is_success:
            return refused(422, message)
        return truth.ask(request)

    return tell
