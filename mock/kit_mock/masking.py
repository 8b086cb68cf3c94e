"""Takes secrets out of bodies before they are kept.

Bodies of OAuth hold little else, so that there only what is known to be harmless is kept, and nothing of a body that
can't be read. Elsewhere a body is treated the same if it names what only OAuth has, or an older API's secret: someone
has sent it to the wrong place.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

MASK = "***"
NOT_KEPT = b"(not kept: it may hold secrets)"

_HARMLESS = frozenset(
    {
        "account_id",
        "client_id",
        "code_challenge_method",
        "created_at",
        "decision",
        "error",
        "error_description",
        "errors",
        "expires_in",
        "grant_type",
        "redirect_uri",
        "response_type",
        "scope",
        "token_type",
        "token_type_hint",
    }
)
_SECRETS = (b"client_secret", b"code_verifier", b"refresh_token", b"access_token", b"api_secret", b"api_key")
# In the consent page its ticket, in the page of a redirect the query with the code.
_IN_PAGES = re.compile(rb'(name="ticket"\s+value="|href="[^"?]*\?)[^"]*')


def is_oauth(path: str) -> bool:
    """Whether a path is one of OAuth's, or was meant to be."""
    return "oauth" in path.lower()


def names_secrets(body: bytes) -> bool:
    """Whether a body has the name of something secret in it."""
    return any(name in body for name in _SECRETS)


def masked(media_type: str, body: bytes) -> bytes:
    """The body with everything masked that isn't known to be harmless."""
    if not body:
        return body
    match media_type:
        case "application/json":
            return _json(body)
        case "application/x-www-form-urlencoded":
            return _form(body)
        case "text/html":
            return _IN_PAGES.sub(rb"\1" + MASK.encode(), body)
    return NOT_KEPT


def _json(body: bytes) -> bytes:
    try:
        return msgspec.json.encode(_value(msgspec.json.decode(body)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return NOT_KEPT


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: each if name in _HARMLESS else MASK for name, each in value.items()}
    return MASK


def _form(body: bytes) -> bytes:
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    if not all(name.isidentifier() for name, _ in pairs):
        return NOT_KEPT
    return urlencode([(name, each if name in _HARMLESS else MASK) for name, each in pairs], safe="*").encode()
