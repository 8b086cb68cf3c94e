"""The requests of OAuth: their URLs and forms, and what the answers say. No I/O."""

from __future__ import annotations

import copy
import ipaddress
import logging
import re
from collections.abc import Iterable
from typing import Annotated, Any, TypeAlias
from urllib.parse import urlencode

import httpx
import msgspec
from msgspec import Meta, Struct

from kit_api.errors import printable
from kit_api.types import Operation
from kit_client.body import ACCEPT_ENCODING
from kit_client.clock import Clock
from kit_client.errors import ConfigurationError, KitError, OAuthError
from kit_client.messages import LONGEST_TEXT, MOST_MESSAGES, read_messages, what_came
from kit_client.network import NetworkTransport
from kit_client.retry import RetryPolicy
from kit_client.secret import Secret, scrub
from kit_client.settings import connection_problems
from kit_client.transport import RetryTransport

from .tokens import UNREADABLE, Tokens, decoder

logger = logging.getLogger("kit_client")

AUTHORIZE_URL = "https://app.convertkit.com/oauth/authorize"
TOKEN_URL = "https://api.convertkit.com/oauth/token"
REVOKE_URL = "https://api.kit.com/oauth/revoke"
"""The reference names no URL to revoke at; the service's metadata does."""

TIMEOUT = httpx.Timeout(20.0, connect=10.0)
DEADLINE = 45.0
"""Seconds for a token request, retries included. Locks are held for longer than that."""
MAX_RETRIES = 3

AUTHORIZE = "open authorization_url() in the owner's browser, and pass the URL that it leads back to on to exchange()"
AUTHORIZE_AGAIN = f"authorize again: {AUTHORIZE}"

# What a 401 says of a token that no longer works, where no header says it.
_DEAD = re.compile(r"access token\b.*\b(expired|invalid|revoked)\b", re.IGNORECASE)
_CODE = re.compile(r"[a-z_]{3,40}")
_ERROR = re.compile(r'\berror="?([A-Za-z_]+)')


Form: TypeAlias = dict[str, str | Secret | None]


class _TokenAnswer(Struct):
    access_token: Secret
    refresh_token: Secret | None = None
    # Whatever these are: the old tokens may be spent, and the new ones work without them.
    expires_in: Any = None
    scope: Any = None


_LIFETIME = Annotated[float, Meta(gt=0, lt=1e12)]
_decode_answer = decoder(_TokenAnswer).decode


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def checked_text(name: str, text: object) -> str:
    """Check a text that a form of a token request has (RFC 6749, appendix A). Raises ConfigurationError."""
    if not (isinstance(text, str) and text.isascii() and text.isprintable() and text.strip()):
        raise ConfigurationError(f"{name}: expected a non-empty string of printable ASCII")
    return text


def checked_url(name: str, url: object) -> httpx.URL:
    """Check a URL that secrets are sent to: https, or http on this machine. Raises ConfigurationError."""
    try:
        checked = httpx.URL(url) if isinstance(url, str) else None
    except (httpx.InvalidURL, ValueError):
        checked = None
    if checked is None or not checked.host or checked.userinfo or checked.fragment:
        raise ConfigurationError(f"{name}: expected an https URL without user and fragment")
    check_transport_security(name, checked)
    return checked


def check_transport_security(name: str, url: httpx.URL) -> None:
    """Raise ConfigurationError for a URL whose requests anybody on the way can read."""
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        raise ConfigurationError(f"{name}: expected an https URL; http is for this machine only, such as 127.0.0.1")


def authorization_url(url: httpx.URL, parameters: dict[str, str]) -> str:
    """Return the URL of the page that asks for consent: parameters are added to those that it has."""
    return str(url.copy_merge_params(parameters))


def token_request(
    name: str, url: httpx.URL, form: Form, clock: Clock, user_agent: str, *, retry_safe: bool
) -> httpx.Request:
    """Build a request, for the transport of a client, which retries it as it does others.

    Args:
        name: What errors and logs call it.
        url: Where it goes.
        form: Its fields; None is left out.
        clock: The time that the transport goes by.
        user_agent: The header of that name.
        retry_safe: Whether it does no harm to send it twice.
    """
    plain = {key: value.reveal() if isinstance(value, Secret) else value for key, value in form.items() if value}
    # Without a scheme of security: it carries no credentials of the API, and counts for no quota of it.
    operation = Operation[Any](name=name, method="POST", path=url.path, success={}, retry_safe=retry_safe, security=())
    return httpx.Request(
        "POST",
        url,
        content=urlencode(plain).encode(),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Accept-Encoding": ACCEPT_ENCODING,
            "User-Agent": user_agent,
        },
        extensions={
            "operation": operation,
            "started": clock.monotonic(),
            "deadline": DEADLINE,
            "timeout": TIMEOUT.as_dict(),
            "max_retries": MAX_RETRIES,
        },
    )


