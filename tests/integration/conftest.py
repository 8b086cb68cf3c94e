"""What tests ask of a mock in this process is held against the document by a second validator, after each test."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from kit_mock.protocol.messages import Request, Response
from kit_mock.service.app import App
from tests.contract.document import BehaviourName, Document
from tests.second_validator import Exchange, SecondValidator, is_unknown

Seen = list[tuple[BehaviourName, Exchange]]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "undocumented_requests(why): the service takes what the document does not have; only answers are held",
    )


@pytest.fixture(autouse=True)
def exchanges(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """The exchanges of the test with any mock in this process, and its behaviour; checked when the test is over.

    A request that was refused may be bad on purpose, so that only its answer is checked. So may all requests of a test
    that is marked with `undocumented_requests`.
    """
    seen: Seen = []
    handle = App.handle

    def observed(app: App, received: Request) -> Response:
        response = handle(app, received)
        # A connection that broke has no answer.
        if response.broken is None:
            seen.append((app._store.settings.behaviour.name, _exchange(received, response)))
        return response

    monkeypatch.setattr(App, "handle", observed)
    yield seen
    marked = request.node.get_closest_marker("undocumented_requests") is not None
    found = [
        f"{exchange}: {problem}"
        for behaviour, exchange in list(seen)
        for problem in _problems(behaviour, exchange, held=not marked and exchange.status < 400)
    ]
    assert not found, "against the document, by openapi-core:\n" + "\n".join(found)


def _exchange(request: Request, response: Response) -> Exchange:
    return Exchange(
        method=request.method,
        # The service has the pages of OAuth under both paths, and the document one of them.
        path=request.path.removeprefix("/v4") if request.path.startswith("/v4/oauth/") else request.path,
        query=request.query,
        request_headers=tuple(sorted(request.headers.items())),
        request_body=request.body,
        status=response.status,
        # Each answer has another id: without it, answers that are the same are checked once.
        response_headers=tuple((name, "id" if name == "X-Request-Id" else value) for name, value in response.headers),
        response_body=response.body,
    )


@cache
def _problems(behaviour: BehaviourName, exchange: Exchange, *, held: bool) -> list[str]:
    problems = _validator(behaviour).answer_problems(exchange)
    if is_unknown(problems):
        return []
    # The mock takes what is newer than the reference in requests of either behaviour.
    return problems + (_validator("current").request_problems(exchange) if held else [])


@cache
def _validator(behaviour: BehaviourName) -> SecondValidator:
    return SecondValidator(Document(behaviour).raw)
