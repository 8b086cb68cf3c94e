"""An app's side of OAuth: what the tests of it share."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

CALLBACK = "https://app.example.com/oauth/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # of that verifier, by RFC 7636, appendix B
PUBLIC = {"client_id": "kit_test_client"}
CONFIDENTIAL = {"client_id": "kit_test_confidential", "client_secret": "kit_test_secret"}
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
INVALID = {"errors": ["The access token is invalid"]}


def ask(http: httpx.Client, root: str = "", /, **changes: str | None) -> httpx.Response:
    """The authorization request of the public client, with changes; None leaves a parameter out."""
    asked = {**PUBLIC, "response_type": "code", "redirect_uri": CALLBACK, "state": "xyz", **PKCE, **changes}
    return http.get(f"{root}/oauth/authorize", params={k: v for k, v in asked.items() if v is not None})


def back(response: httpx.Response) -> dict[str, str]:
    """What a redirect brings to the app."""
    assert response.status_code == 302, response.text
    location = response.headers["Location"]
    assert location.startswith(f"{CALLBACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query, strict_parsing=True).items()}


def code_of(http: httpx.Client, /, **changes: str | None) -> str:
    return back(ask(http, **changes))["code"]


def exchange(http: httpx.Client, code: str, /, **changes: str | None) -> httpx.Response:
    """The token request of the public client, with changes."""
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    body = {**PUBLIC, **grant, **changes}
    return http.post("/oauth/token", data={k: v for k, v in body.items() if v is not None})


def tokens_of(http: httpx.Client) -> dict[str, Any]:
    response = exchange(http, code_of(http))
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def refresh(http: httpx.Client, token: str, /, **changes: str) -> httpx.Response:
    return http.post("/oauth/token", data={**PUBLIC, "grant_type": "refresh_token", "refresh_token": token, **changes})


def revoke(http: httpx.Client, token: str, /, **changes: str) -> httpx.Response:
    return http.post("/oauth/revoke", data={**PUBLIC, "token": token, **changes})


def call(http: httpx.Client, token: str) -> httpx.Response:
    return http.get("/v4/account", headers={"Authorization": f"Bearer {token}"})


def refused(response: httpx.Response, error: str, status: int = 400) -> str:
    """The description of an error in OAuth's shape."""
    body = response.json()
    assert (response.status_code, body["error"]) == (status, error), response.text
    assert set(body) == {"error", "error_description"}
    assert response.headers["Cache-Control"] == "no-store"
    description: str = body["error_description"]
    return description


def form_of(page: httpx.Response) -> dict[str, str]:
    assert page.status_code == 200, page.text
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    inputs = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    assert re.search(r'<form method="post" action="([^"]+)">', page.text)[1] == "/oauth/authorize/decision"  # type: ignore[index]
    return inputs
