"""Lies about filters and sorts: parameters of lists and statistics that are ignored, or read wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from tests.contract.document import Document, Operation, Parameter
from tests.mutants.exchange import Answer, Request
from tests.mutants.lie import Lie, Start, at, changing_requests
from tests.mutants.truth import Truth

KINDS = ("filter", "sort")

_PAGING = frozenset({"after", "before", "per_page", "include_total_count"})


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about each parameter of a query that chooses, orders or adds."""
    for operation in document.operations.values():
        if operation.id == "authorize":
            continue
        for parameter in operation.query.values():
            if parameter.name not in _PAGING:
                for says, start in _of(document, operation, parameter):
                    kind = "sort" if parameter.name.startswith("sort_") else "filter"
                    yield Lie(
                        name=f"{kind}: {operation.id} {says}",
                        kind=kind,
                        operations=(operation.id,),
                        says=f"{operation.id} {says}.",
                        start=start,
                    )


def _of(document: Document, operation: Operation, parameter: Parameter) -> Iterator[tuple[str, Start]]:
    id_, name = operation.id, parameter.name

    def asking(change: Callable[[Request], Request]) -> Start:
        return changing_requests([id_], change)

    def where(value: str, other: str | None) -> Start:
        return asking(
            lambda request: request.with_parameter(name, other) if request.parameters.get(name) == value else request
        )

    yield f"ignores `{name}`", at([id_], _ignoring(name))
    values = _values(document, parameter)
    for value, other in zip(values, [*values[1:], *values[:1]], strict=True):
        if parameter.schema.get("type") == "array":
            yield f"ignores {value} in `{name}`", asking(_without_value(name, value))
        elif len(values) > 1:
            yield f"reads {value} as {other} in `{name}`", where(value, other)
    if (opposite := _opposite(name)) != name and opposite in operation.query:
        yield f"reads `{name}` as `{opposite}`", asking(_renamed(name, opposite))
    if name.endswith(("_after", "_before")) or name in ("starting", "ending"):
        yield f"reads `{name}` as the day after", asking(_shifted(name, timedelta(days=1)))
    if name.endswith(("_after", "_before")):
        yield f"reads the day alone of a timestamp in `{name}`", asking(_day_alone(name))
        yield f"finds nothing by a timestamp in `{name}`", at([id_], _nothing_by_timestamp(name))
    if name == "email_address":
        yield "finds every address of the domain of `email_address`", at([id_], _by_domain)
        yield "finds an address in its exact case alone", asking(_exact_case)
        yield "finds an address in every state", asking(_in_every_state)


def _values(document: Document, parameter: Parameter) -> Sequence[str]:
    schema = parameter.schema
    if schema.get("type") == "array":
        schema = document.resolve(schema["items"])
    if schema.get("type") == "boolean":
        return ("true", "false")
    return [str(value) for value in schema.get("enum", ())]


def _ignoring(name: str) -> Callable[[Truth, Request], Answer]:
    """Ignore a parameter, but still refuse an invalid value, which is another lie."""

    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        return truth.ask(request.without(name)) if answer.is_success and name in request.parameters else answer

    return tell


def _without_value(name: str, value: str) -> Callable[[Request], Request]:
    def change(request: Request) -> Request:
        given = request.parameters.get(name, "").split(",")
        kept = [each for each in given if each != value]
        return request if kept == given else request.with_parameter(name, ",".join(kept) or None)

    return change


def _opposite(name: str) -> str:
    return name.replace("_after", "_before") if name.endswith("_after") else name.replace("_before", "_after")


def _renamed(name: str, other: str) -> Callable[[Request], Request]:
    def change(request: Request) -> Request:
        given = request.parameters.get(name)
        if given is None or other in request.parameters or other == name:
            return request
        return request.without(name).with_parameter(other, given)

    return change


def _shifted(name: str, by: timedelta) -> Callable[[Request], Request]:
    def change(request: Request) -> Request:
        try:
            moment = datetime.fromisoformat(request.parameters.get(name, ""))
        except ValueError:
            return request
        is_date = "T" not in request.parameters[name]
        text = (moment + by).date().isoformat() if is_date else (moment + by).isoformat().replace("+00:00", "Z")
        return request.with_parameter(name, text)

    return change


def _day_alone(name: str) -> Callable[[Request], Request]:
    def change(request: Request) -> Request:
        day, separator, _ = request.parameters.get(name, "").partition("T")
        return request.with_parameter(name, day) if separator else request

    return change


def _nothing_by_timestamp(name: str) -> Callable[[Truth, Request], Answer]:
    def tell(truth: Truth, request: Request) -> Answer:
        answer = truth.ask(request)
        if "T" not in request.parameters.get(name, "") or not answer.is_success:
            return answer
        never = "2999-01-01" if name.endswith("_after") else "1000-01-01"
        return truth.ask(request.with_parameter(name, never))

    return tell


def _by_domain(truth: Truth, request: Request) -> Answer:
    answer = truth.ask(request)
    given = request.parameters.get("email_address", "").lower()
    if not given or not answer.is_success:
        return answer
    everyone = truth.ask(request.without("email_address").with_parameter("per_page", "1000"))
    body = everyone.copy()
    body["subscribers"] = [
        each for each in body["subscribers"] if each["email_address"].endswith(given.rpartition("@")[2])
    ]
    body["pagination"] = answer.json["pagination"]
    return answer.with_json(body)


def _exact_case(request: Request) -> Request:
    given = request.parameters.get("email_address", "")
    return request if given == given.lower() else request.with_parameter("email_address", f"no-{given}")


def _in_every_state(request: Request) -> Request:
    parameters = request.parameters
    if "email_address" not in parameters or "status" in parameters:
        return request
    return request.with_parameter("status", "all")
