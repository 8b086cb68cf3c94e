"""The tour of OAuth: valid and invalid flows of apps with and without a secret."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.mutants.exchange import FORM, JSON, Answer, Request
from tests.mutants.oauth_flow import CLIENTS, REDIRECT, challenge
from tests.mutants.truth import Truth

_VERIFIER = "a-verifier-of-the-tour-" * 3
_OTHER = "another-verifier-of-the-tour-" * 2


def without_code(location: str) -> str:
    """Return a URL of a redirect without the code, which is random."""
    parts = urlsplit(location)
    query = [(name, "" if name == "code" and value != "wrong" else value) for name, value in parse_qsl(parts.query)]
    fragment = parts.fragment.partition("code=")[0]
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(query)}#{fragment}"


def _authorize(truth: Truth, client: str, **query: str) -> Request:
    known = {"client_id": client, "response_type": "code", "redirect_uri": REDIRECT, "state": "s-1"}
    request = truth.request("authorize", query={**known, **query})
    return request.with_headers(authorization=None)


def _post(truth: Truth, path: str, fields: Mapping[str, str], media_type: str = FORM) -> Request:
    request = truth.request("create_token").with_headers(authorization=None, content_type=media_type)
    return request.to(path).with_fields({name: value for name, value in fields.items() if value})


def tour(truth: Truth) -> Generator[Request, Answer, None]:
    """Go through what can be done with an app that has a secret, and with one that hasn't."""
    for client, secret in CLIENTS.values():
        yield from _flows(truth, client, secret or "")
    yield _authorize(truth, "unknown_app")


def _flows(truth: Truth, client: str, secret: str) -> Generator[Request, Answer, None]:
    app = {"client_id": client, "client_secret": secret}
    pkce = {"code_challenge": challenge(_VERIFIER), "code_challenge_method": "S256"}
    good = {"grant_type": "authorization_code", "redirect_uri": REDIRECT, "code_verifier": _VERIFIER, **app}
    other, other_secret = next(each for each in CLIENTS.values() if each[0] != client)

    for query in (
        {**pkce, "code_challenge_method": "plain"},
        {},
        {**pkce, "redirect_uri": "https://elsewhere.example.com/"},
        {**pkce, "response_type": "token"},
        {**pkce, "scope": "admin"},
    ):
        yield _authorize(truth, client, **query)
    attempts: tuple[dict[str, str], ...] = (
        {"code_verifier": _OTHER},
        {"code_verifier": ""},
        {"redirect_uri": "https://elsewhere.example.com/"},
        {"client_id": other, "client_secret": other_secret or ""},
        {"client_secret": "wrong"},
        {"client_secret": ""},
        {},
        {},  # A second time.
    )
    tokens: dict[str, str] = {}
    for attempt in attempts:
        code = _code((yield _authorize(truth, client, **pkce)))
        for _ in range(1 if attempt else 2):
            answer = yield _post(truth, "/oauth/token", {**good, "code": code, **attempt})
            tokens = answer.json if answer.status == 200 else tokens
    if secret:
        code = _code((yield _authorize(truth, client)))
        yield _post(truth, "/oauth/token", {**good, "code": code})
    code = _code((yield _authorize(truth, client, **pkce)))
    yield _post(truth, "/oauth/token", {**good, "code": code}, JSON)
    yield from _refreshing(truth, app, {"client_id": other, "client_secret": other_secret or ""}, tokens)


def _refreshing(
    truth: Truth, app: Mapping[str, str], other: Mapping[str, str], tokens: Mapping[str, str]
) -> Generator[Request, Answer, None]:
    account = truth.request("get_account")
    yield account.with_headers(authorization=f"Bearer {tokens.get('access_token')}")
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens.get("refresh_token", "")}
    yield _post(truth, "/oauth/token", {**refresh, **other})
    answer = yield _post(truth, "/oauth/token", {**refresh, **app})
    newer = answer.json if answer.status == 200 else {}
    yield account.with_headers(authorization=f"Bearer {newer.get('access_token')}")
    yield _post(truth, "/oauth/token", {**refresh, **app})
    yield _post(truth, "/oauth/token", {**refresh, **app, "refresh_token": newer.get("refresh_token", "")})
    yield _post(truth, "/oauth/token", {**refresh, **app, "client_secret": "wrong"})
    yield _post(truth, "/oauth/revoke", {**app, "token": "unknown"})
    yield _post(truth, "/oauth/revoke", {**app, "client_secret": "wrong", "token": tokens.get("access_token", "")})
    yield account.with_headers(authorization=f"Bearer {tokens.get('access_token')}")
    yield _post(truth, "/oauth/revoke", {**app, "token": newer.get("refresh_token", "")})
    for each in (tokens, newer):
        yield account.with_headers(authorization=f"Bearer {each.get('access_token')}")


def _code(answer: Answer) -> str:
    return dict(parse_qsl(urlsplit(answer.header("Location") or "").query)).get("code", "")
