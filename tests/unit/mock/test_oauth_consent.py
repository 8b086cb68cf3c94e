"""Authorization requests: the page that asks for consent, and what comes back to the app."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from kit_mock import Clock, KitMock, OAuthClient
from tests.unit.mock.conftest import START, client
from tests.unit.mock.oauth_flow import (
    CALLBACK,
    CHALLENGE,
    ask,
    back,
    call,
    exchange,
    form_of,
    refused,
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


@pytest.fixture
def asking() -> Iterator[tuple[KitMock, httpx.Client]]:
    """A mock that asks, and a browser."""
    with KitMock(clock=Clock(START)) as mock, client(mock) as http:
        yield mock, http


@pytest.mark.parametrize("prefix", ["", "/v4"])
def test_the_owner_approves(asking: tuple[KitMock, httpx.Client], prefix: str) -> None:
    _, http = asking
    page = ask(http, prefix)
    assert "Test app" in page.text
    assert "Mock Letters" in page.text
    brought = back(http.post(f"{prefix}/oauth/authorize/decision", data={**form_of(page), "decision": "approve"}))
    assert brought["state"] == "xyz"
    assert exchange(http, brought["code"]).status_code == 200


def test_the_owner_denies(asking: tuple[KitMock, httpx.Client]) -> None:
    _, http = asking
    brought = back(http.post("/oauth/authorize/decision", data={**form_of(ask(http)), "decision": "deny"}))
    assert (brought["error"], brought["state"]) == ("access_denied", "xyz")
    assert "code" not in brought


def test_a_decision_needs_its_page_and_counts_once(asking: tuple[KitMock, httpx.Client]) -> None:
    mock, http = asking

    def decide(**fields: str) -> httpx.Response:
        return http.post("/oauth/authorize/decision", data=fields)

    form = form_of(ask(http))
    refused(decide(**{**form, "ticket": "guessed"}, decision="approve"), "invalid_request")
    refused(decide(account_id="1", decision="approve"), "invalid_request")
    refused(decide(**form), "invalid_request")
    refused(decide(**form, decision="maybe"), "invalid_request")
    for account_id in ("2", "x", "", "9" * 40, "-1"):
        refused(decide(**{**form, "account_id": account_id}, decision="approve"), "invalid_request")
    refused(http.post("/oauth/authorize/decision", json={**form, "decision": "approve"}), "invalid_request")
    assert "code" in back(decide(**form, decision="approve"))
    refused(decide(**form, decision="approve"), "invalid_request")
    late = form_of(ask(http))
    mock.advance(minutes=10)
    refused(decide(**late, decision="approve"), "invalid_request")


def test_the_page_cannot_be_framed_and_runs_no_script(asking: tuple[KitMock, httpx.Client]) -> None:
    headers = ask(asking[1]).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


def test_what_the_page_shows_is_escaped() -> None:
    hostile = OAuthClient("evil", name="<script>alert(1)</script>", redirect_uris=("https://x.example/?a='&b",))
    with KitMock(oauth_clients=[hostile]) as mock, client(mock) as http:
        page = ask(http, client_id="evil", redirect_uri="https://x.example/?a='&b", state='"><script>')
        form_of(page)
        assert "<script>" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "a=&#x27;&amp;b" in page.text
        decision = {**form_of(page), "decision": "deny"}
        redirect = http.post("/oauth/authorize/decision", data=decision)
        assert redirect.headers["Location"].startswith("https://x.example/?a='&b&error=access_denied")
        assert redirect.headers["Location"].endswith("&state=%22%3E%3Cscript%3E")
        assert "<script>" not in redirect.text


def test_the_owner_chooses_among_accounts() -> None:
    seed = {"accounts": [{"name": "First"}, {"name": "Second & last"}]}
    with KitMock(seed=seed) as mock, client(mock) as http:
        page = ask(http)
        assert '<option value="2">Second &amp; last</option>' in page.text
        decision = {**form_of(page), "account_id": "2", "decision": "approve"}
        tokens = exchange(http, back(http.post("/oauth/authorize/decision", data=decision))["code"]).json()
        assert call(http, tokens["access_token"]).json()["account"]["id"] == 2


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": None}, "invalid_request"),
        ({"client_id": ""}, "invalid_request"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://app.example.com/oauth/callback/"}, "invalid_request"),
        ({"redirect_uri": "https://app.example.com/oauth/callback?more"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": "javascript:alert(1)"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1.evil.example/"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1@evil.example/"}, "invalid_request"),
        ({"redirect_uri": "http://evil@127.0.0.1/"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:8000/#fragment"}, "invalid_request"),
        ({"redirect_uri": "http://127.0.0.1:8000/\r\nSet-Cookie: a=b"}, "invalid_request"),
        ({"redirect_uri": "http://[::1/"}, "invalid_request"),
        ({"redirect_uri": "//127.0.0.1/"}, "invalid_request"),
    ],
)
def test_nobody_is_redirected_to_where_no_client_is(
    app: httpx.Client, changes: dict[str, str | None], error: str
) -> None:
    response = ask(app, **changes)
    refused(response, error)
    assert "Location" not in response.headers


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"code_challenge": "é" * 43}, "invalid_request"),
        ({"client_id": "kit_test_confidential", "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_other_mistakes_go_back_to_the_app(app: httpx.Client, changes: dict[str, str | None], error: str) -> None:
    brought = back(ask(app, **changes))
    assert (brought["error"], brought["state"]) == (error, "xyz")
    assert brought["error_description"]
    assert "code" not in brought


@pytest.mark.parametrize("state", ["a b&c=d#e%20+", "Zoë\u2028", "x" * 2000])
def test_the_state_comes_back_unchanged(app: httpx.Client, state: str) -> None:
    location = ask(app, state=state).headers["Location"]
    assert parse_qs(urlsplit(location).query, keep_blank_values=True)["state"] == [state]


@pytest.mark.parametrize("state", [None, ""])
def test_without_a_state_none_comes_back(app: httpx.Client, state: str | None) -> None:
    assert set(back(ask(app, state=state, scope="public"))) == {"code"}


@pytest.mark.parametrize(
    "uri",
    [
        *("http://evil.example[::1]/cb", "http://[::1].evil.example/cb", "http://[::1]evil.example/cb"),
        *("http://[::1]:80.evil.example/", "http://127.0.0.1:80:90/cb", "http://127.0.0.1:9999999/cb"),
        *("http://me@127.0.0.1/cb", "http://127.0.0.1.evil.example/cb", "https://127.0.0.1/cb", "http://[::2]/cb"),
    ],
)
def test_what_only_looks_like_loopback_is_refused(asking: tuple[KitMock, httpx.Client], uri: str) -> None:
    answer = ask(asking[1], redirect_uri=uri)
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("uri", ["http://127.0.0.1:8765/cb?a=b", "http://localhost/", "http://[::1]:9/x", CALLBACK])
def test_the_default_clients_take_loopback(app: httpx.Client, uri: str) -> None:
    location = ask(app, redirect_uri=uri).headers["Location"]
    assert location.startswith(f"{uri}{'&' if '?' in uri else '?'}code=")


def test_own_clients_take_the_place_of_the_default_ones() -> None:
    own = OAuthClient("mine", "hush", redirect_uris=("myapp:/done",))
    with KitMock(oauth_clients=[own], auto_approve=True) as mock, client(mock) as http:
        refused(ask(http), "invalid_client")
        refused(ask(http, client_id="mine"), "invalid_request")
        refused(ask(http, client_id="mine", redirect_uri="http://127.0.0.1:8000/"), "invalid_request")
        location = ask(http, client_id="mine", redirect_uri="myapp:/done").headers["Location"]
        code = location.removeprefix("myapp:/done?code=").removesuffix("&state=xyz")
        answer = exchange(http, code, client_id="mine", client_secret="hush", redirect_uri="myapp:/done")
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": ""},
        {"client_id": "a", "client_secret": ""},
        {"client_id": "a", "redirect_uris": ()},
        {"client_id": "a", "redirect_uris": ("/relative",)},
        {"client_id": "a", "redirect_uris": ("https://",)},
        {"client_id": "a", "redirect_uris": ("https://a.example/#b",)},
        {"client_id": "a", "redirect_uris": ("JavaScript:alert(1)",)},
        {"client_id": "a", "redirect_uris": ("data:text/html,x",)},
        {"client_id": "a", "redirect_uris": ("https://a.example/ b",)},
        {"client_id": "a", "redirect_uris": ('https://a.example/"',)},
    ],
)
def test_an_unusable_client_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must not be empty|redirect"):
        OAuthClient(**{"redirect_uris": (CALLBACK,), **wrong})
