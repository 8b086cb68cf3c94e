"""Reads the ids, queries and bodies of requests to the control plane."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from kit_mock.control.routes import Match
from kit_mock.protocol.bodies import media_type, parse_json
from kit_mock.protocol.errors import Refusal, unprocessable
from kit_mock.protocol.messages import JSON, Request
from kit_mock.protocol.validation import as_id


def id_of(match: Match) -> int:
    """Return the id in a path. Raises Refusal 404 for what can't be one."""
    return as_id(match["id"])


def filters(request: Request, names: tuple[str, ...]) -> dict[str, str]:
    """Return the query. Raises Refusal 422 for a parameter that the route doesn't have."""
    given = dict(parse_qsl(request.query, keep_blank_values=True))
    _check_names(given, names)
    return given


def number(given: Mapping[str, str], name: str) -> int | None:
    """Return a number from the query, or None if it isn't given. Raises Refusal 422 for what isn't a number."""
    text = given.get(name)
    if text is None:
        return None
    if not text.isdecimal() or not text.isascii() or len(text) > 9:
        raise unprocessable(f"{name}: must be a number")
    return int(text)


def body(request: Request, names: tuple[str, ...] | None) -> dict[str, Any]:
    """Return the JSON object in the body, or {} without a body.

    Raises Refusal, such as 422 for a field that isn't among the names.
    """
    if not request.body:
        return {}
    if media_type(request) != JSON:
        raise Refusal(415, (f"Unsupported Media Type: the body must be {JSON}",))
    given = parse_json(request.body)
    if not isinstance(given, dict):
        raise unprocessable("The request body must be an object")
    if names is not None:
        _check_names(given, names)
    return given


def _check_names(given: Mapping[str, object], names: tuple[str, ...]) -> None:
    known = f"; there are {', '.join(names)}" if names else ""
    unknown = [f"{name}: unknown{known}" for name in sorted(given.keys() - names)]
    if unknown:
        raise unprocessable(*unknown)
