"""Requests and responses as the core sees them, independent of any server or client library.

Every request makes one of each, so they are msgspec's structs, which take a sixth of the time of a frozen attrs class.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from msgspec import Struct

JSON = "application/json"


class Request(Struct, frozen=True):
    """One request. Its repr shows nothing of it, as its headers and body can hold secrets.

    `path` is percent-decoded, `query` is the raw string after `?`, header names are in lower case. For the control
    plane, `served_as` are the names that the server it came through listens as, in lower case; None in process.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    body: bytes = b""
    served_as: frozenset[str] | None = None

    __repr__ = object.__repr__

    def header(self, name: str) -> str:
        """Return the value of a header, named in lower case, without the blanks around it; empty if there is none."""
        return self.headers.get(name, "").strip(" \t")

    @property
    def media_type(self) -> str:
        """The media type of the body in lower case, without parameters; empty if there is none."""
        return _media_type(self.headers.get("content-type", ""))


@lru_cache(maxsize=64)  # Clients send the same few, and each request is asked for its own several times.
def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


class Response(Struct, frozen=True):
    """One response: a status, headers and the whole body, and how badly it is to be sent.

    `delay` is seconds to wait before it, `slow_body` seconds for its body to trickle. `broken` is whether the connection
    is reset instead of an answer, or closed in the middle of the body.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    delay: float = 0
    slow_body: float = 0
    broken: Literal["reset", "cut"] | None = None


class Reply(Struct, frozen=True):
    """What a handler answers: a status, what becomes the body, and headers of its own.

    The payload becomes JSON; with another media type it is the text of the body. Bytes are the body itself, and None is
    no body at all.
    """

    status: int
    payload: object = None
    headers: Mapping[str, str] = {}
    media_type: str = JSON
