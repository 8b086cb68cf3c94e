"""Requests and responses as the core sees them, independent of any server or client library."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

JSON = "application/json"


@attrs.frozen(repr=False)
class Request:
    """One request. It has no repr, as its headers and body can hold secrets.

    `path` is percent-decoded, `query` is the raw string after `?`, header names are in lower case.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""


@attrs.frozen
class Response:
    """One response: a status, headers and the whole body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@attrs.frozen
class Reply:
    """What a handler answers: a status, what becomes the body, and headers of its own.

    The payload becomes JSON; with another media type it is the text of the body. None is no body at all.
    """

    status: int
    payload: object = None
    headers: Mapping[str, str] = attrs.field(factory=dict)
    media_type: str = JSON
