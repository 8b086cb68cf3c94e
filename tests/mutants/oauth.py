"""Lies about OAuth: what an app must prove, what tokens are good for, and until when."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import attrs

from tests.contract.document import Document
from tests.mutants.exchange import Answer, Request, answered
from tests.mutants.lie import ClientName, Lie, Start, Teller
from tests.mutants.truth import Truth

KINDS = ("OAuth code", "OAuth client", "OAuth refresh", "OAuth token", "OAuth revocation", "OAuth redirect")

REDIRECT = "https://app.example.com/callback"
CLIENTS: dict[ClientName, tuple[str, str | None]] = {
    "confidential": ("contract_app", "contract_secret"),
    "public": ("contract_public", None),
}
"""Ids and secrets of the apps that the account's file has."""

_SECRETS = dict(CLIENTS.values())
_VERIFIER = "layer-" * 9
_OPERATIONS = ("authorize", "create_token")
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
        if _SECRETS.get(client):
            fields["client_secret"] = _SECRETS[client]
        return self.truth.ask(request.with_fields(fields))


def telling(tell: Tell) -> Start:
    """Answer every request by a function that remembers the flows."""

    def start(truth: Truth) -> Teller:
        flow = Flow(truth)
        return lambda request: tell(flow, request)

    return start


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about OAuth."""
    for kind, says, tell in _LIES:
        client: ClientName = "public" if "without a secret" in says else "confidential"
        yield Lie(f"{kind}: {says}", kind, _OPERATIONS, f"OAuth {says}.", telling(tell), client=client)
    yield Lie(
        "OAuth refresh: takes a refresh token again",
        "OAuth refresh",
        _OPERATIONS,
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


# -------------------- Codes and PKCE


def _own_challenge(flow: Flow, request: Request, is_lie: Callable[[str | None, str | None], bool]) -> Answer:
    """Take a verifier, if `is_lie` says so of it and of the challenge: both are replaced by those of the layer."""
    if request.operation == "authorize" and request.parameters.get("code_challenge"):
        answer = flow.ask(request.with_parameter("code_challenge", challenge(_VERIFIER)))
        code = dict(parse_qsl(urlsplit(answer.header("Location") or "").query)).get("code")
        if code:
            flow.asked[code]["code_challenge"] = request.parameters["code_challenge"]
        return answer
    asked = flow.asked.get(str(request.fields.get("code")), {})
    wanted, verifier = asked.get("code_challenge"), request.fields.get("code_verifier")
    if request.operation == "create_token" and wanted:
        fits = bool(verifier) and challenge(str(verifier)) == wanted
        if fits or is_lie(verifier, wanted):
            return flow.ask(request.with_fields({**request.fields, "code_verifier": _VERIFIER}))
    return flow.ask(request)


def _any_verifier(flow: Flow, request: Request) -> Answer:
    return _own_challenge(flow, request, lambda verifier, _: bool(verifier))


def _no_verifier(flow: Flow, request: Request) -> Answer:
    return _own_challenge(flow, request, lambda verifier, _: not verifier)


def _plain(flow: Flow, request: Request) -> Answer:
    if request.operation == "authorize" and request.parameters.get("code_challenge_method") == "plain":
        return flow.ask(
            request.with_parameter("code_challenge_method", "S256").with_parameter(
                "code_challenge", challenge(_VERIFIER)
            )
        )
    return flow.ask(request)


def _no_challenge(flow: Flow, request: Request) -> Answer:
    if request.operation == "authorize" and not request.parameters.get("code_challenge"):
        made = request.with_parameter("code_challenge", challenge(_VERIFIER))
        return flow.ask(made.with_parameter("code_challenge_method", "S256"))
    return flow.ask(request)


def _verifier_unasked(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    if request.operation != "create_token" or answer.status != 400 or "code_verifier" not in request.fields:
        return answer
    asked = flow.asked.get(str(request.fields.get("code")), {})
    if asked.get("code_challenge"):
        return answer
    return flow.ask(request.with_fields({k: v for k, v in request.fields.items() if k != "code_verifier"}))


def _code_again(flow: Flow, request: Request) -> Answer:
    before = flow.brought.get(str(request.fields.get("code")))
    answer = flow.ask(request)
    if request.operation != "create_token" or answer.status != 400 or before is None:
        return answer
    return flow.refreshed(request, before["refresh_token"])


def _other_redirect(flow: Flow, request: Request) -> Answer:
    asked = flow.asked.get(str(request.fields.get("code")))
    if request.operation != "create_token" or asked is None or not request.fields.get("redirect_uri"):
        return flow.ask(request)
    return flow.ask(request.with_fields({**request.fields, "redirect_uri": asked["redirect_uri"]}))


def _other_client(flow: Flow, request: Request) -> Answer:
    asked = flow.asked.get(str(request.fields.get("code")))
    if request.operation != "create_token" or asked is None or asked["client_id"] == request.fields.get("client_id"):
        return flow.ask(request)
    return flow.ask(_as_client(request, asked["client_id"]))


def _as_client(request: Request, client: str) -> Request:
    fields = {**request.fields, "client_id": client}
    fields.pop("client_secret", None)
    if _SECRETS.get(client):
        fields["client_secret"] = _SECRETS[client]
    return request.with_fields(fields)


# -------------------- Clients


def _secret(is_lie: Callable[[str | None], bool]) -> Tell:
    def tell(flow: Flow, request: Request) -> Answer:
        answer = flow.ask(request)
        client = request.fields.get("client_id", "")
        if request.operation != "create_token" or answer.status != 401 or not _SECRETS.get(client):
            return answer
        return flow.ask(_as_client(request, client)) if is_lie(request.fields.get("client_secret")) else answer

    return tell


def _any_client(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    if (
        request.operation == "authorize"
        and answer.status == 400
        and request.parameters.get("client_id") not in _SECRETS
    ):
        return flow.ask(request.with_parameter("client_id", CLIENTS["confidential"][0]))
    return answer


def _unregistered(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    given = request.parameters.get("redirect_uri", "")
    if request.operation != "authorize" or answer.status != 400 or not urlsplit(given).scheme:
        return answer
    mended = flow.ask(request.with_parameter("redirect_uri", REDIRECT))
    location = mended.header("Location")
    return mended.with_header("Location", location.replace(REDIRECT, given)) if location else answer


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
    for client in _SECRETS:
        if client != request.fields.get("client_id"):
            mended = flow.ask(_as_client(request, client))
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
    """A refresh token alone is revoked; the access tokens of its grant go on."""
    if not _is_revoke(request):
        return flow.ask(request)
    if request.fields.get("token") in flow.refresh_tokens:
        return flow.truth.pretend(request)
    return flow.ask(request)


def _revoked_by_anybody(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    client = request.fields.get("client_id", "")
    if not _is_revoke(request) or answer.status != 401 or client not in _SECRETS:
        return answer
    return flow.ask(_as_client(request, client))


def _unknown_refused(flow: Flow, request: Request) -> Answer:
    known = {value for each in flow.brought.values() for value in (each["access_token"], each["refresh_token"])}
    answer = flow.ask(request)
    if _is_revoke(request) and answer.status == 200 and request.fields.get("token") not in known:
        return answered(400, {"error": "invalid_request", "error_description": "There is no such token"})
    return answer


# -------------------- Redirects


def _redirected(change: Callable[[dict[str, str]], dict[str, str]]) -> Tell:
    """Change the query of the URL that an authorization request is redirected to."""

    def tell(flow: Flow, request: Request) -> Answer:
        answer = flow.ask(request)
        location = answer.header("Location")
        if request.operation != "authorize" or location is None:
            return answer
        parts = urlsplit(location)
        query = change(dict(parse_qsl(parts.query, keep_blank_values=True)))
        return answer.with_header("Location", urlunsplit(parts._replace(query=urlencode(query))))

    return tell


def _without(*names: str) -> Tell:
    return _redirected(lambda query: {name: value for name, value in query.items() if name not in names})


def _unchecked(name: str, good: str | None) -> Tell:
    """Take any value of a parameter that is otherwise told through the redirect URI."""

    def tell(flow: Flow, request: Request) -> Answer:
        if request.operation == "authorize" and request.parameters.get(name, good) != good:
            return flow.ask(request.with_parameter(name, good))
        return flow.ask(request)

    return tell


def _error_in_json(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    query = dict(parse_qsl(urlsplit(answer.header("Location") or "").query))
    if request.operation != "authorize" or "error" not in query:
        return answer
    return answered(400, {"error": query["error"], "error_description": query.get("error_description", "")})


def _in_fragment(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    location = answer.header("Location")
    if request.operation != "authorize" or location is None:
        return answer
    return answer.with_header("Location", location.replace("?", "#", 1))


_LIES: tuple[tuple[str, str, Tell], ...] = (
    ("OAuth code", "takes any code_verifier", _any_verifier),
    ("OAuth code", "takes any code_verifier of an app without a secret", _any_verifier),
    ("OAuth code", "needs no code_verifier though there was a challenge", _no_verifier),
    ("OAuth code", "needs no code_verifier of an app without a secret", _no_verifier),
    ("OAuth code", "takes the challenge method plain", _plain),
    ("OAuth code", "needs no challenge of an app without a secret", _no_challenge),
    ("OAuth code", "takes a code_verifier though there was no challenge", _verifier_unasked),
    ("OAuth code", "takes a code twice", _code_again),
    ("OAuth code", "takes a code twice from an app without a secret", _code_again),
    ("OAuth code", "takes a code with another redirect_uri", _other_redirect),
    ("OAuth code", "takes the code of another app", _other_client),
    ("OAuth client", "takes any secret", _secret(bool)),
    ("OAuth client", "needs no secret", _secret(lambda secret: not secret)),
    ("OAuth client", "takes any client_id for an authorization", _any_client),
    ("OAuth client", "redirects to a URI that isn't registered", _unregistered),
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
    ("OAuth token", "tells times in milliseconds", _on_tokens(lambda _, body: body.update(created_at=body["created_at"] * 1000))),
    ("OAuth token", "grants another scope", _put(scope="admin")),
    ("OAuth token", "takes no JSON", _jsonless),
    ("OAuth token", "calls every error invalid_request", _errors(error="invalid_request")),
    ("OAuth token", "calls every error server_error", _errors(error="server_error")),
    ("OAuth revocation", "revokes nothing", _unrevoked),
    ("OAuth revocation", "revokes no refresh tokens", _half_revoked),
    ("OAuth revocation", "revokes without the app's secret", _revoked_by_anybody),
    ("OAuth revocation", "refuses to revoke a token that it doesn't know", _unknown_refused),
    ("OAuth redirect", "sends no state back", _without("state")),
    ("OAuth redirect", "sends another state back", _redirected(lambda query: {**query, "state": "other"})),
    ("OAuth redirect", "sends no code", _without("code")),
    ("OAuth redirect", "sends a code that isn't good", _redirected(lambda query: {**query, **({"code": "wrong"} if "code" in query else {})})),
    ("OAuth redirect", "puts the code into the fragment", _in_fragment),
    ("OAuth redirect", "takes any response_type", _unchecked("response_type", "code")),
    ("OAuth redirect", "takes any scope", _unchecked("scope", None)),
    ("OAuth redirect", "answers errors in JSON that belong to the redirect URI", _error_in_json),
    ("OAuth redirect", "names no error", _without("error")),
)  # fmt: skip
