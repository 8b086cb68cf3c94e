"""Tours: valid and invalid requests to each operation. A lie that changes an answer of its tour is active.

A tour is a generator: it yields requests and is sent their answers, so that later requests can follow from earlier ones.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from tests.contract.document import Operation, Parameter
from tests.mutants import neighbours, samples, tour_oauth, tour_people, tour_things
from tests.mutants.exchange import Answer, Request
from tests.mutants.layer import Layer
from tests.mutants.lie import Lie
from tests.mutants.places import VALUES, Place, of_another_type, places
from tests.mutants.truth import KEY, SPENT, Truth

Tour = Generator[Request, Answer, None]

START = datetime(2024, 6, 1, 12, tzinfo=UTC)
_WRONG = "kit_wrong"
_BAD_TEXTS = {"email": "nobody", "uri": "no uri", "date-time": "yesterday"}
_DATES = (
    "2023-04-18",
    "2023-04-18T12:00:00Z",
    "2023-02-17T09:00:00Z",
    "2023-08-01",
    "2023-06-20T13:00:00Z",
    "2023-08-01T09:00:00Z",
)
_RANDOM = ("access_token", "refresh_token")


def transcript(truth: Truth, lie: Lie | None, operations: tuple[str, ...]) -> list[object]:
    """Return what is answered to a tour of operations."""
    layer = Layer(truth, lie)
    found: list[object] = []
    for tour in tours(truth, operations):
        answer: Answer | None = None
        while True:
            try:
                request = next(tour) if answer is None else tour.send(answer)
            except StopIteration:
                break
            answer = layer.answer(request)
            found.append((request.method, request.path, _comparable(request, answer)))
    return found


def _comparable(request: Request, answer: Answer) -> object:
    """Return the parts of an answer that aren't random, for comparison."""
    headers = {name.lower(): value for name, value in answer.headers if name.lower() != "x-request-id"}
    headers["x-request-id"] = "" if answer.header("X-Request-Id") else "none"
    value = answer.json
    if isinstance(value, dict) and "access_token" in value:
        sent = request.fields.get("refresh_token")
        value = {**value, **{name: value[name] == sent for name in _RANDOM if name in value}}
    if "location" in headers:
        headers["location"] = tour_oauth.without_code(headers["location"])
        return answer.status, sorted(headers.items())  # The page has the code too.
    return answer.status, sorted(headers.items()), answer.body if value is None else value


def tours(truth: Truth, operations: tuple[str, ...]) -> Iterator[Tour]:
    """Yield the tours of operations."""
    for id_ in dict.fromkeys(operations):
        operation = truth.document.operations[id_]
        if operation.is_open:
            yield tour_oauth.tour(truth)
            yield _inputs(truth, operation)
            yield _methods(truth, operation)
            continue
        special = tour_people.TOURS.get(id_) or tour_things.TOURS.get(id_)
        if special is not None:
            yield special(truth)
        for make in (_credentials, _methods, _inputs, _ids, _reads if operation.is_read else _writes):
            yield make(truth, operation)


def _credentials(truth: Truth, operation: Operation) -> Tour:
    usual = samples.usual(truth, operation.id)
    bare = usual.with_headers(authorization=None)
    yield bare
    yield bare.with_headers(x_kit_api_key=_WRONG)
    yield bare.with_headers(authorization=f"Bearer {_WRONG}")
    yield bare.with_headers(authorization=f"Bearer {SPENT}")
    yield bare.with_headers(x_kit_api_key=KEY)
    yield usual


def _methods(truth: Truth, operation: Operation) -> Tour:
    yield attrs.evolve(samples.usual(truth, operation.id), method="PATCH", body=b"")


def _ids(truth: Truth, operation: Operation) -> Tour:
    for name in operation.in_path:
        usual = samples.usual(truth, operation.id)
        for text in ("987654321", "x", "0"):
            yield usual.to(operation.path, **{name: text})


# -------------------- Reads


