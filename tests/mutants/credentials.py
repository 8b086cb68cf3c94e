"""Lies about credentials: invalid ones that are accepted, and valid ones that are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.contract.document import Document
from tests.mutants.exchange import API_KEY, Answer, Request, refused
from tests.mutants.lie import Lie, at
from tests.mutants.truth import Truth

KINDS = ("authentication not enforced", "OAuth-only not enforced", "good credential refused")

Kind = Callable[[Request], bool]


def _has_none(request: Request) -> bool:
    return API_KEY not in request.headers and "authorization" not in request.headers


def _has_key(request: Request) -> bool:
    return bool(request.headers.get(API_KEY)) and "authorization" not in request.headers


def _has_token(request: Request) -> bool:
    return request.headers.get("authorization", "").lower().startswith("bearer ")


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about the credentials of each protected operation."""
    unchecked = (("no credential", _has_none), ("a wrong API key", _has_key), ("a wrong access token", _has_token))
    for operation in document.operations.values():
        if operation.is_open:
            continue
        for what, has in unchecked if operation.takes_key else (unchecked[0], unchecked[2]):
            yield _taken("authentication not enforced", operation.id, what, has)
        if not operation.takes_key:
            yield _taken("OAuth-only not enforced", operation.id, "an API key", _has_key)
        for what, has in (("a good API key", _has_key), ("a good access token", _has_token)):
            if operation.takes_key or has is _has_token:
                yield Lie(
                    name=f"good credential refused: {operation.id} {what}",
                    kind="good credential refused",
                    operations=(operation.id,),
                    says=f"{operation.id} answers 401 to {what}.",
                    start=at([operation.id], _refusing(has)),
                )


def _taken(kind: str, operation: str, what: str, has: Kind) -> Lie:
    return Lie(
        name=f"{kind}: {operation} {what}",
        kind=kind,
        operations=(operation,),
        says=f"{operation} takes {what}.",
        start=at([operation], _taking(has)),
    )


def _taking(has: Kind) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        return truth.ask(truth.authorized(request)) if answer.status == 401 and has(request) else answer

    return tell


def _refusing(has: Kind) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        if has(request) and truth.pretend(request).status != 401:
            return refused(401, "The access token is invalid")
        return truth.ask(request)

    return tell
