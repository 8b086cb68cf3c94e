"""Requests for what the document doesn't have: operations, parameters, body fields and headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import httpx
from msgspec import Struct
from msgspec.structs import replace

from kit_api.encoding import key_text, query, to_json
from kit_api.types import UNSET, Operation, Unset

from .options import check_type
from .retry import SAFE_TO_REPEAT

# RFC 9110, section 9.1, and RFC 5789.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CREDENTIALS = ("authorization", "x-kit-api-key")
# What says where a request goes and where its body ends is for httpx to set.
FRAMING = ("host", "content-length", "transfer-encoding", "connection")

# RFC 9110, section 5.6.2.
HEADER_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"

Query = dict[str, str | list[str]]


class Extras(Struct, frozen=True):
    """What goes into each request beside, or in place of, what the call itself says."""

    query: Mapping[str, Any] = {}
    body: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}

    def merged_with(
        self, query: Mapping[str, Any] | Unset, body: Mapping[str, Any] | Unset, headers: Mapping[str, str] | Unset
    ) -> Extras:
        """Return these extras, overridden by others. Raises TypeError, ValueError for what can't be sent."""
        made = self
        if not isinstance(query, Unset):
            # None is kept: it takes a parameter away.
            removed = {key: None for key, value in _checked(query, "extra_query").items() if value is None}
            made = replace(made, query={**made.query, **removed, **query_values(query, "extra_query")})
        if not isinstance(body, Unset):
            made = replace(made, body={**made.body, **to_json(_checked(body, "extra_body"), "extra_body")})
        if not isinstance(headers, Unset):
            made = replace(made, headers={**made.headers, **header_values(headers, "extra_headers")})
        return made

    def merge(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of a request with the extras in it.

        Raises:
            TypeError: The body is no object, or it is a form and an extra field is no scalar.
        """
        merged = dict(request)
        if self.query:
            params = {**request.get("params", {}), **self.query}
            merged["params"] = {key: value for key, value in params.items() if value is not None}
        if self.headers:
            merged["headers"] = {**request.get("headers", {}), **self.headers}
        if self.body and "data" in request:
            merged["data"] = {**request["data"], **query(**self.body)}
        elif self.body:
            body = request.get("json", {})
            if not isinstance(body, dict):
                raise TypeError("extra_body: the request's body is no object that fields can be added to")
            merged["json"] = {**body, **self.body}
        return merged


def free_operation(method: str, path: str) -> Operation[Any]:
    """Return an operation that the document doesn't have.

    Raises:
        TypeError: An argument is no string.
        ValueError: The method isn't one of HTTP, or the path isn't one below the base URL.
    """
    check_type("method", method, str, "a string")
    check_type("path", path, str, "a string")
    method, path = to_json(method, "method").upper(), to_json(path, "path")
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    # Two slashes, or a backslash that some servers take for one, begin another host.
    if not path.startswith("/") or path.startswith("//") or "\\" in path:
        raise ValueError(f"path: expected a path with a leading slash, such as /v4/account, and no host; got {path!r}")
    if not path.isprintable() or " " in path or "#" in path:
        raise ValueError(f"path: expected neither spaces, control characters nor a fragment in it, got {path!r}")
    if {".", ".."} & set(re.sub("%2e", ".", path.partition("?")[0], flags=re.IGNORECASE).split("/")):
        raise ValueError(f"path: expected no . or .. in it, got {path!r}")
    # Any success is one, and carries any JSON or none.
    success = dict.fromkeys(range(200, 300), None if method == "HEAD" else Any)
    name = f"{method} {path.partition('?')[0]}"
    return Operation(name, method, path, success, method in SAFE_TO_REPEAT, ("apiKey", "oauth2"))


def free_request(
    path: str, params: Mapping[str, Any] | None, json: object, headers: Mapping[str, str] | None
) -> dict[str, Any]:
    """Return the arguments of a request of `free_operation`. Raises TypeError, ValueError for what can't be sent."""
    # In the path, a query would be replaced by `params`.
    try:
        url = httpx.URL(path)
    except httpx.InvalidURL as error:
        raise ValueError(f"path: expected a path below the base URL: {error}") from None
    request: dict[str, Any] = {"url": url.copy_with(query=None)}
    in_path: Query = {key: url.params.get_list(key) for key in url.params}
    if in_path or params is not None:
        request["params"] = {**in_path, **query_values(params or {}, "params")}
    if json is not None:
        request["json"] = to_json(json, "json")
    if headers is not None:
        request["headers"] = header_values(headers, "headers")
    return request


def query_values(given: Mapping[str, Any], where: str) -> Query:
    """Return query parameters as text; a list becomes a parameter that is repeated, and None is left out."""
    made: Query = {}
    for key, value in _checked(given, where).items():
        name = f"{where}.{key}"
        if isinstance(value, list | tuple):
            items = cast("Sequence[object]", value)
            made[key] = [text for item in items for text in query(**{name: item}).values()]
        elif value is not None:
            made[key] = query(**{name: value})[name]
    return made


def header_values(given: Mapping[str, str], where: str) -> dict[str, str]:
    """Return headers with names in small letters. Raises ValueError for credentials and for what HTTP can't carry."""
    made: dict[str, str] = {}
    for key, value in _checked(given, where).items():
        name = key.lower()
        if name in CREDENTIALS:
            raise ValueError(f"{where}: {key} carries credentials; give them to the client as api_key or access_token")
        if name in FRAMING:
            raise ValueError(f"{where}: {key} is set by httpx and can't be given")
        if not re.fullmatch(HEADER_NAME, key):
            raise ValueError(f"{where}: {key!r} can't be the name of a header")
        check_type(f"{where}.{key}", value, str, "a string")
        text = to_json(value, f"{where}.{key}")
        # Not shown: it may be a secret.
        if not text.isascii() or not text.replace("\t", " ").isprintable():
            raise ValueError(f"{where}.{key}: expected printable ASCII")
        made[name] = text
    return made


def _checked(given: Mapping[str, Any], where: str) -> dict[str, Any]:
    check_type(where, given, Mapping, "a dict")
    return {key_text(key, where): value for key, value in given.items() if value is not UNSET}