def _reads(truth: Truth, operation: Operation) -> Tour:
    usual = samples.usual(truth, operation.id)
    if operation.id == "list_webhooks":
        for event in tour_things.EVENTS:
            yield truth.request("create_webhook", body={"target_url": "https://hooks.example.com/", "event": event})
    if operation.is_list:
        yield from _pages(truth, operation, usual)
    for parameter in operation.query.values():
        for text in _values(truth, parameter):
            yield usual.with_parameter(parameter.name, text)
            if parameter.name == "include" and "status" in operation.query and operation.id == "list_subscribers":
                yield usual.with_parameter(parameter.name, text).with_parameter("status", "cancelled")
        if parameter.name.endswith(("_after", "_before")):
            for text in _moments(truth, operation, parameter.name):
                yield usual.with_parameter(parameter.name, text)
        if parameter.name.startswith("sort_"):
            yield usual.with_parameter("sort_field", "updated_at").with_parameter("sort_order", "asc")
            for text in ("cancelled_at", "canceled_at"):
                yield usual.with_parameter("sort_field", text).with_parameter("status", "cancelled")
    if operation.id == "get_broadcast_stats":
        yield truth.request(operation.id, {"id": 73})
    for write in (name for name, seen in neighbours.SEEN_BY.items() if operation.id in seen):
        yield usual.with_parameter("include", "subscriber_count") if "include" in operation.query else usual
        yield samples.usual(truth, write)
        yield usual


def _moments(truth: Truth, operation: Operation, name: str) -> Iterator[str]:
    """Yield days and moments from the items of a list that a filter tells apart."""
    attribute = {"sent": "send_at"}.get(name.partition("_")[0], f"{name.partition('_')[0]}_at")
    for row in neighbours.rows(truth, operation.id, samples.usual(truth, operation.id).in_path)[:8]:
        text = row.get(attribute) or (row["created_at"] if attribute == "updated_at" else None)
        if text:
            moment = datetime.fromisoformat(text)
            yield from (text, text[:10])
            for by in (timedelta(days=-1), timedelta(hours=-1), timedelta(hours=1)):
                yield (moment + by).isoformat().replace("+00:00", "Z")


def _pages(truth: Truth, operation: Operation, usual: Request) -> Tour:
    status = operation.query.get("status")
    if status is not None and "all" in status.schema.get("enum", ()):
        usual = usual.with_parameter("status", "all")
    whole = yield usual
    if whole.status != 200:
        return
    yield usual.with_parameter("include_total_count", "true")
    yield usual.with_parameter("include_total_count", "true").with_parameter("per_page", "1")
    yield usual.with_parameter("after", "nonsense")
    for size in ("1", "2"):
        page = usual.with_parameter("per_page", size)
        for _ in range(9):
            answer = yield page
            cursor = _cursor(answer, "end_cursor")
            if cursor is None or cursor == page.parameters.get("after"):
                break
            yield usual.with_parameter("per_page", size).with_parameter("before", cursor)
            page = page.with_parameter("after", cursor)
        if (end := _cursor(whole, "end_cursor")) is not None:
            yield usual.with_parameter("per_page", size).with_parameter("before", end)
            yield usual.with_parameter("per_page", size).with_parameter("after", end)
            yield usual.with_parameter("after", end).with_parameter("before", end)
    yield usual.with_parameter("per_page", "1000")
    if operation.id == "list_tag_subscribers":
        yield truth.request(operation.id, {"tag_id": 34})


def _cursor(answer: Answer, name: str) -> str | None:
    pagination = answer.json.get("pagination") if isinstance(answer.json, dict) else None
    found = pagination.get(name) if isinstance(pagination, dict) else None
    return found if isinstance(found, str) else None


def _values(truth: Truth, parameter: Parameter) -> Iterator[str]:
    """Yield valid and invalid values of a parameter."""
    schema = parameter.schema
    is_array = schema.get("type") == "array"
    if is_array:
        schema = truth.document.resolve(schema["items"])
    enum = [str(value) for value in schema.get("enum", ())]
    yield from enum
    if is_array:
        yield ",".join(enum)
    if schema.get("type") == "boolean":
        yield from ("true", "false")
    if schema.get("type") == "integer":
        yield from ("1", "0", "1001", "1000")
    if parameter.name.endswith(("_after", "_before")) or parameter.name in ("starting", "ending"):
        yield from _DATES
        yield "2024-05-20"
    if parameter.name == "email_address":
        yield from ("ada@example.com", "ADA@example.com", "dee@example.com", "nobody@example.com")
    yield "nonsense"


