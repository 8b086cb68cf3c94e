"""A mock in the place of the network, for code that makes its clients by itself."""

from __future__ import annotations

import httpx
import pytest

from kit_client import AsyncKit, Kit


def reroute(
    monkeypatch: pytest.MonkeyPatch,
    *,
    sync: httpx.BaseTransport | None = None,
    asynchronous: httpx.AsyncBaseTransport | None = None,
) -> None:
    """Let clients that are given no transport send to these."""
    if sync is not None:
        monkeypatch.setattr(Kit, "_layers", Kit._layers._replace(network=lambda **_: sync))
    if asynchronous is not None:
        monkeypatch.setattr(AsyncKit, "_layers", AsyncKit._layers._replace(network=lambda **_: asynchronous))
