"""Each operation with generated arguments and answers: what is sent fits the document, and what comes is kept."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import attrs
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit_api.models import Tag
from kit_client import APIStatusError, AsyncKit, Kit
from tests.contract.document import Document, Documented, Operation
from tests.contract.round_trip import (
    JSON,
    WAYS,
    Arguments,
    Client,
    Way,
    came_problems,
    exchange,
    sent_problems,
)
from tests.contract.strategies import Strategies
from tests.second_validator import Exchange, SecondValidator

DOCUMENT = Document()
OPERATIONS = DOCUMENT.operations
# The page that a person opens isn't sent for.
ANSWERED = [each for each in OPERATIONS.values() if "302" not in each.answers]
SUCCESSES = [
    pytest.param(each, answer, id=f"{each.id}-{answer.status}")
    for each in OPERATIONS.values()
    for answer in each.answers.values()
    if answer.status[0] == "2"
]
TOKENS: dict[str, Any] = {"access_token": "token", "base_url": "http://kit.test", "max_retries": 0}

arguments = Strategies(DOCUMENT, python=True)
answers = Strategies(DOCUMENT, python=False)
validator = SecondValidator(DOCUMENT.raw)


class Service:
    """Answers with what it is told to, and keeps the request."""

    def __init__(self) -> None:
        self.status = 204
        self.headers: dict[str, str] = {}
        self.content = b""
        self.sent: list[Exchange] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        # At once: the client masks credentials when a call is over.
        self.sent.append(exchange(request, self.response()))
        return self.response()

    def response(self) -> httpx.Response:
        """Return the answer anew: httpx takes each once."""
        return httpx.Response(self.status, headers=self.headers, content=self.content)

    def succeed(self, answer: Documented, body: Any) -> None:
        """Answer with a documented success."""
        self.status = int(answer.status)
        self.headers = {
            "X-Request-Id": "id-1",
            **({"Content-Type": answer.media_types[0]} if answer.media_types else {}),
        }
        self.content = b"" if answer.schema is None else json.dumps(body, ensure_ascii=False).encode()

    def fail(self, status: int, media_type: str, content: str) -> None:
        """Answer with an error."""
        self.status, self.content = status, content.encode()
        self.headers = {"X-Request-Id": "id-1", "Content-Type": media_type}

    def take(self) -> Exchange:
        """Return the one request since the last call."""
        (request,) = self.sent
        self.sent.clear()
        return request


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    transport = httpx.MockTransport(service.answer)
    given: dict[str, Any] = {**TOKENS, "transport": transport, "rate_limiter": None}
    made = Client(DOCUMENT, Kit(**given), AsyncKit(**given))
    yield made
    assert made.drift == []
    made.close()


def drawn_arguments(data: st.DataObject, operation: Operation) -> Arguments:
    body = None if operation.body is None else data.draw(arguments.of(operation.body), "body")
    return Arguments(data.draw(arguments.path(operation), "path"), data.draw(arguments.query(operation), "query"), body)


def usual_arguments(operation: Operation) -> Arguments:
    """Return arguments that a call needs, with nothing in them that matters."""
    return Arguments(
        dict.fromkeys(operation.in_path, 1),
        body=None if operation.body is None else _least(operation.body),
    )


def _least(schema: Any) -> Any:
    """Return a value of a schema's type, with nothing but what is required."""
    schema = DOCUMENT.resolve(schema)
    types = DOCUMENT.types(schema)
    if "object" in types:
        properties = DOCUMENT.properties(schema)
        return {name: _least(properties[name]) for name in DOCUMENT.required(schema)}
    if "array" in types:
        return []
    if "enum" in schema:
        return schema["enum"][0]
    if "null" in types:
        return None
    samples: dict[str, Any] = {"boolean": False, "integer": 1, "number": 1}
    texts = {"date-time": "2026-03-02T09:30:00Z", "date": "2026-03-02"}
    return next((samples[name] for name in types if name in samples), texts.get(schema.get("format", ""), "x"))


def succeed_somehow(service: Service, operation: Operation) -> None:
    """Answer with a success of which nothing is looked at."""
    answer = next(each for each in operation.answers.values() if each.status[0] in "23")
    service.succeed(answer, None if answer.schema is None else _least(answer.schema) | _no_page(operation))


def _no_page(operation: Operation) -> dict[str, Any]:
    page = {"has_previous_page": False, "has_next_page": False, "start_cursor": None, "end_cursor": None, "per_page": 1}
    return {"pagination": page} if operation.is_list else {}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda each: each.id)
