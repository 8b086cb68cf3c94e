"""Masks the secrets in requests and answers before they are logged.

OAuth bodies and queries consist mostly of secrets, so only fields that are known to be harmless are kept, and a body that
can't be read is dropped. A body for another path is treated the same if it has the name of an OAuth secret or of an older
API's secret, since it may have been sent to the wrong path. Headers and other parameters are masked by their names, and in
all of them the passwords of URLs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, unquote_to_bytes, urlencode

import msgspec

from kit_mock.protocol.url_passwords import MASK, masked

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
# `grant_type` is no secret, but a body with it has secrets.
_SECRETS = re.compile(
    rb"client_secret|code_verifier|refresh_token|access_token|api_secret|api_key|grant_type"
    rb"|\\u00(?:[46][1-9a-f]|[57][0-9a]|5f)"  # A letter or `_` as a JSON escape, which can hide a name.
)
_SECRET_NAMES = re.compile(
    r"auth|key|token|secret|cookie|passw|passphrase|pwd|\bpass\b|session|signature|credential|ticket|code_verifier"
)
_SCHEMES = {"bearer", "token"}
_HINTED = 12
"""The length from which the last four characters of a secret are shown."""
# The ticket in the consent page, and the query with the code in the page of a redirect.
_IN_PAGES = re.compile(rb'(name="ticket"\s+value="|href="[^"?]*\?)[^"]*')


def is_oauth(path: str) -> bool:
    """Return whether a path is of OAuth, or looks as if it was meant to be."""
    return "oauth" in path.lower()


def names_secrets(body: bytes) -> bool:
    """Return whether a body contains the name of a secret, in any case, plain or percent-encoded."""
    return _SECRETS.search(unquote_to_bytes(body).lower()) is not None


def masked_request(media_type: str, body: bytes) -> bytes:
    """Return the body of an OAuth request with everything masked that isn't known to be harmless."""
    match media_type:
        case "application/json":
            return _json(body) if body else body
        case "application/x-www-form-urlencoded":
            return _form(body)
    return NOT_KEPT if body else body


def masked_response(media_type: str, body: bytes) -> bytes:
    """Return the body of an OAuth answer with its secrets masked. It can be one of the mock's HTML pages."""
    if media_type == "text/html":
        return _IN_PAGES.sub(rb"\1" + MASK.encode(), body)
    return masked_request(media_type, body)


def hint(secret: str) -> str:
    """Return a mask that tells long secrets apart by their last four characters."""
    return f"{MASK}{secret[-4:]}" if len(secret) >= _HINTED else MASK


def masked_headers(headers: Mapping[str, str], api_key_header: str, most: int) -> Mapping[str, str]:
    """Return headers, named in lower case, with secret values masked, and cut to `most` characters in all.

    An API key and a bearer token become a `hint`. A `Referer` loses its query.
    """
    values = "\n".join(headers.values())
    is_cut = len(values) > most
    found = _first(headers, most) if is_cut else dict(headers)
    if is_cut or masked(values) is not values:  # In most requests there is nothing to mask, and one look tells.
        found = {name: masked(value, is_cut=len(value) < len(headers[name])) for name, value in found.items()}
    for name in _to_mask(tuple(found), api_key_header):
        value = found[name].strip(" \t")
        if name == api_key_header:
            found[name] = hint(value)
        elif name == "authorization":
            scheme, _, token = value.partition(" ")
            found[name] = f"{scheme} {hint(token.strip())}" if scheme.lower() in _SCHEMES else MASK
        elif name == "referer":
            found[name] = re.sub(r"[?#].*", f"?{MASK}", value, flags=re.DOTALL)
        else:
            found[name] = MASK
    return found


def _first(headers: Mapping[str, str], most: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers.items():
        if most <= 0:
            break
        found[name] = value[:most]
        most -= len(name) + len(value)
    return found


@lru_cache(maxsize=256)  # Requests of a client have the same headers, and there are few clients.
def _to_mask(names: tuple[str, ...], api_key_header: str) -> tuple[str, ...]:
    return tuple(
        name for name in names if name in (api_key_header, "referer") or _SECRET_NAMES.search(name.lower()) is not None
    )


def masked_query(query: str, *, is_oauth: bool, is_cut: bool = False) -> str:
    """Return the raw query with secret values masked; for OAuth, all values that aren't known to be harmless."""
    # Few queries have such a name, and one look at all names and values tells.
    if query and (is_oauth or _SECRET_NAMES.search(unquote_plus(query).lower()) is not None):
        query = "&".join(_masked_pair(pair, is_oauth=is_oauth) for pair in query.split("&"))
    return masked(query, is_cut=is_cut)


def masked_parameters(parameters: Mapping[str, Any], *, is_oauth: bool) -> Mapping[str, Any]:
    """Return the parameters of a query, as they were read, with the same values masked as by `masked_query`."""
    return {name: MASK if _is_secret(name, is_oauth) else _masked_value(each) for name, each in parameters.items()}


def _masked_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked_value(each) for each in value]
    return masked(value) if isinstance(value, str) else value


def _masked_pair(pair: str, *, is_oauth: bool) -> str:
    name, equals, _ = pair.partition("=")
    if not _is_secret(unquote_plus(name).lower(), is_oauth):
        return pair
    # For OAuth, a text without a name could be the secret itself.
    return f"{name}={MASK}" if equals else MASK if is_oauth else pair


def _is_secret(name: str, is_oauth: bool) -> bool:
    return name not in _HARMLESS if is_oauth else _SECRET_NAMES.search(name) is not None


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
