"""OAuth as an app goes through it: from the code to tokens, until they end, and where they are kept."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit_mock import Clock, KitMock, OAuthClient
from kit_mock.model.oauth_clients import CONFIDENTIAL_CLIENT, PUBLIC_CLIENT
from tests.unit.mock.conftest import START, client
from tests.unit.mock.oauth_flow import (
    CALLBACK,
    CHALLENGE,
    CONFIDENTIAL,
    INVALID,
    PUBLIC,
    VERIFIER,
    ask,
    back,
    call,
    code_of,
    exchange,
    form_of,
    refresh,
    refused,
    revoke,
    tokens_of,
)


@pytest.fixture
def mock() -> Iterator[KitMock]:
    """One that asks nobody for consent."""
    with KitMock(clock=Clock(START), auto_approve=True) as mock:
        yield mock


@pytest.fixture
def app(mock: KitMock) -> Iterator[httpx.Client]:
    """Calls without credentials."""
    with client(mock) as http:
        yield http


def test_a_public_client_gets_tokens_with_pkce(app: httpx.Client) -> None:
    response = ask(app)
    brought = back(response)
    assert set(brought) == {"code", "state"}
    assert brought["state"] == "xyz"
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "redirected" in response.text
    answer = exchange(app, brought["code"])
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = answer.json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope", "created_at"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 172800, "public")
    assert tokens["created_at"] == int(START.timestamp())
    assert call(app, tokens["access_token"]).status_code == 200


def test_a_confidential_client_gets_tokens_with_its_secret(app: httpx.Client) -> None:
    code = code_of(app, client_id="kit_test_confidential", code_challenge=None, code_challenge_method=None)
    answer = exchange(app, code, **CONFIDENTIAL, code_verifier=None)
    assert answer.status_code == 200
    assert refresh(app, answer.json()["refresh_token"], **CONFIDENTIAL).status_code == 200


def test_a_confidential_client_may_use_pkce_too(app: httpx.Client) -> None:
    code = code_of(app, client_id="kit_test_confidential")
    refused(exchange(app, code, **CONFIDENTIAL, code_verifier=None), "invalid_request")
    refused(exchange(app, code, **CONFIDENTIAL, code_verifier="x" * 43), "invalid_grant")
    assert exchange(app, code, **CONFIDENTIAL).status_code == 200


def test_a_token_opens_what_takes_oauth_only(app: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {tokens_of(app)['access_token']}"}
    response = app.post("/v4/bulk/tags", json={"tags": [{"name": "A"}]}, headers=headers)
    assert response.json()["tags"][0]["name"] == "A"


def test_everything_is_under_v4_too(app: httpx.Client) -> None:
    code = back(ask(app, "/v4"))["code"]
    body = {**PUBLIC, "grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    tokens = app.post("/v4/oauth/token", data={**body, "code_verifier": VERIFIER}).json()
    assert call(app, tokens["access_token"]).status_code == 200
    assert app.post("/v4/oauth/revoke", data={**PUBLIC, "token": tokens["access_token"]}).status_code == 200
    assert call(app, tokens["access_token"]).json() == INVALID


def test_token_requests_may_be_json(app: httpx.Client) -> None:
    grant = {"grant_type": "authorization_code", "code": code_of(app), "redirect_uri": CALLBACK}
    answer = app.post("/oauth/token", json={**PUBLIC, **grant, "code_verifier": VERIFIER, "client_secret": None})
    assert answer.status_code == 200
    again = app.post(
        "/oauth/token",
        json={**PUBLIC, "grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]},
    )
    assert again.status_code == 200
    assert app.post("/oauth/revoke", json={**PUBLIC, "token": again.json()["refresh_token"]}).status_code == 200
    assert call(app, again.json()["access_token"]).status_code == 401


def test_an_access_token_expires_by_the_mocks_clock(app: httpx.Client, mock: KitMock) -> None:
    tokens = tokens_of(app)
    mock.advance(seconds=172_799)
    assert call(app, tokens["access_token"]).status_code == 200
    mock.advance(seconds=1)
    response = call(app, tokens["access_token"])
    assert (response.status_code, response.json()) == (401, {"errors": ["The access token expired"]})
    challenge = 'Bearer error="invalid_token", error_description="The access token expired"'
    assert response.headers["WWW-Authenticate"] == challenge
    new = refresh(app, tokens["refresh_token"]).json()
    assert call(app, new["access_token"]).status_code == 200


def test_the_fixed_token_does_not_expire(app: httpx.Client, mock: KitMock) -> None:
    mock.advance(days=1000)
    assert call(app, mock.access_token).status_code == 200
    assert revoke(app, mock.access_token).status_code == 200
    assert call(app, mock.access_token).status_code == 200


def test_a_revoked_access_token_takes_its_refresh_token_along(app: httpx.Client) -> None:
    tokens = tokens_of(app)
    response = revoke(app, tokens["access_token"], token_type_hint="refresh_token")
    assert (response.status_code, response.json()) == (200, {})
    answer = call(app, tokens["access_token"])
    assert (answer.status_code, answer.json()) == (401, INVALID)
    assert "revoked" in refused(refresh(app, tokens["refresh_token"]), "invalid_grant")


def test_a_revoked_refresh_token_takes_the_whole_grant_along(app: httpx.Client) -> None:
    old, other = tokens_of(app), tokens_of(app)
    new = refresh(app, old["refresh_token"]).json()
    assert revoke(app, new["refresh_token"]).status_code == 200
    assert call(app, old["access_token"]).status_code == 401
    assert call(app, new["access_token"]).status_code == 401
    assert call(app, other["access_token"]).status_code == 200


def test_revoking_is_200_whatever_the_token(app: httpx.Client) -> None:
    tokens = tokens_of(app)
    for token in ("unknown", tokens["access_token"], tokens["access_token"]):
        assert revoke(app, token).status_code == 200
    another = tokens_of(app)
    assert revoke(app, another["access_token"], **CONFIDENTIAL).status_code == 200
    assert call(app, another["access_token"]).status_code == 200, "it was another client's"
    refused(revoke(app, another["access_token"], client_secret="wrong"), "invalid_client", 401)


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    clock = Clock(START)
    own = OAuthClient("mine", "hush-hush", redirect_uris=(CALLBACK,))
    with (
        KitMock(db=db, clock=clock, oauth_clients=[own, PUBLIC_CLIENT], auto_approve=True) as mock,
        client(mock) as http,
    ):
        tokens, code = tokens_of(http), code_of(http)
        mine = code_of(http, client_id="mine", code_challenge=None, code_challenge_method=None)
    with KitMock(db=db, clock=clock) as mock, client(mock) as http:
        page = ask(http)
        assert call(http, tokens["access_token"]).status_code == 200
        assert exchange(http, code).status_code == 200
        refused(exchange(http, code), "invalid_grant")
        assert refresh(http, tokens["refresh_token"]).status_code == 200
        answer = exchange(http, mine, client_id="mine", client_secret="hush-hush", code_verifier=None)
        assert answer.status_code == 200
    with KitMock(db=db, clock=clock, behaviour="reference") as mock, client(mock) as http:
        refused(refresh(http, tokens["refresh_token"]), "invalid_grant")
        assert "code" in back(http.post("/oauth/authorize/decision", data={**form_of(page), "decision": "approve"}))


def test_secrets_are_stored_as_hashes_only(tmp_path: Path) -> None:
    with KitMock(db=tmp_path / "mock.db") as mock, client(mock) as http:
        ticket = form_of(ask(http))["ticket"]
        mock.auto_approve = True
        code = code_of(http)
        tokens = tokens_of(http)
        new = refresh(http, tokens["refresh_token"]).json()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"kit_test_client" in stored
    secrets = [
        ticket,
        code,
        "kit_test_secret",
        *(pair[k] for pair in (tokens, new) for k in pair if k.endswith("token")),
    ]
    assert len(secrets) == 7
    for secret in secrets:
        assert secret.encode() not in stored


def test_secrets_are_in_no_repr_record_or_log(
    app: httpx.Client, mock: KitMock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="kit_mock")
    code = code_of(app)
    tokens = exchange(app, code).json()
    refresh(app, tokens["refresh_token"], client_secret="let-me-in")
    refused(exchange(app, code, code_verifier="y" * 42), "invalid_grant")
    revoke(app, tokens["access_token"], **CONFIDENTIAL)
    told = " ".join([repr(mock.requests), repr(mock), repr(CONFIDENTIAL_CLIENT), caplog.text])
    for secret in (code, tokens["access_token"], tokens["refresh_token"], VERIFIER, "let-me-in", "kit_test_secret"):
        assert secret not in told
    for request, name in zip(
        mock.requests, ["authorize", "create_token", "create_token", "create_token", "revoke_token"], strict=True
    ):
        assert request.operation_id == name


def test_refusals_repeat_nothing_of_what_was_sent(app: httpx.Client) -> None:
    for changes in ({"code": "hidden" * 9}, {"client_secret": "hidden"}, {"code_verifier": "hidden" * 9}):
        assert "hidden" not in exchange(app, code_of(app), **changes).text
    assert "hidden" not in ask(app, client_id="hidden").text
    assert "hidden" not in refresh(app, "hidden").text


def test_old_requests_and_codes_are_swept_out(tmp_path: Path) -> None:
    db = tmp_path / "mock.db"
    clock = Clock(START)
    with KitMock(db=db, clock=clock) as mock, client(mock) as http:
        for _ in range(5):
            ask(http)
        mock.advance(days=2)
        ask(http)
        mock.auto_approve = True
        for _ in range(5):
            code_of(http)
        mock.advance(days=2)
        code_of(http)
    connection = sqlite3.connect(db)
    assert connection.execute("SELECT count(*) FROM oauth_requests").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM oauth_codes").fetchone() == (1,)
    connection.close()


texts = st.text(max_size=8) | st.sampled_from(
    [
        *("kit_test_client", "kit_test_confidential", "kit_test_secret", CALLBACK, "http://localhost/"),
        *("code", "public", "S256", CHALLENGE, VERIFIER, "x" * 43),
        *("authorization_code", "refresh_token", "approve", "deny", "1"),
    ]
)
values = texts | st.none() | st.integers() | st.lists(texts, max_size=2)
NAMES = (
    *("client_id", "client_secret", "response_type", "redirect_uri", "scope", "state", "code_challenge", "grant_type"),
    *("code_challenge_method", "code", "code_verifier", "refresh_token", "token", "decision", "ticket", "account_id"),
)


@given(
    path=st.sampled_from(["/oauth/token", "/oauth/revoke", "/oauth/authorize/decision", "/oauth/authorize"]),
    fields=st.dictionaries(st.sampled_from(NAMES), values),
    query=st.fixed_dictionaries(
        {"client_id": st.just("kit_test_client"), "redirect_uri": st.just(CALLBACK)},
        optional=dict.fromkeys(("response_type", "state", "scope", "code_challenge"), texts),
    ),
    auto_approve=st.booleans(),
)
@settings(max_examples=300)
def test_nothing_makes_it_fail(path: str, fields: dict[str, Any], query: dict[str, str], auto_approve: bool) -> None:
    with KitMock(auto_approve=auto_approve) as mock, client(mock) as http:  # which fails for a 500
        if path == "/oauth/authorize":
            assert http.get(path, params=query).status_code in {200, 302}
            assert http.get(path, params={n: v for n, v in fields.items() if v is not None}).status_code in {302, 400}
            return
        for body in ({"json": fields}, {"data": {name: str(value) for name, value in fields.items()}}):
            response = http.post(path, **body)
            assert response.status_code in {200, 302, 400, 401}
            assert response.status_code < 400 or isinstance(response.json()["error"], str)


def test_on_a_socket(mock: KitMock) -> None:
    with httpx.Client(base_url=mock.url) as http:
        tokens = tokens_of(http)
        assert call(http, tokens["access_token"]).status_code == 200
        mock.auto_approve = False
        page = ask(http)
        assert int(page.headers["Content-Length"]) == len(page.content)
        assert "code" in back(http.post("/oauth/authorize/decision", data={**form_of(page), "decision": "approve"}))
