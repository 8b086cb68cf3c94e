"""Token requests: codes, PKCE, secrets and refresh tokens, and what is wrong with them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from kit_mock import Clock, KitMock
from tests.unit.mock.conftest import START, client
from tests.unit.mock.oauth_flow import (
    CHALLENGE,
    CONFIDENTIAL,
    INVALID,
    VERIFIER,
    call,
    code_of,
    exchange,
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


def test_a_code_works_once(app: httpx.Client) -> None:
    code = code_of(app)
    first = exchange(app, code)
    assert "used already" in refused(exchange(app, code), "invalid_grant")
    assert call(app, first.json()["access_token"]).status_code == 200


def test_a_code_works_once_whoever_is_first(app: httpx.Client) -> None:
    code = code_of(app)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: exchange(app, code).status_code, range(16)))
    assert sorted(statuses) == [200] + [400] * 15


def test_a_code_expires_after_ten_minutes(app: httpx.Client, mock: KitMock) -> None:
    early, late = code_of(app), code_of(app)
    mock.advance(minutes=9, seconds=59)
    assert exchange(app, early).status_code == 200
    mock.advance(seconds=1)
    assert "expired" in refused(exchange(app, late), "invalid_grant")


def test_a_mistake_does_not_spend_the_code(app: httpx.Client) -> None:
    code = code_of(app)
    for changes, error, status in (
        ({"code_verifier": None}, "invalid_request", 400),
        ({"code_verifier": "x" * 42}, "invalid_request", 400),
        ({"code_verifier": "x" * 129}, "invalid_request", 400),
        ({"code_verifier": "é" * 43}, "invalid_request", 400),
        ({"code_verifier": VERIFIER + "\n"}, "invalid_request", 400),
        ({"code_verifier": "x" * 43}, "invalid_grant", 400),
        ({"code_verifier": CHALLENGE}, "invalid_grant", 400),
        ({"redirect_uri": None}, "invalid_request", 400),
        ({"redirect_uri": "http://127.0.0.1:8000/"}, "invalid_grant", 400),
        (CONFIDENTIAL, "invalid_grant", 400),
        ({"client_id": None}, "invalid_request", 400),
        ({"client_id": "nobody"}, "invalid_client", 401),
        ({"client_id": "kit_test_confidential"}, "invalid_client", 401),
        ({"client_id": "kit_test_confidential", "client_secret": "wrong"}, "invalid_client", 401),
        ({"client_secret": "kit_test_secret"}, "invalid_client", 401),
        ({"grant_type": None}, "invalid_request", 400),
        ({"grant_type": "password"}, "unsupported_grant_type", 400),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type", 400),
        ({"code": None}, "invalid_request", 400),
        ({"code": "guessed"}, "invalid_grant", 400),
    ):
        refused(exchange(app, code, **changes), error, status)
    assert exchange(app, code).status_code == 200


@pytest.mark.parametrize("length", [43, 128])
def test_verifiers_of_43_to_128_characters_are_taken(app: httpx.Client, length: int) -> None:
    verifier = ("aZ09-._~" * 16)[:length]
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert exchange(app, code_of(app, code_challenge=challenge), code_verifier=verifier).status_code == 200


def test_a_verifier_without_a_challenge_is_refused(app: httpx.Client) -> None:
    code = code_of(app, client_id="kit_test_confidential", code_challenge=None, code_challenge_method=None)
    refused(exchange(app, code, **CONFIDENTIAL), "invalid_grant")


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/v4/oauth/token"])
@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", None),
        (b"client_id=a", "text/plain"),
        (b"client_id=a", None),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b'{"client_id": 5, "grant_type": [], "token": {}}', "application/json"),
        (b'{"grant_type": "refresh_token", "client_id": {}, "token": "a"}', "application/json"),
        (b"\xff\xfe%00&&==", "application/x-www-form-urlencoded"),
    ],
)
def test_a_malformed_body_is_400_in_oauths_shape(
    app: httpx.Client, path: str, content: bytes, content_type: str | None
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    refused(app.post(path, content=content, headers=headers), "invalid_request")


def test_wrong_methods_are_405(app: httpx.Client) -> None:
    for method, path in (
        ("GET", "/oauth/token"),
        ("POST", "/oauth/authorize"),
        ("GET", "/oauth/revoke"),
        ("GET", "/v4/oauth/authorize/decision"),
    ):
        response = app.request(method, path)
        assert response.status_code == 405
        assert response.json()["errors"]


def test_a_refresh_brings_a_new_pair(app: httpx.Client, mock: KitMock) -> None:
    old = tokens_of(app)
    mock.advance(hours=1)
    answer = refresh(app, old["refresh_token"])
    new = answer.json()
    assert answer.status_code == 200
    assert new["created_at"] == old["created_at"] + 3600
    assert new["expires_in"] == 172800
    assert {new["access_token"], new["refresh_token"]}.isdisjoint({old["access_token"], old["refresh_token"]})
    assert call(app, new["access_token"]).status_code == 200
    assert call(app, old["access_token"]).status_code == 200
    assert refresh(app, new["refresh_token"]).status_code == 200


def test_by_the_reference_a_refresh_token_is_spent() -> None:
    with KitMock(behaviour="reference", auto_approve=True) as mock, client(mock) as http:
        old = tokens_of(http)
        new = refresh(http, old["refresh_token"]).json()
        assert "used already" in refused(refresh(http, old["refresh_token"]), "invalid_grant")
        assert refresh(http, new["refresh_token"]).status_code == 200


def test_today_a_superseded_refresh_token_is_still_taken() -> None:
    with KitMock(behaviour="current", auto_approve=True) as mock, client(mock) as http:
        old = tokens_of(http)
        pairs = [refresh(http, old["refresh_token"]).json() for _ in range(3)]
        assert len({pair["refresh_token"] for pair in pairs}) == 3
        assert all(refresh(http, pair["refresh_token"]).status_code == 200 for pair in pairs)
        revoke(http, pairs[0]["refresh_token"])
        refused(refresh(http, old["refresh_token"]), "invalid_grant")


def test_of_many_refreshes_at_once_one_gets_through_by_the_reference() -> None:
    with KitMock(behaviour="reference", auto_approve=True) as mock, client(mock) as http:
        token = tokens_of(http)["refresh_token"]
        with ThreadPoolExecutor(8) as pool:
            statuses = list(pool.map(lambda _: refresh(http, token).status_code, range(16)))
    assert sorted(statuses) == [200] + [400] * 15


def test_refresh_tokens_belong_to_their_client(app: httpx.Client) -> None:
    token = tokens_of(app)["refresh_token"]
    refused(refresh(app, token, **CONFIDENTIAL), "invalid_grant")
    refused(refresh(app, "guessed"), "invalid_grant")
    refused(refresh(app, ""), "invalid_request")
    refused(refresh(app, token, client_secret="anything"), "invalid_client", 401)
    assert refresh(app, token).status_code == 200


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(app: httpx.Client) -> None:
    tokens = tokens_of(app)
    refused(refresh(app, tokens["access_token"]), "invalid_grant")
    assert call(app, tokens["refresh_token"]).json() == INVALID