def read_tokens(name: str, response: httpx.Response, sent_at: float, old: Tokens | None) -> Tokens:
    """Read a new pair of tokens out of an answer. Raises OAuthError if there is none in it.

    Args:
        name: What was asked for.
        response: A success.
        sent_at: When the request was sent. The lifetime is counted from then, by the clock of this machine:
            `created_at` is by that of the service, and one of the two may be wrong.
        old: The pair before. Its refresh token stays if the answer has none.
    """
    try:
        answer = _decode_answer(response.content)
    except UNREADABLE as error:
        problem = f"{type(error).__name__} {printable(str(error), 200)}"
        raise OAuthError(f"{name}: the answer has no usable tokens: {problem}") from None
    expires_in = _lenient(name, "expires_in", answer.expires_in, _LIFETIME)
    return Tokens(
        access_token=answer.access_token,
        refresh_token=answer.refresh_token or (old.refresh_token if old else None),
        expires_at=None if expires_in is None else sent_at + expires_in,
        expires_in=expires_in,
        scope=_lenient(name, "scope", answer.scope, str),
    )


def _lenient(name: str, field: str, value: object, kind: Any) -> Any:
    """Return a field of an answer, or None if it isn't of the kind that it should be."""
    try:
        return None if value is None else msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        logger.warning("%s: the answer's %s can't be used and is ignored: %s", name, field, printable(str(error)))
        return None


def refusal(name: str, response: httpx.Response, secrets: Iterable[Secret]) -> OAuthError:
    """Return the error for an answer that is no success (RFC 6749, section 5.2)."""
    messages = read_messages(response.content)
    text = printable(scrub(": ".join(messages) or what_came(response), secrets), 300)
    error = messages[0] if messages and _CODE.fullmatch(messages[0]) else None
    return oauth_error(name, text, error, response.status_code)


def oauth_error(name: str, said: str, error: str | None, status_code: int | None = None) -> OAuthError:
    """Return an error that says what to do about one that the service named."""
    advice = _ADVICE.get(error or "", "")
    status = f"{status_code} " if status_code else ""
    made = OAuthError(f"{name}: {status}{said}" + (f"; {advice}" if advice else ""))
    made.error, made.status_code = error, status_code
    return made


_ADVICE = {
    "invalid_grant": f"the code or the refresh token is no longer good: {AUTHORIZE_AGAIN}",
    "invalid_client": "check client_id and client_secret",
    "unauthorized_client": "check what the app may do in the developer settings of Kit",
    "access_denied": f"the owner of the account said no; to ask once more, {AUTHORIZE_AGAIN}",
    "invalid_request": "check redirect_uri and client_id",
}


def says_dead(response: httpx.Response) -> bool:
    """Tell whether a 401 says that the access token no longer works, rather than that it isn't enough."""
    challenge = _ERROR.search(response.headers.get("WWW-Authenticate", ""))
    if challenge:
        return challenge[1] == "invalid_token"
    return any(_DEAD.search(message[:LONGEST_TEXT]) for message in read_messages(response.content)[:MOST_MESSAGES])


def unanswered(error: KitError) -> KitError:
    """Add to the error of a request that got no answer what is to be done."""
    made = copy.copy(error)
    made.args = (f"{error}; the stored tokens are as they were, call again",)
    return made


def checked_redirect_uri(uri: object) -> str:
    """Check a redirect URI: https, a scheme of an app's own, or http on this machine. Raises ConfigurationError."""
    try:
        url = httpx.URL(uri) if isinstance(uri, str) else None
    except (httpx.InvalidURL, ValueError):
        url = None
    # The slash tells a scheme from a host whose port follows, and from scripts (RFC 8252, section 7.1).
    if url is None or not isinstance(uri, str) or not re.match("[A-Za-z][A-Za-z0-9+.-]*:/", uri) or url.fragment:
        raise ConfigurationError(
            "redirect_uri: expected a URL without a fragment, such as https://app.example.com/callback or, for an app on"
            " this machine, http://127.0.0.1:8000/callback or com.example.app:/callback"
        )
    if url.scheme in ("http", "https"):
        checked_url("redirect_uri", uri)
    return uri


def send_alone(transport: httpx.BaseTransport | None, clock: Clock, request: httpx.Request) -> httpx.Response:
    """Send a token request that is no client's: by this transport, or by a connection of its own."""
    if transport is not None:
        return RetryTransport(transport, RetryPolicy(), clock, None).handle_request(request)
    with connection_problems(), RetryTransport(NetworkTransport(), RetryPolicy(), clock, None) as own:
        return own.handle_request(request)
