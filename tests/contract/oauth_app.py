"""The OAuth app of a run, which asks for codes and tokens."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import attrs
import pytest

from tests.contract.caller import Answer, Caller

STATE = "a state with spaces & signs"
VERIFIER = "contract-verifier-0123456789-0123456789-0123456789"


@attrs.frozen
class App:
    """The OAuth app of a run."""

    caller: Caller
    id: str
    secret: str | None = attrs.field(repr=False)
    redirect_uri: str

    def asked(self, **values: str | None) -> dict[str, str]:
        """Return the query of a request for a code. None takes a parameter away."""
        query = {
            "client_id": self.id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "state": STATE,
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
        } | values
        return {name: value for name, value in query.items() if value is not None}

    def code(self, **values: str | None) -> str:
        """Get a code. Skips the test if somebody would have to be asked."""
        answer = self.caller.call("authorize", query=self.asked(**values))
        if answer.status != 302 or "code" not in sent_back(answer):
            pytest.skip("the server asks somebody before it gives a code")
        return sent_back(answer)["code"]

    def exchange(self, code: str, **values: str | None) -> Answer:
        """Ask for tokens for a code. None takes a field away."""
        fields = {"code": code, "redirect_uri": self.redirect_uri, "code_verifier": VERIFIER} | values
        return self.token("authorization_code", **fields)

    def token(self, grant_type: str, **values: str | None) -> Answer:
        """Send a token request. None takes a field away."""
        fields = {"client_id": self.id, "client_secret": self.secret, "grant_type": grant_type} | values
        return self.caller.call("create_token", body={name: text for name, text in fields.items() if text is not None})

    def tokens(self) -> dict[str, Any]:
        """Get a new pair of tokens."""
        answer = self.exchange(self.code())
        if answer.status != 200:
            raise answer.broken("200 for a new code")
        found: dict[str, Any] = answer.json
        return found

    def opens(self, access_token: str) -> bool:
        """Whether an access token opens the account."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return self.caller.call("get_account", headers=headers, anonymous=True).status == 200


def challenge(verifier: str) -> str:
    """Return the challenge of a verifier, by S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def sent_back(answer: Answer) -> Mapping[str, str]:
    """Return the query of the URL that an answer redirects to."""
    found = parse_qs(urlsplit(answer.headers.get("Location", "")).query, strict_parsing=False)
    return {name: values[0] for name, values in found.items()}


def refused(answer: Answer, error: str | tuple[str, ...], what: str, status: tuple[int, ...] = (400,)) -> None:
    """Raise ContractError unless an answer is an error of OAuth, with one of these statuses and errors."""
    errors = (error,) if isinstance(error, str) else error
    if answer.status not in status or answer.json.get("error") not in errors:
        raise answer.broken(f"{' or '.join(map(str, status))} with the error {' or '.join(errors)} for {what}")
    if answer.headers.get("Content-Type", "").partition(";")[0] != "application/json" or "errors" in answer.json:
        raise answer.broken("an error in the shape of OAuth")
