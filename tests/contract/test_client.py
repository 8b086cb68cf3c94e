"""Each operation through the client, with generated arguments, to the server and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit_client import APIStatusError, AsyncKit, Kit
from tests.contract.caller import Server
from tests.contract.conftest import operations
from tests.contract.document import Document, Operation
from tests.contract.round_trip import WAYS, Arguments, Client, Way, came_problems, exchange, sent_problems
from tests.contract.strategies import Strategies
from tests.contract.world import World
from tests.second_validator import Exchange, SecondValidator

# A cursor is what a list has given, which is tried with the lists.
_CURSORS = ("after", "before")
_REFUSED = (403, 422)
_TOKEN_REFUSED = (400, 401)


class Wire:
    """A client for each credential that the server gave, and what they exchanged with it last."""

    def __init__(self, server: Server, document: Document) -> None:
        self._server = server
        self._document = document
        self._clients: dict[str, Client] = {}
        self.last: Exchange | None = None

    def client(self, credential: str) -> Client:
        """Return the client that sends a key or a token."""
        if credential not in self._clients:
            name, value = {
                "key": ("api_key", self._server.api_key),
                "token": ("access_token", self._server.access_token),
            }[credential]
            given: dict[str, Any] = {name: value, "base_url": self._server.url, "rate_limiter": None}
            self._clients[credential] = Client(
                self._document,
                Kit(**given, transport=_Observed(self.keep)),
                AsyncKit(**given, transport=_AsyncObserved(self.keep)),
            )
        return self._clients[credential]

    def credentials(self, operation: Operation) -> list[str]:
        """Return the kinds of credentials that are there and that an operation takes."""
        given = {"key": self._server.api_key, "token": self._server.access_token}
        return [name for name, value in given.items() if value and (name == "token" or operation.takes_key)]

    def visit(self, url: str) -> None:
        """Ask for a page as a browser does, without following where it leads."""
        with httpx.Client() as http:
            response = http.get(url)
            self.keep(response.request, response)

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients.values():
            client.close()

    def keep(self, request: httpx.Request, response: httpx.Response) -> None:
        """Remember an exchange."""
        self.last = exchange(request, response)


Keep = Callable[[httpx.Request, httpx.Response], None]


class _Observed(httpx.HTTPTransport):
    """Hands each exchange on. It does so at once, since the client masks credentials when a call is over."""

    def __init__(self, keep: Keep) -> None:
        super().__init__()
        self._keep = keep

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        made = httpx.Response(response.status_code, headers=response.headers, content=response.read())
        response.close()
        self._keep(request, made)
        return made


class _AsyncObserved(httpx.AsyncHTTPTransport):
    """The same for the asynchronous client."""

    def __init__(self, keep: Keep) -> None:
        super().__init__()
        self._keep = keep

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        made = httpx.Response(response.status_code, headers=response.headers, content=await response.aread())
        await response.aclose()
        self._keep(request, made)
        return made


@pytest.fixture(scope="module")
def wire(server: Server, document: Document) -> Iterator[Wire]:
    made = Wire(server, document)
    yield made
    made.close()


@pytest.fixture(scope="module")
def validator(document: Document) -> SecondValidator:
    return SecondValidator(document.raw)


@pytest.fixture(scope="module")
def arguments(document: Document) -> Strategies:
    return Strategies(document, python=True)


def _drawn(
    data: st.DataObject, operation: Operation, world: World, arguments: Strategies, document: Document
) -> Arguments:
    """Draw arguments about what there is in the account.

    The optional fields of a body are drawn on the mock alone: elsewhere, they might send a broadcast to people.
    """
    query = data.draw(arguments.query(operation), "query")
    query = {name: value for name, value in query.items() if name not in _CURSORS}
    if operation.is_open:
        return Arguments({}, query, None if operation.body is None else data.draw(arguments.of(operation.body), "body"))
    usual = world.usual(operation.id)
    body = usual.body
    if body is not None and world.caller.server.control:
        body = _filled(data, document, arguments, operation.body, body)
    return Arguments(usual.path, query, body)


def _filled(data: st.DataObject, document: Document, arguments: Strategies, schema: Any, body: Any) -> Any:
    """Add drawn fields to a body, at any depth; what names something in the account stays as it is."""
    if isinstance(body, list):
        (items,) = [part["items"] for part in document.parts(schema) if "items" in part]
        return [_filled(data, document, arguments, items, item) for item in body]
    if not isinstance(body, dict):
        return body
    properties = document.properties(schema)
    inside = {name: _filled(data, document, arguments, properties[name], value) for name, value in body.items()}
    free = {
        name: arguments.of(each)
        for name, each in properties.items()
        if name not in body and not name.endswith("_id") and name not in ("id", "subscriber_filter")
    }
    return data.draw(st.fixed_dictionaries({}, optional=free), "fields") | inside


@pytest.mark.parametrize("operation_id", operations(lambda each: each.is_read))
def test_reads(
    operation_id: str, document: Document, world: World, wire: Wire, validator: SecondValidator, arguments: Strategies
) -> None:
    """What a read sends and what it returns are as documented. (reference)"""
    _try(document.operations[operation_id], document, world, wire, validator, arguments)


@pytest.mark.writes
@pytest.mark.parametrize("operation_id", operations(lambda each: not each.is_read))
def test_writes(
    operation_id: str, document: Document, world: World, wire: Wire, validator: SecondValidator, arguments: Strategies
) -> None:
    """What a write sends and what it returns are as documented. (reference)"""
    operation = document.operations[operation_id]
    if operation.is_open and not world.caller.server.control:
        pytest.skip("made-up codes and tokens are sent to the mock alone")
    _try(operation, document, world, wire, validator, arguments)


def _try(
    operation: Operation,
    document: Document,
    world: World,
    wire: Wire,
    validator: SecondValidator,
    arguments: Strategies,
) -> None:
    credentials = wire.credentials(operation)
    if not credentials:
        pytest.skip(f"{operation.id} takes an access token, and none was given")
    succeeded = 0

    @settings(max_examples=5)
    @given(data=st.data())
    def there_and_back(data: st.DataObject) -> None:
        nonlocal succeeded
        drawn = _drawn(data, operation, world, arguments, document)
        client = wire.client(data.draw(st.sampled_from(credentials), "credential"))
        way: Way = data.draw(st.sampled_from(WAYS), "way")
        returned, refused = None, None
        try:
            returned = client.call(way, operation, drawn, models=data.draw(st.booleans(), "models"))
        except APIStatusError as error:
            refused = error.status_code
        if isinstance(returned, str):
            wire.visit(returned)
        assert wire.last is not None
        assert sent_problems(operation, drawn, wire.last) == []
        assert validator.request_problems(wire.last) == []
        assert validator.answer_problems(wire.last) == []
        assert client.drift == []
        if isinstance(returned, str):
            # The page has no answer that the client reads.
            return
        if refused is not None:
            assert refused in (_TOKEN_REFUSED if operation.is_open else _REFUSED), str(wire.last)
            return
        succeeded += 1
        answer = operation.documented(wire.last.status)
        assert answer is not None
        if answer.schema is None:
            assert returned is None
        else:
            assert came_problems(document, answer.schema, json.loads(wire.last.response_body), returned) == []

    there_and_back()
    assert succeeded or operation.is_open, "no call succeeded"
