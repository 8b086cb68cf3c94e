"""OAuth: codes work once and for who asked, PKCE is checked, refresh tokens rotate, errors have their own shape."""

from __future__ import annotations

import json
import secrets
import time

import pytest

from tests.contract.caller import Caller
from tests.contract.oauth_app import STATE, VERIFIER, App, challenge, refused, sent_back

pytestmark = pytest.mark.operations("authorize", "create_token")
_REVOKE = "/oauth/revoke"
_LIFETIME_SECONDS = 172_800
_CLOCK_SKEW_SECONDS = 600
_OTHER_VERIFIER = VERIFIER[::-1]


@pytest.fixture
def app(caller: Caller) -> App:
    server = caller.server
    if not server.client_id or not server.redirect_uri:
        pytest.skip("no OAuth app was given (KIT_CLIENT_ID, KIT_CLIENT_SECRET, KIT_REDIRECT_URI)")
    if server.read_only:
        pytest.skip("tokens would be made, and the run may only read")
    return App(caller, server.client_id, server.client_secret, server.redirect_uri)


def test_a_code_is_sent_to_the_app(app: App) -> None:
    """The redirect leads to the URI that was asked for, with a code and the state. (reference)"""
    answer = app.caller.call("authorize", query=app.asked())
    if answer.status == 200:
        pytest.skip("the server asks somebody before it gives a code")
    location = answer.headers.get("Location", "")
    if answer.status != 302 or not location.startswith(app.redirect_uri):
        raise answer.broken(f"302 to {app.redirect_uri}", f"{answer.status} to {location.partition('?')[0]}")
    if sent_back(answer).get("state") != STATE or not sent_back(answer).get("code"):
        raise answer.broken(f"a code, and the state {STATE!r}", "another query")
    answer = app.caller.call("authorize", query=app.asked(state=None))
    if "state" in sent_back(answer):
        raise answer.broken("no state, as there was none")


def test_a_code_brings_tokens(app: App) -> None:
    """A code brings a pair of tokens; the access token opens the account at once. (reference)"""
    tokens = app.tokens()
    answer = app.caller.call(
        "get_account", headers={"Authorization": f"Bearer {tokens['access_token']}"}, anonymous=True
    )
    if answer.status != 200:
        raise answer.broken("200 with the new access token")
    other = app.tokens()
    if other["access_token"] == tokens["access_token"] or other["refresh_token"] == tokens["refresh_token"]:
        raise answer.broken("tokens that nobody else has")
    expected = {"token_type": "bearer", "expires_in": _LIFETIME_SECONDS, "scope": "public"}
    shown = {name: str(tokens[name]).lower() if name == "token_type" else tokens[name] for name in expected}
    if shown != expected or abs(tokens["created_at"] - time.time()) > _CLOCK_SKEW_SECONDS:
        raise answer.broken(f"{expected} and the time of now", str({**shown, "created_at": tokens["created_at"]}))


def test_a_token_request_may_be_json(app: App) -> None:
    """A token request may be JSON instead of a form. (later docs)"""
    if app.caller.server.strict:
        pytest.skip("the server takes what the document has alone (--no-casts)")
    body = {
        "client_id": app.id,
        "grant_type": "authorization_code",
        "code": app.code(),
        "redirect_uri": app.redirect_uri,
    }
    body |= {"code_verifier": VERIFIER} | ({"client_secret": app.secret} if app.secret else {})
    headers = {"Content-Type": "application/json"}
    app.caller.call("create_token", content=json.dumps(body).encode(), headers=headers, expect=200)


def test_what_is_revoked_is_dead(app: App) -> None:
    """Revoking takes either token of a pair, ends both, needs the secret, and is a 200 for a token that is none. (seen; chosen)"""
    fields = {"client_id": app.id} | ({"client_secret": app.secret} if app.secret else {})
    tokens = app.tokens()
    if (
        app.secret is not None
        and app.caller.post_form(_REVOKE, {"client_id": app.id, "token": tokens["access_token"]}) == 200
    ):
        raise app.token("refresh_token").broken("no revocation without the secret", "200")
    for name in ("access_token", "refresh_token"):
        tokens = app.tokens()
        status = app.caller.post_form(_REVOKE, {**fields, "token": tokens[name]})
        if status == 404:
            pytest.skip(f"the server has no {_REVOKE}")
        answer = app.token("refresh_token", refresh_token=tokens["refresh_token"])
        refused(answer, "invalid_grant", f"a refresh token after its {name} was revoked")
        if status != 200 or app.opens(tokens["access_token"]):
            raise answer.broken(f"200, and a dead access token, after the {name} was revoked", f"{status}")
    if app.caller.post_form(_REVOKE, {**fields, "token": "nobody"}) != 200:
        raise answer.broken("200 for a token that is none")


