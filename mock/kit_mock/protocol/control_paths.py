"""Where the control plane is, for those that only need to tell its requests from the API's."""

from __future__ import annotations

PREFIX = "/_mock"

MAX_BODY_BYTES = 1024 * 1024
"""The largest body of a request of the control plane."""


def is_control(path: str) -> bool:
    """Return whether a path belongs to the control plane: those under the prefix, and `/`, which leads there."""
    return path == PREFIX or path.startswith(f"{PREFIX}/") or path == "/"
