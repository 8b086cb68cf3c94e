"""Exchanges with a server, held against the document by openapi-core.

The mock and the contract suite both check with jsonschema-rs, and schemathesis uses it too. openapi-core finds the
operation, takes parameters and bodies apart, and checks schemas with the Python package jsonschema, so that a mistake of
one implementation does not hide a difference.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

HOST = "http://kit.test"
_UNKNOWN = ("PathNotFound", "OperationNotFound")
_LONGEST = 600


@attrs.frozen(repr=False)
class Exchange:
    """A request and its answer. It has no repr, as its headers and bodies can hold secrets.

    `path` is percent-decoded, `query` is the raw text after `?`.
    """

    method: str
    path: str
    query: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    status: int
    response_headers: tuple[tuple[str, str], ...]
    response_body: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status}"


class _Request:
    """A request as openapi-core asks for it."""

    def __init__(self, exchange: Exchange) -> None:
        headers = Headers(list(exchange.request_headers))
        pairs = parse_qsl(exchange.query, keep_blank_values=True)
        self.parameters = RequestParameters(query=ImmutableMultiDict(pairs), header=headers)
        self.host_url = HOST
        self.path = exchange.path
        self.method = exchange.method.lower()
        self.content_type = headers.get("Content-Type", "").lower()
        self.body = exchange.request_body or None


class _Response:
    """An answer as openapi-core asks for it."""

    def __init__(self, exchange: Exchange) -> None:
        self.status_code = exchange.status
        self.headers = Headers(list(exchange.response_headers))
        self.content_type = self.headers.get("Content-Type", "").lower()
        # openapi-core takes None, and not an empty body, for a body that is missing.
        self.data = exchange.response_body or None


class SecondValidator:
    """Finds what an exchange has against a document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        made = copy.deepcopy(dict(document))
        made["servers"] = [{"url": HOST}]
        for item in made["paths"].values():
            for part in (item, *(each for each in item.values() if isinstance(each, dict))):
                part.pop("servers", None)
        # openapi-core has no check for `oauth2`; the token is sent as HTTP says of bearer tokens.
        for scheme in made["components"]["securitySchemes"].values():
            if scheme["type"] == "oauth2":
                scheme.clear()
                scheme.update(type="http", scheme="bearer")
        # The document itself is checked by a test, as that takes longer than all else here.
        self._openapi = OpenAPI.from_dict(made, config=Config(spec_validator_cls=None))

    def request_problems(self, exchange: Exchange) -> list[str]:
        """Return what the document does not allow of the request."""
        return _told(self._openapi.iter_request_errors(_Request(exchange)))

    def answer_problems(self, exchange: Exchange) -> list[str]:
        """Return what the document does not allow of the answer."""
        problems = _told(self._openapi.iter_response_errors(_Request(exchange), _Response(exchange)))
        if exchange.status == 204 and exchange.response_body:
            problems.append("a body came with 204")
        return problems


def is_unknown(problems: list[str]) -> bool:
    """Whether the problems say that the document does not have the path or the method."""
    return any(problem.startswith(_UNKNOWN) for problem in problems)


def _told(errors: Iterable[Exception]) -> list[str]:
    return [_text(error) for error in errors]


def _text(error: Exception) -> str:
    """Tell an error by what caused it: the place and the expectation, and not the whole value."""
    details = getattr(error.__cause__, "schema_errors", None)
    if details:
        where = f"{type(error).__name__} {getattr(error, 'name', '')}".rstrip()
        return "; ".join(f"{where} at {each.json_path}: {each.message[:_LONGEST]}" for each in details)
    cause = f": {error.__cause__}" if isinstance(error.__cause__, OpenAPIError) else ""
    return f"{type(error).__name__}: {error}{cause}"[:_LONGEST]
