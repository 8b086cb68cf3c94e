"""Lies about tokens: what they open, when they expire, and what revoking ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.contract.document import Document
from tests.mutants.exchange import Answer, Request, answered
from tests.mutants.lie import Lie
from tests.mutants.oauth_flow import OPERATIONS, SECRETS, Flow, Tell, as_client, made, telling

KINDS = ("OAuth refresh", "OAuth token", "OAuth revocation")


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about tokens."""
    yield from made(_LIES)
    yield Lie(
        "OAuth refresh: takes a refresh token again",
        "OAuth refresh",
        OPERATIONS,
        "OAuth takes a refresh token again after it has brought a newer one, as the reference forbids.",
        telling(_old_refresh_token),
        behaviour="reference",
    )
    yield Lie(
        "OAuth token: takes an expired token",
        "OAuth token",
        ("get_account",),
        "The API takes an access token that has expired.",
        telling(_expired),
    )


# -------------------- Refreshing, and tokens


def _on_tokens(change: Callable[[Request, dict[str, Any]], None]) -> Tell:
    def tell(flow: Flow, request: Request) -> Answer:
        answer = flow.ask(request)
        if request.operation != "create_token" or answer.status != 200:
            return answer
        body = answer.copy()
        change(request, body)
        return answer.with_json(body) if body != answer.json else answer

    return tell


def _put(**values: Any) -> Tell:
    return _on_tokens(lambda _, body: body.update(values))


def _is_refresh(request: Request) -> bool:
    return request.fields.get("grant_type") == "refresh_token"


def _unrotated(request: Request, body: dict[str, Any]) -> None:
    if _is_refresh(request):
        body["refresh_token"] = request.fields["refresh_token"]


def _dead(name: str, *, refresh: bool) -> Tell:
    def change(request: Request, body: dict[str, Any]) -> None:
        if _is_refresh(request) is refresh:
            body[name] = body[name][::-1]

    return _on_tokens(change)


def _old_refresh_token(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    brought = flow.brought.get(str(request.fields.get("refresh_token")))
    if request.operation != "create_token" or answer.status != 400 or brought is None:
        return answer
    newest = brought
    while (newer := flow.brought.get(newest["refresh_token"])) is not None:
        newest = newer
    return flow.refreshed(request, newest["refresh_token"])


def _refresh_of_other_client(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    if request.operation != "create_token" or answer.status != 400 or not _is_refresh(request):
        return answer
    for client in SECRETS:
        if client != request.fields.get("client_id"):
            mended = flow.ask(as_client(request, client))
            if mended.status == 200:
                return mended
    return answer


def _expired(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    is_expired = answer.status == 401 and b"expired" in answer.body
    return flow.ask(flow.truth.authorized(request)) if is_expired else answer


def _jsonless(flow: Flow, request: Request) -> Answer:
    if request.operation == "create_token" and not request.is_form and request.fields:
        return answered(400, {"error": "invalid_request", "error_description": "The body must be a form"})
    return flow.ask(request)


def _errors(**values: str) -> Tell:
    def tell(flow: Flow, request: Request) -> Answer:
        answer = flow.ask(request)
        if request.operation != "create_token" or answer.status not in (400, 401):
            return answer
        return answer.with_json({**answer.json, **values})

    return tell


# -------------------- Revoking


def _is_revoke(request: Request) -> bool:
    return request.path.endswith("/oauth/revoke")


def _unrevoked(flow: Flow, request: Request) -> Answer:
    return flow.truth.pretend(request) if _is_revoke(request) else flow.ask(request)


def _half_revoked(flow: Flow, request: Request) -> Answer:
    """Revoke only a refresh token, and leave the access tokens of its grant valid."""
    if not _is_revoke(request):
        return flow.ask(request)
    if request.fields.get("token") in flow.refresh_tokens:
        return flow.truth.pretend(request)
    return flow.ask(request)


def _revoked_by_anybody(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    client = request.fields.get("client_id", "")
    if not _is_revoke(request) or answer.status != 401 or client not in SECRETS:
        return answer
    return flow.ask(as_client(request, client))


def _unknown_refused(flow: Flow, request: Request) -> Answer:
    known = {value for each in flow.brought.values() for value in (each["access_token"], each["refresh_token"])}
    answer = flow.ask(request)
    if _is_revoke(request) and answer.status == 200 and request.fields.get("token") not in known:
        return answered(400, {"error": "invalid_request", "error_description": "There is no such token"})
    return answer


_LIES: tuple[tuple[str, str, Tell], ...] = (
    ("OAuth refresh", "keeps the refresh token as it is", _on_tokens(_unrotated)),
    ("OAuth refresh", "gives refresh tokens out for a code that aren't good", _dead("refresh_token", refresh=False)),
    ("OAuth refresh", "gives refresh tokens out for a refresh that aren't good", _dead("refresh_token", refresh=True)),
    ("OAuth refresh", "takes the refresh token of another app", _refresh_of_other_client),
    ("OAuth token", "gives access tokens out for a code that aren't good", _dead("access_token", refresh=False)),
    ("OAuth token", "gives access tokens out for a refresh that aren't good", _dead("access_token", refresh=True)),
    ("OAuth token", "says that tokens last two hours", _put(expires_in=7200)),
    ("OAuth token", "says that tokens have expired", _put(expires_in=0)),
    ("OAuth token", "says that tokens are of the type mac", _put(token_type="mac")),
    ("OAuth token", "says that tokens were made in 2001", _put(created_at=1_000_000_000)),
    (
        "OAuth token",
        "tells times in milliseconds",
        _on_tokens(lambda _, body: body.update(created_at=body["created_at"] * 1000)),
    ),
    ("OAuth token", "grants another scope", _put(scope="admin")),
    ("OAuth token", "takes no JSON", _jsonless),
    ("OAuth token", "calls every error invalid_request", _errors(error="invalid_request")),
    ("OAuth token", "calls every error server_error", _errors(error="server_error")),
    ("OAuth revocation", "revokes nothing", _unrevoked),
    ("OAuth revocation", "revokes no refresh tokens", _half_revoked),
    ("OAuth revocation", "revokes without the app's secret", _revoked_by_anybody),
    ("OAuth revocation", "refuses to revoke a token that it doesn't know", _unknown_refused),
)
