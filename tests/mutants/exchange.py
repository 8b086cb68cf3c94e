"""A request and its answer, as lies read and change them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import attrs

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
API_KEY = "x-kit-api-key"

Query = tuple[tuple[str, str], ...]
Ask = Callable[["Request"], "Answer"]


@attrs.frozen(slots=False)
class Request:
    """A request, with the operation that it is for.

    Args:
        operation: the operation's id; empty for a path or a method that the document doesn't have.
        in_path: the path's parameters, as text.
        headers: names are in lower case.
    """

    method: str
    path: str
    query: Query = ()
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)
    operation: str = ""
    in_path: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def is_form(self) -> bool:
        """Whether the body is a form."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() == FORM

    @cached_property
    def fields(self) -> dict[str, Any]:
        """The fields of the body, whether it is JSON or a form; none if it is neither."""
        if self.is_form:
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            found = json.loads(self.body)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def with_fields(self, fields: Mapping[str, Any]) -> Request:
        """Return the request with another body of the same media type."""
        body = urlencode(fields) if self.is_form else json.dumps(fields)
        return attrs.evolve(self, body=body.encode())

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters of the query."""
        return dict(self.query)

    def with_parameter(self, name: str, value: str | None) -> Request:
        """Return the request with a parameter of the query set, or without it for None."""
        kept = tuple((known, text) for known, text in self.query if known != name)
        return attrs.evolve(self, query=kept if value is None else (*kept, (name, value)))

    def without(self, *names: str) -> Request:
        """Return the request without some parameters of the query."""
        return attrs.evolve(self, query=tuple(pair for pair in self.query if pair[0] not in names))

    def with_headers(self, **headers: str | None) -> Request:
        """Return the request with headers set (`_` stands for `-`), or without them for None."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        merged = {**self.headers, **changed}
        return attrs.evolve(self, headers={name: value for name, value in merged.items() if value is not None})

    def to(self, path: str, **in_path: object) -> Request:
        """Return the request with a path filled in: with these values, and with those that it has for all others."""
        texts = {**self.in_path, **{name: str(value) for name, value in in_path.items()}}
        for name, text in texts.items():
            path = path.replace(f"{{{name}}}", quote(text, safe=""))
        return attrs.evolve(self, path=path, in_path=texts)


@attrs.frozen(slots=False)
class Answer:
    """An answer. Header names are as they are sent."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = attrs.field(default=b"", repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @cached_property
    def json(self) -> Any:
        """The body, decoded anew, so that it can be changed; None if it isn't JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def copy(self) -> Any:
        """Return the decoded body as a value of one's own to change."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """Return the value of a header, or None if it isn't there."""
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def with_json(self, value: Any) -> Answer:
        """Return the answer with another body."""
        return attrs.evolve(self, body=json.dumps(value).encode())

    def with_header(self, name: str, value: str | None) -> Answer:
        """Return the answer with a header set, or without it for None."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return attrs.evolve(self, headers=kept if value is None else (*kept, (name, value)))


def answered(status: int, value: Any = None) -> Answer:
    """Return an answer in JSON, or one without a body for None."""
    headers = (("X-Request-Id", "0"),)
    if value is None:
        return Answer(status, headers)
    return Answer(status, (("Content-Type", f"{JSON}; charset=utf-8"), *headers), json.dumps(value).encode())


def refused(status: int, *errors: str) -> Answer:
    """Return an error in Kit's shape."""
    return answered(status, {"errors": list(errors)})