def test_a_code_works_once(app: App) -> None:
    """A code can be used only once. (chosen, by RFC 6749)"""
    code = app.code()
    assert app.exchange(code).status == 200
    refused(app.exchange(code), "invalid_grant", "a code that was used")


def test_a_code_is_checked(app: App) -> None:
    """A code that isn't one, another redirect URI or another verifier brings nothing. (chosen, by RFC 6749 and 7636)"""
    refused(app.exchange("guessed"), "invalid_grant", "a guessed code")
    other = app.redirect_uri.rstrip("/") + "/other"
    bad: list[tuple[str, dict[str, str | None]]] = [
        ("another redirect URI", {"redirect_uri": other}),
        ("another verifier", {"code_verifier": _OTHER_VERIFIER}),
        ("the challenge as the verifier", {"code_verifier": challenge(VERIFIER)}),
        ("a verifier in another case", {"code_verifier": VERIFIER.upper()}),
        ("no verifier", {"code_verifier": None}),
        ("a verifier that is too short", {"code_verifier": "short"}),
        ("no redirect URI", {"redirect_uri": None}),
        ("another app", {"client_id": "nobody"}),
        ("another secret", {"client_secret": "wrong"}),
        ("no grant type", {"grant_type": None}),
        ("another grant type", {"grant_type": "password"}),
    ]
    for what, values in bad:
        code = app.code()
        fields: dict[str, str | None] = {"grant_type": "authorization_code", **values}
        answer = app.token(**{"code": code, "redirect_uri": app.redirect_uri, "code_verifier": VERIFIER, **fields})  # type: ignore[arg-type]
        if answer.status not in (400, 401) or not answer.json.get("error"):
            raise answer.broken(f"an error for {what}")
    if app.secret is not None:
        refused(app.exchange(app.code(), client_secret=None), "invalid_client", "no secret", (401,))
        refused(app.exchange(app.code(), client_secret="wrong"), "invalid_client", "a wrong secret", (401,))
    refused(app.exchange(app.code(), client_id="nobody"), "invalid_client", "an unknown app", (401,))
    refused(app.exchange(app.code(), code_verifier=_OTHER_VERIFIER), "invalid_grant", "another verifier")
    refused(app.exchange(app.code(), redirect_uri=other), "invalid_grant", "another redirect URI")


def test_a_verifier_needs_achallenge(app: App) -> None:
    """A verifier for a code without a challenge is refused: somebody took PKCE out of the request. (chosen)"""
    if app.secret is None:
        answer = app.caller.call("authorize", query=app.asked(code_challenge=None, code_challenge_method=None))
        if "code" in sent_back(answer):
            raise answer.broken("no code for an app without a secret and without PKCE")
        return
    code = app.code(code_challenge=None, code_challenge_method=None)
    refused(app.exchange(code), "invalid_grant", "a verifier without a challenge")
    code = app.code(code_challenge=None, code_challenge_method=None)
    answer = app.exchange(code, code_verifier=None)
    if answer.status != 200:
        raise answer.broken("200 without PKCE for an app with a secret")


def test_what_is_asked_for_is_checked(app: App) -> None:
    """An unknown app or redirect URI is told here, anything else to the app; no code comes of either. (chosen)"""
    bad: list[tuple[str, dict[str, str | None]]] = [
        ("an unknown app", {"client_id": "nobody"}),
        ("another redirect URI", {"redirect_uri": "https://evil.example.com/callback"}),
        ("no redirect URI", {"redirect_uri": None}),
        ("a longer redirect URI", {"redirect_uri": app.redirect_uri + "x"}),
    ]
    for what, values in bad:
        answer = app.caller.call("authorize", query=app.asked(**values))
        if answer.status != 400 or not answer.json.get("error"):
            raise answer.broken(f"400 for {what}")
    told: list[tuple[str, dict[str, str | None]]] = [
        ("unsupported_response_type", {"response_type": "token"}),
        ("invalid_scope", {"scope": "everything"}),
        ("invalid_request", {"code_challenge_method": "plain"}),
        ("invalid_request", {"code_challenge": "short"}),
    ]
    for error, values in told:
        answer = app.caller.call("authorize", query=app.asked(**values))
        back = sent_back(answer)
        if "code" in back or (answer.status == 302 and back.get("error") != error) or answer.status not in (302, 400):
            raise answer.broken(f"the error {error} for {values}")
        if answer.status == 302 and back.get("state") != STATE:
            raise answer.broken("the state beside the error")


