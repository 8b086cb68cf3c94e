"""Lies about invalid input: it is accepted as if a valid value had been sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from tests.contract.document import Document, Operation, Parameter
from tests.mutants import samples
from tests.mutants.exchange import Answer, Request, answered
from tests.mutants.lie import Lie, Start, at
from tests.mutants.places import ITEMS, VALUES, Holder, Place, holders, json_type, places
from tests.mutants.truth import Truth

KINDS = ("field taken", "parameter taken", "id taken", "body taken")

_REFUSALS = (400, 413, 415, 422)
# What can't be made up from what was sent is made up altogether.
_TOKENS = answered(
    200,
    {
        "access_token": "made-up",
        "token_type": "Bearer",
        "expires_in": 172800,
        "refresh_token": "made-up-too",
        "scope": "public",
        "created_at": 1717243200,
    },
)
Defect = Callable[[Holder, str], bool]


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about each field, parameter, id and body that must be refused."""
    for operation in document.operations.values():
        if operation.body is not None:
            for place in places(document, operation.body, operation.id):
                yield from _of_field(document, operation, place)
            yield from _of_body(document, operation)
        if operation.is_open:
            continue
        for parameter in operation.parameters:
            if parameter.location == "path":
                yield from _of_id(operation, parameter)
            else:
                yield from _of_parameter(operation, parameter)


def _lie(kind: str, operation: str, says: str, start: Start) -> Lie:
    return Lie(
        name=f"{kind}: {operation} {says}", kind=kind, operations=(operation,), says=f"{operation} {says}.", start=start
    )


# -------------------- Fields of bodies


def _of_field(document: Document, operation: Operation, place: Place) -> Iterator[Lie]:
    if place.name == VALUES or (operation.id == "create_token" and not place.is_required):
        return  # Which fields a token request needs is for `oauth`.
    # A bad item of a bulk request is a failure in an answer that is a success: that is for `bulk`.
    is_item = operation.id.startswith("bulk_") and ITEMS in place.path

    def taking(defect: Defect) -> Start:
        return at([operation.id], _taking(document, place, defect))

    if place.is_required and not is_item:
        yield _lie(
            "field taken", operation.id, f"needs no `{place.text}`", taking(lambda holder, name: name not in holder)
        )
    if "null" not in place.types and not is_item and operation.media_type == "application/json":
        yield _lie("field taken", operation.id, f"takes null for `{place.text}`", taking(_is_null))
    if place.types and operation.media_type == "application/json":
        says = f"takes another type for `{place.text}`"
        yield _lie("field taken", operation.id, says, taking(_is_of_other_type(place)))
    if is_item:
        return
    if place.enum:
        yield _lie(
            "field taken", operation.id, f"takes an unknown value for `{place.text}`", taking(_is_unknown(place))
        )
    # An address that nobody has is looked for like any other, and is a 404.
    if place.format in ("email", "uri", "date-time") and not operation.id.endswith("_by_email"):
        says = f"takes a text that is no {place.format} for `{place.text}`"
        yield _lie("field taken", operation.id, says, taking(_is_malformed(document, place)))
    if place.name in ("name", "label", "email_address", "transaction_id") and place.is_required and not place.enum:
        yield _lie("field taken", operation.id, f"takes a blank `{place.text}`", taking(_is_blank))
    if place.name.endswith("_id") and place.name != "transaction_id" and "integer" in place.types:
        yield _lie("field taken", operation.id, f"takes any id for `{place.text}`", taking(_is_integer))


def _is_null(holder: Holder, name: str) -> bool:
    return name in holder and holder[name] is None


def _is_of_other_type(place: Place) -> Defect:
    allowed = place.types | {"integer"} if "number" in place.types else place.types

    def defect(holder: Holder, name: str) -> bool:
        return holder.get(name) is not None and json_type(holder[name]) not in allowed

    return defect


def _is_unknown(place: Place) -> Defect:
    return lambda holder, name: isinstance(holder.get(name), str) and holder[name] not in place.enum


def _is_malformed(document: Document, place: Place) -> Defect:
    schema = {"type": "string", "format": place.format}

    def defect(holder: Holder, name: str) -> bool:
        value = holder.get(name)
        return isinstance(value, str) and bool(value.strip()) and bool(document.problems(schema, value))

    return defect


def _is_blank(holder: Holder, name: str) -> bool:
    return isinstance(holder.get(name), str) and not holder[name].strip()


def _is_integer(holder: Holder, name: str) -> bool:
    return json_type(holder.get(name)) == "integer"


