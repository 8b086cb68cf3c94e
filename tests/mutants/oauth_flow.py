"""Shared parts of lies about OAuth: the apps, and a memory of the flows so far."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs

from tests.mutants.exchange import Answer, Request
from tests.mutants.lie import ClientName, Lie, Start, Teller
from tests.mutants.truth import Truth

REDIRECT = "https://app.example.com/callback"
CLIENTS: dict[ClientName, tuple[str, str | None]] = {
    "confidential": ("contract_app", "contract_secret"),
    "public": ("contract_public", None),
}
"""Ids and secrets of the apps that the account's file has."""

SECRETS = dict(CLIENTS.values())
OPERATIONS = ("authorize", "create_token")
Tell = Callable[["Flow", Request], Answer]


def challenge(verifier: str) -> str:
    """Return the S256 challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@attrs.define
class Flow:
    """What a lie knows of the flows so far: codes and tokens, and the requests that brought them."""

    truth: Truth
    asked: dict[str, dict[str, str]] = attrs.field(factory=dict)
    """What was asked for, by the code that came of it."""
    brought: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    """The tokens that a code or a refresh token has brought."""
    refresh_tokens: set[str] = attrs.field(factory=set)
    """All refresh tokens that were given out."""

    def ask(self, request: Request) -> Answer:
        """Ask the mock, and remember what came."""
        answer = self.truth.ask(request)
        location = answer.header("Location") or ""
        if request.operation == "authorize" and (code := dict(parse_qsl(urlsplit(location).query)).get("code")):
            self.asked[code] = dict(request.parameters)
        if request.operation == "create_token" and answer.status == 200:
            grant = request.fields.get("code") or request.fields.get("refresh_token")
            self.brought[str(grant)] = answer.json
            self.refresh_tokens.add(answer.json["refresh_token"])
        return answer

    def refreshed(self, request: Request, refresh_token: str) -> Answer:
        """Ask for tokens by a refresh token instead."""
        client = request.fields.get("client_id", "")
        fields = {"grant_type": "refresh_token", "client_id": client, "refresh_token": refresh_token}
        if SECRETS.get(client):
            fields["client_secret"] = SECRETS[client]
        return self.truth.ask(request.with_fields(fields))


def telling(tell: Tell) -> Start:
    """Answer every request by a function that remembers the flows."""

    def start(truth: Truth) -> Teller:
        flow = Flow(truth)
        return lambda request: tell(flow, request)

    return start


def made(rows: Iterable[tuple[str, str, Tell]]) -> Iterator[Lie]:
    """Yield a lie for each row of a kind, what it says, and how it is told."""
    for kind, says, tell in rows:
        client: ClientName = "public" if "without a secret" in says else "confidential"
        yield Lie(f"{kind}: {says}", kind, OPERATIONS, f"OAuth {says}.", telling(tell), client=client)


def as_client(request: Request, client: str) -> Request:
    fields = {**request.fields, "client_id": client}
    fields.pop("client_secret", None)
    if SECRETS.get(client):
        fields["client_secret"] = SECRETS[client]
    return request.with_fields(fields)
