"""The endpoints of OAuth: authorization codes with PKCE (S256) or a secret, refresh tokens and revocation."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import urlencode

from msgspec.structs import replace

from kit_mock.endpoints import oauth_pages
from kit_mock.endpoints.handlers import Call, operation
from kit_mock.endpoints.oauth_errors import (
    NO_STORE,
    OAuthRefusal,
    in_oauth_shape,
    invalid_client,
    invalid_grant,
    invalid_request,
)
from kit_mock.model import accounts, oauth_clients, oauth_grants
from kit_mock.model.account import Account
from kit_mock.model.oauth_grants import AuthorizationRequest, Code, NewTokens
from kit_mock.protocol.messages import Reply

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
_LARGEST_BODY = 16 * 1024
"""Bytes. These requests need no credentials, and have a few hundred bytes."""


@operation(
    "authorize",
    unchecked=[
        "client_id",
        "response_type",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
    ],
)
def authorize(call: Call) -> Reply:
    """Answer GET /oauth/authorize: the consent page or, with `auto_approve`, the redirect with a code."""
    client = oauth_clients.find(call.account.store, _required(call.query, "client_id"))
    if client is None:
        raise OAuthRefusal("invalid_client", "There is no such client_id")
    redirect_uri = _required(call.query, "redirect_uri")
    if not client.takes(redirect_uri):
        raise invalid_request("redirect_uri isn't one of the client's")
    request = AuthorizationRequest(
        client_id=client.id,
        redirect_uri=redirect_uri,
        scope=oauth_grants.SCOPE,
        state=call.query.get("state"),
        code_challenge=call.query.get("code_challenge") or None,
    )
    try:
        _check(call, request, is_public=client.secret_hash is None)
    except OAuthRefusal as refusal:
        return _back(request, error=refusal.error, error_description=refusal.errors[0])
    store = call.account.store
    with store.transaction():  # Needed here, as a GET has no transaction otherwise.
        if store.settings.auto_approve:
            return _back(request, code=oauth_grants.issue_code(_owned(call, accounts.first_id(store)), request))
        ticket = oauth_grants.save_request(store, request, call.account.now)
    return oauth_pages.consent(
        app=client.name,
        scope=request.scope,
        redirect_uri=redirect_uri,
        ticket=ticket,
        accounts=accounts.names(store),
    )


def _check(call: Call, request: AuthorizationRequest, *, is_public: bool) -> None:
    """Raise OAuthRefusal for errors that are reported to the redirect URI."""
    if _required(call.query, "response_type") != "code":
        raise OAuthRefusal("unsupported_response_type", "response_type must be code")
    if call.query.get("scope") not in (None, "", oauth_grants.SCOPE):
        raise OAuthRefusal("invalid_scope", f"scope must be {oauth_grants.SCOPE}")
    if request.code_challenge is None:
        if is_public:
            raise invalid_request("code_challenge is missing: a client without a secret uses PKCE")
    elif call.query.get("code_challenge_method") != "S256":
        raise invalid_request("code_challenge_method must be S256")
    elif not _CHALLENGE.fullmatch(request.code_challenge):
        raise invalid_request("code_challenge must be a SHA-256 hash in base64url, 43 characters without padding")


@operation("decide_authorization", convert_error=in_oauth_shape, largest_body=_LARGEST_BODY)
def decide_authorization(call: Call) -> Reply:
    """Answer POST /oauth/authorize/decision, the form of the consent page: the redirect, 400 for a used or expired ticket."""
    decision = _required(call.body, "decision")
    if decision not in ("approve", "deny"):
        raise invalid_request("decision must be approve or deny")
    ticket = _required(call.body, "ticket")
    account_id = _account_id(call) if decision == "approve" else 0
    request = oauth_grants.take_request(call.account.store, ticket, call.account.now)
    if request is None:
        raise invalid_request("This page is too old or was used already; begin again in the app")
    if decision == "deny":
        return _back(request, error="access_denied", error_description="The owner of the account said no")
    return _back(request, code=oauth_grants.issue_code(_owned(call, account_id), request))


def _owned(call: Call, account_id: int) -> Account:
    """Return another account, at the moment of the request."""
    return replace(call.account, id=account_id)


def _account_id(call: Call) -> int:
    by_text = {str(id_): id_ for id_ in accounts.names(call.account.store)}
    id_ = by_text.get(_required(call.body, "account_id"))
    if id_ is None:
        raise invalid_request("There is no such account")
    return id_


@operation(
    "create_token",
    unchecked=["client_id", "grant_type", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token"],
    convert_error=in_oauth_shape,
    largest_body=_LARGEST_BODY,
)
def create_token(call: Call) -> Reply:
    """Answer POST /oauth/token, form-encoded or JSON: 200 with tokens for a code or for a refresh token."""
    match _required(call.body, "grant_type"):
        case "authorization_code":
            new = _for_code(call, _client(call))
        case "refresh_token":
            new = _for_refresh_token(call, _client(call))
        case _:
            raise OAuthRefusal("unsupported_grant_type", "grant_type must be authorization_code or refresh_token")
    return Reply(
        200,
        {
            "access_token": new.access_token,
            "token_type": "Bearer",
            "expires_in": oauth_grants.TOKEN_SECONDS,
            "refresh_token": new.refresh_token,
            "scope": new.scope,
            "created_at": new.created_at,
        },
        NO_STORE,
    )


def _for_code(call: Call, client_id: str) -> NewTokens:
    text = _required(call.body, "code")
    redirect_uri = _required(call.body, "redirect_uri")
    verifier = _optional(call.body, "code_verifier")
    code = oauth_grants.find_code(call.account.store, text)
    if code is None or code.client_id != client_id:
        raise invalid_grant("The code isn't one of this client's")
    if code.used:
        raise invalid_grant("The code was used already")
    if code.expires_at <= call.account.now:
        raise invalid_grant("The code has expired")
    if code.redirect_uri != redirect_uri:
        raise invalid_grant("redirect_uri isn't the one that the code was sent to")
    _check_verifier(code, verifier)
    oauth_grants.spend_code(call.account.store, text)
    return oauth_grants.issue_tokens(_owned(call, code.account_id), client_id, code.scope)


def _check_verifier(code: Code, verifier: str | None) -> None:
    """Raise OAuthRefusal unless the verifier fits the challenge of the authorization request."""
    if code.code_challenge is None:
        if verifier is not None:
            # Somebody may have removed the challenge from the authorization request (a downgrade attack).
            raise invalid_grant("code_verifier was sent for a code without code_challenge")
        return
    if verifier is None:
        raise invalid_request("code_verifier is missing")
    if not _VERIFIER.fullmatch(verifier):
        raise invalid_request("code_verifier must be 43 to 128 letters, digits and -._~")
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii") != code.code_challenge:
        raise invalid_grant("code_verifier doesn't fit the code_challenge")


def _for_refresh_token(call: Call, client_id: str) -> NewTokens:
    pair = oauth_grants.by_refresh_token(call.account.store, _required(call.body, "refresh_token"))
    if pair is None or pair.client_id != client_id:
        raise invalid_grant("The refresh token isn't one of this client's")
    if pair.revoked:
        raise invalid_grant("The refresh token was revoked")
    if pair.superseded and not call.account.behaviour.refresh_token_reuse:
        raise invalid_grant("The refresh token was used already")
    oauth_grants.supersede(call.account.store, pair)
    return oauth_grants.issue_tokens(_owned(call, pair.account_id), client_id, pair.scope, pair.grant_id)


@operation("revoke_token", convert_error=in_oauth_shape, largest_body=_LARGEST_BODY)
def revoke_token(call: Call) -> Reply:
    """Answer POST /oauth/revoke, form-encoded or JSON: 200, also for an unknown token. `token_type_hint` is ignored."""
    oauth_grants.revoke(call.account.store, _required(call.body, "token"), _client(call))
    return Reply(200, {}, NO_STORE)


def _client(call: Call) -> str:
    """Return the id of the client of a request. Raises OAuthRefusal 401 for an unknown id or a wrong secret."""
    client_id = _required(call.body, "client_id")
    secret = _optional(call.body, "client_secret")
    client = oauth_clients.find(call.account.store, client_id)
    if client is None or not client.authenticates(secret):
        raise invalid_client()
    return client.id


def _required(values: dict[str, Any], name: str) -> str:
    found = _optional(values, name)
    if found is None:
        raise invalid_request(f"{name} is missing")
    return found


def _optional(values: dict[str, Any], name: str) -> str | None:
    """Return the text of that name, None if it is empty or missing. Raises OAuthRefusal if it is no text."""
    value = values.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid_request(f"{name} must be a string")
    return value or None


def _back(request: AuthorizationRequest, **parameters: str) -> Reply:
    """Redirect to the redirect URI, with parameters added to its query."""
    if request.state is not None:
        parameters["state"] = request.state
    joint = "&" if "?" in request.redirect_uri else "?"
    return oauth_pages.redirect(f"{request.redirect_uri}{joint}{urlencode(parameters)}")
