"""The truthful mock behind a lie, and the requests that a lie may send to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlencode

import attrs
import httpx

from kit_mock import Clock, KitMock
from tests.contract.document import BehaviourName, Document
from tests.mutants.exchange import Answer, Query, Request

ACCOUNT = Path(__file__).parents[1] / "contract" / "account.yaml"
KEY, TOKEN = "contract_key", "contract_token"
SPENT = "contract_spent"
"""An access token of the account's file that has expired."""
RELAY = "/-relay/"
"""Where the layer takes deliveries of the mock that a lie is about."""
_BASE = "http://kit.test"
# The server sets these itself.
_NOT_COPIED = frozenset({"content-length", "transfer-encoding", "connection", "date"})


class Routes:
    """Finds the operation of a method and a path."""

    def __init__(self, document: Document) -> None:
        self._routes = [
            (each.method, each.path.split("/"), each.id)
            for each in sorted(document.operations.values(), key=lambda each: each.path.count("{"))
        ]

    def find(self, method: str, path: str) -> tuple[str, dict[str, str]]:
        """Return the operation's id and the path's parameters; an empty id if there is none."""
        parts = path.removesuffix("/").split("/")
        for known, pattern, id_ in self._routes:
            if known == method and _fits(pattern, parts):
                pairs = zip(pattern, parts, strict=True)
                return id_, {wanted[1:-1]: unquote(given) for wanted, given in pairs if wanted.startswith("{")}
        return "", {}

    def pattern(self, path: str) -> str | None:
        """Return the path of the document that a path belongs to, whatever the method."""
        parts = path.removesuffix("/").split("/")
        return next(("/".join(pattern) for _, pattern, _ in self._routes if _fits(pattern, parts)), None)


def _fits(pattern: list[str], parts: list[str]) -> bool:
    return len(pattern) == len(parts) and all(
        wanted.startswith("{") or wanted == given for wanted, given in zip(pattern, parts, strict=True)
    )


class Truth:
    """The mock behind a lie.

    `ask` passes a request on, as the client sent it or changed. `peek` and `do` send requests of the lie's own, with the
    mock's own token: what they answer isn't what the client asked for.
    """

    def __init__(
        self,
        document: Document,
        *,
        behaviour: BehaviourName = "current",
        limited: bool = False,
        start: datetime | None = None,
    ) -> None:
        self.document = document
        self.routes = Routes(document)
        self._behaviour: BehaviourName = behaviour
        self._start = start
        self.mock = self._new("kit" if limited else "off")
        self._http = httpx.Client(transport=self.mock.transport, base_url=_BASE)
        self._scratch: KitMock | None = None
        self.url = ""
        """Where the layer is served, if it is."""
        self.forward: Callable[[str, bytes], int] | None = None
        """What becomes of deliveries that a lie has sent to the layer: from the path and the body to a status."""
        self.passed: list[tuple[Request, Answer]] = []
        """What was asked for the request that is being answered, and what the mock answered."""

    def _new(self, rate_limit: Literal["kit", "off"]) -> KitMock:
        return KitMock(
            seed=ACCOUNT,
            api_key=KEY,
            access_token=TOKEN,
            behaviour=self._behaviour,
            strict=True,
            auto_approve=True,
            rate_limit=rate_limit,
            clock=None if self._start is None else Clock(self._start),
        )

    def close(self) -> None:
        """Close the mock."""
        self._http.close()
        self.mock.close()
        if self._scratch is not None:
            self._scratch.close()

    def ask(self, request: Request) -> Answer:
        """Send a request to the mock."""
        answer = self._send(request)
        self.passed.append((request, answer))
        return answer

    def pretend(self, request: Request) -> Answer:
        """Return what the mock would answer, and leave it as it is: a copy of the mock is asked."""
        if self._scratch is None:
            self._scratch = self._new("off")
        self._scratch.restore(self.mock.snapshot())
        with httpx.Client(transport=self._scratch.transport, base_url=_BASE) as http:
            if not request.operation.endswith("_webhook"):  # What the copy does is told to nobody.
                for webhook in self.peek("list_webhooks", per_page=1000)["webhooks"]:
                    _sent(http, self.request("delete_webhook", {"id": webhook["id"]}))
            return _sent(http, request)

    def peek(self, operation: str, in_path: Mapping[str, object] | None = None, **query: object) -> Any:
        """Return the body that a GET of an operation is answered with, or None if that isn't a success."""
        answer = self.do(operation, in_path, **query)
        return answer.json if answer.is_success else None

    def do(
        self, operation: str, in_path: Mapping[str, object] | None = None, body: Any = None, **query: object
    ) -> Answer:
        """Send a request of the lie's own."""
        return self._send(self.request(operation, in_path, body, query))

    def request(
        self,
        operation: str,
        in_path: Mapping[str, object] | None = None,
        body: Any = None,
        query: Mapping[str, object] | None = None,
    ) -> Request:
        """Return a request with the mock's token."""
        known = self.document.operations[operation]
        pairs: Query = tuple((name, str(value)) for name, value in (query or {}).items())
        headers = {"authorization": f"Bearer {TOKEN}"}
        if body is not None:
            headers["content-type"] = known.media_type or "application/json"
        made = Request(known.method, known.path, pairs, headers, operation=operation).to(known.path, **in_path or {})
        if body is None:
            return made
        return made.with_fields(body) if isinstance(body, dict) else attrs.evolve(made, body=json.dumps(body).encode())

    def authorized(self, request: Request) -> Request:
        """Return the request with the mock's token as its only credential."""
        return request.with_headers(x_kit_api_key=None, authorization=f"Bearer {TOKEN}")

    def _send(self, request: Request) -> Answer:
        return _sent(self._http, request)


def _sent(http: httpx.Client, request: Request) -> Answer:
    target = request.path + (f"?{urlencode(request.query)}" if request.query else "")
    response = http.request(request.method, target, headers=dict(request.headers), content=request.body)
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in response.headers.raw
        if name.decode("latin-1").lower() not in _NOT_COPIED
    )
    return Answer(response.status_code, headers, response.content)
