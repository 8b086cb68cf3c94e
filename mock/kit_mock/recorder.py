"""Remembers the last requests, for tests to look at. Never headers or bodies: they hold secrets."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen
class RecordedRequest:
    """One request that was answered.

    `operation_id` is None where the path or the method is unknown. `query` has the documented parameters only, and
    is empty if the request was refused before they were read.
    """

    method: str
    path: str
    status: int
    operation_id: str | None
    query: Mapping[str, Any]
    request_id: str


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
