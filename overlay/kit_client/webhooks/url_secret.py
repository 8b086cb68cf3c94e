"""A secret in the URL of a webhook: deliveries have no signature, so it alone tells that the service sent them."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote_to_bytes, urlsplit, urlunsplit

import httpx

from kit_api.errors import forgets_arguments

PARAMETER = "secret"
"""The query parameter that has the secret."""
SHORTEST = 16
"""The fewest characters of a secret: what is shorter can be guessed."""
PORTS = {"http": 80, "https": 443}


def new_secret() -> str:
    """Return a random secret for `with_secret`: 256 bits as 43 characters, none of which a URL has to escape."""
    import secrets

    return secrets.token_urlsafe(32)


@forgets_arguments
def with_secret(url: str, secret: str) -> str:
    """Return a URL with a secret as its query parameter `secret`, which replaces an earlier one.

    Args:
        url: The absolute http or https URL that deliveries are sent to.
        secret: The secret: at least 16 characters, such as from `new_secret`.

    Raises:
        ValueError, TypeError: The URL or the secret can't be used. The message shows neither.
    """
    check_url("url", url)
    parts = urlsplit(_without_secret(url))
    query = f"{PARAMETER}={quote(_checked(secret), safe='')}"
    return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))


@forgets_arguments
def is_authentic(url_or_query: str | bytes, secret: str | Iterable[str]) -> bool:
    """Tell whether the URL of a request has the secret that `with_secret` put there. It compares in constant time.

    Args:
        url_or_query: The URL of the request, or only its query, before decoding.
        secret: The expected secret, or several of which one must match, such as while the secret is being changed.

    Returns:
        True if the URL has exactly one secret and it matches, otherwise False.

    Raises:
        ValueError, TypeError: An expected secret isn't text of at least 16 characters, such as None from an environment
            variable that isn't set.
    """
    expected = [
        _checked(each)
        for each in (secret if isinstance(secret, Iterable) and not isinstance(secret, str | bytes) else [secret])
    ]
    if not expected:
        raise ValueError("secret: expected at least one, got none")
    if not isinstance(url_or_query, str | bytes):
        raise TypeError(f"url_or_query: expected a str or bytes, got a {type(url_or_query).__name__}")
    text = url_or_query if isinstance(url_or_query, bytes) else url_or_query.encode(errors="replace")
    before, mark, after = text.partition(b"#")[0].partition(b"?")
    given = _secrets_in(after if mark else before)
    # Each is compared, so that the time doesn't tell which one it is.
    matches = [hmac.compare_digest(value, each) for value in given for each in expected]
    return len(given) == 1 and any(matches)


def check_url(name: str, url: object) -> None:
    """Raise TypeError unless a URL is text, ValueError unless it is absolute, with http or https and a host."""
    if not isinstance(url, str):
        raise TypeError(f"{name}: expected a URL as text, got a {type(url).__name__}")
    if place(url) is None:
        raise ValueError(f"{name}: expected an absolute URL with http or https, such as https://app.example.com/kit")


def place(url: object) -> tuple[str, ...] | None:
    """Return what two URLs of the same place have in common, whatever their secret; None if it can't be asked for.

    The case of the host, the port of the scheme, a missing path, a fragment, and whether letters beyond ASCII are
    escaped make no difference.
    """
    if not isinstance(url, str) or re.search(r"[\s\x00-\x1f\x7f]", url):
        return None
    try:
        parsed = httpx.URL(_without_secret(url))
        scheme, port = parsed.scheme.lower(), parsed.port
    except (httpx.InvalidURL, ValueError):
        return None
    if scheme not in PORTS or not parsed.raw_host:
        return None
    host = parsed.raw_host.decode("ascii").lower()
    return scheme, parsed.userinfo.decode(), host, str(port or PORTS[scheme]), parsed.raw_path.decode("ascii")


def secrets_of(url: str) -> list[bytes]:
    """Return the secrets in a URL: one, or none."""
    return _secrets_in(urlsplit(url).query.encode())


def _secrets_in(query: bytes) -> list[bytes]:
    pairs = (part.partition(b"=") for part in query.split(b"&"))
    return [_unescaped(value) for name, _, value in pairs if _is_secret(name)]


def _is_secret(name: bytes) -> bool:
    return _unescaped(name) == PARAMETER.encode()


def _unescaped(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _without_secret(url: str) -> str:
    parts = urlsplit(url)
    kept = [part for part in parts.query.split("&") if not _is_secret(part.partition("=")[0].encode())]
    return urlunsplit(parts._replace(query="&".join(kept)))


def _checked(secret: object) -> bytes:
    """Return a secret as bytes. Raise TypeError or ValueError if it is none that protects anything."""
    if not isinstance(secret, str):
        raise TypeError(f"secret: expected a str, got a {type(secret).__name__}")
    if len(secret) < SHORTEST or secret != secret.strip():
        raise ValueError(
            f"secret: expected {SHORTEST} characters or more, without blanks around them, such as new_secret() returns"
        )
    try:
        return secret.encode()
    except UnicodeEncodeError:
        pass
    raise ValueError("secret: expected text without half surrogates")
