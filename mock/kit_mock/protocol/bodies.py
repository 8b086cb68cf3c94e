"""Reads the body of a request, casts its values as the service does, and checks it against the document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from jsonschema_rs import ValidationError

from kit_mock.protocol import form_bodies
from kit_mock.protocol.errors import Refusal, first_different, unprocessable
from kit_mock.protocol.form_bodies import FORM
from kit_mock.protocol.messages import JSON, Request
from kit_mock.protocol.operation import Content, RequestBody
from kit_mock.protocol.pieces import pieces
from kit_mock.protocol.reading import Reading
from kit_mock.protocol.validation_messages import sentence


def values(body: RequestBody | None, request: Request, reading: Reading, *, strict: bool) -> dict[str, Any]:
    """Return the body of a request as an object.

    An empty body counts as `{}`: the fields that it lacks are reported, or the body itself where no field is required.
    Unless `strict`, JSON and forms are both taken, `[]` counts as `{}`, and what doesn't fit is cast if it can be. An
    operation without a body ignores what is sent.

    Raises Refusal: 415 for a media type that the operation doesn't take and for a compressed body, 400 for broken JSON,
    422 with a message for each field that doesn't fit, except what `reading` leaves to the handler.
    """
    if body is None:
        return {}
    content, value = _parse(body, request, strict=strict)
    if value == [] and not strict:  # Before it is wrapped: only an object is.
        value = {}
    if reading.wraps is not None and isinstance(value, dict) and reading.wraps not in value:
        value = {reading.wraps: value}
    if request.media_type in ("", FORM):
        value = form_bodies.convert_lists(value, content.caster)
    errors: Sequence[str] = ()
    try:
        if content.pruning is not None:
            value = content.pruning.apply(value)
        is_valid = content.validator.is_valid(value)
        if not is_valid and not strict:  # A valid value has nothing to cast.
            value = content.caster.cast(value)
            is_valid = content.validator.is_valid(value)
        if not is_valid:  # Collecting errors is far slower than finding out whether there are any.
            errors = first_different(_messages(content, value, reading))
        elif body.required and not request.body:
            raise unprocessable("The request body can't be blank")
    except (ValueError, RecursionError):  # The validator allows less nesting than the decoder.
        raise _broken("nested too deeply") from None
    if errors or not isinstance(value, dict):
        raise unprocessable(*(errors or ["The request body must be an object"]))
    return value


def _messages(content: Content, value: Any, reading: Reading) -> Iterator[str]:
    if isinstance(value, dict):
        value = {name: each for name, each in value.items() if f"{name}.*" not in reading.unchecked}
    for piece in pieces(value, content.caster):
        if not content.validator.is_valid(piece.value):
            for each in content.validator.iter_errors(piece.value):
                if not _is_unchecked(each, reading):
                    yield sentence(each, whole_path=piece.whole_path)


def _is_unchecked(violation: ValidationError, reading: Reading) -> bool:
    """Tell whether a violation is of something that the handler checks instead of the schema."""
    path = list(violation.instance_path)
    wrong_type = violation.kind.name == "type" and violation.instance is not None
    if violation.kind.name == "required":
        path.append(getattr(violation.kind, "property", ""))
    if path and f"{path[0]}.*" in reading.unchecked:
        return True
    if not path or path[0] not in reading.unchecked:
        return False
    return len(path) == 1 or (len(path) == 3 and path[2] in reading.unchecked_in_items and not wrong_type)


def _parse(body: RequestBody, request: Request, *, strict: bool) -> tuple[Content, Any]:
    first = next(iter(body.contents.values()))
    if not request.body:
        return first, {}
    given = media_type(request)
    strict = strict or body.is_fixed
    if not given and not strict:
        given = FORM
    content = body.contents.get(given)
    if content is None:
        taken = list(body.contents) if strict else [JSON, FORM]
        if given not in taken:
            raise Refusal(415, (f"Unsupported Media Type: the body must be {' or '.join(taken)}",))
        content = first
    if given == FORM:
        return content, form_bodies.parse(request.body)
    return content, parse_json(request.body)


def check_size(request: Request, most: int) -> None:
    """Raise Refusal 413 for a body of more than `most` bytes."""
    if len(request.body) > most:
        raise Refusal(413, (f"Payload Too Large: at most {most} bytes",))


def media_type(request: Request) -> str:
    """Return the media type of a body in lower case, empty if there is none. Raises Refusal 415 if it is compressed."""
    encoding = request.header("content-encoding")
    if encoding.lower() not in ("", "identity"):
        raise Refusal(415, (f"Unsupported Media Type: the body is encoded as {encoding}; send it without encoding",))
    return request.media_type


def parse_json(body: bytes) -> Any:
    """Parse a body as JSON. Raises Refusal 400 if it is broken."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _broken("nested too deeply" if isinstance(error, RecursionError) else str(error)) from None


def _broken(reason: str) -> Refusal:
    return Refusal(400, (f"Bad Request: the body isn't valid JSON ({reason})",))
