"""The handshake with a SOCKS proxy.

httpcore gives it no timeout, logs the password, and leaves failed connections open.
"""

from __future__ import annotations

from typing import Any

import httpx


class _Masked(bytes):
    """Bytes that a log doesn't show."""

    def __repr__(self) -> str:
        return "[secret]"


class SocksHandshake:
    """Watches a request for a SOCKS handshake, through httpcore's trace extension.

    Args:
        request: Has the timeout for connecting, which each read of the handshake gets.
    """

    def __init__(self, request: httpx.Request) -> None:
        self._timeouts = request.extensions.get("timeout", {})
        self._stream: Any = None
        self._read: Any = None

    def heed(self, event: str, info: dict[str, Any]) -> None:
        """Take an event of the trace extension. Called before httpcore logs `info` and uses it."""
        if event.endswith("setup_socks5_connection.started"):
            if info.get("auth"):
                info["auth"] = tuple(map(_Masked, info["auth"]))
            self._stream, self._read = info["stream"], info["stream"].read
            self._stream.read = self._bounded_read
        elif event.endswith("setup_socks5_connection.complete"):
            self._stream.read = self._read
        elif event.endswith("setup_socks5_connection.failed") and hasattr(self._stream, "close"):
            # httpcore leaves it open. An asynchronous one is closed in exchange.py.
            self._stream.close()

    def _bounded_read(self, max_bytes: int, timeout: float | None = None) -> Any:
        return self._read(max_bytes, timeout=self._timeouts.get("connect") if timeout is None else timeout)
