"""CORS: lets web pages of other origins call the mock from a browser.

It covers the API and the OAuth routes for tokens. It doesn't cover the consent page, and never the control plane: a page that
may call the API must not be able to reset the mock or to read its requests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kit_mock.protocol.messages import Request, Response

ANY = "*"

_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@*]+", re.ASCII)
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_PATHS = re.compile(r"(/v4)?/oauth/(token|revoke)/?|(?!/v4/oauth/)/v4/.*", re.DOTALL)
_NAMES = re.compile(r"[\w!#$%&'*+.^`|~, -]{0,1000}", re.ASCII)
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
_READABLE = "X-Request-Id, Retry-After, WWW-Authenticate, Allow"
_PREFLIGHT_SECONDS = 600

Headers = tuple[tuple[str, str], ...]


def origin(text: str) -> str:
    """Return an origin as browsers send it, or `*`. Raises ValueError for what isn't one, such as a URL with a path."""
    found = text.strip().lower()
    found = found.removesuffix(_DEFAULT_PORTS.get(found.partition(":")[0], ""))
    if found != ANY and not _ORIGIN.fullmatch(found):
        raise ValueError(f"{text!r} is neither an origin, such as https://app.example.com, nor *")
    return found


class Cors:
    """The responses and headers for pages of these origins. Raises ValueError for an invalid origin."""

    def __init__(self, origins: Iterable[str]) -> None:
        self._origins = frozenset(map(origin, origins))

    def __bool__(self) -> bool:
        return bool(self._origins)

    def preflight(self, request: Request) -> Response | None:
        """Return the response to a preflight request of an allowed page; None for any other request."""
        asked = "access-control-request-method" in request.headers
        if request.method != "OPTIONS" or not asked or not self._allows(request):
            return None
        names = request.header("access-control-request-headers")
        more = {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": names if _NAMES.fullmatch(names) else "",
            "Access-Control-Max-Age": str(_PREFLIGHT_SECONDS),
        }
        return Response(204, (*self._common(request), *((name, text) for name, text in more.items() if text)), b"")

    def headers(self, request: Request) -> Headers:
        """Return the headers that let a page read the response."""
        if not self._origins or not _PATHS.fullmatch(request.path):
            return ()
        if not self._allows(request):
            return (("Vary", "Origin"),)  # A cache must not give this answer to a page that is allowed.
        return (*self._common(request), ("Access-Control-Expose-Headers", _READABLE))

    def _allows(self, request: Request) -> bool:
        given = request.header("origin")
        allowed = ANY in self._origins or given.lower() in self._origins
        return bool(given) and allowed and _PATHS.fullmatch(request.path) is not None

    def _common(self, request: Request) -> Headers:
        if ANY in self._origins:
            return (("Access-Control-Allow-Origin", ANY),)
        return (("Access-Control-Allow-Origin", request.header("origin")), ("Vary", "Origin"))