def test_what_is_sent_fits_the_document_and_carries_the_arguments(
    operation: Operation, service: Service, client: Client
) -> None:
    succeed_somehow(service, operation)

    @settings(max_examples=12)
    @given(data=st.data())
    def each_way(data: st.DataObject) -> None:
        given_ = drawn_arguments(data, operation)
        for way in WAYS:
            made = client.call(way, operation, given_, models=data.draw(st.booleans(), "models"))
            if isinstance(made, str):
                service.answer(httpx.Request("GET", made))
            sent = service.take()
            assert sent_problems(operation, given_, sent) == []
        assert validator.request_problems(sent) == []

    each_way()


@pytest.mark.parametrize(("operation", "answer"), SUCCESSES)
def test_a_success_is_decoded_to_what_came(
    operation: Operation, answer: Documented, service: Service, client: Client
) -> None:
    usual = usual_arguments(operation)

    @settings(max_examples=20)
    @given(data=st.data())
    def decoded(data: st.DataObject) -> None:
        if answer.schema is None:
            service.succeed(answer, None)
            assert [client.call(each, operation, usual) for each in WAYS] == [None] * len(WAYS)
            return
        came = data.draw(answers.of(answer.schema))
        service.succeed(answer, came)
        problems = validator.answer_problems(exchange(_request(operation), service.response()))
        assert problems == [], "what the test made isn't documented"
        way: Way = data.draw(st.sampled_from(WAYS))
        returned = client.call(way, operation, usual)
        assert came_problems(DOCUMENT, answer.schema, came, returned) == []
        assert client.drift == []

    decoded()


def _request(operation: Operation) -> httpx.Request:
    return httpx.Request(operation.method, f"http://kit.test{operation.path.format(**usual_arguments(operation).path)}")


@pytest.mark.parametrize("operation", ANSWERED, ids=lambda each: each.id)
def test_an_error_tells_what_came(operation: Operation, service: Service, client: Client) -> None:
    errors = [each for each in operation.answers.values() if each.status[0] in "45"]

    @settings(max_examples=4)
    @given(data=st.data())
    def raised(data: st.DataObject) -> None:
        for answer in errors:
            status = data.draw(st.integers(500, 599)) if answer.status == "5XX" else int(answer.status)
            came = None if answer.schema is None else data.draw(answers.of(answer.schema))
            text = data.draw(st.text()) if answer.schema is None else json.dumps(came)
            service.fail(status, (*answer.media_types, "text/html")[0], text)
            for way in WAYS:
                with pytest.raises(APIStatusError) as caught:
                    client.call(way, operation, usual_arguments(operation))
                error = caught.value
                assert (error.status_code, error.operation, error.request_id) == (status, operation.id, "id-1")
                assert error.response.content == text.encode()
                if came is not None:
                    assert error.errors == list(_messages(came))
                assert str(status) in str(error)
        service.sent.clear()

    raised()


def _messages(body: Any) -> Iterator[str]:
    """Yield the texts of an error, in their order."""
    if isinstance(body, str):
        yield body
    else:
        for inner in (body[name] for name in sorted(body)) if isinstance(body, dict) else body:
            yield from _messages(inner)


def _examples(media: Any) -> list[Any]:
    """Return the examples of a media type and of its schema; where there are none, one put together of its parts'."""
    named = [DOCUMENT.resolve(each)["value"] for each in media.get("examples", {}).values()]
    own = [media["example"]] if "example" in media else []
    return [*named, *own, *DOCUMENT.resolve(media["schema"]).get("examples", ())] or [_composed(media["schema"])]


def _composed(schema: Any) -> Any:
    schema = DOCUMENT.resolve(schema)
    if "examples" in schema:
        return schema["examples"][0]
    if properties := DOCUMENT.properties(schema):
        return {name: _composed(each) for name, each in properties.items()}
    return [_composed(schema["items"])] if "items" in schema else _least(schema)


def _documented_answers() -> Iterator[Any]:
    for operation in ANSWERED:
        raw = DOCUMENT.raw["paths"][operation.path][operation.method.lower()]
        for status, response in raw["responses"].items():
            for media_type, media in DOCUMENT.resolve(response).get("content", {}).items():
                if status != "302":
                    for number, example in enumerate(_examples(media)):
                        yield pytest.param(
                            operation, status, media_type, example, id=f"{operation.id}-{status}-{number}"
                        )


EXAMPLES = list(_documented_answers())


def test_each_documented_status_has_an_example_somewhere() -> None:
    with_content = {answer.status for each in ANSWERED for answer in each.answers.values() if answer.media_types}
    assert {param.values[1] for param in EXAMPLES} == with_content


