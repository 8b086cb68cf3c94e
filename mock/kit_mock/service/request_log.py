"""Remembers the last requests, for tests to look at. Never credentials: secrets in headers, queries and bodies are masked
before they are kept, as are the passwords of URLs in bodies.
"""

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
"""How much is kept of a body, and of the query and the headers."""


@attrs.frozen(kw_only=True, slots=False)  # Without slots, a frozen class is made in half the time.
class RecordedRequest:
    """One request that was answered.

    `operation_id` is None where the path or the method is unknown. `query` has the documented parameters only, and
    is empty if the request was refused before they were read. `status` is what was, or would have been, answered; 0
    where a fault broke the connection before there was anything. `at` is the moment by the mock's clock, `fault` what
    was injected, if anything, such as `status 503`.

    `query_string` is the raw query and `headers` are all headers, by their names in lower case; secrets in them are masked.
    `duration` is how long the mock took to compute the answer, in seconds of real time, without what a fault delays.
    """

    method: str
    path: str
    status: int
    operation_id: str | None
    query: Mapping[str, Any]
    request_id: str
    at: datetime
    request_media_type: str | None
    fault: str | None
    query_string: str = attrs.field(repr=False)
    headers: Mapping[str, str] = attrs.field(repr=False)
    duration: float = attrs.field(repr=False)
    _caller: Caller | None = attrs.field(repr=False)
    _api_key_header: str = attrs.field(repr=False)
    _request_body: bytes = attrs.field(repr=False)
    _response_body: bytes = attrs.field(repr=False)

    # Most records are never looked at, so that what is kept is turned into text only then.

    @property
    def credential(self) -> str | None:
        """The credential that came along, such as `API key 1, ***_key`: its name, and the end of it if it is long.

        The name is the one that `quota` has; None if no credential came.
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
        """The id of the account that the credential opens; None without a credential that is known."""
        return (self._caller.account_id or None) if self._caller is not None else None

    @property
    def request_body(self) -> str:
        """The body that came, as text: its first 16 KiB, secrets masked."""
        return self._request_body.decode("utf-8", "replace")

    @property
    def request_body_is_cut(self) -> bool:
        """Whether the body may have been longer than what was kept of it."""
        return len(self._request_body) >= KEPT_BYTES

    @property
    def response_body_is_cut(self) -> bool:
        """Whether the answer's body may have been longer than what was kept of it."""
        return len(self._response_body) >= KEPT_BYTES

    @property
    def response_body(self) -> str:
        """The body of the answer, likewise."""
        return self._response_body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the decoded body of the request, with secrets masked.

        Raises ValueError, which names the request, if there is no body, it isn't JSON, or no more than its first 16 KiB
        were kept.
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
    """A ring of the last `size` requests. Safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._ring: deque[RecordedRequest] = deque(maxlen=size)
        self._lock = threading.Lock()

    def add(self, request: RecordedRequest) -> None:
        """Remember one more; the oldest makes room."""
        with self._lock:
            self._ring.append(request)

    def all(self) -> tuple[RecordedRequest, ...]:
        """Oldest first."""
        with self._lock:
            return tuple(self._ring)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._ring.clear()
