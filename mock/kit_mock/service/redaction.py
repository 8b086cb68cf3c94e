"""Takes secrets out of bodies before they are kept.

Bodies of OAuth hold little else, so that there only what is known to be harmless is kept, and nothing of a body that
can't be read. Elsewhere a body is treated the same if it names what only OAuth has, or an older API's secret: someone
has sent it to the wrong place.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

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
# `grant_type` is none, but what comes along with it is.
_SECRETS = re.compile(
    rb"client_secret|code_verifier|refresh_token|access_token|api_secret|api_key|grant_type"
    rb"|\\u00(?:[46][1-9a-f]|[57][0-9a]|5f)"  # A letter, or the `_`, that is written so as to hide it.
)
# In the consent page its ticket, in the page of a redirect the query with the code.
_IN_PAGES = re.compile(rb'(name="ticket"\s+value="|href="[^"?]*\?)[^"]*')


def is_oauth(path: str) -> bool:
    """Whether a path is one of OAuth's, or was meant to be."""
    return "oauth" in path.lower()


def names_secrets(body: bytes) -> bool:
    """Whether a body has the name of something secret in it, in whatever case, plain or percent-encoded."""
    return _SECRETS.search(unquote_to_bytes(body).lower()) is not None


def masked_request(media_type: str, body: bytes) -> bytes:
    """The body with everything masked that isn't known to be harmless."""
    match media_type:
        case "application/json":
            return _json(body) if body else body
        case "application/x-www-form-urlencoded":
            return _form(body)
    return NOT_KEPT if body else body


def masked_response(media_type: str, body: bytes) -> bytes:
    """The same for an answer, which can be a page of the mock's own."""
    if media_type == "text/html":
        return _IN_PAGES.sub(rb"\1" + MASK.encode(), body)
    return masked_request(media_type, body)


def _json(body: bytes) -> bytes:
    try:
        return msgspec.json.encode(_value(msgspec.json.decode(body)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return NOT_KEPT


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: each if name in _HARMLESS and _is_plain(each) else MASK for name, each in value.items()}
    return MASK


def _is_plain(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]  # `errors` is a list.
    return all(isinstance(each, str | int | None) for each in values)


def _form(body: bytes) -> bytes:
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    if not all(name.isidentifier() for name, _ in pairs):
        return NOT_KEPT
    return urlencode([(name, each if name in _HARMLESS else MASK) for name, each in pairs], safe="*").encode()
