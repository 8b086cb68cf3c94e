"""Lies about authorization requests and codes: proofs of an app, and redirects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tests.contract.document import Document
from tests.mutants.exchange import Answer, Request, answered
from tests.mutants.lie import Lie
from tests.mutants.oauth_flow import CLIENTS, REDIRECT, SECRETS, Flow, Tell, as_client, challenge, made

KINDS = ("OAuth code", "OAuth client", "OAuth redirect")

_VERIFIER = "layer-" * 9


def lies(document: Document) -> Iterator[Lie]:
    """Yield the lies about codes, apps and redirects."""
    yield from made(_LIES)


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
    return flow.ask(as_client(request, asked["client_id"]))


# -------------------- Clients


def _secret(is_lie: Callable[[str | None], bool]) -> Tell:
    def tell(flow: Flow, request: Request) -> Answer:
        answer = flow.ask(request)
        client = request.fields.get("client_id", "")
        if request.operation != "create_token" or answer.status != 401 or not SECRETS.get(client):
            return answer
        return flow.ask(as_client(request, client)) if is_lie(request.fields.get("client_secret")) else answer

    return tell


def _any_client(flow: Flow, request: Request) -> Answer:
    answer = flow.ask(request)
    if request.operation == "authorize" and answer.status == 400 and request.parameters.get("client_id") not in SECRETS:
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
    """Accept any value of a parameter whose errors go to the redirect URI."""

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
    ("OAuth redirect", "sends no state back", _without("state")),
    ("OAuth redirect", "sends another state back", _redirected(lambda query: {**query, "state": "other"})),
    ("OAuth redirect", "sends no code", _without("code")),
    (
        "OAuth redirect",
        "sends a code that isn't good",
        _redirected(lambda query: {**query, **({"code": "wrong"} if "code" in query else {})}),
    ),
    ("OAuth redirect", "puts the code into the fragment", _in_fragment),
    ("OAuth redirect", "takes any response_type", _unchecked("response_type", "code")),
    ("OAuth redirect", "takes any scope", _unchecked("scope", None)),
    ("OAuth redirect", "answers errors in JSON that belong to the redirect URI", _error_in_json),
    ("OAuth redirect", "names no error", _without("error")),
)