def test_a_refresh_brings_new_tokens(app: App) -> None:
    """A refresh brings another access token and another refresh token; both work. (later docs)"""
    first = app.tokens()
    answer = app.token("refresh_token", refresh_token=first["refresh_token"])
    if answer.status != 200:
        raise answer.broken("200 for the newest refresh token")
    second = answer.json
    if second["refresh_token"] == first["refresh_token"] or second["access_token"] == first["access_token"]:
        raise answer.broken("two new tokens", "one that was there before")
    if not app.opens(second["access_token"]):
        raise answer.broken("an access token that works")
    again = app.token("refresh_token", refresh_token=first["refresh_token"])
    if app.caller.server.behaviour == "reference":
        refused(again, "invalid_grant", "a refresh token that was used")
    elif again.status != 200:
        raise again.broken("200 for a superseded refresh token, as the service still takes it")
    third = app.token("refresh_token", refresh_token=second["refresh_token"])
    if third.status != 200 or not app.opens(third.json["access_token"]):
        raise third.broken("200 for the newest refresh token")


def test_a_refresh_is_checked(app: App) -> None:
    """A refresh token that isn't one, or a client that isn't the one that it was given to, brings nothing. (chosen)"""
    tokens = app.tokens()
    refused(app.token("refresh_token", refresh_token="guessed"), "invalid_grant", "a guessed refresh token")
    access = app.token("refresh_token", refresh_token=tokens["access_token"])
    refused(access, "invalid_grant", "an access token as a refresh token")
    refused(app.token("refresh_token"), "invalid_request", "no refresh token")
    unknown = app.token("refresh_token", refresh_token=tokens["refresh_token"], client_id="nobody")
    refused(unknown, "invalid_client", "an unknown app", (401,))
    if app.secret is not None:
        for secret in (None, "wrong"):
            answer = app.token("refresh_token", refresh_token=tokens["refresh_token"], client_secret=secret)
            refused(answer, "invalid_client", "a wrong secret", (401,))
    for other in (app.caller.server.account or {}).get("oauth_clients", ()):
        if other["client_id"] != app.id:
            values = {"client_id": other["client_id"], "client_secret": other.get("client_secret")}
            answer = app.token("refresh_token", refresh_token=tokens["refresh_token"], **values)
            refused(answer, "invalid_grant", "the refresh token of another app")
    if app.opens(tokens["refresh_token"]):
        raise access.broken("no account for a refresh token", "it opens one")


@pytest.mark.operations("get_account")
def test_an_expired_token_is_told_apart(app: App) -> None:
    """A token after its time is a 401 that says so in its message and in `WWW-Authenticate`. (client)"""
    if app.caller.server.account is None:
        pytest.skip("no expired token is known (--account)")
    spent = [row["access_token"] for row in app.caller.server.account.get("oauth_tokens", ()) if "expires_at" in row]
    for token in spent:
        answer = app.caller.call("get_account", headers={"Authorization": f"Bearer {token}"}, anonymous=True)
        if answer.status != 401 or answer.errors != ["The access token expired"]:
            raise answer.broken("401 with the message 'The access token expired'")
        told = answer.headers.get("WWW-Authenticate", "")
        if not told.startswith("Bearer") or "invalid_token" not in told or "The access token expired" not in told:
            raise answer.broken("WWW-Authenticate with invalid_token and the message", told or "none")
    wrong = app.caller.call("get_account", headers={"Authorization": f"Bearer {secrets.token_hex(8)}"}, anonymous=True)
    if "invalid_token" not in wrong.headers.get("WWW-Authenticate", ""):
        raise wrong.broken("WWW-Authenticate with invalid_token")
