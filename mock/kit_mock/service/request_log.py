"""The log of the last requests, for tests. Secrets in paths, headers, queries and bodies are masked before they are stored."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
import msgspec

from kit_mock.service import redaction
from kit_mock.service.authentication import Caller

KEPT_BYTES = 16 * 1024
"""The part of a body, of the query and of the headers that is kept."""


@attrs.frozen(kw_only=True, slots=False)  # A frozen class without slots is created in half the time.
class RecordedRequest:
    """One request that the mock has answered. Secrets are masked in its path, query, headers and bodies."""

    method: str
    path: str
    status: int
    """The HTTP status of the response; 0 if a fault broke the connection before there was one."""
    operation_id: str | None
    """The operation's id, such as `create_tag`; None if the path or the method is unknown."""
    query: Mapping[str, Any]
    """The documented query parameters; empty if the request was refused before they were read."""
    request_id: str
    """The header `X-Request-Id` of the response."""
    at: datetime
    """The time of the request by the mock's clock, in UTC."""
    request_media_type: str | None
    """The media type of the request's body; None without one."""
    fault: str | None
    """The fault that was injected, such as `status 503`; None without one."""
    query_string: str = attrs.field(repr=False)
    """The query as it was sent, with secrets masked."""
    headers: Mapping[str, str] = attrs.field(repr=False)
    """All headers of the request, by their names in lower case."""
    duration: float = attrs.field(repr=False)
    """Seconds of real time that the mock took to make the response, without the delay of a fault."""
    _caller: Caller | None = attrs.field(repr=False)
    _api_key_header: str = attrs.field(repr=False)
    _request_body: bytes = attrs.field(repr=False)
    _response_body: bytes = attrs.field(repr=False)

    # Bodies become text only on access, as most records are never read.

    @property
    def credential(self) -> str | None:
        """The credential of the request, such as `API key 1, ***_key`: its name in `KitMock.quota`, and its last characters.

        Short credentials are masked completely. None if the request had no credential.
        """
        kind, shown = "access token", self.headers.get("authorization")
        if shown is None:
            kind, shown = "API key", self.headers.get(self._api_key_header)
        if not shown:
            return None
        name = self._caller.name if self._caller is not None and self._caller.account_id else f"unknown {kind}"
        return f"{name}, {shown.rpartition(' ')[2]}"

    @property
    def account_id(self) -> int | None:
        """The id of the credential's account; None without a known credential."""
        return (self._caller.account_id or None) if self._caller is not None else None

    @property
    def request_body(self) -> str:
        """The first 16 KiB of the request's body as text, with secrets masked."""
        return self._request_body.decode("utf-8", "replace")

    @property
    def request_body_is_cut(self) -> bool:
        """Whether the request's body may be longer than `request_body`."""
        return len(self._request_body) >= KEPT_BYTES

    @property
    def response_body_is_cut(self) -> bool:
        """Whether the response's body may be longer than `response_body`."""
        return len(self._response_body) >= KEPT_BYTES

    @property
    def response_body(self) -> str:
        """The first 16 KiB of the response's body as text, with secrets masked."""
        return self._response_body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the request's body, decoded from JSON, with secrets masked.

        Raises ValueError, which names the request, if there is no body, it isn't JSON, or it is longer than 16 KiB.
        """
        about = f"the body of {self.method} {self.path}"
        if not self._request_body:
            raise ValueError(f"{about} is empty")
        if self._request_body == redaction.NOT_KEPT:
            raise ValueError(f"{about} was not kept, as it may hold secrets")
        try:
            return msgspec.json.decode(self._request_body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if self.request_body_is_cut:
                raise ValueError(f"{about} is longer than the {KEPT_BYTES} bytes that are kept of it") from None
            media_type = self.request_media_type or "without a Content-Type"
            raise ValueError(f"{about} isn't JSON ({media_type}): {self.request_body[:200]!r}") from None


class Recorder:
    """The last `size` requests. Safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._ring: deque[RecordedRequest] = deque(maxlen=size)
        self._lock = threading.Lock()

    def add(self, request: RecordedRequest) -> None:
        """Add a request, and drop the oldest one if there are `size`."""
        with self._lock:
            self._ring.append(request)

    def all(self) -> tuple[RecordedRequest, ...]:
        """Return the requests, the oldest first."""
        with self._lock:
            return tuple(self._ring)

    def clear(self) -> None:
        """Remove all requests."""
        with self._lock:
            self._ring.clear()