def _taking(document: Document, place: Place, defect: Defect) -> Callable[[Truth, Request], Answer]:
    """Replace the invalid value at a place, and nothing else, if the mock refuses the request."""

    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        if answer.status not in _REFUSALS or not any(
            defect(found, place.name) for found in holders(request.fields, place.path)
        ):
            return answer
        fields = samples.copied(request.fields)
        for holder in holders(fields, place.path):
            if defect(holder, place.name):
                _mend(document, operation=request.operation, place=place, holder=holder)
        if request.operation == "create_token":
            return _TOKENS
        mended = truth.ask(request.with_fields(fields))
        return mended if mended.is_success else answer

    return tell


def _mend(document: Document, *, operation: str, place: Place, holder: Holder) -> None:
    usual = samples.found(samples.body(operation), place.path)
    if usual is not samples.MISSING:
        holder[place.name] = usual
    elif place.name in samples.IDS:
        holder[place.name] = samples.IDS[place.name]
    elif place.is_required:
        holder[place.name] = samples.value(document, place.schema, place.name)
    else:
        holder.pop(place.name, None)


# -------------------- Whole bodies


def _of_body(document: Document, operation: Operation) -> Iterator[Lie]:
    broken: tuple[tuple[str, Callable[[Request], bool]], ...] = (
        ("takes a body of another media type", lambda request: bool(request.body) and _other_type(operation, request)),
        (
            "takes a body that is no JSON",
            lambda request: bool(request.body) and _is_json(request) and not request.fields,
        ),
        ("takes a request without a body", lambda request: not request.body),
        ("takes an empty object", lambda request: request.body.strip() == b"{}"),
    )
    raw = document.raw["paths"][operation.path][operation.method.lower()]["requestBody"]
    is_needed = bool(document.resolve(raw).get("required"))
    needs_fields = bool(document.required(operation.body or {}))
    if operation.media_type != "application/json":
        broken = broken[:1]
    for says, is_broken in broken[: None if needs_fields else 3 if is_needed else 2]:
        yield _lie("body taken", operation.id, says, at([operation.id], _taking_body(operation, is_broken)))


def _other_type(operation: Operation, request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip() != operation.media_type


def _is_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "")


def _taking_body(operation: Operation, is_broken: Callable[[Request], bool]) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        if answer.status not in _REFUSALS or not is_broken(request):
            return answer
        if operation.id == "create_token":
            return _TOKENS
        usual = samples.body(operation.id) or {}
        fitting = attrs.evolve(request, headers={**request.headers, "content-type": operation.media_type or ""})
        if operation.media_type == "application/json" and _other_type(operation, request) and fitting.fields:
            usual = fitting.fields
        mended = truth.ask(fitting.with_fields(usual))
        return mended if mended.is_success else answer

    return tell


# -------------------- Parameters of the query, and ids in the path


def _of_parameter(operation: Operation, parameter: Parameter) -> Iterator[Lie]:
    name = parameter.name
    if name in ("after", "before", "email_address"):
        return  # A cursor that can't be read is for `lists`; any text is an address to look for.

    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        if answer.status not in _REFUSALS or name not in request.parameters:
            return answer
        mended = truth.ask(request.without(name))
        return mended if mended.is_success else answer

    yield _lie("parameter taken", operation.id, f"takes any value of `{name}`", at([operation.id], tell))


def _of_id(operation: Operation, parameter: Parameter) -> Iterator[Lie]:
    name = parameter.name

    def of_something_else(truth: Truth, request: Request) -> Answer:
        """An id that leads nowhere is answered like one of something that is there."""
        answer = truth.ask(request)
        if answer.status != 404:
            return answer
        if "204" in operation.answers:
            return answered(204)
        usual = samples.usual(truth, operation.id)
        shown = truth.pretend(request.to(operation.path, **{name: usual.in_path[name]}))
        return _renumbered(shown, request.in_path[name]) if shown.is_success else answer

    yield _lie("id taken", operation.id, f"knows every `{name}`", at([operation.id], of_something_else))

    def cut(truth: Truth, request: Request) -> Answer:
        """A text that is no id is answered with an empty success."""
        text = request.in_path[name]
        answer = truth.ask(request)
        if answer.status != 404 or (text.isdecimal() and int(text) > 0):
            return answer
        return answered(204) if "204" in operation.answers else answered(operation.succeeds_with[0], {})

    yield _lie("id taken", operation.id, f"answers success to a `{name}` that is no id", at([operation.id], cut))


def _renumbered(answer: Answer, id_: str) -> Answer:
    value = answer.json
    if not id_.isdecimal() or not isinstance(value, dict) or "pagination" in value:
        return answer
    for inner in value.values():
        if isinstance(inner, dict) and "id" in inner:
            inner["id"] = int(id_)
    return answer.with_json(value)
