"""Lies about headers, content types and the shape of errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import attrs

from tests.contract.document import Document
from tests.mutants.exchange import Answer, Request, answered
from tests.mutants.lie import Lie, Start, Teller, changing_answers
from tests.mutants.statuses import BEYOND_THE_API
from tests.mutants.truth import Truth

KINDS = ("content type", "header gone", "405", "error shape")

_TYPES: tuple[str | None, ...] = (None, "text/html; charset=utf-8", "text/plain; charset=utf-8", "application/xml")
_CHALLENGES = (None, "Basic", "Bearer")


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about headers of each operation, about each path's 405, and about each kind of error."""
    for number, operation in enumerate(document.operations.values()):
        id_, protected = operation.id, not operation.is_open
        if any(status[0] == "2" and each.schema is not None for status, each in operation.answers.items()):
            type_ = _TYPES[number % len(_TYPES)]
            yield _lie("content type", id_, f"sends {type_ or 'no'} Content-Type with a success", _typed(type_, True))
        type_ = _TYPES[(number + 1) % len(_TYPES)]
        yield _lie("content type", id_, f"sends {type_ or 'no'} Content-Type with an error", _typed(type_, False))
        if any("X-Request-Id" in each.headers for each in operation.answers.values()):
            yield _lie(
                "header gone", id_, "sends no X-Request-Id", lambda _, answer: answer.with_header("X-Request-Id", None)
            )
        if protected:
            challenge = _CHALLENGES[number % len(_CHALLENGES)]
            says = f"sends {'a' if challenge else 'no'} WWW-Authenticate {challenge or ''}".rstrip() + " with a 401"
            says += "" if challenge is None else " where the error of a bearer token belongs"
            yield _lie("header gone", id_, says, _challenged(challenge))
        yield from _errors(id_, number, operation.answers)
    for number, path in enumerate(dict.fromkeys(each.path for each in document.operations.values())):
        yield from _methods(document, path, number)


def _lie(kind: str, operation: str, says: str, change: Callable[[Request, Answer], Answer]) -> Lie:
    return Lie(
        name=f"{kind}: {operation} {says}",
        kind=kind,
        operations=(operation,),
        says=f"{operation} {says}.",
        start=changing_answers([operation], change),
    )


def _typed(type_: str | None, success: bool) -> Callable[[Request, Answer], Answer]:
    def change(_: Request, answer: Answer) -> Answer:
        return answer.with_header("Content-Type", type_) if answer.body and answer.is_success == success else answer

    return change


def _challenged(challenge: str | None) -> Callable[[Request, Answer], Answer]:
    def change(_: Request, answer: Answer) -> Answer:
        if answer.header("WWW-Authenticate") is None:
            return answer
        return answer.with_header("WWW-Authenticate", challenge)

    return change


# -------------------- Errors

_SHAPES: tuple[tuple[str, Callable[[list[Any]], Any]], ...] = (
    ("`error` with a text", lambda errors: {"error": "; ".join(errors)}),
    ("`errors` with a text for a list", lambda errors: {"errors": "; ".join(errors)}),
    ("`errors` with objects", lambda errors: {"errors": [{"message": text} for text in errors]}),
    ("`message` with a text", lambda errors: {"message": "; ".join(errors)}),
    ("a list", lambda errors: errors),
    ("an empty object", lambda errors: {}),
    ("`errors` without a message in it", lambda errors: {"errors": []}),
)


def _errors(operation: str, number: int, statuses: Any) -> Iterator[Lie]:
    for turn, status in enumerate(
        status
        for status in ("400", "401", "404", "422")
        if status in statuses and (operation, status) not in BEYOND_THE_API
    ):
        says, shape = _SHAPES[(number + turn) % len(_SHAPES)]
        yield _lie("error shape", operation, f"answers {status} with {says}", _shaped(int(status), shape))


def _shaped(status: int, shape: Callable[[list[Any]], Any]) -> Callable[[Request, Answer], Answer]:
    def change(_: Request, answer: Answer) -> Answer:
        if answer.status != status:
            return answer
        body = answer.json
        return answer.with_json(shape(body.get("errors") or [body.get("error")]))

    return change


# -------------------- Methods that a path doesn't have


def _methods(document: Document, path: str, number: int) -> Iterator[Lie]:
    operations = tuple(each.id for each in document.operations.values() if each.path == path)
    changes: tuple[tuple[str, Callable[[Answer], Answer]], ...] = (
        ("answers 405 without Allow", lambda answer: answer.with_header("Allow", None)),
        ("answers 404 to a method that it doesn't have", lambda answer: attrs.evolve(answer, status=404)),
        ("answers 405 with an Allow that lists other methods", lambda answer: answer.with_header("Allow", "PATCH")),
        ("answers 200 to a method that it doesn't have", lambda answer: answered(200, {})),
    )
    for says, change in (changes[number % 2], changes[2 + number % 2]):
        yield Lie(
            name=f"405: {path} {says}",
            kind="405",
            operations=operations,
            says=f"{path} {says}.",
            start=_at_other_methods(path, change),
        )


def _at_other_methods(path: str, change: Callable[[Answer], Answer]) -> Start:
    def start(truth: Truth) -> Teller:
        def tell(request: Request) -> Answer:
            answer = truth.ask(request)
            is_other = answer.status == 405 and truth.routes.pattern(request.path) == path
            return change(answer) if is_other else answer

        return tell

    return start