# -------------------- Writes


def _seen(truth: Truth, request: Request, answer: Answer) -> Iterator[Request]:
    """Yield requests that show the effect of a write."""
    made = answer.json if isinstance(answer.json, dict) else {}
    ids = [value["id"] for value in made.values() if isinstance(value, dict) and "id" in value]
    for read in neighbours.SEEN_BY.get(request.operation, ()):
        known = truth.document.operations[read]
        wanted: dict[str, Any] = {}
        for name in known.in_path:
            if name == "subscriber_id":
                wanted[name] = request.in_path.get("id", 101)
            else:
                wanted[name] = request.in_path.get(name) or next(iter(ids), 101)
        query = {"status": "all"} if "subscribers" in read and "status" in known.query else {}
        yield truth.request(read, wanted, query=query)
    if request.operation.endswith("_broadcast") and "id" in request.in_path:
        yield truth.request("get_broadcast", {"id": 72})
    if request.operation.endswith(("_subscriber", "_by_email")):
        for owner in ("tag", "form", "sequence"):
            if f"{owner}_id" in request.in_path:
                for other in {"tag": (31, 32, 33, 34), "form": (41, 42, 43), "sequence": (51, 52, 53)}[owner]:
                    yield truth.request(f"list_{owner}_subscribers", {f"{owner}_id": other}, query={"status": "all"})


def _write(truth: Truth, request: Request) -> Tour:
    answer = yield request
    if answer.is_success:
        yield from _seen(truth, request, answer)


def _writes(truth: Truth, operation: Operation) -> Tour:
    for _ in range(2):
        yield from _write(truth, samples.usual(truth, operation.id))
    for place in _fields(truth, operation):
        for value in _good(truth, place):
            usual = samples.usual(truth, operation.id).with_headers(content_type=operation.media_type)
            yield from _write(truth, usual.with_fields(samples.with_value(usual.fields, place.path, value)))


def _fields(truth: Truth, operation: Operation) -> list[Place]:
    if operation.body is None:
        return []
    return [each for each in places(truth.document, operation.body, operation.id) if each.name != VALUES]


def _good(truth: Truth, place: Place) -> Iterator[Any]:
    if place.name == "subscriber_filter":
        yield [{"all": [{"type": "tag", "ids": [31]}]}]
    elif place.name == "event":
        yield from tour_things.EVENTS
    elif place.name in ("all", "any", "none"):
        yield [{"type": "segment", "ids": [61]}]
        yield [{"type": "tag", "ids": [31]}]
    elif place.name == "fields":
        yield {"last_name": "Hopper"}
        yield {"Team": "A", "unheard": "B"}
    elif place.enum:
        yield from place.enum
    elif "array" not in place.types and "object" not in place.types:
        yield samples.value(truth.document, place.schema, place.name)
    if "null" in place.types:
        yield None


def _inputs(truth: Truth, operation: Operation) -> Tour:
    """Yield requests with invalid bodies."""
    for place in _fields(truth, operation):
        for value in _bad(place):
            usual = samples.usual(truth, operation.id).with_headers(content_type=operation.media_type)
            yield usual.with_fields(samples.with_value(usual.fields, place.path, value))
    if operation.body is not None:
        usual = samples.usual(truth, operation.id).with_headers(content_type=operation.media_type)
        yield attrs.evolve(usual, body=b'{"broken": ')
        yield attrs.evolve(usual, body=b"[1]")
        yield attrs.evolve(usual, body=b"{}")
        yield attrs.evolve(usual, body=b"", headers={k: v for k, v in usual.headers.items() if k != "content-type"})
        yield attrs.evolve(
            usual, headers={**usual.headers, "content-type": "text/plain"}, body=json.dumps(usual.fields).encode()
        )


def _bad(place: Place) -> Iterator[Any]:
    if place.is_required:
        yield samples.MISSING
    if "null" not in place.types:
        yield None
    if place.types:
        yield of_another_type("x", place.types | {"string"})
        if "string" not in place.types:
            yield "a text"
    if place.enum:
        yield "unheard_of"
    if place.format in _BAD_TEXTS:
        yield _BAD_TEXTS[place.format]
    if "string" in place.types:
        yield " "
    if place.name.endswith("_id"):
        yield 987654321