@pytest.mark.parametrize(("operation", "status", "media_type", "example"), EXAMPLES)
def test_an_example_of_an_answer_is_taken_as_it_is(
    operation: Operation, status: str, media_type: str, example: Any, service: Service, client: Client
) -> None:
    answer = operation.answers[status]
    if status[0] == "2":
        service.succeed(answer, example)
        returned = client.call("function", operation, usual_arguments(operation))
        assert answer.schema is not None
        assert came_problems(DOCUMENT, answer.schema, example, returned) == []
    else:
        service.fail(int(status), media_type, json.dumps(example) if media_type == JSON else example)
        with pytest.raises(APIStatusError) as caught:
            client.call("function", operation, usual_arguments(operation))
        assert caught.value.errors == (list(_messages(example)) if media_type == JSON else [])


def _documented_requests() -> Iterator[Any]:
    for operation in OPERATIONS.values():
        raw = DOCUMENT.raw["paths"][operation.path][operation.method.lower()]
        for media in DOCUMENT.resolve(raw["requestBody"])["content"].values() if "requestBody" in raw else ():
            for number, example in enumerate(_examples(media)):
                yield pytest.param(operation, example, id=f"{operation.id}-{number}")


REQUESTS = list(_documented_requests())


def test_every_documented_body_has_an_example() -> None:
    assert {param.values[0].id for param in REQUESTS} == {
        each.id for each in OPERATIONS.values() if each.body is not None
    }


@pytest.mark.parametrize(("operation", "example"), REQUESTS)
@pytest.mark.parametrize("models", [False, True])
def test_an_example_of_a_body_is_sent_as_it_is(
    operation: Operation, example: Any, models: bool, service: Service, client: Client
) -> None:
    succeed_somehow(service, operation)
    usual = Arguments(usual_arguments(operation).path, body=example)
    for way in WAYS:
        client.call(way, operation, usual, models=models)
        sent = service.take()
        assert sent_problems(operation, usual, sent) == []
    assert validator.request_problems(sent) == []


# -------------------- The checks themselves


MOMENT = datetime.datetime(2026, 3, 2, 9, 30, tzinfo=datetime.UTC)
CREATED = Arguments({}, body={"email_address": "ada@example.com", "first_name": None})
LISTED = Arguments({}, {"created_after": MOMENT, "slim": True, "include": ["tags", "location"], "per_page": None})


@pytest.mark.parametrize(
    ("operation_id", "arguments_", "change"),
    [
        ("list_subscribers", LISTED, {"query": "created_after=2026-03-02T09%3A30%3A00Z&slim=true"}),
        (
            "list_subscribers",
            LISTED,
            {"query": "created_after=2026-03-02T09%3A31%3A00Z&slim=true&include=tags,location"},
        ),
        (
            "list_subscribers",
            LISTED,
            {"query": "created_after=2026-03-02T09%3A30%3A00Z&slim=True&include=tags,location"},
        ),
        ("list_subscribers", LISTED, {"path": "/v4/tags"}),
        ("list_subscribers", LISTED, {"request_headers": ()}),
        ("list_subscribers", LISTED, {"request_body": b"{}"}),
        ("create_subscriber", CREATED, {"request_body": b'{"email_address": "ada@example.com"}'}),
        ("create_subscriber", CREATED, {"request_body": b'{"email_address": "Ada@example.com", "first_name": null}'}),
        (
            "create_subscriber",
            CREATED,
            {"request_body": b'{"email_address":"ada@example.com","first_name":null,"a":1}'},
        ),
        ("create_subscriber", CREATED, {"method": "PUT"}),
    ],
)
def test_a_request_that_carries_something_else_is_found(
    operation_id: str, arguments_: Arguments, change: dict[str, Any], service: Service, client: Client
) -> None:
    operation = OPERATIONS[operation_id]
    succeed_somehow(service, operation)
    client.call("function", operation, arguments_)
    sent = service.take()
    assert sent_problems(operation, arguments_, sent) == []
    assert sent_problems(operation, arguments_, attrs.evolve(sent, **change)) != []


@pytest.mark.parametrize(
    "change",
    [{"id": 8}, {"name": None}, {"created_at": "2026-03-02T09:31:00Z"}, {"subscriber_count": 1}, {"mood": "good"}],
)
def test_a_model_that_holds_something_else_is_found(change: dict[str, Any]) -> None:
    schema: Any = {"$ref": "#/components/schemas/Tag"}
    came = {"id": 7, "name": "One", "created_at": MOMENT.isoformat()}
    assert came_problems(DOCUMENT, schema, came, Tag.from_dict(came)) == []
    kept = Tag.from_dict(came)
    kept.created_at = came["created_at"]  # type: ignore[assignment]
    assert came_problems(DOCUMENT, schema, came, kept) != [], "a moment that stayed text"
    assert came_problems(DOCUMENT, schema, came, Tag.from_dict({**came, **change})) != []
